"""Read the file of a contract."""

from __future__ import annotations

from pathlib import Path

from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
from corruptbench.lifters import wrong_files
from corruptbench.lifters.contract import Contract
from corruptbench.storage import found_at
from corruptbench.text_files import read_text

#: Endings of the names of models.
MODELS = (".pt2", ".pt", ".pth", ".onnx")


def read_contract(path: Path) -> Contract:
    """Return the contract in a TOML file.

    Raises:
        InputError: it is missing, is another file, or a field is wrong.
        OSError: it cannot be read.
    """
    expected = "expected the contract of a lifter, a text file (.toml)"
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path)}{near_miss(path)}; {expected}")
    with path.open("rb") as stream:
        head = stream.read(wrong_files.HEAD)
    found = wrong_files.of_content(head, len(head)) if head.strip() else "empty"
    if found or path.suffix in MODELS:
        raise InputError(f"{path}: {found or 'a model'}; {expected}")
    return Contract.parse_toml(read_text(path), str(path))

"""What a model file is, and whether it is whole and safe to hand to the library that loads it.

A ``.pt2`` is a program. What torch would run while loading it, other than operators on tensors, is
found here in the closed file and refused. Nothing here imports torch.

Two things cannot be seen here, and are for the process that loads the file to confine: operators
that take too much time or memory, and errors in the operators themselves. A file that is exchanged
after the check has another digest, so that process refuses it. Someone who can write into the file
while it is read can still deceive both.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from corruptbench.errors import InputError
from corruptbench.lifters import load_time, onnx_file, wrong_files, zip_members
from corruptbench.lifters.contract import EXTRA_FILE

Kind = Literal["pt2", "old-pt2", "torchscript", "onnx"]
#: Our own choice. A contract has about 200 bytes, and with two tables of statistics a few thousand.
MOST_CONTRACT_BYTES = 1 << 20
#: Our own choice. Contracts nest two deep, and a float64 has at most 17 digits that matter.
MOST_NESTING, MOST_DIGITS = 16, 40
_EXPECTED = (
    "expected an exported model: torch.export (.pt2), torch.jit.trace (.pt) or ONNX (.onnx); "
    "corruptbench export makes one of your code and checkpoint, see docs/evaluate.md"
)


@dataclass(frozen=True)
class ModelFile:
    """A model file that is whole.

    Attributes:
        kind: "pt2", "old-pt2" (the flat archive of torch 2.1 to 2.7), "torchscript" or "onnx".
        contract: the contract inside, as it is stored, or None.
        size: in bytes.
        sha256: digest of the file, 64 hexadecimal digits.
    """

    kind: Kind
    contract: bytes | None
    size: int
    sha256: str


def inspect(path: Path, trust: bool) -> ModelFile:
    """Find out what a model file is, by its content, and check it without loading it.

    Args:
        path: of the file.
        trust: admit compiled code of AOTInductor beside the exported program.

    Raises:
        InputError: it is no model, is damaged or ambiguous, or would run code when it is loaded.
        OSError: it cannot be read.
    """
    size = _size(path)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        head = stream.read(wrong_files.HEAD)
        stream.seek(0)
        if head.startswith(b"PK"):
            kind, contract = _archive(stream, trust, str(path))
        else:
            kind, contract = _onnx(stream, head, size, str(path))
    if contract is not None:
        contract = contract.removeprefix(codecs.BOM_UTF8)
        _check_contract(contract, f"{path}: {EXTRA_FILE}")
    return ModelFile(kind, contract, size, digest)


def _size(path: Path) -> int:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected an exported lifter") from None
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
        raise InputError(f"{path}: {what}; {_EXPECTED}")
    if not found.st_size:
        raise InputError(f"{path}: empty; {_EXPECTED}")
    return found.st_size


def _onnx(stream: IO[bytes], head: bytes, size: int, where: str) -> tuple[Kind, bytes | None]:
    found = wrong_files.of_content(head, size)
    model = None if found else onnx_file.parsed(stream, size)
    if model is None:
        what = found or "not recognized, or cut off"
        raise InputError(f"{where}: {what}; {_EXPECTED}")
    onnx_file.check(model, where)
    return "onnx", onnx_file.metadata(model, EXTRA_FILE)


def _archive(stream: IO[bytes], trust: bool, where: str) -> tuple[Kind, bytes | None]:
    with zip_members.opened(stream, where) as archive:
        names = archive.namelist()
        if "serialized_exported_program.json" in names and "version" in names:
            load_time.check_flat_export(archive, where)
            return "old-pt2", _member(archive, f"extra_files/{EXTRA_FILE}", where)
        root = _root(names)
        inside = {name.removeprefix(root) for name in names} if root else set()
        contract = _member(archive, f"{root}extra/{EXTRA_FILE}", where)
        if "archive_format" in inside and any(name.startswith("models/") for name in inside):
            load_time.check_export(archive, root, trust, where)
            return "pt2", contract
        if "constants.pkl" in inside and any(name.startswith("code/") for name in inside):
            load_time.check_script(archive, root, where)
            return "torchscript", contract
        raise InputError(f"{where}: {wrong_files.of_members(names)}; {_EXPECTED}")


def _root(names: list[str]) -> str:
    """Return the folder that holds all members, with its slash; empty where none does."""
    roots = {name.partition("/")[0] for name in names}
    return f"{roots.pop()}/" if len(roots) == 1 else ""


def _member(archive: zipfile.ZipFile, name: str, where: str) -> bytes | None:
    if name not in archive.namelist():
        return None
    if archive.getinfo(name).file_size > MOST_CONTRACT_BYTES:
        raise InputError(f"{where}: {name} has more than {MOST_CONTRACT_BYTES} bytes; shorten it")
    return archive.read(name)


def _check_contract(data: bytes, where: str) -> None:
    if len(data) > MOST_CONTRACT_BYTES:
        raise InputError(f"{where}: {len(data)} bytes, expected at most {MOST_CONTRACT_BYTES}")
    deepest, digits = _nesting(data)
    if deepest > MOST_NESTING:
        raise InputError(f"{where}: lists {deepest} deep, expected at most {MOST_NESTING}")
    if digits > MOST_DIGITS:
        raise InputError(f"{where}: a number of {digits} digits, expected at most {MOST_DIGITS}")


def _nesting(data: bytes) -> tuple[int, int]:
    """Return how deep a JSON text nests, and how many digits its longest number has."""
    plain = re.sub(rb'"(?:[^"\\]|\\.)*"', b'""', data)
    deepest = depth = 0
    for mark in re.findall(rb"[\[{\]}]", plain):
        depth += 1 if mark in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest, max(map(len, re.findall(rb"\d+", plain)), default=0)

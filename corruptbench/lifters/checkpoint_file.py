"""Read a checkpoint of a training without running any code in it."""

from __future__ import annotations

import argparse
import pickle
import re
import zipfile
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
from corruptbench.lifters import wrong_files
from corruptbench.storage import found_at

SUFFIXES = (".pth", ".pt", ".bin", ".tar", ".ckpt", ".pkl", ".safetensors")
#: Modules of NumPy by which pickles name its constructors: before version 2, and since then.
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_EXPECTED = "expected what torch.save writes: a state_dict, or a dictionary that holds one"
_WHOLE = "an exported model, not a checkpoint; give it to corruptbench evaluate"
#: How a message of torch names what it refuses.
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


def read_checkpoint(path: Path) -> Any:
    """Return the content of a checkpoint, with its tensors on the CPU.

    It is read with ``weights_only``: tensors, numbers, texts and containers. The states of NumPy's
    generators, its arrays and numbers, and ``argparse.Namespace`` are read, too. Many trainings
    save them, and nothing is run to make them.

    Args:
        path: of the file, of safetensors or of torch.save; its content says which.

    Raises:
        InputError: it is no checkpoint, is damaged, or holds objects of other classes.
        OSError: it cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path)}{near_miss(path)}; {_EXPECTED}")
    with path.open("rb") as stream:
        head = stream.read(wrong_files.HEAD)
        if wrong_files.is_safetensors(head, path.stat().st_size):
            return _safetensors(path)
        _check(stream, head, path)
        stream.seek(0)
        try:
            with torch.serialization.safe_globals(_harmless()):
                return torch.load(stream, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise InputError(f"{path}: {_refused(path, error)}") from None
        except (RuntimeError, EOFError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[:1] or [repr(error)]
            raise InputError(
                f"{path}: damaged or cut off ({reason[0]}); copy it again, {_EXPECTED}"
            ) from None


def _safetensors(path: Path) -> Any:
    try:
        library = import_module("safetensors.torch")
    except ModuleNotFoundError:
        raise InputError(
            f"{path}: needs the library safetensors, which is not installed; pip install "
            "safetensors, or save the weights with torch.save"
        ) from None
    try:
        return library.load_file(str(path), device="cpu")
    except Exception as error:  # the library's own class
        raise InputError(f"{path}: damaged ({error}); copy it again") from None


def _check(stream: IO[bytes], head: bytes, path: Path) -> None:
    """Refuse what torch.save has not written, by its content."""
    if head.startswith(b"PK"):
        if not zipfile.is_zipfile(stream):
            raise InputError(f"{path}: a ZIP archive that was cut off; copy it again, {_EXPECTED}")
        names = zipfile.ZipFile(stream).namelist()
        if any(name.endswith(("constants.pkl", "archive_format")) for name in names):
            raise InputError(f"{path}: {_WHOLE}")
        if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
            raise InputError(f"{path}: {wrong_files.of_members(names)}; {_EXPECTED}")
    elif path.suffix == ".onnx" and head.startswith(b"\x08"):  # the first field of a ModelProto
        raise InputError(f"{path}: {_WHOLE}")
    elif not head.startswith(b"\x80"):
        unknown = "damaged or cut off" if path.suffix == ".safetensors" else "not recognized"
        found = wrong_files.of_content(head, path.stat().st_size) or unknown
        raise InputError(f"{path}: {found if head else 'empty'}; {_EXPECTED}")


def _harmless() -> list[Any]:
    """Return what a pickle may make besides tensors: plain data of NumPy and of argparse."""
    arrays = import_module("numpy._core.multiarray")
    generators = vars(import_module("numpy.random._pickle"))
    state, bits = generators["__randomstate_ctor"], generators["__bit_generator_ctor"]
    return [
        argparse.Namespace, np.ndarray, np.dtype, np.random.RandomState, np.random.MT19937,
        *((getattr(arrays, name), f"{module}.{name}")
          for module in _NUMPY for name in ("_reconstruct", "scalar")),
        (state, "numpy.random._pickle.__randomstate_ctor"),
        (state, "numpy.random.__RandomState_ctor"),
        (bits, "numpy.random._pickle.__bit_generator_ctor"),
        *{type(np.dtype(code)) for code in "?bBhHiIlLqQefd"},
    ]  # fmt: skip


def _refused(path: Path, error: Exception) -> str:
    """Return what a file holds that ``weights_only`` refuses, and how the author saves it again."""
    try:
        found = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except Exception:  # an old file, or a damaged one
        found = _GLOBAL.findall(str(error))
    if not found:
        return f"damaged, or no checkpoint; {_EXPECTED}"
    # A network of torch.nn has such classes inside it. A class of the author's alone may be either.
    whole = any(name.startswith("torch.nn.") for name in found)
    what, part, where = (
        ("a whole pickled network", ".state_dict()", "where its classes can be imported")
        if whole
        else ("objects that are no tensors", "[NAME]", "NAME as the training's code says")
    )
    return (
        f"it holds {what} ({', '.join(sorted(found)[:5])}), and reading them could run any code; "
        f'save the weights alone: torch.save(torch.load("{path.name}", weights_only=False){part}, '
        f'"weights.pt"), {where}'
    )

"""Read the weights out of a checkpoint file without running anything that it holds.

A checkpoint is a pickle, and a pickle can name any code. torch's restricted reader builds tensors
and plain containers only. Training with mmpose also stores arrays and scalars of NumPy and the
history of its log. Arrays and scalars are admitted, and something inert is made in place of the
history. Nothing else is.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.files import found_at

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Checkpoint:
    """Weights of a network.

    Attributes:
        weights: name of a parameter or buffer to its values.
        sha256: hex, of the file's bytes.
        where: the file's name, for messages.
    """

    weights: Mapping[str, torch.Tensor]
    sha256: str
    where: str


class _History:
    """Takes the place of mmengine's history of a logged number."""


def _nothing(*_: object) -> None:
    """Take the place of getattr, by which such a history names its own functions."""


def read(path: Path) -> Checkpoint:
    """Return the weights in a checkpoint of mmpose or of plain torch, on the CPU.

    Raises:
        DetectorError: the file cannot be read, it holds other things than weights, or no weights.
    """
    content = _bytes(path)
    stored = _unpickled(content, str(path))
    if isinstance(stored, dict) and isinstance(stored.get("state_dict"), dict):
        stored = stored["state_dict"]
    weights = _tensors(stored)
    if not weights:
        raise DetectorError(
            f"{path}: holds no weights, expected a dict with a 'state_dict' of tensors; "
            "give the .pth file that mmpose wrote or published"
        )
    return Checkpoint(weights, hashlib.sha256(content).hexdigest(), str(path))


def _bytes(path: Path) -> bytes:
    if not path.is_file():  # a pipe would be waited for
        raise DetectorError(
            f"{path}: {found_at(path)}, expected a checkpoint; give the .pth file of the model"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise DetectorError(
            f"{path}: the checkpoint cannot be read ({error.strerror}); give the .pth file of the "
            "model"
        ) from None


def _unpickled(content: bytes, where: str) -> object:
    import torch

    try:
        with torch.serialization.safe_globals(_admitted()):
            found: object = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            return found
    except pickle.UnpicklingError as error:
        raise DetectorError(f"{where}: {_refusal(str(error))}") from None
    except Exception as error:  # of a damaged file: torch's errors have no common class
        said = str(error).partition("\n")[0]
        raise DetectorError(
            f"{where}: not a checkpoint of torch, or damaged ({said:.200}); copy it again"
        ) from None


def _refusal(said: str) -> str:
    """Return why the restricted reader refused a file, from its message."""
    if named := re.search(r"GLOBAL ([\w.]+)", said):
        return (
            f"refused, and nothing of it was run: it holds {named[1]}, expected tensors and plain "
            "numbers and texts; if you trust its origin, save its 'state_dict' alone"
        )
    return f"refused, and nothing of it was run ({said:.200}); expected a checkpoint of weights"


def _tensors(stored: object) -> dict[str, torch.Tensor]:
    """Return the tensors of a state dict; "module." of parallel training is left out."""
    import torch

    named = stored.items() if isinstance(stored, dict) else ()
    return {str(k).removeprefix("module."): v for k, v in named if isinstance(v, torch.Tensor)}


def _admitted() -> list[Any]:
    """Return what a checkpoint of mmengine holds beside tensors, under the names it may have."""
    make = np._core.multiarray  # type: ignore[attr-defined]
    functions = [
        (getattr(make, name), f"numpy.{core}.multiarray.{name}")
        for core in ("_core", "core")  # NumPy 2 and 1
        for name in ("_reconstruct", "scalar")
    ]
    opaque = {"ObjectDType", "VoidDType", "StringDType"}
    kinds = [getattr(np.dtypes, name) for name in np.dtypes.__all__ if name not in opaque]
    inert = [
        (_History, "mmengine.logging.history_buffer.HistoryBuffer"),
        (_nothing, "builtins.getattr"),
    ]
    return [*functions, np.ndarray, np.dtype, *kinds, *inert]

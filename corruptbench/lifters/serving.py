"""What a model's process runs for `corruptbench.lifters.process`; it holds one network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters.network import Network, open_network
from corruptbench.sandbox.confinement import is_confined

_network: Network | None = None


def prepare() -> None:
    """Import what takes long, so that the limits of later calls are those of the model."""
    import torch  # noqa: F401


def load(path: str, kind: str, device: str, threads: int, sha256: str) -> tuple[int, bool]:
    """Load a model; return the number of its parameters, and whether the process is confined.

    Raises:
        InputError: it cannot be loaded, or is not the file of this digest, which was inspected.
    """
    global _network
    _network = None  # not two at once
    with Path(path).open("rb") as stream:  # one open file, so that no other one takes its name
        _check_digest(stream, sha256)
        _network = open_network(stream, kind, device, threads)
    return _network.parameters, is_confined()


def _check_digest(stream: BufferedReader, sha256: str) -> None:
    if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
        raise InputError(
            f"{stream.name}: the file changed after it was inspected; leave it alone while it is "
            "used, and start again"
        )
    stream.seek(0)


def run(
    batch: NDArray[np.float32], select: Sequence[int | str | None]
) -> list[NDArray[np.float32]] | None:
    """Return the wanted elements of the output of one forward pass; None without a network."""
    return _network(batch, select) if _network else None


def seed(number: int) -> None:
    """Set the seed of the network's random numbers."""
    assert _network is not None
    _network.seed(number)

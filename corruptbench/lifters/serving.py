"""What a model's process runs for `corruptbench.lifters.process`; it holds one network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corruptbench.lifters.network import Network, open_network
from corruptbench.sandbox.confinement import is_confined

_network: Network | None = None


def prepare() -> None:
    """Import what takes long, so that the limits of later calls are those of the model."""
    import torch  # noqa: F401


def load(path: str, kind: str, device: str, threads: int) -> tuple[int, bool]:
    """Load a model; return the number of its parameters, and whether the process is confined."""
    global _network
    _network = None  # not two at once
    _network = open_network(path, kind, device, threads)
    return _network.parameters, is_confined()


def run(
    batch: NDArray[np.float32], select: Sequence[int | str | None]
) -> list[NDArray[np.float32]]:
    """Return the wanted elements of the output of one forward pass."""
    assert _network is not None
    return _network(batch, select)


def seed(number: int) -> None:
    """Set the seed of the network's random numbers."""
    assert _network is not None
    _network.seed(number)

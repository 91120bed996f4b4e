"""Load a model and run forward passes. Only the child process that `process` starts uses this.

The file was checked by `archive.inspect` before. The paths for CUDA follow the documentation of the
libraries: the tests run on a CPU only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from corruptbench.errors import InputError
from corruptbench.lifters.forward import Array32, Opened
from corruptbench.lifters.network_errors import cause, last_line
from corruptbench.lifters.onnx_network import open_onnx
from corruptbench.lifters.torch_network import open_torch, usable_device

__all__ = ["Network", "open_network", "usable_device"]


@dataclass(frozen=True)
class Network:
    """A loaded model.

    Attributes:
        opened: the model as its library has loaded it.
        device: "cpu", "cuda" or "cuda:N".
    """

    opened: Opened
    device: str

    @property
    def parameters(self) -> int:
        """Number of its parameters."""
        return self.opened.parameters

    def __call__(self, batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        """Run one forward pass.

        Args:
            batch: float32, in the model's own order of axes.
            select: indices or keys of the outputs that are wanted; None: the model returns one.

        Returns:
            The wanted outputs, float32.

        Raises:
            InputError: the network fails, or there is no such output.
        """
        try:
            returned = self.opened.forward(batch)
        except Exception as error:  # a foreign program can raise anything
            raise InputError(
                f"it fails on an input of shape {batch.shape}: {last_line(error)}; "
                f"{cause(error, self.device)}"
            ) from error
        return [_as_array(_selected(returned, s), s) for s in select]

    def seed(self, number: int) -> None:
        """Seed what the model draws at random: the same number gives the same passes after it.

        ONNX: only operators without a seed attribute of their own follow it.

        Args:
            number: 0 or more.
        """
        self.opened.reseed(number)


def open_network(stream: BinaryIO, kind: str, device: str, threads: int | None) -> Network:
    """Load a model.

    Args:
        stream: the open file.
        kind: as `archive.ModelFile` says.
        device: "cpu", "cuda" or "cuda:N".
        threads: how many threads a forward pass uses; None leaves that to the library.

    Raises:
        InputError: it cannot be loaded, or the device cannot be used.
    """
    try:
        if kind == "onnx":
            return Network(open_onnx(stream, device, threads), device)
        return Network(open_torch(stream, kind, device, threads), device)
    except InputError:
        raise
    except Exception as error:  # the libraries raise errors of many kinds
        raise InputError(
            f"{stream.name}: cannot be loaded ({last_line(error)}); {cause(error, device)}"
        ) from error


def _selected(returned: Any, select: int | str | None) -> Any:
    """Return one element of what a network returned.

    Raises:
        InputError: there is no such element, or several and none is selected.
    """
    if select is None:
        return returned
    items = dict(enumerate(returned)) if isinstance(returned, list | tuple) else returned
    if isinstance(returned, list | tuple) and isinstance(select, int) and select < 0:
        select += len(returned)
    if not isinstance(items, dict):
        raise InputError(
            f"it returned {_described(returned)}, which has no element {select!r}; leave the "
            "element out of the contract's output"
        )
    if select not in items:
        raise InputError(
            f"its output has no element {select!r}: there are {list(items)}; correct the "
            "contract's output"
        )
    return items[select]


def _as_array(value: Any, select: int | str | None) -> Array32:
    """Return a tensor as a float32 array on the CPU.

    Raises:
        InputError: it is none.
    """
    if hasattr(value, "detach"):
        if not value.is_floating_point():
            raise InputError(f"it returned numbers of type {value.dtype}, expected floating point")
        value = value.detach().to_dense().float().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.asarray(value, np.float32)
    where = "it returned" if select is None else f"element {select!r} of its output is"
    raise InputError(
        f"{where} {_described(value)}, expected one tensor of poses; name the element in the "
        "contract's output, or wrap the model so that forward returns only the poses"
    )


def _described(value: Any) -> str:
    if isinstance(value, dict):
        return f"a dictionary with the keys {list(value)}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return "one tensor" if hasattr(value, "shape") else f"a {type(value).__name__}"

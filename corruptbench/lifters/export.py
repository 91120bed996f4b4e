"""Export a trained network with its contract inside."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, Any

import torch
from torch import nn
from torch.export import Dim

from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.lifters.axes import arranged
from corruptbench.lifters.contract import EXTRA_FILE, Contract
from corruptbench.lifters.probes import made_up

#: Windows of the example input. A batch of 1 would become a constant of the graph.
_BATCH = 4
#: Frames of the example beyond the window of a "sequence".
_MORE = 13


def check_suffix(path: Path) -> None:
    """Check that `export` can write a file of this name.

    Raises:
        InputError: the suffix is neither ``.pt`` nor ``.pt2``.
    """
    if path.suffix not in (".pt", ".pt2"):
        raise InputError(f"{path}: suffix '{path.suffix}'; expected .pt2 (torch.export) or .pt")


def export(network: nn.Module, contract: Contract, path: Path) -> None:
    """Write a network to ``path`` atomically: ``.pt2`` by torch.export, ``.pt`` as TorchScript.

    The batch size is dynamic. The number of frames is, too, where the contract's window is
    "sequence" or "clip". The network is put into evaluation mode, on the CPU. Weights of half
    precision become float32.

    Args:
        network: takes and gives arrays in the order of the contract's ``input`` and ``output``,
            such as (B, T, K, C) -> (B, T', J, 3); a tuple or a dictionary where ``output`` names
            its element.
        contract: is stored inside the file.
        path: the new file.

    Raises:
        InputError: ``path`` has another suffix.
        OSError: ``path`` cannot be written.
    """
    check_suffix(path)
    ready(network)
    content = io.BytesIO()  # torch.export.save ends the process when the disk is full
    (write_trace if path.suffix == ".pt" else write_program)(network, contract, content)
    with atomic(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def ready(network: nn.Module) -> None:
    """Put a network into the state in which it is exported."""
    network.eval().cpu()
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in network.parameters()):
        network.float()


def write_program(network: nn.Module, contract: Contract, stream: IO[bytes]) -> None:
    """Write what torch.export makes of a network that is `ready`.

    Raises:
        Exception: torch.export cannot follow it, or it fixes the batch size.
    """
    example = _example(contract)
    with _quiet():
        program = torch.export.export(network, (example,), dynamic_shapes=(_dynamic(contract),))
        _check_batch(program, contract)
        torch.export.save(program, stream, extra_files=_extra(contract))


def write_trace(network: nn.Module, contract: Contract, stream: IO[bytes]) -> None:
    """Write the operators that a network runs on an example, as TorchScript.

    What depends on the values of the input, or on Python numbers, is fixed.

    Raises:
        Exception: it cannot be traced.
    """
    with _quiet():
        example, trace = _example(contract), torch.jit.trace
        traced = trace(network, example, check_trace=False, strict=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, stream, _extra_files=_extra(contract))


def _extra(contract: Contract) -> dict[str, Any]:
    return {EXTRA_FILE: contract.model_dump_json()}


def _example(contract: Contract) -> torch.Tensor:
    frames = contract.frames
    if contract.window == "sequence":
        frames += _MORE
    elif contract.window == "clip" and frames > 2:
        frames -= 1  # the longest clip might be a constant of the network, and 1 is one
    batch = made_up(contract, _BATCH, frames)
    return torch.from_numpy(arranged(batch, contract.input_axes))


def _dynamic(contract: Contract) -> dict[int, Any]:
    """Return which axes of the input are dynamic: those of the batch, and of frames that vary."""
    free = {"b", "t"} if contract.window in ("sequence", "clip") else {"b"}
    return {
        i: Dim.AUTO
        for i, axis in enumerate(contract.input_axes.axes)
        if isinstance(axis, tuple) and free & set(axis)
    }


def _check_batch(program: torch.export.ExportedProgram, contract: Contract) -> None:
    (name,) = program.graph_signature.user_inputs
    (given,) = (node.meta["val"] for node in program.graph.nodes if node.name == name)
    axes = contract.input_axes.axes
    axis = next(
        i for i, letters in enumerate(axes) if not isinstance(letters, int) and "b" in letters
    )
    if isinstance(given.shape[axis], int):
        raise ValueError(f"the network fixes the batch size to that of the example ({_BATCH})")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's warnings and the graphs that it prints when it fails; record no gradients."""
    logging.disable(logging.ERROR)
    silent = redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO())
    try:
        with warnings.catch_warnings(), torch.no_grad(), silent[0], silent[1]:
            warnings.simplefilter("ignore")  # torch.jit is deprecated, but many people use it
            yield
    finally:
        logging.disable(logging.NOTSET)

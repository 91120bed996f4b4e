"""Write an exported lifter that gives the network's own poses, or write nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.author_code import Author
from corruptbench.lifters.axes import arranged
from corruptbench.lifters.ca_input import CAInput, WithScores
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.export import ready, write_program, write_trace
from corruptbench.lifters.lifter import Lifter, open_lifter
from corruptbench.lifters.probes import difference, length_of, made_up, probe, share

Array32 = NDArray[np.float32]
#: Writes a network in one of the formats.
Write = Callable[[nn.Module, Contract, IO[bytes]], None]

#: Greatest difference between the network and its file, as a fraction of the size of a pose. Our
#: own choice. Twelve families of networks differed by 1e-6 or less, and a fixed branch by 1e-2.
TOLERANCE = 1e-4
#: Batches that the two are compared on: windows, and frames beyond the window where it varies.
_TRIES = ((2, 8), (5, 29))


@dataclass(frozen=True)
class ExportedFile:
    """What was written.

    Attributes:
        path: of the file.
        traced: why torch.export was not used; empty if it was.
        difference: greatest one between the network and the file, as a fraction of a pose's size.
        shapes: of the inputs that the two were compared on.
        failed: names of the probes that failed and were allowed.
    """

    path: Path
    traced: str
    difference: float
    shapes: tuple[tuple[int, ...], ...]
    failed: tuple[str, ...]


def export_file(
    network: nn.Module, author: Author, contract: Contract, path: Path, allow: Sequence[str]
) -> ExportedFile:
    """Export a network, compare the file with it, and probe the file.

    A network that torch.export cannot follow is traced, into a file with the suffix ``.pt``.

    Args:
        network: of the author.
        author: the author's code, for messages.
        contract: is stored inside.
        path: ``.pt2`` or ``.pt``.
        allow: probes that the lifter may fail.

    Raises:
        InputError: the network fails or does not do what the contract says, it can neither be
            exported nor traced, or the file gives other poses.
        OSError: the file cannot be written.
    """
    Allowance(allow)  # a wrong name is said now rather than after the work
    ready(network)
    eager = _eager(network, author, contract)
    _try(network, author, eager)
    if path.suffix == ".pt":
        return _written(_bytes(write_trace, eager, network), eager, path, "", allow)
    try:
        data, reason = _bytes(write_program, eager, network), ""
    except Exception as error:  # torch raises errors of many kinds
        data, reason = b"", author.said(error)
    if not reason:
        return _written(data, eager, path, "", allow)
    path = _free(path.with_suffix(".pt"), reason)
    try:
        return _written(_bytes(write_trace, eager, network), eager, path, reason, allow)
    except InputError as error:
        raise InputError(
            f"{error} (it was traced, because torch.export cannot follow the network: {reason})"
        ) from error


def _eager(network: nn.Module, author: Author, contract: Contract) -> Lifter:
    """Return the network itself as a lifter of this process."""

    def run(batch: Array32, select: Sequence[int | str | None]) -> list[Array32]:
        with author.running(), torch.no_grad():
            returned = network(torch.from_numpy(batch))
        return [_element(returned, name) for name in select]

    def seed(number: int) -> None:
        torch.manual_seed(number)

    return Lifter(contract, run, "cpu", "", 0, 0, seed=seed)


def _element(returned: Any, name: int | str | None) -> Array32:
    """Return an element of what a network returned, or all of it, as an array."""
    try:
        found = returned if name is None else returned[name]
    except (KeyError, IndexError, TypeError):
        found = None
    if not isinstance(found, torch.Tensor):
        keys = f" with {list(returned)}" if isinstance(returned, dict) else ""
        wanted = "expected a tensor" if name is None else f"which has no tensor at {name!r}"
        raise InputError(
            f"the network returns a {type(returned).__name__}{keys}, {wanted}; correct the "
            "contract's output (an element is named before a colon: '0: b t j c')"
        )
    return np.asarray(found.detach().float().numpy())


def _try(network: nn.Module, author: Author, eager: Lifter) -> None:
    """Check that the network runs, and that its output is what the contract says."""
    given = made_up(eager.contract, 2, length_of(eager.contract, _TRIES[0][1]))
    tensor = torch.from_numpy(arranged(given, eager.contract.input_axes))
    try:
        with author.running(), torch.no_grad():
            network(tensor)
    except InputError as error:
        raise InputError(
            f"{error} (by its contract, the input has the shape {tuple(tensor.shape)})"
            f"{_remark(network)}"
        ) from error
    if not np.isfinite(eager.outputs(given)).all():
        raise InputError(
            f"{eager.contract.name}: the network gives NaN or infinity on finite input; are its "
            "weights finite?"
        )


def _remark(network: nn.Module) -> str:
    """Return what may be wrong with a lifter behind a confidence-aware input."""
    kinds = {type(module) for module in network.modules()}
    if CAInput not in kinds or WithScores in kinds:
        return ""
    return (
        "; a CAInput gives x and y: put a lifter that reads scores itself behind "
        "WithScores(CAInput())"
    )


def _bytes(write: Write, eager: Lifter, network: nn.Module) -> bytes:
    eager.seed(0)
    buffer = io.BytesIO()
    write(network, eager.contract, buffer)
    return buffer.getvalue()


def _free(path: Path, reason: str) -> Path:
    """Check that a file that the user has not named does not exist."""
    if path.exists():
        raise InputError(
            f"{path}: exists. torch.export cannot follow the network ({reason}), so it is traced, "
            "and that is a .pt file; name it as the target"
        )
    return path


def _written(
    data: bytes, eager: Lifter, path: Path, traced: str, allow: Sequence[str]
) -> ExportedFile:
    """Write a file, if what it gives is right."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)
        lifter = open_lifter(temporary, "cpu", allow=allow)
        try:
            found, shapes = _compare(eager, lifter)
            probe(lifter)
        finally:
            lifter.close()
    return ExportedFile(path, traced, found, shapes, lifter.allowance.failed)


def _compare(eager: Lifter, lifter: Lifter) -> tuple[float, tuple[tuple[int, ...], ...]]:
    """Return the greatest difference between two forms of a lifter, and the inputs' shapes.

    Raises:
        InputError: it is too large.
    """
    contract, found, shapes = eager.contract, 0.0, []
    for batch, more in _TRIES:
        given = made_up(contract, batch, length_of(contract, more))
        for form in (eager, lifter):
            form.seed(0)
        found = max(found, difference(eager.outputs(given), lifter.outputs(given)))
        shapes.append(arranged(given, contract.input_axes).shape)
        if not found <= TOLERANCE:  # NaN, too
            raise InputError(
                f"{contract.name}: the exported file gives other poses than the network (they "
                f"differ by {share(found)} for an input of shape {shapes[-1]}); the network "
                "branches on values or sizes, or draws random numbers that no seed reaches"
            )
    return found, tuple(shapes)

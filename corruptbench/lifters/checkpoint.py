"""Find the weights of a network in a checkpoint, and load them: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.checkpoint_file import read_checkpoint

State = dict[str, torch.Tensor]

#: Names of the weights in the checkpoints of lifters, the likeliest first.
USUAL = (
    "model_pos", "model", "state_dict", "model_state_dict", "net", "network", "model_lifter",
    "lifter", "generator", "weights", "params", "0",
)  # fmt: skip
#: How deep the weights may lie in dictionaries and lists, and how many names a message lists.
_DEPTH, _LISTED = 3, 3
#: A counter of batch normalization that torch has saved since version 0.4.1. Only training uses it.
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Part:
    """Some tensors of a checkpoint.

    Attributes:
        names: where they are in it, from outside to inside.
        state: the tensors by name.
        prefix: what was removed from the names, such as "module.".
    """

    names: tuple[str, ...]
    state: State
    prefix: str = ""

    @property
    def label(self) -> str:
        """The names in a message; empty for the file itself."""
        return " of ".join(f"'{name}'" for name in reversed(self.names))


@dataclass(frozen=True)
class Misfit:
    """How a network's weights and some tensors differ.

    Attributes:
        missing: names that the tensors lack.
        unexpected: names that the network lacks.
        reshaped: names with the shape in the file and in the network.
        total: number of the network's tensors.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]
    total: int

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.reshaped)

    def __str__(self) -> str:
        counts = (
            (self.missing, f"of {self.total} tensors missing"),
            (self.unexpected, "unexpected"),
            (self.reshaped, "of another shape"),
        )
        return ", ".join(f"{len(names)} {what} ({_some(names)})" for names, what in counts if names)


def load_weights(network: nn.Module, path: Path) -> str:
    """Load a checkpoint into a network, strictly: every tensor of both must fit.

    The weights may lie in a dictionary or a list. What all names begin with, such as ``module.`` or
    ``_orig_mod.``, may be removed. A network that only wraps another one takes the weights of that.

    Args:
        network: is changed.
        path: of the checkpoint.

    Returns:
        Where the weights were found, in one line.

    Raises:
        InputError: the file is no checkpoint, or its tensors do not fit.
        OSError: it cannot be read.
    """
    if not network.state_dict():
        raise InputError(
            f"{path}: the network has no weights; return the network itself, or leave out the "
            "checkpoint"
        )
    parts = sorted(_parts(read_checkpoint(path)), key=_rank)
    if not parts:
        raise InputError(
            f"{path}: no tensors in it; expected a state_dict, or one under a name such as "
            f"{', '.join(USUAL[:4])}"
        )
    tries = [
        (part, home) for whole in parts for part in _trimmed(whole) for home in _homes(network)
    ]
    fitting = [(part, home) for part, home in tries if not misfit(home.state_dict(), part.state)]
    if not fitting:
        raise InputError(f"{path}: {_differs(tries, parts)}")
    part, home = fitting[0]
    home.load_state_dict(_counted(home.state_dict(), part.state), strict=True)
    return f"weights: {_said(part, path)}{_also(part, fitting)}"


def _said(part: Part, path: Path) -> str:
    count = len(part.state)
    prefix = f", prefix {part.prefix} removed" if part.prefix else ""
    whose = f"{part.label} of {path}" if part.names else str(path)
    return f"{whose}{prefix}, {count} of {count} tensors"


def _also(part: Part, fitting: list[tuple[Part, nn.Module]]) -> str:
    others = list(dict.fromkeys(p.label for p, _ in fitting if p.names != part.names))
    return f" ({', '.join(others)} would fit, too)" if others else ""


def _parts(content: Any, names: tuple[str, ...] = ()) -> Iterator[Part]:
    """Yield all tensors of a checkpoint, those of one dictionary together."""
    if isinstance(content, list | tuple):
        content = dict(enumerate(content))
    if not isinstance(content, Mapping) or len(names) > _DEPTH:
        return
    tensors = {k: v for k, v in content.items() if isinstance(v, torch.Tensor)}
    if tensors and all(isinstance(name, str) for name in tensors):
        yield Part(names, tensors)
    for name, inner in content.items():
        if "optim" not in str(name):
            yield from _parts(inner, (*names, str(name)))


def _rank(part: Part) -> tuple[int, int]:
    last = part.names[-1] if part.names else USUAL[0]
    return USUAL.index(last) if last in USUAL else len(USUAL), len(part.names)


def _trimmed(part: Part) -> Iterator[Part]:
    """Yield a part, and the same without what all of its names begin with."""
    yield part
    firsts = {name.partition(".")[0] for name in part.state}
    if len(firsts) == 1 and all("." in name for name in part.state):
        first = f"{firsts.pop()}."
        state = {name.removeprefix(first): tensor for name, tensor in part.state.items()}
        yield from _trimmed(Part(part.names, state, part.prefix + first))


def _homes(network: nn.Module) -> Iterator[nn.Module]:
    """Yield a network, and the one inside it that it wraps, if there is one.

    A wrapper has no parameters of its own. It may have buffers, such as statistics.
    """
    yield network
    owners = [child for child in network.children() if child.state_dict()]
    if len(owners) == 1 and not list(network.parameters(recurse=False)):
        yield from _homes(owners[0])


def misfit(wanted: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> Misfit:
    """Return how tensors differ from those of a network, by names and shapes."""
    return Misfit(
        missing=tuple(n for n in wanted if n not in found and not n.endswith(_COUNTER)),
        unexpected=tuple(name for name in found if name not in wanted),
        reshaped=tuple(
            f"{name}: {tuple(found[name].shape)} in the file, {tuple(tensor.shape)} in the network"
            for name, tensor in wanted.items()
            if name in found and found[name].shape != tensor.shape
        ),
        total=len(wanted),
    )


def _counted(wanted: Mapping[str, torch.Tensor], found: State) -> State:
    return {n: t for n, t in wanted.items() if n.endswith(_COUNTER)} | found


def _differs(tries: list[tuple[Part, nn.Module]], parts: list[Part]) -> str:
    """Return what is wrong with the tensors that come nearest, and the likely cause."""
    found = [(misfit(home.state_dict(), part.state), part) for part, home in tries]
    nearest, part = min(found, key=lambda pair: len(pair[0]))
    held = sorted({p.label for p in parts if p.names})
    inside = f"; the file holds {_some(held, 8)}" if len(held) > 1 else ""
    where = f"{part.label} does" if part.names else "its tensors do"
    return f"{where} not fit the network: {nearest}; {_cause(nearest)}{inside}"


def _cause(nearest: Misfit) -> str:
    if len(nearest.missing) == nearest.total:
        return "no name is common: it is the checkpoint of another network"
    if nearest.reshaped and not nearest.missing and not nearest.unexpected:
        return "build the network with the sizes of the training (frames, channels, joints)"
    if nearest.missing and not nearest.unexpected:
        return "the network has more than was trained: build it with the options of the training"
    if nearest.unexpected and not nearest.missing:
        return (
            "the network has less than was trained: build it with the options of the training, and "
            "keep layers in nn.ModuleList, not in a list"
        )
    return "build the network with the code and the options of the training"


def _some(names: tuple[str, ...] | list[str], most: int = _LISTED) -> str:
    more = ", ..." if len(names) > most else ""
    return ", ".join(names[:most]) + more

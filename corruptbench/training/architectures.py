"""The architectures of the lifters that the benchmark trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import Literal

from torch import nn

from corruptbench.errors import InputError
from corruptbench.training.attention import Attention
from corruptbench.training.linear import Linear
from corruptbench.training.videopose3d import VideoPose3D

#: Widths of the layers of `VideoPose3D` for a number of frames, unless others are asked for: wide
#: ones first, which were better on a held-out person than many narrow ones, and are faster.
_WIDTHS = {9: (3, 3), 27: (9, 3), 81: (9, 9), 243: (9, 9, 3)}
#: Fewest frames of `Attention`: those that a token comes from.
_TOKEN = 9


@dataclass(frozen=True)
class Form:
    """The sizes of a network.

    Attributes:
        joints: J.
        frames: of the receptive field or of the block.
        dropout: share of the features that is left out in training.
        widths: of the layers over several frames; None for those of the architecture.
    """

    joints: int
    frames: int
    dropout: float
    widths: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Architecture:
    """A kind of network, and the function that makes one.

    Attributes:
        name: on the command line.
        window: "sequence": (B, T + frames - 1, J, 2) -> (B, T, J, 3) meters; "block":
            (B, frames, J, 2) -> (B, frames, J, 3). As in a contract.
        frames: unless others are asked for.
        make: returns an untrained network that reads x and y. Raises InputError for a form that the
            architecture cannot have.
    """

    name: str
    window: Literal["sequence", "block"]
    frames: int
    make: Callable[[Form], nn.Module]


def architecture(name: str) -> Architecture:
    """Return an architecture by its name.

    Raises:
        InputError: there is none.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"lifter: found '{name}'; expected {_or(ARCHITECTURES)}", "lifter")
    return ARCHITECTURES[name]


def _or(words: Iterable[object]) -> str:
    *first, last = map(str, words)
    return f"{', '.join(first)} or {last}"


def _frames_error(name: str, found: int, expected: str) -> InputError:
    return InputError(f"{name}: frames: found {found}, expected {expected}", "frames")


def _videopose3d(form: Form) -> nn.Module:
    if form.widths is None and form.frames not in _WIDTHS:
        raise _frames_error("videopose3d", form.frames, f"{_or(_WIDTHS)}, or widths of layers")
    widths = form.widths or _WIDTHS[form.frames]
    if prod(widths) != form.frames or any(w < 3 or w % 2 == 0 for w in widths):
        raise InputError(
            f"videopose3d: widths: found {list(widths)} for {form.frames} frames; expected odd "
            "numbers from 3 whose product is the number of frames",
            "widths",
        )
    return VideoPose3D(form.joints, 2, widths, dropout=form.dropout)


def _linear(form: Form) -> nn.Module:
    _check_no_widths("linear", form)
    if form.frames < 1 or form.frames % 2 == 0:
        raise _frames_error("linear", form.frames, "an odd number, such as 1 or 9")
    return Linear(form.joints, form.frames, dropout=form.dropout)


def _attention(form: Form) -> nn.Module:
    _check_no_widths("attention", form)
    if form.frames < _TOKEN or form.frames % 2 == 0:
        raise _frames_error("attention", form.frames, f"an odd number from {_TOKEN}, such as 27")
    return Attention(form.joints, form.frames, width=_TOKEN, dropout=form.dropout)


def _check_no_widths(name: str, form: Form) -> None:
    if form.widths is not None:
        raise InputError(
            f"{name}: widths: found {list(form.widths)}; expected none: only videopose3d has them",
            "widths",
        )


#: By name.
ARCHITECTURES = {
    entry.name: entry
    for entry in (
        Architecture("videopose3d", "sequence", 27, _videopose3d),
        Architecture("linear", "sequence", 1, _linear),
        Architecture("attention", "block", 27, _attention),
    )
}

"""The architectures of the lifters that the benchmark trains, each plain or confidence-aware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.ca_conv import ConfidenceAware
from corruptbench.training.attention import Attention
from corruptbench.training.linear import Linear
from corruptbench.training.videopose3d import VideoPose3D

#: Number of frames of `VideoPose3D` to its layers of three frames.
_LAYERS = {9: 2, 27: 3, 81: 4, 243: 5}
#: Fewest frames of `Attention`: those that a token comes from.
_TOKEN = 9


@dataclass(frozen=True)
class Architecture:
    """A kind of network, and the function that makes one.

    Attributes:
        name: on the command line.
        window: "sequence": (B, T + frames - 1, J, C) -> (B, T, J, 3) meters; "block":
            (B, frames, J, C) -> (B, frames, J, 3). As in a contract.
        frames: of the plain form, unless others are asked for.
        aware_frames: the same for the confidence-aware form.
        make: takes the number of joints J, the frames, and whether the network is
            confidence-aware. It then reads x, y and confidence (C = 3) and otherwise x and y
            (C = 2). Two networks of one seed begin with the same weights, plain or aware. Raises
            InputError for frames that the architecture cannot have.
    """

    name: str
    window: Literal["sequence", "block"]
    frames: int
    aware_frames: int
    make: Callable[[int, int, bool], nn.Module]


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


def _videopose3d(joints: int, frames: int, aware: bool) -> nn.Module:
    if frames not in _LAYERS:
        raise _frames_error("videopose3d", frames, _or(_LAYERS))
    network = VideoPose3D(joints, 2, widths=(3,) * _LAYERS[frames])
    return ConfidenceAware(network) if aware else network


def _linear(joints: int, frames: int, aware: bool) -> nn.Module:
    if frames < 1 or frames % 2 == 0:
        raise _frames_error("linear", frames, "an odd number, such as 1 or 9")
    if aware and frames == 1:
        raise _frames_error(
            "linear",
            frames,
            "an odd number from 3, such as 9: confidences are compared with those of other "
            "frames, so the confidence-aware form needs some",
        )
    network = Linear(joints, frames)
    return ConfidenceAware(network) if aware else network


def _attention(joints: int, frames: int, aware: bool) -> nn.Module:
    if frames < _TOKEN or frames % 2 == 0:
        raise _frames_error("attention", frames, f"an odd number from {_TOKEN}, such as 27")
    return Attention(joints, frames, aware, width=_TOKEN)


#: By name.
ARCHITECTURES = {
    entry.name: entry
    for entry in (
        Architecture("videopose3d", "sequence", 27, 27, _videopose3d),
        Architecture("linear", "sequence", 1, 9, _linear),
        Architecture("attention", "block", 27, 27, _attention),
    )
}

"""What a corruption is: a record of parameters and two pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import validation
from corruptbench.corruptions.random import Key

Frame = NDArray[np.uint8]
Scope = Literal["clip", "window", "frame"]


@dataclass(frozen=True)
class Region:
    """A rectangle of whole pixels inside the picture: columns x0..x1-1, rows y0..y1-1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True)
class ClipInfo:
    """What a corruption may know of a clip before it sees a pixel.

    Attributes:
        frames: number of frames F.
        height: of the picture, pixels.
        width: of the picture, pixels.
        fps: frames per second.
        boxes: (F, 4) float64, the person's box x0, y0, x1, y1 in pixels, x0 <= x1 and y0 <= y1. It
            may reach beyond the picture, up to 8192 px, or four of its longer sides, from its upper
            left corner. A row of NaN says that no person is in that frame. Lists and arrays of
            other numbers are converted.
        joints: (F, J, 2) float64, the person's joints x, y in pixels. NaN says that a joint is not
            known. None, the default, says that no joint is known. They may lie
            as far outside of the picture as boxes may.
        bones: pairs of indices of joints that a part of the body connects.

    Raises:
        CorruptionError: a field is not as said above.
    """

    frames: int
    height: int
    width: int
    fps: float
    boxes: NDArray[np.float64]
    joints: NDArray[np.float64] | None = None
    bones: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for name in ("frames", "height", "width"):
            object.__setattr__(self, name, validation.count(getattr(self, name), name))
        object.__setattr__(self, "fps", validation.rate(self.fps))
        side = max(self.height, self.width)
        object.__setattr__(self, "boxes", validation.boxes(self.boxes, self.frames, side))
        joints, bones = validation.body(self.joints, self.bones, self.frames, side)
        object.__setattr__(self, "joints", joints)
        object.__setattr__(self, "bones", bones)

    @cached_property
    def person_height(self) -> float:
        """Median height of the person's box over the clip, px: the unit of every length.

        It is the height of the picture if no frame shows a person.
        """
        heights = self.boxes[:, 3] - self.boxes[:, 1]
        heights = heights[np.isfinite(heights)]
        return float(np.median(heights)) if heights.size else float(self.height)

    @property
    def whole(self) -> Region:
        """The whole picture."""
        return Region(0, 0, self.width, self.height)


class DrawFunction(Protocol):
    """``draw(info, params, key)``: draw all random numbers of a clip's corruption, once."""

    def __call__(self, info: ClipInfo, params: Any, key: Key) -> Any:
        """See the class."""
        ...


class ApplyFunction(Protocol):
    """``apply(frames, t, draws, region)``: the region of corrupted frame ``t``, as a new array.

    ``frames[i]`` is the clean frame ``i``, (H, W, 3) uint8. A corruption may look at frames within
    its ``reach`` of ``t``. Only ``region`` is computed, and it equals the same crop of the whole
    corrupted frame byte for byte. The input is not checked; `Corruption.frame` checks it.
    """

    def __call__(self, frames: Sequence[Frame], t: int, draws: Any, region: Region) -> Frame:
        """See the class."""
        ...


class CoverFunction(Protocol):
    """``cover(t, draws, region)``: how much of each pixel of frame ``t`` an object hides.

    The result is (h, w) uint8, from 0 (free) to 255 (nothing of the clean pixel is left). It is
    computed from the draws alone, and equals the same crop of the whole frame's.
    """

    def __call__(self, t: int, draws: Any, region: Region) -> NDArray[np.uint8]:
        """See the class."""
        ...


@dataclass(frozen=True)
class Corruption:
    """One corruption: a record that the registry finds under the name ``CORRUPTION`` in its file.

    Attributes:
        name: also the name of its file.
        family: "temporary occlusion", "motion blur", "pixel noise", ...
        version: raised by one when the same key gives other bytes than before.
        scope: "frame" (each frame alone), "window" (looks at neighbors), "clip" (drawn once for
            the clip).
        severities: five parameter records, mild to severe.
        draw: see `DrawFunction`.
        apply: see `ApplyFunction`.
        reach: number of neighboring frames on each side that ``apply`` reads, from the draws.
        keyed: False if all keys give the same bytes.
        cover: see `CoverFunction`; None for a corruption that hides nothing.
    """

    name: str
    family: str
    version: int
    scope: Scope
    severities: tuple[Any, Any, Any, Any, Any]
    draw: DrawFunction
    apply: ApplyFunction
    reach: Callable[[Any], int] = lambda draws: 0  # noqa: ARG005
    keyed: bool = True
    cover: CoverFunction | None = None

    def prepare(self, info: ClipInfo, severity: int, key: Key) -> Any:
        """Return the draws of one clip at a severity of 1 to 5.

        Raises:
            CorruptionError: there is no such severity, or info or key are of another class.
        """
        step = validation.severity(severity, self.name)
        validation.kind(key, Key, "key", 'Key.of("a name")')
        validation.kind(info, ClipInfo, "info", "ClipInfo(...)")
        return self.draw(info, self.severities[step - 1], key)

    def frame(
        self, frames: Sequence[Frame], t: int, draws: Any, region: Region | None = None
    ) -> Frame:
        """Return one corrupted frame, or a region of it; the input is checked.

        Args:
            frames: the clean clip, each frame (H, W, 3) uint8: a list, or an array (F, H, W, 3).
            t: index of the frame, 0 to F - 1.
            draws: what `prepare` returned for this clip.
            region: within the picture; None takes the whole picture.

        Returns:
            (h, w, 3) uint8, a new array.

        Raises:
            CorruptionError: ``t``, the region, or a frame that is read is not as said above.
        """
        t = validation.index(t, len(frames))
        height, width = (*np.shape(frames[t]), 1, 1)[:2]
        reach = self.reach(draws)
        for i in range(max(t - reach, 0), min(t + reach + 1, len(frames))):
            validation.pixels(frames[i], (height, width, 3), f"frame {i}")
        part = region or Region(0, 0, width, height)
        validation.kind(part, Region, "region", "Region(x0, y0, x1, y1)")
        validation.sides((part.x0, part.y0, part.x1, part.y1), height, width)
        return self.apply(frames, t, draws, part)

    def clip(self, frames: NDArray[np.uint8], info: ClipInfo, severity: int, key: Key) -> Frame:
        """Return a whole corrupted clip, for arrays in memory.

        Args:
            frames: (F, H, W, 3) uint8, RGB.
            info: of the clip.
            severity: 1 to 5.
            key: decides all draws.

        Returns:
            (F, H, W, 3) uint8, a new array.

        Raises:
            CorruptionError: the frames are not those of ``info``, or there is no such severity.
        """
        draws = self.prepare(info, severity, key)
        validation.pixels(frames, (info.frames, info.height, info.width, 3), "frames")
        out = np.empty(frames.shape, dtype=np.uint8)
        views = list(frames)  # the same objects at every t: the draws may keep results
        for t in range(info.frames):
            out[t] = self.apply(views, t, draws, info.whole)
        return out

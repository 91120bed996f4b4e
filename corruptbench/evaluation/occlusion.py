"""Measure what temporary occlusion does: to hidden joints, in covered frames, and after them.

All is computed from what a shard stores of a cell: the hidden share of the person's box in each
frame, and the labels' joints that are hidden. All thresholds are our own choice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptbench.frame_runs import runs

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A person is covered where more than this share of the box is hidden: what the occlusions of this
#: package hide in each frame of an episode, and do not hide between episodes.
COVERED = 0.05
#: Seconds after a cover that are neither covered nor free. The baseline, which sees 0.27 s to each
#: side, is back after 0.2 s: from then on its mean error is within 0.4 mm of that on clean video.
AFTER = 0.3
#: Error above the usual, mm, up to which a frame is back, and seconds for which it must stay so. At
#: the end of a cover of severity 5 the baseline is 18 mm worse than on clean video, on average.
MARGIN, STAY = 5.0, 0.1


class States(NamedTuple):
    """Masks (..., F) of frames. Each frame is in one of them."""

    covered: Mask
    after: Mask
    free: Mask


class Recoveries(NamedTuple):
    """How long it took after each of N covers until the error was back.

    Attributes:
        seconds: (N,) float64.
        censored: (N,) bool, whether the error was not back when the next cover or the clip's end
            came. ``seconds`` is then the time until that, so that a mean is a lower bound.
    """

    seconds: Array
    censored: Mask

    @property
    def mean(self) -> float:
        """The mean time in s; NaN without a cover."""
        return float(self.seconds.mean()) if len(self.seconds) else np.nan

    @property
    def not_recovered(self) -> float:
        """Percentage of the covers after which the error was not back; NaN without a cover."""
        return 100.0 * float(self.censored.mean()) if len(self.censored) else np.nan


#: No cover.
NONE = Recoveries(np.zeros(0), np.zeros(0, dtype=np.bool_))


def hidden_joints(masks: NDArray[np.uint32], joints: int) -> Mask:
    """Return which joints are hidden, (..., F, joints) bool.

    Args:
        masks: (..., F) uint32, joint 0 in the lowest bit, as in `CellDetections.hidden_joints`.
        joints: number of joints of the labels, at most 32.
    """
    bits = np.uint32(1) << np.arange(joints, dtype=np.uint32)
    return np.asarray((masks[..., None] & bits) != 0)


def states(hidden: NDArray[np.floating], fps: float) -> States:
    """Tell in which frames the person is covered, was covered until just now, or is free.

    Args:
        hidden: (..., F) share of the person's box that is hidden, 0 to 1.
        fps: frames per second; `AFTER` is rounded to whole frames, at least one.
    """
    covered = np.asarray(hidden > COVERED)
    frames, length = np.arange(covered.shape[-1]), max(round(AFTER * fps), 1)
    last = np.maximum.accumulate(np.where(covered, frames, -length - 1), axis=-1)
    after = ~covered & (frames - last <= length)
    return States(covered, after, ~covered & ~after)


def recoveries(errors: Array, clean: Array, found: States, fps: float) -> Recoveries:
    """Measure the time from the end of each cover until the error of the poses is back.

    Frames are compared with the same frames on clean video, as some are harder than others. If they
    were compared with the usual error of the clip, the baseline would seem to need 0.11 s even on
    clean video, and 0.12 s on covered video.

    What counts is how much worse a frame is than on clean video. It is back where that is at most
    `MARGIN` above the median over the free frames (above 0 if there is none), and stays so for
    `STAY`, or until the search ends. The search ends at the next cover or at the end of the clip. A
    cover that lasts to the end, or after which no frame has an error, does not count.

    Args:
        errors: (F,) mm, of one clip in one cell; NaN in frames that are not scored.
        clean: (F,) mm, of the same clip on clean video.
        found: `states` of the cell, masks (F,).
        fps: frames per second.
    """
    excess = errors - clean
    known = ~np.isnan(excess)
    usual = np.median(excess[found.free & known]) if (found.free & known).any() else 0.0
    worse = known & (excess > usual + MARGIN)
    stay = max(round(STAY * fps), 1)
    times = [
        _frames_until_back(worse[window], known[window], stay)
        for window in _windows(found.covered)
        if known[window].any()
    ]
    return Recoveries(
        np.array([frames / fps for frames, _ in times], dtype=np.float64),
        np.array([censored for _, censored in times], dtype=np.bool_),
    )


def _windows(covered: Mask) -> list[slice]:
    """Return the frames between the end of each cover and the next one, or the clip's end."""
    covers = runs(covered)
    ends = [*(cover.start for cover in covers[1:]), len(covered)]
    return [slice(c.stop, end) for c, end in zip(covers, ends, strict=False) if c.stop < end]


def _frames_until_back(worse: Mask, known: Mask, stay: int) -> tuple[int, bool]:
    """Return the number of frames (of F) before the error is back, and whether it never was."""
    late = worse.copy()
    for i in range(1, stay):
        late[:-i] |= worse[i:]
    back = np.flatnonzero(known & ~late)
    return (int(back[0]), False) if back.size else (len(worse), True)

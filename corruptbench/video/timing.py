"""The times at which the frames of a video are shown, and its frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Seconds. Some containers round times to this step (Matroska, FLV): a constant rate looks uneven.
JITTER = Fraction(1, 1000)
#: Frames per second of a file that states neither a rate nor times; our own choice.
UNSTATED = Fraction(25)
#: A step that differs from the median by this share of it is not a usual one. Our own choice: where
#: a frame is missing, it is 1.
APART = 0.5
#: So many frames in a row say whether a frame is only late, or all that follow are. Our own choice:
#: two frames out of five may be late or early by chance.
_IN_A_ROW = 5


@dataclass(frozen=True)
class Timing:
    """The times of a video's frames.

    Attributes:
        rate: frames per second; the average of a variable rate.
        times: seconds of each frame from the first one on; None for a constant rate.
        lost: whether the file does not state usable times: none, or times that do not rise.
    """

    rate: Fraction
    times: tuple[Fraction, ...] | None = None
    lost: bool = False

    @property
    def usual(self) -> float:
        """The frames per second between gaps: the mean of the steps that are near the median."""
        if self.times is None:
            return float(self.rate)
        steps = np.diff(np.array(self.times, dtype=np.float64))
        median = np.sort(steps)[steps.size // 2]
        near = np.abs(steps / median - 1) < APART
        return float(1 / steps[near].mean())

    def rate_near(self, fps: float) -> float:
        """Return the average rate or the usual one, whichever is nearer to ``fps``.

        Gaps change the average, and chance the steps between them. Where no frame is further than
        `APART` from its place at ``fps``, this is the rate: chance changes the average of few.
        """
        if self.times is not None and np.abs(self.lateness(fps)).max() <= APART:
            return fps
        return min(float(self.rate), self.usual, key=lambda rate: abs(rate - fps))

    def lateness(self, rate: float) -> NDArray[np.float64]:
        """Return how late each frame is at a constant rate, (F,) in frames; empty if all are even.

        Chance is left out: a frame counts as its neighbors do (their running median).
        """
        if self.times is None:
            return np.zeros(0)
        late = np.array(self.times, dtype=np.float64) * rate
        late -= np.arange(late.size)
        padded = np.pad(late, _IN_A_ROW // 2, mode="edge")
        return np.median(np.lib.stride_tricks.sliding_window_view(padded, _IN_A_ROW), axis=1)


def timing_of(stated: Fraction | None, shown: Sequence[Fraction | None]) -> Timing:
    """Find the timing of a video.

    Args:
        stated: frames per second by the container; some state nothing, or nonsense.
        shown: time of each frame, seconds; None where the file does not state it.
    """
    if len(shown) == 1 or None in shown:
        return Timing(stated or UNSTATED, lost=stated is None and len(shown) > 1)
    seconds = [s for s in shown if s is not None]
    times = tuple(s - seconds[0] for s in seconds)
    if any(b <= a for a, b in pairwise(times)):
        return Timing(stated or UNSTATED, lost=True)
    average = ((len(times) - 1) / times[-1]).limit_denominator(1_000_000)
    for rate in (stated, average):
        if rate and all(abs(s - t / rate) <= JITTER for t, s in enumerate(times)):
            return Timing(rate)
    return Timing(average, times)

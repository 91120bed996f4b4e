"""The times at which the frames of a video are shown, and its frame rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

#: Seconds. Some containers round times to this step (Matroska, FLV): a constant rate looks uneven.
JITTER = Fraction(1, 1000)
#: Frames per second of a file that states neither a rate nor times; our own choice.
UNSTATED = Fraction(25)


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
    def unevenness(self) -> float:
        """The largest distance of a frame from its place at the constant rate, in frames."""
        times = self.times or ()
        return max((abs(float(s * self.rate) - t) for t, s in enumerate(times)), default=0.0)


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

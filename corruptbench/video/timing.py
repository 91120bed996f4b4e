"""When the frames of a video are shown, and how many a second that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

#: Seconds. Some containers round times to it (Matroska, FLV), so that a constant rate looks uneven.
JITTER = Fraction(1, 1000)
#: Frames per second where a file does not say and its times do not tell; our own choice.
UNSTATED = Fraction(25)


@dataclass(frozen=True)
class Timing:
    """When frames are shown.

    Attributes:
        rate: frames per second; the average, where they do not come evenly.
        times: seconds of each frame from the first one on; None: they come evenly.
        lost: whether the file does not tell when frames are shown: not at all, or by times that do
            not rise.
    """

    rate: Fraction
    times: tuple[Fraction, ...] | None = None
    lost: bool = False


def timing_of(stated: Fraction | None, shown: Sequence[Fraction | None]) -> Timing:
    """The timing of a video.

    Args:
        stated: frames per second, by the container; some say nothing, or nonsense.
        shown: for each frame when it is shown, seconds; None where the file does not say.
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

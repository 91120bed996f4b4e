"""Lay out the episodes of a temporary occlusion: when the person is covered, and when free.

An episode is a stretch of frames in which all parts of an occlusion are there together. Between
episodes the person is free, so that a temporal lifter has something to bridge from on both sides.
All numbers are our own choice.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from corruptbench.corruptions.base import ClipInfo
from corruptbench.corruptions.random import Key

#: Seconds that an episode lasts, at least and at most.
SHORTEST, LONGEST = 0.2, 1.2
#: Seconds that an episode lasts on average.
MEAN = 0.7
#: Seconds that are free before, between and after the episodes of a clip longer than `SHORT`.
FREE, SHORT = 0.3, 1.5
#: A clip of fewer frames counts as short, whatever its rate.
FEW = 5
#: Streams of the key that `episodes` reads. A corruption must draw its own numbers from others.
STREAMS = 0xE000, 0xE001, 0xE002
#: One more than the largest random word.
TOP = 2**32


def episodes(
    info: ClipInfo,
    share: float,
    key: Key,
    *,
    shortest: float = SHORTEST,
    longest: float = LONGEST,
    mean: float = MEAN,
) -> tuple[range, ...]:
    """Return the episodes of a clip as ranges of frames, in order.

    Together they have ``share`` of the clip's frames. A part of a frame is rounded at random, so
    that the mean over keys is exact. In a clip longer than `SHORT` each is free for `FREE` before
    and after. A shorter clip has one episode at most, anywhere. Where an episode of ``shortest`` is
    more than ``share`` of the clip, there is one with the probability that keeps the mean. Only
    where the limits leave no room, in clips of 2 to 2.4 s, is less covered than 60 %: 57 % in 2.1 s
    at 50 fps. At least 53 % are covered at 24 fps or more, as limits are kept in whole frames.

    An episode has at least one frame, and may have two at any
    rate. A frame without a person counts as any other.

    Args:
        info: of the clip.
        share: fraction of the frames to cover, 0 to 0.6.
        key: decides all draws; see `STREAMS`.
        shortest: seconds that an episode lasts at least, half of ``longest`` at most.
        longest: seconds that an episode lasts at most.
        mean: seconds that an episode lasts on average, in clips of many episodes.
    """
    count, fps = info.frames, info.fps
    low = min(max(_up(shortest * fps), 1), count)
    short = count < FEW or count <= SHORT * fps
    high = count if short else max(_down(longest * fps), 2)
    free = 0 if short else _up(FREE * fps)
    unit = 1 if share * count > low else low
    wanted = _round(share * count / unit, key, 0) * unit

    def fit(number: int) -> int:
        """Return the number of frames that so many episodes can cover, up to ``wanted``."""
        return max(min(wanted, number * high, count - (number + 1) * free), 0)

    least = -(-wanted // high)
    least -= fit(least) < fit(least - 1)
    covered = fit(least)
    most = 1 if short else min(covered // low, (count - covered) // free - 1)
    typical = _round(covered / max(mean * fps, 1), key, 1)
    number = max(min(typical, most), least) if covered else 0
    lengths = _lengths(covered, number, low, high, key)
    spare = count - covered - (number + 1) * free
    before = sorted(word * (spare + 1) // TOP for word in _words(number, key, 2))
    ends = accumulate(lengths)
    starts = (end - n for end, n in zip(ends, lengths, strict=True))
    return tuple(
        range(first := start + gap + (i + 1) * free, first + lengths[i])
        for i, (start, gap) in enumerate(zip(starts, before, strict=True))
    )


def episode_at(found: Sequence[range], t: int) -> int | None:
    """Return the index of the episode in which frame ``t`` lies, or None where it is free."""
    i = bisect_right(found, t, key=lambda episode: episode.start) - 1
    return i if i >= 0 and t in found[i] else None


def _up(frames: float) -> int:
    """Return the frames that fill a time; what a product of decimals adds does not count."""
    return math.ceil(frames - 1e-9)


def _down(frames: float) -> int:
    return math.floor(frames + 1e-9)


def _round(value: float, key: Key, stream: int) -> int:
    """Return a neighboring whole number, at random, so that the mean is ``value``."""
    return math.floor(value + key.uniform(STREAMS[stream]))


def _words(number: int, key: Key, stream: int) -> list[int]:
    """Return random whole numbers, 0 to `TOP` - 1."""
    counters = np.zeros((number, 4), dtype=np.uint32)
    counters[:, 0], counters[:, 1] = STREAMS[stream], np.arange(1, number + 1)
    return [int(word) for word in key.words(counters)[:, 0]]


def _lengths(total: int, number: int, low: int, high: int, key: Key) -> list[int]:
    """Return random whole numbers, ``low`` to ``high``, whose sum is ``total``.

    Even draws between the limits are moved towards one of them, until the sum is right.
    """
    draws = [1 + word for word in _words(number, key, 0)]
    extra, room = total - number * low, number * (high - low)
    if sum(draws) * room >= extra * number * TOP:
        return [low + part for part in _divide(extra, draws)]
    return [high - part for part in _divide(room - extra, [TOP + 1 - draw for draw in draws])]


def _divide(total: int, weights: Sequence[int]) -> list[int]:
    """Return whole parts of a total, each less than one from its exact part by weight."""
    whole = sum(weights)
    ends = [(2 * total * weight + whole) // (2 * whole) for weight in accumulate(weights)]
    return [after - before for before, after in pairwise([0, *ends])]

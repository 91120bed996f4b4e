"""Frame freeze: the picture stands still for a while, again and again, as in a bad video call.

Models lost frames in a stream whose receiver shows the last good frame until the next one comes.
Labels of frozen frames stay those of their own time, so a frozen frame is wrong on purpose: by as
much as the person has moved since. After each run at least one frame is shown at its own time, so
that runs stay apart. All runs are drawn once for the clip. Shares and durations are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How often the picture freezes, and for how long.

    Attributes:
        frozen: fraction of the time for which the picture stands still.
        run: mean duration of a freeze, seconds; each lasts half to one and a half times as long.
    """

    frozen: float
    run: float


SEVERITIES = (
    Params(frozen=0.20, run=0.12),
    Params(frozen=0.35, run=0.20),
    Params(frozen=0.50, run=0.30),
    Params(frozen=0.60, run=0.40),
    Params(frozen=0.70, run=0.50),
)


@dataclass(frozen=True)
class Plan:
    """For each frame of the clip the index of the frame that is shown instead, <= its own."""

    source: tuple[int, ...]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw all runs: a pause and a freeze take turns."""
    pause = params.run * (1 / params.frozen - 1)
    source = list(range(facts.frames))
    seconds = -(pause + params.run) * key.uniform(0)  # the clip begins anywhere in a turn
    last = turn = 0
    while last < facts.frames:
        seconds += pause * (0.5 + key.uniform(1, turn))
        # A frame at its own time comes first; the clip's first frame has none before it to show.
        first = max(math.ceil(seconds * facts.fps), last + 1)
        seconds += params.run * (0.5 + key.uniform(2, turn))
        last = max(math.ceil(seconds * facts.fps), 0)
        for t in range(first, min(last, facts.frames)):
            source[t] = first - 1
        turn += 1
    return Plan(tuple(source))


def reach(plan: Plan) -> int:
    """Return the longest delay of a frame, in frames."""
    return max(t - s for t, s in enumerate(plan.source))


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the frame that is shown at ``t``, (h, w, 3) uint8."""
    return frames[plan.source[t]][region.slices].copy()


CORRUPTION = Corruption(
    name="frame_freeze",
    family="frame loss",
    version=1,
    scope="window",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
    reach=reach,
)

"""Find where the person that a track follows may be another one. Pure functions over arrays.

One person moves and is seen again near the last place: the less time has passed, the nearer. A
track that goes to somebody else leaps, or the person's size does.

The limits are our own choice. They were measured with MoveNet Lightning on the 64 embedded studio
clips and on 4 films of one person in a laboratory, all at 50 or 60 frames a second, and with only
every 2nd, 4th, 8th, 16th and 25th frame. No limit is passed there. Leaps reach 0.17 lengths at
0.02 s (in the first frame, where the place is not known yet), 0.28 at 0.08 s, 0.69 at 0.16 s and
1.10 at 0.32 s (in running and jumping): 0.77 of the limit. The centers of boxes reach 0.78 of it.
Sizes change by 0.35 octaves at up to 0.08 s, 0.60 at 0.16 s and 2.41 at 0.32 s, 0.96 of the limit.
In a film of two people, where the track goes from one to the other, the leap is 0.40 at 0.017 s and
0.68 at 0.033 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A leap is more than this part of the person's length, and so much more for each second.
LEAP, LEAP_A_SECOND = 0.25, 4.0
#: After frames that show nobody it is never more than this, however long they last.
LEAP_AFTER_GAP = 1.0
#: A change of size is more than so many octaves, and so many more for each second.
SIZE, SIZE_A_SECOND = 0.6, 6.0
#: Joints that are seen in both frames; with fewer, boxes are compared.
COMMON = 4
#: A sighting is compared with those of so many seconds: where two people touch, a track goes from
#: one to the other joint by joint, within a few frames.
MEMORY = 0.1

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A person in one frame.

    Attributes:
        frame: its number.
        seconds: its time.
        box: (4,) px.
        joints: (J, 2) px, NaN where a joint is not seen; None if no joint is known.
    """

    frame: int
    seconds: float
    box: Numbers
    joints: Numbers | None


def changes(boxes: Numbers, joints: Numbers | None, seconds: Sequence[float]) -> list[int]:
    """Return the frames in which the person may be another one than before.

    Args:
        boxes: (F, 4) px, NaN where nobody is seen.
        joints: (F, J, 2) px, NaN where a joint is not seen; None if no joint is known.
        seconds: (F,) time of each frame.
    """
    found: list[int] = []
    recent: list[Seen] = []
    for t in np.flatnonzero(np.isfinite(boxes).all(axis=1)).tolist():
        one = Seen(t, seconds[t], boxes[t], None if joints is None else joints[t])
        if differs(recent, one):
            found.append(t)
            recent = []
        recent = remembered(recent, one)
    return found


def remembered(recent: Sequence[Seen], last: Seen) -> list[Seen]:
    """Return what the next sighting is compared with: the last one, and those shortly before."""
    return [*(s for s in recent if last.seconds - s.seconds <= MEMORY), last]


def differs(recent: Sequence[Seen], now: Seen) -> bool:
    """Tell whether a sighting is too unlike one of the recent ones to be the same person."""
    gap = bool(recent) and now.frame - recent[-1].frame > 1
    return any(_leaps(before, now, gap) or _swells(before, now) for before in recent)


def _leaps(before: Seen, now: Seen, gap: bool) -> bool:
    farthest = LEAP + LEAP_A_SECOND * (now.seconds - before.seconds)
    return leap(before, now) > (min(farthest, LEAP_AFTER_GAP) if gap else farthest)


def _swells(before: Seen, now: Seen) -> bool:
    return growth(before, now) > SIZE + SIZE_A_SECOND * (now.seconds - before.seconds)


def leap(before: Seen, now: Seen) -> float:
    """Return how far a person moved, in longer sides of the larger of both boxes.

    It is the median of the joints that are seen twice, so that a body that is half hidden does not
    count as moved. With too few of them it is the center of the box.
    """
    boxes = np.stack([before.box, now.box])
    longer = float(max((boxes[:, 2:] - boxes[:, :2]).max(), 1.0))
    both = _common(before, now)
    if both.shape[1] < COMMON:
        both = ((boxes[:, :2] + boxes[:, 2:]) / 2)[:, None]
    return float(np.median(np.linalg.norm(both[1] - both[0], axis=1))) / longer


def growth(before: Seen, now: Seen) -> float:
    """Return by how many octaves the size of a person changes; 0 if it is not known.

    The size is the root mean square distance of the joints that are seen twice from their center.
    """
    both = _common(before, now)
    if both.shape[1] < COMMON:
        return 0.0
    away = both - both.mean(axis=1, keepdims=True)
    sizes = np.maximum(np.sqrt((away**2).sum(axis=2).mean(axis=1)), 1.0)
    return float(abs(np.log2(sizes[1] / sizes[0])))


def _common(before: Seen, now: Seen) -> Numbers:
    """Return the joints that are seen in both frames, (2, C, 2)."""
    if before.joints is None or now.joints is None:
        return np.zeros((2, 0, 2))
    joints = np.stack([before.joints, now.joints])
    return joints[:, np.isfinite(joints).all(axis=(0, 2))]

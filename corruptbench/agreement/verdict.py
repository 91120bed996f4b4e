"""Judge in words whether labels lie on the person that the detector sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.agreement.evidence import PAIRS, Evidence, pool
from corruptbench.agreement.fit import RATES, Fit, vertex
from corruptbench.agreement.words import LIKE_SHAPE, Name, text_of

# All limits are our own choice. They were measured with MoveNet Lightning on the 296 clips of
# studio (COCO detections, Human3.6M labels), with all frames and with 24 frames in three runs, on
# sound labels and on labels that were broken on purpose. No sound clip gives an alarm in either
# case.

#: Fewest frames with a detection that a verdict is given on.
MIN_FRAMES = 8
#: Smallest lag, in frames, that is a fault. Labels that are half a frame late gain at most 10 %.
MIN_LAG = 0.75
#: A lag counts if it takes away this share of the error, and this fraction of the person's height.
#: Sound clips gain at most 1 % and 0.0003 at two frames or more (24 frames: 12 % and 0.0011). Of
#: clips with labels 1, 2, 3, 5, 10 frames late, 34, 70, 85, 94, 98 % are found. The others show
#: people who hardly move.
LAG_GAIN, LAG_LEAST = 0.15, 0.0015
#: The same from this number of frames on, which no single clip has: together, clips tell more. The
#: lag of all clips of a sound camera is -0.05 to 0.04 frames. Labels one frame late gain 10 to 18
#: %, half a frame 1.5 %.
MANY_FRAMES, MANY_LAG_GAIN, MANY_LAG_LEAST = 256, 0.05, 0.0005
#: Share of the frames that a lag must leave to compare.
SHARE = 0.6
#: Errors of this fraction of the height are as good as none.
TINY = 1e-4
#: Half of all lags leave at least this multiple of the best one's error, or motion is too little.
FLAT = 1.1
#: A rate counts if it leaves at most this share of the error, and of what the best lag leaves; and
#: if it takes away this fraction of the height. Sound clips: 0.96 (24 frames: 0.89). Of clips at
#: 5/6 80 % are found, and 15 % as a lag; at 1/2 and 2, 95 %.
RATE_LEFT, RATE_BELOW_LAG, RATE_LEAST = 0.6, 0.7, 0.003
#: Exchanged sides count if they leave at most this share of the error. Sound clips: 1.03 and more,
#: in the middle 4.8. 99 % of the exchanged ones are found; the others are seen from the side.
SIDES_LEFT, SIDES_LEAST = 0.75, 0.008
#: Some pairs of joints count alike, where several clips are judged together. On the 584 clips of
#: all training people, those of a recording give 1.05 and more for a sound pair, and 99 % of
#: exchanged ones are found; those of a camera give 1.6 and more, and all are found. In single clips
#: a detector exchanges the legs of people who turn, which leaves 0.44: there less must be left.
PAIR_LEFT_ALONE = 0.4
#: A lag and exchanged sides are told from clips of this many seconds on. A detector may exchange
#: sides for a second: of windows of 0.5 s of sound clips 0.5 % look exchanged, of 1 s 0.2 %.
SURE_S = 1.3
#: Another camera counts if its shapes leave at most this share of the error. Sound clips: 1.6 and
#: more. All exchanged ones are found.
CAMERA_LEFT, CAMERA_LEAST = 0.7, 0.05
#: Lag, rate or sides explain an error only if no more than this is left, another camera only if no
#: more than `LIKE_SHAPE`: labels that lie elsewhere can fit a little better at any other time.
#: Sound clips have errors of 0.017 to 0.062 (in the middle 0.025).
EXPLAINED = 0.08
#: Labels are apart from the person beyond this error, or this offset, as fractions of its height,
#: or if it has another size. Sound clips: 0.062, 0.019, 0.96 to 1.06; a drawn stick figure: 0.10.
#: All clips with labels 30 px away (about a tenth of the height) are found.
APART, APART_OFFSET, APART_SIZE = 0.12, 0.06, 1.1


@dataclass(frozen=True)
class Agreement:
    """Whether the labels of a clip, or of several clips, lie on the detected person.

    Attributes:
        verdict: "agrees"; "lag": too early or too late; "sides": left and right exchanged, in
            all joints or in some; "camera": labels of another camera, or its video; "rate": another
            frame rate; "apart": somewhere else; "unclear": too few detections to say anything.
        text: the verdict in words, with figures and the likely repair.
        frames: number of frames that it is taken from.
        error: mean error of the limb joints, as a fraction of the person's height.
        exchanged: the same with left and right exchanged.
        lag: best lag in frames, positive where the labels are late; None where it is not sure:
            too little motion, or a lag that is no small one and explains too little to be a fault.
        lag_left: share of the error that is left at this lag, mean offsets left out.
        rate: labels for one frame of the video; None where none of `RATES` fits better than 1.
        camera: the other camera whose labels fit best; None where there is no other one.
        camera_left: share of the shapes' error that its labels leave.
    """

    verdict: Name
    text: str
    frames: int
    error: float
    exchanged: float
    lag: float | None
    lag_left: float
    rate: float | None
    camera: str | None
    camera_left: float

    @property
    def good(self) -> bool:
        """Tell whether nothing speaks against the labels."""
        return self.verdict in {"agrees", "unclear"}


def judge(evidence: Evidence) -> Agreement:
    """Return the verdict on the labels: the fault that explains most of the error, if there is one.

    Args:
        evidence: of one clip, or of several clips together.
    """
    lag, lag_left = _best_lag(evidence)
    rate, rate_left = _best_rate(evidence, lag_left)
    camera, camera_left = _best_camera(evidence)
    pairs = exchanged_pairs(evidence)
    sure = evidence.seconds >= SURE_S
    late = sure and _is_late(evidence, lag)
    left: dict[Name, float] = {
        "lag": lag_left if late else 1,
        "rate": rate_left,
        "camera": camera_left,
        "sides": _sides_left(evidence, pairs) if sure else 1,
    }
    best = min(left, key=lambda name: left[name])
    verdict = _verdict(evidence, best if left[best] < 1 else None)
    lag = lag if late or _is_small(lag) else None
    return Agreement(
        verdict=verdict,
        text=text_of(verdict, evidence, lag, rate, camera, pairs),
        frames=evidence.frames,
        error=evidence.error,
        exchanged=evidence.exchanged,
        lag=lag,
        lag_left=lag_left,
        rate=rate,
        camera=camera,
        camera_left=camera_left,
    )


def judge_sides(views: Sequence[Evidence]) -> Agreement | None:
    """Return the verdict on all views of a recording together; None where there is only one.

    Its labels are the same for all cameras, so exchanged sides are seen in all of them.
    """
    alike = [view for view in views if round(view.fps) == round(views[0].fps)]
    return judge(pool(alike)) if len(alike) > 1 else None


def is_of_one_view(found: Agreement, recording: Agreement | None) -> bool:
    """Tell whether one camera alone sees exchanged sides: then the detector exchanged them.

    Args:
        found: the verdict on one view.
        recording: that of `judge_sides`.
    """
    return found.verdict == "sides" and recording is not None and recording.verdict != "sides"


def _verdict(evidence: Evidence, best: Name | None) -> Name:
    """Return the verdict, given the fault that explains most of the error."""
    if evidence.frames < MIN_FRAMES:
        return "unclear"
    if best is not None:
        return best
    return "apart" if _is_apart(evidence) else "agrees"


def _best_lag(evidence: Evidence) -> tuple[float | None, float]:
    """Return the best lag, to a part of a frame, and the share of the error that it leaves.

    Without motion, all lags fit alike: there is no best one. The first and the last lag that leave
    enough frames are no best ones either, because it would be better to go on.
    """
    left = _left(evidence.lag, max(MIN_FRAMES, SHARE * evidence.frames))
    tried = np.flatnonzero(np.isfinite(left))
    if len(tried) < 3:
        return None, 1.0
    best = int(tried[left[tried].argmin()])
    if best in (tried[0], tried[-1]) or np.median(left[tried]) < FLAT * left[best]:
        return None, 1.0
    return float(evidence.lags[best] + vertex(*left[best - 1 : best + 2])), float(left[best])


def _left(fit: Fit, fewest: float) -> NDArray[np.float64]:
    """Return the share of the error that is left, (m,); NaN with fewer frames than ``fewest``."""
    return np.where(fit.frames >= fewest, (fit.error + TINY) / (fit.given + TINY), np.nan)


def _is_small(lag: float | None) -> bool:
    return lag is not None and abs(lag) < MIN_LAG


def _is_late(evidence: Evidence, lag: float | None) -> bool:
    if lag is None or _is_small(lag):
        return False
    nearest = int(np.abs(evidence.lags - lag).argmin())
    fit = evidence.lag
    given, gain = fit.given[nearest], fit.given[nearest] - fit.error[nearest]
    many = evidence.frames >= MANY_FRAMES
    share, least = (MANY_LAG_GAIN, MANY_LAG_LEAST) if many else (LAG_GAIN, LAG_LEAST)
    return bool(gain >= max(least, share * given) and fit.placed[nearest] <= EXPLAINED)


def _best_rate(evidence: Evidence, lag_left: float) -> tuple[float | None, float]:
    """Return the best rate, and the share of the error that it leaves; 1 if it does not count."""
    fit = evidence.rate
    # A rate leaves few frames: twice as many labels as pictures cover half of the video.
    left = _left(fit, MIN_FRAMES)
    if np.isnan(left).all() or np.nanmin(left) >= 1:
        return None, 1.0
    best = int(np.nanargmin(left))
    gain = fit.given[best] - fit.error[best]
    counts = gain >= RATE_LEAST and fit.placed[best] <= EXPLAINED
    counts &= left[best] <= min(RATE_LEFT, RATE_BELOW_LAG * lag_left)
    return float(RATES[best]), float(left[best]) if counts else 1.0


def _best_camera(evidence: Evidence) -> tuple[str | None, float]:
    """Return the best other camera, and the share of the error it leaves; 1 if not enough."""
    others = {k: v for k, v in evidence.other_shapes.items() if np.isfinite(v)}
    if not others or not evidence.shape > 0:
        return None, 1.0
    best = min(others, key=lambda name: others[name])
    given, error = evidence.shape, others[best]
    counts = error <= min(LIKE_SHAPE, CAMERA_LEFT * given, given - CAMERA_LEAST)
    return best, error / given if counts else 1.0


def exchanged_pairs(evidence: Evidence) -> tuple[str, ...]:
    """Return the pairs of joints whose left and right are exchanged; all, or some, or none.

    Where it fits better to exchange all of them than those that are sure alone, all are.
    """
    given, error = evidence.pairs
    most = PAIR_LEFT_ALONE if evidence.clips == 1 else SIDES_LEFT
    share = len(PAIRS)  # of all pairs
    counts = (error <= most * given) & (error <= EXPLAINED / share)
    counts &= error <= given - SIDES_LEAST / share
    some = evidence.error - (given - error)[counts].sum()
    whole = _counts(evidence.exchanged, evidence.error) and evidence.exchanged <= some
    return tuple(name for name, one in zip(PAIRS, counts, strict=True) if one or whole)


def _counts(error: float, given: float) -> bool:
    return error <= min(EXPLAINED, SIDES_LEFT * given, given - SIDES_LEAST)


def _sides_left(evidence: Evidence, pairs: tuple[str, ...]) -> float:
    """Return the share of the error of these pairs that exchanged sides leave; 1 for none."""
    chosen = [name in pairs for name in PAIRS]
    given, error = evidence.pairs[:, chosen].sum(axis=1)
    return float(error / given) if pairs else 1.0


def _is_apart(evidence: Evidence) -> bool:
    far = float(np.hypot(*evidence.offset)) > APART_OFFSET * evidence.height
    other_size = not 1 / APART_SIZE < evidence.size < APART_SIZE
    return evidence.error > APART or far or other_size

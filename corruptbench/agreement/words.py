"""The verdicts on labels in words, with figures and the likely repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from corruptbench.agreement.evidence import PAIRS, Evidence
from corruptbench.frame_runs import listed_all

Name = Literal["agrees", "lag", "sides", "camera", "rate", "apart", "unclear"]

#: The verdicts in a few words.
MEANING: dict[Name, str] = {
    "agrees": "on the person",
    "lag": "too early or too late",
    "sides": "left and right exchanged",
    "camera": "of another camera",
    "rate": "at another frame rate",
    "apart": "not on the person",
    "unclear": "unclear: too few frames",
}
#: Shapes show the same view below this error. Sound clips: up to 0.21; other cameras: 0.21 and
#: more, in the middle 0.31.
LIKE_SHAPE = 0.25


def text_of(
    verdict: Name,
    evidence: Evidence,
    lag: float | None,
    rate: float | None,
    camera: str | None,
    pairs: Sequence[str],
) -> str:
    """Return a verdict as a sentence.

    ``lag``, ``rate`` and ``camera`` are the best ones, ``pairs`` those whose sides are exchanged.
    """
    error = f"{100 * evidence.error:.1f} % of the person's height"
    match verdict:
        case "unclear":
            return _unclear_text(evidence)
        case "lag" if lag is not None:
            return _lag_text(lag, evidence)
        case "rate" if rate is not None:
            return (
                f"there are {rate:.4g} labels for one frame of the video "
                f"({rate * evidence.fps:.4g} labels for {evidence.fps:.4g} frames): labels and "
                "video differ in their frame rate; resample the labels to the rate of the video"
            )
        case "camera":
            return (
                f"the video shows what camera {camera} sees: two cameras are exchanged, or the "
                "video belongs to another recording; exchange the videos, or the calibrations"
            )
        case "sides":
            return _sides_text(evidence, pairs)
        case "apart":
            return f"the labels do not lie on the person: {_apart_text(evidence)}"
        case _:
            known = (
                "too short, too noisy or too little motion to tell a lag"
                if lag is None
                else f"lag {lag:+.1f} frames"
            )
            return f"the labels lie on the person: error {error}, {known}"


def _sides_text(evidence: Evidence, pairs: Sequence[str]) -> str:
    chosen = [name in pairs for name in PAIRS]
    given, error = evidence.pairs
    left = 100 * float(np.where(chosen, error, given).sum())
    found = f"error {100 * evidence.error:.1f} % of the person's height, and {left:.1f} %"
    if all(chosen):
        return (
            f"left and right are exchanged in the labels: {found} with the sides exchanged; "
            "correct the order of the joints, or do not mirror the video"
        )
    return (
        f"left and right of {listed_all(pairs)} are exchanged in the labels, and the other joints "
        f"are right: {found} with these exchanged; correct the order of these joints"
    )


def _unclear_text(evidence: Evidence) -> str:
    if evidence.detected == evidence.frames:
        return f"the person is detected in only {evidence.frames} labeled frames: unclear"
    return (
        f"the person is upright in only {evidence.frames} frames, of {evidence.detected} labeled "
        "ones with a detection: unclear"
    )


def _lag_text(lag: float, evidence: Evidence) -> str:
    whole = max(1, round(abs(lag)))
    count = "" if whole == 1 else f"{whole} "
    word, label, picture = ("late", whole, 0) if lag > 0 else ("early", 0, whole)
    repair = (
        f"cut off the first {count}label{'s'[: whole - 1]}, and count frames from 0 again"
        if lag > 0
        else f"cut off the first {count}frame{'s'[: whole - 1]} of the videos"
    )
    return (
        f"the labels are {abs(lag):.1f} frames {word} ({1000 * abs(lag) / evidence.fps:.0f} ms): "
        f"the label of frame {label} fits the picture of frame {picture}; {repair}, if all cameras "
        "agree; otherwise use videos that start together"
    )


def _apart_text(evidence: Evidence) -> str:
    if not evidence.shape < LIKE_SHAPE:
        return (
            f"error {100 * evidence.error:.0f} % of the person's height; compare the calibration "
            "with the video"
        )
    right, down = evidence.offset
    return (
        f"the person is {abs(right):.0f} px to the {'right' if right > 0 else 'left'} of them and "
        f"{abs(down):.0f} px {'below' if down > 0 else 'above'}, and {evidence.size:.2f} times as "
        "large; compare the camera's calibration with the size and crop of the video"
    )

"""What an evaluation found odd in labels and predictions, as a result stores it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from corruptbench.leaderboard.records import Record, Text

#: Rows of ``labels`` and of ``warnings`` in a result.
MOST_LABELS, MOST_WARNINGS = 10_000, 100
#: Bounds of what labels can be away from the person: in its heights, and in frames. Our own choice,
#: far beyond what is measured, which is at most 0.15 and 64.
GREATEST_ERROR, GREATEST_LAG = 10.0, 10_000.0


class LabelCheck(Record):
    """Whether the labels of a clip lie on the person that the detector sees in the clean video.

    ``error`` is the mean distance of the limb joints as a fraction of the person's height; null
    without a detection. ``lag`` is in frames, positive where the labels are late; null where it
    cannot be told. A ``verdict`` other than "agrees" and "unclear" names a likely fault.
    """

    subject: Text
    sequence: Text
    camera: Text
    verdict: Literal["agrees", "lag", "sides", "camera", "rate", "apart", "unclear"]
    error: float | None = Field(ge=0.0, le=GREATEST_ERROR, allow_inf_nan=False)
    lag: float | None = Field(ge=-GREATEST_LAG, le=GREATEST_LAG, allow_inf_nan=False)


#: Kinds of warnings: of the labels, then of the predictions.
WarningName = Literal[
    "labels-motion", "labels-lag", "labels-sides", "labels-camera", "labels-rate", "labels-apart",
    "detections", "size", "constant", "sides", "axes", "joints", "depth", "rotation", "lag",
    "unlike", "degradation",
]  # fmt: skip


class ResultWarning(Record):
    """One reason why numbers may not mean what they seem; ``name`` is its kind."""

    name: WarningName
    text: Text

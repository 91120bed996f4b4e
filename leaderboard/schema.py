"""The typed, versioned result of one evaluation.

Errors are in millimeters (MPJPE, P-MPJPE) or millimeters per frame (MPJVE). A result is two files:
``<name>.json`` (this model) and ``<name>.clips.parquet`` (one row per clip and cell). The referee
computes every aggregate in the JSON again from the clips table.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

SCHEMA_VERSION: Final = 2

#: Columns of the per-clip table: the clip, the cell, the number of scored frames, how many of them
#: have a scored neighbor (``run_frames``), then the means. MPJPE and P-MPJPE are means over
#: ``frames``. MPJVE is the mean over runs of two or more successive frames, weighted by their
#: frames; it is null exactly when there is no such run.
CLIP_COLUMNS = (
    "subject",
    "sequence",
    "action",
    "camera",
    "corruption",
    "severity",
    "frames",
    "run_frames",
    "mpjpe",
    "p_mpjpe",
    "mpjve",
)

Metric = Literal["mpjpe", "p_mpjpe", "mpjve"]

#: The metrics of a cell, in the order in which they are printed.
METRICS: tuple[Metric, ...] = ("mpjpe", "p_mpjpe", "mpjve")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Millimeters = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


LONGEST_TEXT = 1000  # characters
#: Rows of ``labels`` and of ``warnings`` in a result.
MOST_LABELS, MOST_WARNINGS = 10_000, 100
#: What moves the cursor, ends the line, or changes the direction of the text around it.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
#: One line for people, or a name in a data set.
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=f"^[^{_CONTROL}]*$")]

#: Bounds of what labels can be away from the person: in its heights, and in frames. Our own choice,
#: far beyond what is measured, which is at most 0.15 and 64.
GREATEST_ERROR, GREATEST_LAG = 10.0, 10_000.0


class Record(BaseModel):
    """Base of every record: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Benchmark(Record):
    """The frozen benchmark that was scored."""

    id: Name
    version: int = Field(ge=1)
    manifest_sha256: Sha256


class Build(Record):
    """The shards that were scored. ``pixels_sha256`` is a digest over all cells' pixel digests."""

    detector: str
    weights_sha256: Sha256
    score_meaning: str
    pixels_sha256: Sha256
    detections_sha256: Sha256


class Lifter(Record):
    """The submitted model; ``contract`` declares the conventions of its input and output."""

    name: Name
    sha256: Sha256
    bytes: int = Field(ge=1)
    parameters: int = Field(ge=0)
    contract: dict[str, str | int | float | bool | None]


class Scoring(Record):
    """Pinned conventions, copied from the manifest."""

    joints: str
    root_joint: int = Field(ge=0)
    root_rule: Literal["subtract", "as-predicted"]
    average: Literal["actions", "frames"]


class Coverage(Record):
    """Numbers of clips, cells and (frame, cell) pairs. A complete result has all of the manifest.

    ``excluded`` names what the manifest leaves out, for example "S9/Greeting". For Human3.6M it
    shows whether the recordings with shifted labels count.
    """

    clips: int = Field(ge=1)
    cells: int = Field(ge=1)
    n_expected: int = Field(ge=1)
    n_scored: int = Field(ge=0)
    excluded: tuple[str, ...]


class Cell(Record):
    """Errors of one (corruption, severity), averaged by the rule of ``Scoring.average``.

    ``mpjpe_low`` and ``mpjpe_high`` bound the 95 % bootstrap interval over takes.
    """

    corruption: Name
    severity: int = Field(ge=0, le=5)
    mpjpe: Millimeters
    p_mpjpe: Millimeters
    mpjve: Millimeters
    mpjpe_low: Millimeters
    mpjpe_high: Millimeters


class Aggregate(Record):
    """One metric over the whole benchmark.

    ``corruptions`` maps a corruption to the mean over its severities. ``corrupted`` is the mean
    over the corruptions. ``degradation`` is ``corrupted - clean``.
    """

    clean: Millimeters
    corrupted: Millimeters
    degradation: float = Field(allow_inf_nan=False)
    corruptions: dict[Name, Millimeters]


class Interval(Record):
    """95 % percentile bootstrap interval over takes (a sequence with all its cameras)."""

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)


class Intervals(Record):
    """Intervals of the MPJPE aggregate."""

    clean: Interval
    corrupted: Interval
    degradation: Interval


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
    "size", "constant", "sides", "axes", "rotation", "lag", "degradation",
]  # fmt: skip


class ResultWarning(Record):
    """One reason why numbers may not mean what they seem; ``name`` is its kind."""

    name: WarningName
    text: Text


class Result(Record):
    """One lifter on one benchmark.

    ``labels`` (one for each clip) and ``warnings`` inform; no verdict changes rank or acceptance.
    They are null, and left out of the file, in results of before they were found. So older files
    keep schema version, meaning and bytes.
    """

    schema_version: Literal[2]
    benchmark: Benchmark
    build: Build
    lifter: Lifter
    scoring: Scoring
    coverage: Coverage
    mpjpe: Aggregate
    p_mpjpe: Aggregate
    mpjve: Aggregate
    mpjpe_intervals: Intervals
    cells: tuple[Cell, ...]
    clips_sha256: Sha256
    software: dict[str, str]
    command: str
    labels: Annotated[tuple[LabelCheck, ...], Field(max_length=MOST_LABELS)] | None = None
    warnings: Annotated[tuple[ResultWarning, ...], Field(max_length=MOST_WARNINGS)] | None = None

    @model_serializer(mode="wrap")
    def _without_missing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        record: dict[str, Any] = serialize(self)
        missing = {n for n in ("labels", "warnings") if n in record and record[n] is None}
        return {name: value for name, value in record.items() if name not in missing}

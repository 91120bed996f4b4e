"""The typed, versioned result of one evaluation.

A result is two files: ``<name>.json`` (this model) and ``<name>.clips.parquet`` (one row per clip
and cell, see `columns`). The referee computes every number of the JSON again from the clips table.
Results of version 2 stay valid. They have fewer metrics, and only lifters with known units.
Version 1 was part of no release.

The schema fixes types and sizes, which a reader needs, and which numbers there are. What may be
said in words is a rule of the referee, so that a row of an older board stays readable.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.columns import (
    CLIP_COLUMNS,
    METRIC_COLUMNS,
    METRICS,
    SCHEMA_VERSION,
    Metric,
)
from corruptbench.leaderboard.findings import (
    GREATEST_ERROR,
    GREATEST_LAG,
    MOST_LABELS,
    MOST_WARNINGS,
    LabelCheck,
    ResultWarning,
    WarningName,
)
from corruptbench.leaderboard.lifter import Lifter
from corruptbench.leaderboard.numbers import (
    Aggregate,
    Cell,
    Interval,
    Intervals,
    JointErrors,
    MeanCorruptionError,
    Occlusion,
    PercentAggregate,
    Robustness,
)
from corruptbench.leaderboard.records import (
    LONGEST_NAME,
    LONGEST_TEXT,
    Name,
    Record,
    Sha256,
    SparseRecord,
    Text,
)
from corruptbench.leaderboard.status import Status

__all__ = [
    "CLIP_COLUMNS", "GREATEST_ERROR", "GREATEST_LAG", "LONGEST_TEXT", "METRICS", "MOST_LABELS",
    "MOST_WARNINGS", "SCHEMA_VERSION", "About", "Aggregate", "Benchmark", "Boxes", "Build", "Cell",
    "Coverage", "Interval", "Intervals", "JointErrors", "LabelCheck", "Lifter", "Metric", "Name",
    "Record", "Result", "ResultWarning", "Scoring", "Status", "WarningName", "absent",
]  # fmt: skip

#: Versions of packages, and names of what a manifest excludes.
MOST_PACKAGES, MOST_EXCLUDED = 50, 1000
#: Clips and cells of a benchmark, and its version. Human3.6M-C has 236 clips and 41 cells.
MOST_CLIPS, MOST_CELLS, MOST_VERSIONS = 5000, 200, 10_000
#: Frames in all cells. Our own choice: a float holds every integer up to it.
MOST_FRAMES = 10**15


class Benchmark(Record):
    """The frozen benchmark that was scored."""

    id: Name
    version: int = Field(ge=1, le=MOST_VERSIONS)
    manifest_sha256: Sha256


class Boxes(Record):
    """The person detector that found the boxes of the crops in the corrupted pictures."""

    detector: Annotated[str, Field(pattern=r"^[a-z0-9-]+:[a-z0-9-]+$", max_length=LONGEST_NAME)]
    weights_sha256: Sha256


class Build(SparseRecord):
    """The shards that were scored. ``pixels_sha256`` is a digest over all cells' pixel digests.

    Only where the crops were not cut around the boxes of the labels is there ``boxes``.
    """

    detector: Text
    weights_sha256: Sha256
    score_meaning: Text
    pixels_sha256: Sha256
    detections_sha256: Sha256
    boxes: Boxes | None = None

    @property
    def detectors(self) -> str:
        """The detector, and the person detector if there is one, in words."""
        return f"{self.detector}, boxes by {self.boxes.detector}" if self.boxes else self.detector


class Scoring(Record):
    """Pinned conventions, copied from the manifest."""

    joints: Name
    root_joint: int = Field(ge=0)
    root_rule: Literal["subtract", "as-predicted"]
    average: Literal["actions", "frames"]

    @property
    def joint_count(self) -> int | None:
        """The number of joints, with which names of joint sets end, as in h36m17."""
        digits = re.search(r"\d+$", self.joints)
        return int(digits[0]) if digits else None


class Coverage(Record):
    """Numbers of clips, cells and (frame, cell) pairs. A complete result has all of the manifest.

    ``excluded`` names what the manifest leaves out, for example "S9/Greeting". For Human3.6M it
    shows whether the recordings with shifted labels count.
    """

    clips: int = Field(ge=1, le=MOST_CLIPS)
    cells: int = Field(ge=1, le=MOST_CELLS)
    n_expected: int = Field(ge=1, le=MOST_FRAMES)
    n_scored: int = Field(ge=0, le=MOST_FRAMES)
    excluded: Annotated[tuple[Text, ...], Field(max_length=MOST_EXCLUDED)]


class Result(SparseRecord):
    """One lifter on one benchmark.

    Errors are in millimeters; MPJVE in millimeters per frame, ``acceleration`` in millimeters per
    frame squared, ``pck`` and ``auc`` in percent. A field without a value is left out of the file:
    what version 2 does not have, metrics that need known units (`Lifter.has_units`), several
    hypotheses or several samples, ``occlusion`` without a corruption that hides the person,
    ``mce`` where the errors of a reference lifter are not known, and ``joint_errors`` of lifters
    that were run several times.

    ``labels`` (one for each clip) and ``warnings`` inform; no verdict changes rank or acceptance.
    Its authors may say that a new row ``supersedes`` an older one, by its name (see `superseding`).
    Only the owner of a board sets ``status``; a row without it is claimed (see `status`).
    """

    schema_version: Literal[2, 3]
    benchmark: Benchmark
    build: Build
    lifter: Lifter
    scoring: Scoring
    coverage: Coverage
    mpjpe: Aggregate | None = None
    p_mpjpe: Aggregate
    mpjve: Aggregate | None = None
    n_mpjpe: Aggregate | None = None
    acceleration: Aggregate | None = None
    pck: PercentAggregate | None = None
    auc: PercentAggregate | None = None
    bone_error: Aggregate | None = None
    bone_deviation: Aggregate | None = None
    best_mpjpe: Aggregate | None = None
    best_p_mpjpe: Aggregate | None = None
    mean_mpjpe: Aggregate | None = None
    spread: Aggregate | None = None
    mpjpe_intervals: Intervals | None = None
    p_mpjpe_intervals: Intervals | None = None
    occlusion: Occlusion | None = None
    robustness: Robustness | None = None
    mce: MeanCorruptionError | None = None
    joint_errors: JointErrors | None = None
    cells: Annotated[tuple[Cell, ...], Field(max_length=MOST_CELLS)]
    clips_sha256: Sha256
    software: Annotated[dict[Text, Text], Field(max_length=MOST_PACKAGES)]
    command: Text
    labels: Annotated[tuple[LabelCheck, ...], Field(max_length=MOST_LABELS)] | None = None
    warnings: Annotated[tuple[ResultWarning, ...], Field(max_length=MOST_WARNINGS)] | None = None
    supersedes: Name | None = None
    status: Status | None = None

    @property
    def errors(self) -> Aggregate:
        """MPJPE, by which a lifter is ranked; P-MPJPE if its units are unknown."""
        return self.mpjpe or self.p_mpjpe

    @property
    def main_metric(self) -> Literal["mpjpe", "p_mpjpe"]:
        """The name of `errors`."""
        return "mpjpe" if self.mpjpe else "p_mpjpe"

    @model_validator(mode="after")
    def _lifter_fits_version(self) -> Result:
        """Check that the lifter has the fields of version 3, all or none of them."""
        for name in ("scored_joints", "hypotheses", "samples", "allowed"):
            if (getattr(self.lifter, name) is None) == (self.schema_version == 3):
                expected = "a value" if self.schema_version == 3 else "no value in version 2"
                raise ValueError(f"lifter.{name}: expected {expected}")
        return self

    @model_validator(mode="after")
    def _nothing_newer(self) -> Result:
        """Check that filters, and boxes of a person detector, are of version 3."""
        newer = {"lifter.filter": self.lifter.filter, "build.boxes": self.build.boxes}
        for field, value in newer.items():
            if value and self.schema_version == 2:
                raise ValueError(f"{field}: expected no value in version 2")
        return self

    @model_validator(mode="after")
    def _metrics_fit_lifter(self) -> Result:
        """Check that no metric is there that cannot be, and that what tables show is there."""
        without = absent(self)
        for metric in METRIC_COLUMNS:
            if metric in without and getattr(self, metric) is not None:
                raise ValueError(f"{metric}: expected no value for this lifter in this version")
        needed = (*METRICS, *(("n_mpjpe",) if self.schema_version == 3 else ()))
        for field in (*needed, "mpjpe_intervals"):
            if field.removesuffix("_intervals") not in without and getattr(self, field) is None:
                raise ValueError(f"{field}: expected a value")
        return self


def absent(result: Result) -> frozenset[Metric]:
    """Return the metrics that a lifter cannot have, by what it says of itself.

    Without known units these are all but P-MPJPE and N-MPJPE; with one hypothesis those of several,
    and with one sample the spread. In version 2 they are all but its three.
    """
    if result.schema_version == 2:
        return frozenset(METRIC_COLUMNS) - frozenset(METRICS)
    lifter, without = result.lifter, set[Metric]()
    if lifter.hypotheses == 1:
        without |= {"best_mpjpe", "best_p_mpjpe", "mean_mpjpe"}
    if lifter.samples == 1:
        without |= {"spread"}
    if not lifter.has_units:
        kept = {"p_mpjpe", "n_mpjpe", "best_p_mpjpe"}
        without |= {metric for metric in METRIC_COLUMNS if metric not in kept}
    return frozenset(without)

"""The typed, versioned result of one evaluation.

A result is two files: ``<name>.json`` (this model) and ``<name>.clips.parquet`` (one row per clip
and cell, see `columns`). The referee computes every number of the JSON again from the clips table.
Results of version 2 stay valid. They have fewer metrics, and only lifters with known units.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

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

#: Bounds of a contract's table, of a list of numbers, and of hypotheses and samples. Our own
#: choice: the longest list that a contract needs has a mean for each number of a pose, 51.
MOST_ENTRIES, MOST_NUMBERS, MOST_DRAWS = 20, 500, 10_000
#: Characters of a contract as JSON. Our own choice: those of our rows have below 300, and two lists
#: of `MOST_NUMBERS` have 20,000. A page shows the contract of every row.
MOST_CONTRACT = 50_000
#: Fields of a contract, versions of packages, and names of what a manifest excludes.
MOST_FIELDS, MOST_PACKAGES, MOST_EXCLUDED = 50, 50, 1000
#: Clips and cells of a benchmark, and its version. Human3.6M-C has 236 clips and 41 cells.
MOST_CLIPS, MOST_CELLS, MOST_VERSIONS = 5000, 200, 10_000
#: Checks that can be allowed to fail, in one result.
MOST_ALLOWED = 20

#: Bounds of the parameters and of the bytes of a model. Our own choice: far above any lifter. A
#: page shows the parameters in millions, and a float cannot hold every integer.
MOST_PARAMETERS, MOST_BYTES = 10**12, 10**15

Whole = Annotated[int, Field(ge=-MOST_BYTES, le=MOST_BYTES)]
Finite = Annotated[float, Field(ge=-MOST_BYTES, le=MOST_BYTES, allow_inf_nan=False)]
Plain = Text | Whole | Finite | bool | None
Numbers = Annotated[tuple[Whole | Finite, ...], Field(max_length=MOST_NUMBERS)]
Table = Annotated[dict[Text, Plain | Numbers], Field(max_length=MOST_ENTRIES)]


class _OneError:
    """Gives a value of several possible types one error, else each type has an error of its own."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = "expected text, a number, true, false, a list of numbers, or a table of these"
        return core_schema.custom_error_schema(handler(source), "form", custom_error_message=text)


Value = Annotated[Plain | Numbers | Table, _OneError()]
Draws = Annotated[int, Field(ge=1, le=MOST_DRAWS)]


def _small_contract(contract: dict[str, object]) -> dict[str, object]:
    if len(json.dumps(contract)) > MOST_CONTRACT:
        expected = f"expected at most {MOST_CONTRACT} characters"
        raise PydanticCustomError("size", "{text}", {"text": expected})
    return contract


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


class Lifter(SparseRecord):
    """The submitted model; ``contract`` declares the conventions of its input and output.

    Version 3 adds four fields. ``scored_joints`` is the number of joints that its errors are over.
    ``hypotheses`` is the number of poses that it gives for each frame, ``samples`` how often a
    stochastic lifter was run. ``allowed`` names checks that it failed and that were allowed to
    fail. Only where keypoints were filtered before the lifter is there ``filter``, the filter's
    name, with which ``name`` ends. ``about`` is what its authors say about it. Only where the
    lifter was given calibrated scores is there ``calibration_sha256``, the digest of the
    calibration.
    """

    name: Name
    sha256: Sha256
    bytes: int = Field(ge=1, le=MOST_BYTES)
    parameters: int = Field(ge=0, le=MOST_PARAMETERS)
    contract: Annotated[
        dict[Text, Value],
        Field(max_length=MOST_FIELDS),
        AfterValidator(_small_contract),
    ]
    scored_joints: int | None = Field(default=None, ge=1, le=1000)
    hypotheses: Draws | None = None
    samples: Draws | None = None
    allowed: Annotated[tuple[Name, ...], Field(max_length=MOST_ALLOWED)] | None = None
    filter: Name | None = None
    about: About | None = None
    calibration_sha256: Sha256 | None = None

    @property
    def has_units(self) -> bool:
        """Whether the size of its poses means something: contract field ``units``."""
        return self.contract.get("units") != "none"

    def label(self, metric: Metric) -> str:
        """Return the name of a metric, with the number of poses that it is taken over, if it is."""
        mean = METRIC_COLUMNS[metric]
        return mean.label.format(getattr(self, mean.draws)) if mean.draws else mean.label


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
    n_expected: int = Field(ge=1, le=MOST_BYTES)
    n_scored: int = Field(ge=0, le=MOST_BYTES)
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
        most, scored = self.scoring.joint_count, self.lifter.scored_joints
        if most and scored and scored > most:
            raise ValueError(f"lifter.scored_joints: expected at most {most}")
        return self

    @model_validator(mode="after")
    def _name_fits_filter(self) -> Result:
        """Check that a filter is of version 3, and that the row is not that of the plain lifter."""
        used = self.lifter.filter
        if used and self.schema_version == 2:
            raise ValueError("lifter.filter: expected no value in version 2")
        if used and not self.lifter.name.endswith(f"+{used}"):
            raise ValueError(f"lifter.name: expected a name that ends with +{used}")
        return self

    @model_validator(mode="after")
    def _calibration_fits_contract(self) -> Result:
        """Check that only a lifter that asks for calibrated scores has a calibration."""
        asked = self.lifter.contract.get("scores") == "calibrated"
        if self.lifter.calibration_sha256 and not asked:
            raise ValueError(
                "lifter.calibration_sha256: expected no value for a lifter of raw scores"
            )
        return self

    @model_validator(mode="after")
    def _boxes_fit_version(self) -> Result:
        """Check that boxes of a person detector are of version 3."""
        if self.build.boxes and self.schema_version == 2:
            raise ValueError("build.boxes: expected no value in version 2")
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

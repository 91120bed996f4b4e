"""The columns of the per-clip table, and the metrics among them: the only list of both.

A table has one row for each clip and cell. Its columns are the clip, the cell, counts, and means.
Each mean is taken over a count, by which it is weighted. It is null exactly where that count is
0 or null, and in the whole table where the lifter has no such mean (see `schema.absent`).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal, NamedTuple

import pyarrow as pa

#: The newest version of the schema, and all that are read.
SCHEMA_VERSION: Final = 3
SCHEMA_VERSIONS: Final = (2, 3)

#: The columns that identify a clip, and those that identify a cell.
CLIP_KEY = ("subject", "sequence", "action", "camera")
CELL_KEY = ("corruption", "severity")

LARGEST_ERROR = 10_000.0  # mm, or mm per frame

Metric = Literal[
    "mpjpe", "p_mpjpe", "mpjve", "n_mpjpe", "acceleration", "pck", "auc", "bone_error",
    "bone_deviation", "best_mpjpe", "best_p_mpjpe", "mean_mpjpe", "spread",
]  # fmt: skip
#: What is measured where a corruption hides the person for a while.
Occluded = Literal[
    "hidden", "visible", "covered", "after", "free", "recovery", "not_recovered"
]  # fmt: skip


class Mean(NamedTuple):
    """What a column of means holds."""

    #: The column with the count that the mean is taken over.
    weight: str
    #: Its name, with a place for the number of ``draws``.
    label: str
    unit: str = "mm"
    digits: int = 1
    #: The largest possible value.
    most: float = LARGEST_ERROR
    #: The field of `schema.Lifter` with the number of poses that it is taken over, if it is.
    draws: Literal["hypotheses", "samples"] | None = None

    @property
    def grows(self) -> bool:
        """Whether the value is a share of what is right, so that more is better."""
        return self.unit == "%"


#: The metrics, in the order in which they are printed. ``best_mpjpe`` and ``best_p_mpjpe`` take the
#: best hypothesis for each pose, ``mean_mpjpe`` is the mean over hypotheses, ``spread`` the
#: standard deviation of the MPJPE over the samples of a stochastic lifter.
METRIC_COLUMNS: dict[Metric, Mean] = {
    "mpjpe": Mean("frames", "MPJPE"),
    "p_mpjpe": Mean("frames", "P-MPJPE"),
    "mpjve": Mean("run_frames", "MPJVE", "mm per frame", 2),
    "n_mpjpe": Mean("frames", "N-MPJPE"),
    "acceleration": Mean("acceleration_frames", "acceleration error", "mm per frame²", 2),
    "pck": Mean("frames", "PCK at 150 mm", "%", most=100.0),
    "auc": Mean("frames", "AUC", "%", most=100.0),
    "bone_error": Mean("frames", "bone-length error"),
    "bone_deviation": Mean("frames", "bone-length deviation"),
    "best_mpjpe": Mean("frames", "MPJPE best of {}", draws="hypotheses"),
    "best_p_mpjpe": Mean("frames", "P-MPJPE best of {}", draws="hypotheses"),
    "mean_mpjpe": Mean("frames", "MPJPE mean of {}", draws="hypotheses"),
    "spread": Mean("frames", "spread of {} samples", draws="samples"),
}
#: The metrics of every lifter with known units. The table and the page show them.
METRICS: tuple[Metric, ...] = ("mpjpe", "p_mpjpe", "mpjve")

#: The column of each part of `Occluded`.
OCCLUSION_COLUMNS: dict[Occluded, str] = {
    "hidden": "hidden_error",
    "visible": "visible_error",
    "covered": "covered_error",
    "after": "after_error",
    "free": "free_error",
    "recovery": "recovery",
    "not_recovered": "not_recovered",
}
#: All columns that are means.
MEANS: dict[str, Mean] = {
    **{str(name): mean for name, mean in METRIC_COLUMNS.items()},
    "hidden_error": Mean("hidden_joints", "hidden joints"),
    "visible_error": Mean("visible_joints", "visible joints"),
    "covered_error": Mean("covered_frames", "covered frames"),
    "after_error": Mean("after_frames", "0.3 s after cover"),
    "free_error": Mean("free_frames", "free frames"),
    "recovery": Mean("recoveries", "time to recover", "s", 2),
    "not_recovered": Mean("recoveries", "not recovered", "% of covers", most=100.0),
}

#: Columns of version 2: the clip, the cell, the number of scored frames, how many of them have a
#: scored neighbor (``run_frames``), then the means.
CLIP_COLUMNS = (*CLIP_KEY, *CELL_KEY, "frames", "run_frames", *METRICS)
#: Columns of version 3.
CLIP_COLUMNS_3 = (
    *CLIP_COLUMNS,
    "n_mpjpe", "acceleration_frames", "acceleration", "pck", "auc", "bone_error", "bone_deviation",
    "hidden_joints", "hidden_error", "visible_joints", "visible_error",
    "covered_frames", "covered_error", "after_frames", "after_error", "free_frames", "free_error",
    "recoveries", "recovery", "not_recovered", "best_mpjpe", "best_p_mpjpe", "mean_mpjpe", "spread",
)  # fmt: skip
#: By version of the schema.
COLUMNS: dict[int, tuple[str, ...]] = {2: CLIP_COLUMNS, 3: CLIP_COLUMNS_3}
#: The columns with counts that depend only on the clip: they are equal in all its cells.
CLIP_COUNTS = ("frames", "run_frames", "acceleration_frames")

TEXTS = (*CLIP_KEY, "corruption")
COUNTS = tuple(
    name for name in CLIP_COLUMNS_3 if name not in (*TEXTS, "severity") and name not in MEANS
)


def version_of(columns: Container[str]) -> Literal[2, 3]:
    """Return the version of the schema whose table has these columns."""
    return 3 if "n_mpjpe" in columns else 2


def arrow_schema(version: int) -> pa.Schema:
    """Return the columns as they are written: names and Arrow types, all nullable."""
    return pa.schema([(name, _arrow_type(name)) for name in COLUMNS[version]])


def _arrow_type(column: str) -> pa.DataType:
    if column in TEXTS:
        return pa.string()
    if column == "severity":
        return pa.int8()
    return pa.int32() if column in COUNTS else pa.float64()

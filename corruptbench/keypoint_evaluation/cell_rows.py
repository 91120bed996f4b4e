"""One row for each cell, camera and joint of a detector: how good its keypoints and scores are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.keypoint_evaluation.comparison import CORRECT, ROUGHLY_CORRECT, ComparedJoints
from corruptbench.keypoint_evaluation.metrics import auroc, pck, reliability
from corruptbench.keypoint_evaluation.oks import JOINTS, average_precision
from corruptbench.manifest import Cell

#: Stands for all cameras, or all joints, in a row.
ALL = "all"
KEY = ("corruption", "severity", "camera", "joint")
#: What is measured of the joints of a row; see `cell_rows`.
METRICS = (
    "joints", "missed", "hidden", "error", "pck_05", "pck_20", "visible_pck_05", "score", "auroc",
    "ece",
)  # fmt: skip


def cell_rows(
    cell: Cell, found: ComparedJoints, cameras: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a cell: all cameras and each of them, all joints and each of them.

    A row without a joint to score is left out. Its fields:

    - corruption, severity, camera, joint: what it is about; "all" for all cameras or joints.
    - joints: number of scored joints.
    - missed: fraction of them without a detection.
    - hidden: fraction of them that the corruption hides.
    - error: mean distance of the detected ones as a fraction of the longer side of the box.
    - pck_05, pck_20: fraction within `CORRECT` and `ROUGHLY_CORRECT` of that side.
    - visible_pck_05: pck_05 of the joints that the corruption does not hide.
    - score: mean score.
    - auroc: probability that a correct joint (within `CORRECT`) has a higher score than another.
    - ece: expected calibration error of the scores as probabilities that a joint is correct.
    - ap: average precision of the persons, in rows of all joints. A detection's score is the mean
      of its 12 scores (our own choice).

    Args:
        cell: of the rows.
        found: all frames of the cell.
        cameras: names, by the index in ``found``.
    """
    parts = [(ALL, found), *((name, found.of_camera(i)) for i, name in enumerate(cameras))]
    for camera, part in parts:
        if not part.scored.any():
            continue
        key = {"corruption": cell.corruption, "severity": cell.severity, "camera": camera}
        whole = average_precision(part.oks, part.scores.mean(axis=1, dtype=np.float64))
        yield {**key, "joint": ALL, **_measured(part, part.scored), "ap": whole}
        for place, name in enumerate(JOINTS):
            chosen = np.zeros_like(part.scored)
            chosen[:, place] = part.scored[:, place]
            if chosen.any():
                yield {**key, "joint": name, **_measured(part, chosen), "ap": np.nan}


def _measured(part: ComparedJoints, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """Return `METRICS` of the chosen joints (N, 12)."""
    errors, scores, hidden = part.errors[chosen], part.scores[chosen], part.hidden[chosen]
    found, correct = np.isfinite(errors), part.correct[chosen]
    return {
        "joints": len(errors),
        "missed": 1 - float(found.mean()),
        "hidden": float(hidden.mean()),
        "error": float(errors[found].mean(dtype=np.float64)) if found.any() else np.nan,
        "pck_05": pck(errors, CORRECT),
        "pck_20": pck(errors, ROUGHLY_CORRECT),
        "visible_pck_05": np.nan if hidden.all() else pck(errors[~hidden], CORRECT),
        "score": float(scores.mean(dtype=np.float64)),
        "auroc": auroc(scores, correct),
        "ece": reliability(scores, correct).calibration_error,
    }

"""What the clean cells of an evaluation say about its labels and its predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.evaluation import label_checks, plausibility
from corruptbench.leaderboard.aggregate import Summary
from corruptbench.leaderboard.schema import LONGEST_TEXT, LabelCheck, ResultWarning
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet


class CleanCells:
    """Watches the clean cell of each clip while it is scored."""

    def __init__(self, shard_set: ShardSet) -> None:
        """Start without a clip of these shards."""
        self._root = shard_set.manifest.scoring.root_joint
        self._labels = label_checks.LabelChecks(shard_set.lock.detector.layout)
        self._predictions: list[plausibility.Likeness] = []

    def see(self, clip: Clip, clean: CellDetections, poses: NDArray[np.float64]) -> None:
        """Take in a clip, its clean detections and the poses (F, J, 3) mm lifted from them."""
        self._labels.add(clip, clean)
        found = plausibility.likeness(poses, clip.joints_camera, clip.joint_set, self._root)
        if found:
            self._predictions.append(found)

    def labels(self) -> tuple[LabelCheck, ...]:
        """Return whether the labels of each clip lie on the person."""
        return label_checks.rows(self._labels.evidence())

    def warnings(self, summary: Summary) -> tuple[ResultWarning, ...]:
        """Return why the numbers of a summary may not mean what they seem."""
        found = [
            *label_checks.warnings_of(self._labels.evidence()),
            *plausibility.warnings_of(
                self._predictions, summary.mpjpe, summary.mpjpe_intervals.degradation
            ),
        ]
        return tuple(ResultWarning(name=name, text=_line(text)) for name, text in found)


def _line(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable[:LONGEST_TEXT]

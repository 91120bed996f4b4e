"""What the clean cells of an evaluation say about its labels and its predictions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from corruptbench.datasets import Clip
from corruptbench.datasets.checks.body import Problem
from corruptbench.datasets.checks.motion import label_problems
from corruptbench.errors import InputError
from corruptbench.evaluation import label_checks, plausibility
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.likeness import Likeness, likeness
from corruptbench.evaluation.scored import Scored
from corruptbench.leaderboard.schema import (
    LONGEST_TEXT,
    MOST_LABELS,
    MOST_WARNINGS,
    LabelCheck,
    ResultWarning,
)
from corruptbench.leaderboard.statistics.aggregate import Summary
from corruptbench.lifters.joint_choice import JointChoice
from corruptbench.lifters.lift import Lifted
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import joint_set

#: Share of clean frames without a detection from which on it is said. Our own choice: it is 0 in
#: all sets that come with the project.
UNSEEN = 0.1


class CleanCells:
    """Watches the clean cell of each clip while it is scored."""

    def __init__(self, shard_set: ShardSet) -> None:
        """Start without a clip of these shards."""
        self._licensed = shard_set.dataset.licensed  # nobody can correct official labels
        self._labels = label_checks.LabelChecks(shard_set.lock.detector.layout)
        self._motion: dict[str, list[Problem]] = {}
        #: Frames of each clip that have a detection, and all of them.
        self._seen: list[tuple[int, int]] = []
        self._predictions: list[Likeness] = []
        self._joints = joint_set(shard_set.manifest.scoring.joints)
        self._scored = tuple(range(len(self._joints)))

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Take in the clips of a group, their clean detections, and what is scored there.

        Raises:
            InputError: the labels are those of no body.
        """
        del lifted
        if cells_of(group)[cell] != CLEAN:
            return
        for i, clip in enumerate(group.clips):
            self._see_motion(clip)
            seen = np.asarray(np.isfinite(group.detections[i][cell].keypoints).all(axis=(1, 2)))
            self._seen.append((int(seen.sum()), len(seen)))
            self._labels.add(clip, group.detections[i][cell])
            if found is not None:
                self._scored = found.labels.joints
                pair = found.of_clip(i, len(clip.joints))
                alike = likeness(*pair, found.labels.sides, found.labels.root)
                self._predictions += [alike] if alike else []

    def _see_motion(self, clip: Clip) -> None:
        """Take in the labels of a recording, which are the same for all cameras."""
        recording = f"{clip.id.subject}/{clip.id.sequence}"
        if recording in self._motion:
            return
        found = label_problems(clip.joints, joint_set(clip.joint_set), clip.fps)
        for problem in found:
            if problem.impossible and not self._licensed:
                raise InputError(
                    f"{clip.id}: labels: {problem.found}; expected {problem.expected}: correct the "
                    "labels, and build again if the shards were made from them"
                )
        self._motion[recording] = found

    def labels(self) -> tuple[LabelCheck, ...] | None:
        """Return whether the labels of each clip lie on the person; None for too many clips."""
        rows = label_checks.rows(self._labels.evidence())
        return rows if len(rows) <= MOST_LABELS else None

    def warnings(self, summary: Summary) -> tuple[ResultWarning, ...]:
        """Return why the numbers of a summary may not mean what they seem."""
        odd = [(name, problem.found) for name, found in self._motion.items() for problem in found]
        labels = list(label_checks.warnings_of(self._labels.evidence()))
        intervals = summary.mpjpe_intervals or summary.p_mpjpe_intervals
        assert intervals, "one of the two metrics is always there"
        joints = JointChoice(self._joints, self._scored).joint_set
        predictions = plausibility.warnings_of(
            self._predictions, joints, summary.mpjpe, summary.p_mpjpe, intervals.degradation
        )
        if labels:  # labels that are late, for example, make predictions that are early
            predictions = (w for w in predictions if w[0] not in plausibility.OF_LABELS)
        unseen = _unseen_warnings(self._seen)
        found = [*_motion_warnings(odd), *unseen, *labels, *predictions][:MOST_WARNINGS]
        return tuple(
            ResultWarning.model_validate({"name": name, "text": _line(text)})
            for name, text in found
        )


def _motion_warnings(odd: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield one warning for all recordings whose labels look wrong."""
    if odd:
        more = f" (and {len(odd) - 1} more; the check of the data lists them)" * (len(odd) > 1)
        yield "labels-motion", f"labels, {odd[0][0]}: {odd[0][1]}{more}"


def _unseen_warnings(seen: list[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Yield a warning if the detector misses the person in much of the clean video."""
    found, frames = (sum(column) for column in zip(*seen, strict=True))
    blind = sum(count == 0 for count, _ in seen)
    if blind or found < (1 - UNSEEN) * frames:
        yield (
            "detections",
            f"{100 * (1 - found / frames):.0f} % of the frames of clean video have no detection"
            f"{f', and {blind} of {len(seen)} clips have none at all' if blind else ''}: clean "
            "errors are those of the detector; look at corruptbench detections",
        )


def _line(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable[:LONGEST_TEXT]

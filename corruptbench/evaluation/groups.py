"""Clips that are lifted together, and the frames of them that are scored.

A group holds enough clips to fill a batch. It depends on the clips only: the batches of a cell are
the same, whatever other cells were built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluation import metrics
from corruptbench.frame_runs import runs
from corruptbench.lifters.lift import Track
from corruptbench.manifest import Cell, Scoring
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet

Array = NDArray[np.float64]

#: Frames of a group, so that the next one is read while a few thousand are lifted. Their detections
#: in 41 cells take about 20 MB.
GROUP_FRAMES = 2048
#: Frames of the first group, for which the lifter waits.
FIRST_FRAMES = 512


@dataclass(frozen=True)
class Run:
    """Successive frames of a clip that have labels.

    Attributes:
        clip: index of the clip in its group.
        frames: the frames of the clip.
    """

    clip: int
    frames: slice

    def __len__(self) -> int:
        return int(self.frames.stop - self.frames.start)


@dataclass(frozen=True)
class Group:
    """Some clips with their labels, and their detections in all cells.

    The labeled frames of all clips, in order, are the N frames of the group.

    Attributes:
        clips: C clips.
        detections: for each clip, its cells in the order of the shards.
        joints: joint set of the detections.
        root: index of the root joint of the labels.
    """

    clips: tuple[Clip, ...]
    detections: tuple[Sequence[CellDetections], ...]
    joints: str
    root: int

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The runs of labeled frames of all clips. Each is lifted by itself."""
        return tuple(
            Run(i, slice(run.start, run.stop))
            for i, clip in enumerate(self.clips)
            for run in runs(metrics.is_valid_pose(clip.joints))
        )

    @cached_property
    def rates(self) -> Array:
        """(C,) frames per second of each clip."""
        return np.array([clip.fps for clip in self.clips])

    @cached_property
    def clip_of(self) -> NDArray[np.intp]:
        """(N,) index of the clip of each frame."""
        return np.repeat([r.clip for r in self.runs], [len(r) for r in self.runs])

    @cached_property
    def frame_of(self) -> NDArray[np.intp]:
        """(N,) number of each frame in its clip."""
        return np.concatenate([np.arange(r.frames.start, r.frames.stop) for r in self.runs])

    @cached_property
    def target(self) -> Array:
        """(N, J, 3) labels in camera axes, relative to the root joint, mm."""
        cameras = [clip.joints_camera for clip in self.clips]
        found = np.concatenate([cameras[r.clip][r.frames] for r in self.runs])
        return metrics.root_relative(found, self.root)

    def tracks(self, cell: int) -> list[Track]:
        """Return the track of each run in the cell of this index."""
        return [self._track(run, self.detections[run.clip][cell]) for run in self.runs]

    def _track(self, run: Run, found: CellDetections) -> Track:
        clip = self.clips[run.clip]
        return Track(
            name=f"{clip.id.subject}/{clip.id.sequence}.{clip.id.camera}",
            keypoints=found.keypoints[run.frames],
            scores=found.scores[run.frames],
            joints=self.joints,
            camera=clip.camera,
            fps=clip.fps,
        )


def groups(shard_set: ShardSet) -> Iterator[Group]:
    """Yield the clips of some shards in groups of at least `GROUP_FRAMES`, in their order.

    The first one has at least `FIRST_FRAMES`.

    Raises:
        InputError: labels of another joint set than the manifest's, a clip without a valid label,
            or what `ShardSet.clips` raises.
    """
    rules, layout = shard_set.manifest.scoring, shard_set.lock.detector.layout
    wanted = FIRST_FRAMES
    clips: list[Clip] = []
    detections: list[Sequence[CellDetections]] = []
    for clip, cells in shard_set.clips():
        _check(clip, rules)
        clips.append(clip)
        detections.append(cells)
        if sum(len(c.joints) for c in clips) >= wanted:
            yield Group(tuple(clips), tuple(detections), layout, rules.root_joint)
            clips, detections, wanted = [], [], GROUP_FRAMES
    if clips:
        yield Group(tuple(clips), tuple(detections), layout, rules.root_joint)


def cells_of(group: Group) -> list[Cell]:
    """Return the cells that each clip of a group has, in the order of the shards."""
    return [d.cell for d in group.detections[0]]


def _check(clip: Clip, rules: Scoring) -> None:
    if clip.joint_set != rules.joints:
        raise InputError(
            f"{clip.id}: labels are {clip.joint_set}, the manifest scores {rules.joints}; expected "
            "the same joint set"
        )
    if not metrics.is_valid_pose(clip.joints).any():
        recording = f"{clip.id.subject}/{clip.id.sequence}.{clip.id.camera}"
        raise InputError(
            f"{clip.id}: none of its {len(clip.joints)} frames has a valid label, so it cannot be "
            f'scored; correct the labels, or exclude it in the manifest: exclude = ["{recording}"]'
        )

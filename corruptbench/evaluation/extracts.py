"""The worst and the best clips of an evaluation as poses, for animations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corruptbench.datasets import ClipId
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.scored import Scored
from corruptbench.evaluation.segments import starts_of
from corruptbench.manifest import CLEAN, Cell

Array = NDArray[np.float64]

#: Clips of each kind, and successive frames of each at most. A run of fewer frames than the least
#: counts only if its clip has no longer one. Our own choice.
CLIPS, FRAMES, LEAST = 3, 100, 25


@dataclass(frozen=True)
class Extract:
    """Some successive frames of a clip in a cell.

    Attributes:
        mean: mean error of the frames, mm.
        clip: identity of the clip.
        cell: corruption and severity.
        frames: (F,) numbers of the frames.
        keypoints: (F, K, 2) px.
        predicted: (F, J, 3) mm, of all joints of the labels; NaN where the lifter gives none. Poses
            of unknown size have the size that fits the labels best.
        target: (F, J, 3) mm.
        errors: (F,) mm.
    """

    mean: float
    clip: ClipId
    cell: Cell
    frames: NDArray[np.intp]
    keypoints: NDArray[np.float32]
    predicted: Array
    target: Array
    errors: Array


class Extracts:
    """Keeps the worst and the best stretch of each corrupted clip, of the few that matter."""

    def __init__(self, is_scaled: bool) -> None:
        """Start without a clip; see `corruptbench.evaluation.details.Details`."""
        self._is_scaled = is_scaled
        self._found: dict[str, dict[ClipId, Extract]] = {"worst": {}, "best": {}}
        self._layout = ""

    def add(self, group: Group, cell: int, found: Scored) -> None:
        """Consider the clips of a corrupted cell."""
        if cells_of(group)[cell] == CLEAN:
            return
        self._layout = group.joints
        errors = found.mpjpe if self._is_scaled else found.p_mpjpe
        starts = starts_of(found.labels.runs)
        stops = np.append(starts[1:], len(errors))
        longest = np.zeros(len(group.clips), dtype=np.intp)
        np.maximum.at(longest, found.labels.clips[starts], stops - starts)
        long = stops - starts >= np.minimum(LEAST, longest[found.labels.clips[starts]])
        for start, stop in zip(starts[long], stops[long], strict=True):
            for kind, sign in (("worst", 1.0), ("best", -1.0)):
                place, mean = _extreme(sign * errors[start:stop])
                self._offer(kind, sign, sign * mean, group, cell, found, start + place)

    def _offer(
        self, kind: str, sign: float, mean: float, group: Group, cell: int, found: Scored,
        first: int,
    ) -> None:  # fmt: skip
        """Keep the stretch from ``first`` on if it is among the most extreme ones."""
        clip, kept = group.clips[found.labels.clips[first]].id, self._found[kind]
        rivals = [sign * e.mean for e in kept.values()]
        if clip in kept:
            if sign * mean <= sign * kept[clip].mean:
                return
        elif len(kept) >= CLIPS and sign * mean <= min(rivals):
            return
        kept[clip] = _cut(mean, clip, group, cell, found, first, self._is_scaled)
        if len(kept) > CLIPS:
            del kept[min(kept, key=lambda c: sign * kept[c].mean)]

    def table(self) -> pa.Table:
        """Return the extracts; ``rank`` is "worst 1" to "best 3".

        The joint set of the keypoints is in the metadata, as ``layout``.
        """
        parts = [
            _table(f"{kind} {i}", extract)
            for kind, sign in (("worst", 1.0), ("best", -1.0))
            for i, extract in enumerate(
                sorted(self._found[kind].values(), key=lambda e: -sign * e.mean), start=1
            )
        ]
        table = pa.concat_tables(parts) if parts else pa.table({})
        return table.replace_schema_metadata({"layout": self._layout})


def _extreme(errors: Array) -> tuple[int, float]:
    """Return the start of the `FRAMES` frames of the greatest mean, and that mean."""
    width = min(FRAMES, len(errors))
    total = np.cumsum(np.concatenate([[0.0], errors]))
    means = (total[width:] - total[:-width]) / width
    place = int(means.argmax())
    return place, float(means[place])


def _cut(
    mean: float, clip: ClipId, group: Group, cell: int, found: Scored, first: int, is_scaled: bool
) -> Extract:
    stop = first + FRAMES
    mine = slice(
        first, first + int((found.labels.runs[first:stop] == found.labels.runs[first]).sum())
    )
    index, frames = int(found.labels.clips[first]), found.labels.frames[mine]
    predicted, target = found.predicted[mine], found.labels.poses[mine]
    if not is_scaled:
        predicted = predicted * ((predicted * target).sum() / (predicted**2).sum())
    joints = len(group.target[0])
    return Extract(
        mean=mean,
        clip=clip,
        cell=cells_of(group)[cell],
        frames=frames,
        keypoints=group.detections[index][cell].keypoints[frames],
        predicted=_whole(predicted, found.labels.joints, joints),
        target=_whole(target, found.labels.joints, joints),
        errors=(found.mpjpe if is_scaled else found.p_mpjpe)[mine],
    )


def _whole(poses: Array, joints: tuple[int, ...], count: int) -> Array:
    whole = np.full((len(poses), count, 3), np.nan)
    whole[:, list(joints)] = poses
    return whole


def _table(rank: str, e: Extract) -> pa.Table:
    count = len(e.frames)
    about = {
        "rank": rank, "subject": e.clip.subject, "sequence": e.clip.sequence,
        "action": e.clip.action, "camera": e.clip.camera, "corruption": e.cell.corruption,
    }  # fmt: skip
    columns = {name: pa.array([text] * count, pa.string()) for name, text in about.items()}
    columns["severity"] = pa.array(np.full(count, e.cell.severity, dtype=np.int8))
    columns["frame"] = pa.array(e.frames.astype(np.int32))
    with np.errstate(over="ignore"):  # absurd poses are infinite in 32 bits
        for name in ("keypoints", "predicted", "target"):
            values = getattr(e, name).astype(np.float32).reshape(count, -1)
            columns[name] = pa.FixedSizeListArray.from_arrays(values.ravel(), values.shape[1])
        columns["error"] = pa.array(e.errors.astype(np.float32))
    return pa.table(columns)

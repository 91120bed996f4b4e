"""What the formats have in common: tracks without gaps, and rows of label files they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluate.shardset import ShardSet
from corruptbench.evaluate.windows import filled
from corruptbench.manifest import Cell
from corruptbench.skeleton import convert

#: Labels of a row and of its frame agree in the median of a clip within this, px: our own choice.
#: Left out lens distortion is up to 3 px; a clip of another time or camera is tens of pixels off.
AGREEMENT_PX = 10.0

#: Subject, recording, camera.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Target:
    """Where to write, and what.

    Attributes:
        folder: for the files.
        dataset: name of the data set.
        layout: joint set that is wanted.
        confidence: whether scores are wanted where they are optional.
        annotations: the repository's own label file.
    """

    folder: Path
    dataset: str
    layout: str
    confidence: bool = False
    annotations: Path | None = None

    def labels(self, what: str) -> Path:
        """The label file; raises `InputError` when there is none, or these are not Human3.6M's."""
        if self.dataset != "human36m":
            raise InputError(
                f"--format: this one is for Human3.6M, these are shards of {self.dataset}; "
                "expected videopose3d"
            )
        if self.layout != "h36m17":
            raise InputError(
                f"--layout {self.layout}: repositories of this format read h36m17; give that"
            )
        if self.annotations is None:
            raise InputError(
                f"--annotations is missing: expected {what}; keypoints and labels belong together "
                "row by row there, and labels are not exported"
            )
        return self.annotations


@dataclass(frozen=True)
class Track:
    """Detections of one clip in one cell.

    Attributes:
        clip: with its labels.
        keypoints: (F, K, 2) float32 px; a frame without a detection repeats the nearest one's.
        scores: (F, K) float32; 0 in such a frame.
    """

    clip: Clip
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def key(self) -> Key:
        """Identity without the data set."""
        return self.clip.id.subject, self.clip.id.sequence, self.clip.id.camera


def tracks(shard_set: ShardSet, cell: Cell, layout: str) -> Iterator[Track]:
    """All clips in one cell, as the lifters of an evaluation are given them, in pixels.

    Raises:
        InputError: when a shard is amiss, or there is no conversion to that layout.
    """
    for clip, (d,) in shard_set.clips((cell,)):
        points, scores = convert(
            filled(d.keypoints.astype(np.float64), clip.camera),
            d.scores.astype(np.float64),
            shard_set.lock.detector.layout,
            layout,
        )
        yield Track(clip, points.astype(np.float32), scores.astype(np.float32))


def rows_of(
    path: Path,
    rows: Sequence[tuple[Key, int] | None],
    labels: NDArray[np.floating[Any]],
    found: Sequence[Track],
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The rows of a label file for which there are detections, and these.

    Args:
        path: of the file, for messages.
        rows: of each row the clip and the frame; None where it belongs to no clip.
        labels: (N, 17, 2 or more) px, the projected joints as the file has them.
        found: tracks.

    Returns:
        Indices (M,) and detections (M, 17, 3) float32: x, y px and score.

    Raises:
        InputError: when no row fits, or when the file's labels are not those of the frames.
    """
    tracks_by_key = {t.key: t for t in found}
    members: dict[Key, list[int]] = {}
    for i, row in enumerate(rows):
        if row is not None and row[0] in tracks_by_key:
            members.setdefault(row[0], []).append(i)
    kept, values = [], []
    for key, indices in members.items():
        track = tracks_by_key[key]
        pairs = [(i, rows[i][1]) for i in indices]  # type: ignore[index]
        at = np.array([p for p in pairs if p[1] < len(track.keypoints)]).reshape(-1, 2)
        _check_labels(path, track, labels[at[:, 0], :, :2], at[:, 1])
        kept.append(at[:, 0])
        xy, score = track.keypoints[at[:, 1]], track.scores[at[:, 1]]
        values.append(np.concatenate([xy, score[..., None]], axis=-1))
    if not kept:
        raise InputError(f"{path}: no row of it belongs to a clip of the shards; wrong split?")
    order = np.concatenate(kept)
    sort = np.argsort(order)
    return order[sort], np.concatenate(values)[sort]


def _check_labels(
    path: Path, track: Track, labels: NDArray[np.floating[Any]], frames: NDArray[np.intp]
) -> None:
    distance = np.linalg.norm(labels - track.clip.keypoints[frames], axis=-1)
    if distance.size and not np.nanmedian(distance) <= AGREEMENT_PX:
        raise InputError(
            f"{path}: {track.clip.id}: its labels lie {np.nanmedian(distance):.0f} px from those "
            f"of --root in the median, expected at most {AGREEMENT_PX:g}; its rows are not this "
            "clip's frames one after the other: take the original, unsampled file"
        )


def cut(columns: Mapping[str, Any], kept: NDArray[np.intp], rows: int) -> dict[str, Any]:
    """The columns with these rows only; what is not as long as the others stays as it is."""
    result: dict[str, Any] = {}
    for name, column in columns.items():
        if isinstance(column, np.ndarray) and column.shape[:1] == (rows,):
            result[name] = column[kept]
        elif isinstance(column, list) and len(column) == rows:
            result[name] = [column[i] for i in kept]
        else:
            result[name] = column
    return result

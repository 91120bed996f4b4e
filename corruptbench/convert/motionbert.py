"""MotionBERT and its relatives: a copy of the user's pickle (`formats.motionbert`).

Its labels are neither camera space nor derived from it by a documented rule. So they come from the
user's own file: in each split with rows of the shards' clips the detections are replaced, and the
rows without detections are cut out of all columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from corruptbench.convert.rows import Row, no_row, rows_of
from corruptbench.convert.tracks import Target, Track, slug
from corruptbench.convert.writer import Contents
from corruptbench.datasets.human36m.tables import CAMERAS, official
from corruptbench.errors import InputError
from corruptbench.formats import motionbert
from corruptbench.formats.h36m_toolbox import clip_rows
from corruptbench.formats.numpy_files import write_pickle
from corruptbench.manifest import Cell


class MotionBERT:
    """Writes a copy of the user's pickle with the detections of a cell in it."""

    labels = None

    def __init__(self, target: Target) -> None:
        """Read the pickle."""
        self._path = target.labels(motionbert.EXPECTED)
        needed = ("joint_2d", "joint3d_image")
        self._content, self._splits = motionbert.read(self._path, needed)
        for split in self._splits.values():
            for column in needed:
                split.points(column)
        self._rows = {name: _rows(split.sources) for name, split in self._splits.items()}

    def name(self, cell: Cell) -> str:
        """Return the name of a cell's file."""
        return f"{self._path.stem}_corruptbench_{slug(cell)}.pkl"

    def contents(self, found: Sequence[Track]) -> Contents:
        """Return what writes the pickle; a split without a clip of the shards stays as it is."""
        replaced, left_out = {}, []
        for name, split in self._splits.items():
            rows = self._rows[name]
            _check_lengths(split.where, rows, found)
            kept, values = rows_of(split.where, rows, split.points("joint3d_image"), found)
            if not kept.size:
                continue
            replaced[name] = split.with_detections(kept, values[..., :2], values[..., 2])
            if len(kept) < len(rows):
                gone = f"{len(rows) - len(kept)} of {len(rows)} rows"
                left_out.append(f"{gone} of the {name} split, without detections")
        if not replaced:
            rows = [row for rows in self._rows.values() for row in rows]
            raise no_row(f"{self._path}: {', '.join(self._splits)}", rows, found)
        return Contents(None, partial(write_pickle, value=self._content | replaced), left_out)


def _check_lengths(where: str, rows: Sequence[Row], found: Sequence[Track]) -> None:
    """Check that each clip has a row for each label; a file of every second frame has fewer."""
    counts = Counter(row[0] for row in rows if row is not None)
    for track in found:
        if 0 < counts[track.key] < len(track.keypoints):
            raise InputError(
                f"{where}: {counts[track.key]} rows of {track.clip.id}, expected one for each of "
                f"its {len(track.keypoints)} frames: take the original, unsampled file"
            )


def _rows(sources: Sequence[str]) -> list[Row]:
    """Return the clip and frame of each row."""
    rows: list[Row] = [None] * len(sources)
    for clip, members in clip_rows(sources, official().frames, CAMERAS).items():
        for frame, row in enumerate(members):
            rows[row] = clip, frame
    return rows

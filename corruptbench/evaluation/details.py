"""Keep errors of frames and joints, and some poses, beside the result of an evaluation.

These tables are companions of the clips table, under the same name. They are for the report and
for the user's own plots; the leaderboard does not take them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.evaluation import segments
from corruptbench.evaluation.extracts import Extracts
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.scored import Scored
from corruptbench.leaderboard.columns import CELL_KEY, CLIP_KEY
from corruptbench.lifters.lift import Lifted

#: The companions by the end of their file names.
COMPANIONS = ("frames", "joints", "extracts")


class Details:
    """Collects the tables while cells are scored."""

    def __init__(self, joints: int, is_scaled: bool) -> None:
        """Start without a cell.

        Args:
            joints: number of joints of the labels.
            is_scaled: whether the poses have a known size; if not, errors are those after the best
                alignment.
        """
        self._joints, self._is_scaled = joints, is_scaled
        self._frames: list[pa.Table] = []
        self._means: list[pa.Table] = []
        self._extracts = Extracts(is_scaled)

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Take in what is scored of a cell."""
        del lifted
        if found is None:
            return
        self._frames.append(self._frames_of(group, cell, found))
        self._means.append(self._joints_of(group, cell, found))
        self._extracts.add(group, cell, found)

    def _frames_of(self, group: Group, cell: int, found: Scored) -> pa.Table:
        cells = [group.detections[r.clip][cell] for r in group.runs]
        hidden = np.concatenate(
            [c.hidden[r.frames] for c, r in zip(cells, group.runs, strict=True)]
        )
        at = _places(group, found)
        with np.errstate(over="ignore"):  # an error beyond 65 m is infinite in float16
            columns = {
                "frame": found.labels.frames.astype(np.int32),
                "mpjpe": _half(found.mpjpe if self._is_scaled else np.full(len(at), np.nan)),
                "p_mpjpe": _half(found.p_mpjpe),
                "hidden": _half(hidden[at]),
            }
        return pa.table(row_keys(group, cell, found.labels.clips) | columns)

    def _joints_of(self, group: Group, cell: int, found: Scored) -> pa.Table:
        count = len(group.clips)
        errors = found.distances if self._is_scaled else found.aligned_distances
        means = np.full((count, self._joints), np.nan)
        means[:, list(found.labels.joints)] = segments.means(errors, found.labels.clips, count)
        exchanged = segments.means(found.is_exchanged.astype(np.float64), found.labels.clips, count)
        frames = np.bincount(found.labels.clips, minlength=count)
        flat = pa.array(means.astype(np.float32).ravel())
        columns = {
            "frames": frames.astype(np.int32),
            "error": pa.FixedSizeListArray.from_arrays(flat, self._joints),
            "exchanged": exchanged.astype(np.float32),
        }
        return pa.table(row_keys(group, cell, np.arange(count)) | columns)

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by the names of `COMPANIONS`."""
        return {
            "frames": _joined(self._frames),
            "joints": _joined(self._means),
            "extracts": self._extracts.table(),
        }


def joint_columns(joints: pa.Table, names: Sequence[str]) -> pd.DataFrame:
    """Return the key of each row of the table of joints, and a column for each joint."""
    if not joints.num_rows:  # no pose could be scored
        return pd.DataFrame()
    errors = joints["error"].combine_chunks().flatten().to_numpy().reshape(-1, len(names))
    keys: pd.DataFrame = joints.select([*CLIP_KEY, *CELL_KEY]).to_pandas()
    return keys.join(pd.DataFrame(errors, columns=list(names)))


def to_parquet(table: pa.Table) -> bytes:
    """Return the file of a companion."""
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _places(group: Group, found: Scored) -> NDArray[np.intp]:
    """Return the indices of the scored frames among the frames of the group."""
    if len(found.labels.clips) == len(group.clip_of):
        return np.arange(len(group.clip_of))
    base = max(len(c.joints) for c in group.clips)
    return np.searchsorted(
        group.clip_of * base + group.frame_of, found.labels.clips * base + found.labels.frames
    )


def _half(values: NDArray[Any]) -> NDArray[np.float16]:
    return values.astype(np.float16)


def row_keys(group: Group, cell: int, clips: NDArray[np.intp]) -> dict[str, Any]:
    """Return the key columns of rows in a cell that belong to these clips of a group."""
    of = cells_of(group)[cell]
    keys: dict[str, Any] = {
        field: _coded([getattr(c.id, field) for c in group.clips], clips) for field in CLIP_KEY
    }
    keys["corruption"] = _coded([of.corruption], np.zeros(len(clips), dtype=np.intp))
    keys["severity"] = np.full(len(clips), of.severity, dtype=np.int8)
    return keys


def _coded(names: Sequence[str], places: NDArray[np.intp]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(places.astype(np.int16), pa.array(names, pa.string()))


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).unify_dictionaries() if parts else pa.table({})

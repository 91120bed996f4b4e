"""The per-clip table as matrices of clips by cells, and their means over resamples.

A cell is one (corruption, severity). Its mean over clips is weighted by the count that each clip's
own mean was taken over (`columns.MEANS`). With ``average="actions"`` the weighted mean is taken
within each action and all actions count equally, as in VideoPose3D's evaluation (Pavllo et al.,
CVPR 2019). With ``"frames"`` all counts are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from corruptbench.leaderboard.columns import CELL_KEY, CLIP_KEY, COUNTS, MEANS, TEXTS
from corruptbench.leaderboard.numbers import Interval

Average = Literal["actions", "frames"]
Array = npt.NDArray[np.float64]

#: The cell without corruption.
CLEAN = ("clean", 0)
RESAMPLES = 1000
#: The fields that clips of the same take share: the first of `CLIP_KEY`.
TAKE_KEY = CLIP_KEY[:2]
TAILS = (0.025, 0.975)

_PHILOX_KEY = 0x636F727275707462  # an arbitrary constant; another one changes every interval


@dataclass(frozen=True)
class Wide:
    """The table as matrices of C clips by K cells.

    Attributes:
        clips: C; subject, sequence, action and camera of each clip, sorted.
        cells: K; the clean cell first, then the corruptions in the order of their first
            appearance, severities ascending.
        columns: (C, K) float64 for each column of counts and means; NaN where it is null.
        groups: row numbers of each set of clips that is averaged by frames.
        takes: (C,) intp, the number of the take that a clip belongs to.
    """

    clips: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[str, int], ...]
    columns: dict[str, Array]
    groups: tuple[npt.NDArray[np.intp], ...]
    takes: npt.NDArray[np.intp]

    @property
    def once(self) -> Array:
        """Each clip once: the counts (1, C) of no resample."""
        return np.ones((1, len(self.takes)))

    @property
    def resamples(self) -> Array:
        """How often each clip is in each bootstrap resample, (R, C) float64."""
        return resample_counts(int(self.takes.max()) + 1)[:, self.takes]

    def weights(self, mean: str) -> Array:
        """Return the counts that a column of means is weighted by, (C, K), 0 where null."""
        return np.nan_to_num(self.columns[MEANS[mean].weight])

    def has(self, mean: str) -> bool:
        """Tell whether the table has a value of this column in any clip and cell."""
        return mean in self.columns and not bool(np.isnan(self.columns[mean]).all())


def widen(table: pd.DataFrame, average: Average) -> Wide:
    """Return the matrices of a per-clip table.

    Args:
        table: columns of any version of the schema, one row per (clip, cell), in any order.
        average: "actions" or "frames".

    Raises:
        ValueError: the table is empty, has a (clip, cell) twice or not at all, or lacks a count.
        KeyError: a column of version 2 is missing.
    """
    if table.empty:
        raise ValueError("the per-clip table has no rows")
    known = [name for name in (*COUNTS, *MEANS) if name in table.columns]
    types = dict.fromkeys(TEXTS, "str") | dict.fromkeys(known, "float64")
    text = table.astype(types)
    if text.duplicated([*CLIP_KEY, *CELL_KEY]).any():
        raise ValueError("the per-clip table has a (clip, cell) twice")
    by_clip = text.groupby([*CLIP_KEY], sort=True, dropna=False)
    clips, rows = tuple(by_clip.size().index), by_clip.ngroup().to_numpy()
    cells = _ordered(text)
    number = {cell: column for column, cell in enumerate(cells)}
    places = rows, [number[cell] for cell in _cell_keys(text)]
    columns = {name: np.full((len(clips), len(cells)), np.nan) for name in known}
    for name, matrix in columns.items():
        matrix[places] = text[name]
    if np.isnan(columns["frames"]).any():
        raise ValueError("a clip of the per-clip table lacks a cell that others have")
    if np.isnan(columns["run_frames"]).any():
        raise ValueError("the per-clip table lacks a value of run_frames")
    takes = _numbered([clip[: len(TAKE_KEY)] for clip in clips])
    actions = _numbered([clip[CLIP_KEY.index("action")] for clip in clips])
    if average == "frames":
        actions = np.zeros_like(actions)
    groups = tuple(np.flatnonzero(actions == action) for action in range(int(actions.max()) + 1))
    return Wide(clips, cells, columns, groups, takes)


def _numbered(keys: Sequence[object]) -> npt.NDArray[np.intp]:
    """Return the number of each key, in the order of their first appearance."""
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.intp)


def _cell_keys(table: pd.DataFrame) -> list[tuple[str, int]]:
    pairs = table[[*CELL_KEY]].itertuples(index=False, name=None)
    return [(str(name), int(severity)) for name, severity in pairs]


def _ordered(table: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    keys = list(dict.fromkeys(_cell_keys(table)))
    rank = {name: place for place, name in enumerate(dict.fromkeys(name for name, _ in keys))}
    return tuple(sorted(keys, key=lambda key: (key != CLEAN, rank[key[0]], key[1])))


def cell_means(wide: Wide, mean: str, counts: Array) -> Array:
    """Average the clips in each cell, for R resamples.

    A group (action) without a count in a resample is left out of that resample's mean.

    Args:
        wide: the matrices.
        mean: a column of `columns.MEANS`.
        counts: (R, C), how often each clip counts.

    Returns:
        (R, K); NaN where no clip has a count.

    Raises:
        ValueError: a value is missing although its count is above 0.
    """
    weights = wide.weights(mean)
    sums = np.where(weights > 0, weights * wide.columns[mean], 0.0)
    if np.isnan(sums).any():
        raise ValueError(f"the per-clip table lacks a value of {mean}")
    total = np.zeros((len(counts), len(wide.cells)))
    present = np.zeros_like(total)
    for rows in wide.groups:
        drawn = counts[:, rows]
        weight = drawn @ weights[rows]
        some = weight > 0
        total += np.divide(drawn @ sums[rows], weight, out=np.zeros_like(weight), where=some)
        present += some
    return np.divide(total, present, out=np.full_like(total, np.nan), where=present > 0)


def resample_counts(takes: int, resamples: int = RESAMPLES) -> Array:
    """Draw bootstrap resamples: how often each take is in each, (resamples, takes) float64.

    Every row sums to ``takes``. The same arguments give the same draws on every machine and
    numpy version: the draws use Philox's raw 64-bit words, which numpy promises to keep, and no
    distribution method, which numpy may change.
    """
    words = np.random.Philox(key=_PHILOX_KEY).random_raw(resamples * takes)
    drawn = ((words >> np.uint64(32)) * np.uint64(takes) >> np.uint64(32)).astype(np.int64)
    drawn += np.repeat(np.arange(resamples) * takes, takes)
    counts = np.bincount(drawn, minlength=resamples * takes)
    return counts.reshape(resamples, takes).astype(np.float64)


def interval(drawn: Array) -> Interval:
    """Return the 95 % percentile interval of the resamples (R,) of a number."""
    low, high = np.quantile(drawn, TAILS)
    return Interval(low=float(low), high=float(high))


def by_corruption(cells: tuple[tuple[str, int], ...]) -> dict[str, list[int]]:
    """Return the columns of each corruption's cells, severities ascending.

    The clean cell is the first column (see `Wide`).

    Raises:
        ValueError: there is no clean cell, or no other.
    """
    if CLEAN not in cells:
        raise ValueError("there is no clean cell (corruption 'clean', severity 0)")
    columns: dict[str, list[int]] = {}
    for place, (corruption, _) in enumerate(cells):
        if cells[place] != CLEAN:
            columns.setdefault(corruption, []).append(place)
    if not columns:
        raise ValueError("there is no corrupted cell, only the clean one")
    return columns


def corrupted_weights(cells: tuple[tuple[str, int], ...]) -> Array:
    """Return the weights of cells in the mean over corruptions, (K,).

    It is the plain mean over severities for each corruption, then over corruptions.

    Raises:
        ValueError: there is no clean cell, or no other.
    """
    parts, weights = by_corruption(cells), np.zeros(len(cells))
    for columns in parts.values():
        weights[columns] = 1.0 / len(columns) / len(parts)
    return weights

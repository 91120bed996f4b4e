"""Read the clips tables of a board, and resample them to see which rows are tied.

Only the needed columns are read. Most rows have the same clips and cells in the same order, so
these are sorted once and not for each row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corruptbench.leaderboard.board.folder import CLIPS_FILE, RESTORE, RESULT_FILE, in_row, row_path
from corruptbench.leaderboard.columns import CELL_KEY, CLIP_KEY, COLUMNS, MEANS, METRICS, Metric
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.ties import Resampled
from corruptbench.leaderboard.referee.submission import read_clips
from corruptbench.leaderboard.referee.table_file import read_table
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import (
    Array,
    Average,
    Wide,
    cell_means,
    corrupted_weights,
    widen,
)

#: The metrics by which the tables and the page sort rows.
RANKING: tuple[Metric, ...] = (*METRICS, "n_mpjpe")
_KEYS = (*CLIP_KEY, *CELL_KEY, "frames", "run_frames")
#: A cell of its own, which stands for the mean over all corrupted cells.
_CORRUPTED = (("corrupted", 1),)


class Read(NamedTuple):
    """What could be read of the clips tables of a board.

    Attributes:
        resampled: by the digest of the table.
        problems: of the other tables, whose rows cannot be paired.
    """

    resampled: dict[str, Resampled]
    problems: list[Problem]


@dataclass(frozen=True)
class _Layout:
    """Where the clips and cells of a table lie, for all tables with the same keys.

    Attributes:
        average: how clips are averaged.
        keys: the columns `_KEYS`.
        wide: the counts of clips and cells.
        places: (C, K) intp, the row of the table that holds a clip in a cell.
        counts: (R, C) float64, how often each clip is in each resample.
    """

    average: Average
    keys: pa.Table
    wide: Wide
    places: npt.NDArray[np.intp]
    counts: Array


def read_resampled(results: Sequence[Result], board: Path) -> Read:
    """Resample the mean corrupted errors of rows over takes, as `compare.compare` does.

    Args:
        results: rows of the board.
        board: its folder.
    """
    layouts: list[_Layout] = []
    resampled: dict[str, Resampled] = {}
    problems: list[Problem] = []
    for result in results:
        row = row_path(result, board)
        try:
            resampled[result.clips_sha256] = _resampled(row, result, layouts)
        except SubmissionError as error:
            problems += in_row(row, error)
    return Read(resampled, problems)


def _resampled(row: Path, result: Result, layouts: list[_Layout]) -> Resampled:
    try:
        table = _read(row, result)
        layout = _layout(table, result.scoring.average, layouts)
        metrics = [m for m in RANKING if getattr(result, m) is not None]
        means = {metric: _means(layout, table, metric) for metric in metrics}
    except SubmissionError:
        raise
    except ValueError as error:
        problem = Problem(CLIPS_FILE, "table", str(error), "a table that can be averaged", RESTORE)
        raise SubmissionError(str(row), [problem]) from error
    return Resampled(_over(layout), means)


def _read(row: Path, result: Result) -> pa.Table:
    data = read_clips(row / CLIPS_FILE, row / RESULT_FILE)
    metrics = [m for m in RANKING if m in COLUMNS[result.schema_version]]
    return read_table(str(row), CLIPS_FILE, data, result, [*_KEYS, *metrics], RESTORE)


def _layout(table: pa.Table, average: Average, known: list[_Layout]) -> _Layout:
    """Return the layout of a table; a new one is added to those that are known."""
    keys = table.select([*_KEYS])
    for layout in known:
        if layout.average == average and layout.keys.equals(keys):
            return layout
    # The number of a row stands in the place of an error, and is found in its clip and cell.
    numbered = keys.to_pandas(ignore_metadata=True).assign(mpjpe=range(len(keys)))
    wide = widen(numbered, average)
    places = wide.columns["mpjpe"].astype(np.intp)
    known.append(_Layout(average, keys, wide, places, wide.resamples))
    return known[-1]


def _means(layout: _Layout, table: pa.Table, metric: Metric) -> Array:
    """Return the mean corrupted error in each resample, (R,).

    The count of a clip is the same in all of its cells, so the cells are averaged first.
    """
    wide, weight = layout.wide, MEANS[metric].weight
    errors = table[metric].to_numpy()[layout.places] @ corrupted_weights(wide.cells)
    columns = {weight: wide.columns[weight][:, :1], metric: errors[:, None]}
    return cell_means(replace(wide, cells=_CORRUPTED, columns=columns), metric, layout.counts)[:, 0]


def _over(layout: _Layout) -> tuple[object, ...]:
    wide = layout.wide
    frames = tuple(wide.columns["frames"][:, 0].tolist())
    return layout.average, wide.clips, frozenset(wide.cells), frames

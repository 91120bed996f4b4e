"""Check the clips table of a submission: columns, values and rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from corruptbench.leaderboard import clips
from corruptbench.leaderboard.aggregate import CLEAN
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.schema import METRICS, Coverage
from corruptbench.leaderboard.submission import RERUN
from corruptbench.leaderboard.text import counted, joined, short

LARGEST_ERROR = 10_000.0  # mm, or mm per frame


def shape_problems(file: str, parquet: pq.ParquetFile, coverage: Coverage) -> Iterator[Problem]:
    """Check columns and the number of rows; read only the footer of the file."""
    for column, found, expected in clips.wrong_columns(parquet.schema_arrow):
        yield Problem(file, f"column {column}", found, expected, RERUN)
    rows = coverage.clips * coverage.cells
    if parquet.metadata.num_rows != rows:
        yield Problem(
            file,
            "rows",
            str(parquet.metadata.num_rows),
            f"{rows} (coverage: {counted(coverage.clips, 'clip')} x "
            f"{counted(coverage.cells, 'cell')})",
            "score every clip in every cell; " + RERUN,
        )


def value_problems(file: str, table: pd.DataFrame) -> Iterator[Problem]:
    """Check that every value of the table is possible."""
    for column in (*clips.CLIP_KEY, "corruption"):
        empty = table[column].isna() | (table[column] == "")
        yield from _bad_rows(file, table, column, empty, "some text")
    yield from _bad_rows(file, table, "severity", ~table["severity"].between(0, 5), "0 to 5")
    yield from _bad_rows(file, table, "frames", ~(table["frames"] >= 1), "1 or more")
    runs = table["run_frames"]
    possible = runs.between(0, table["frames"]) & (runs != 1)
    yield from _bad_rows(file, table, "run_frames", ~possible, "0, or 2 to frames")
    for metric in METRICS:
        fits, expected = table[metric].between(0.0, LARGEST_ERROR), f"0 to {LARGEST_ERROR:g} mm"
        if metric == "mpjve":
            fits = fits.where(runs > 0, table[metric].isna())
            expected += " per frame, null exactly when run_frames is 0"
        yield from _bad_rows(file, table, metric, ~fits, expected)
    named_clean = table["corruption"] == CLEAN[0]
    mixed = named_clean != (table["severity"] == CLEAN[1])
    expected = "severity 0 for 'clean' and 1 to 5 for every corruption"
    yield from _bad_rows(file, table, "severity", mixed, expected)


def _bad_rows(
    file: str, table: pd.DataFrame, column: str, bad: pd.Series[bool], expected: str
) -> Iterator[Problem]:
    """Yield one problem for all bad rows of a column; it names the first."""
    count = int(bad.sum())
    if count:
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = table[column].iloc[row]
        shown = value.item() if isinstance(value, np.generic) else value
        found = f"{short(shown)} in row {row}"
        more = f" and {count - 1} more" if count > 1 else ""
        yield Problem(file, f"column {column}", found + more, expected, RERUN)


def row_problems(file: str, table: pd.DataFrame) -> Iterator[Problem]:
    """Check that each clip has each cell once, with equal frames and run_frames in all cells."""
    clip, cell = [*clips.CLIP_KEY], [*clips.CELL_KEY]
    twice = table.duplicated([*clip, *cell])
    if twice.any():
        row = table[twice].iloc[0]
        where = f"clip {joined(row[clip])}, cell {joined(row[cell])}"
        yield Problem(file, "rows", f"twice {where}", "each (clip, cell) once", RERUN)
        return
    by_clip = table.groupby(clip, observed=True)
    sizes = table.groupby(cell, observed=True).size()
    if (sizes != by_clip.ngroups).any():
        fewest = sizes.sort_values(kind="stable")
        name, size = fewest.index[0], fewest.iloc[0]
        found = f"cell {joined(name)} for {size} of {by_clip.ngroups} clips"
        remedy = "score every clip in every cell; " + RERUN
        yield Problem(file, "rows", found, "every cell for every clip", remedy)
        return
    remedy = "score the same frames in every cell; " + RERUN
    for column in ("frames", "run_frames"):
        kinds = by_clip[column].nunique()
        several = kinds[kinds != 1]
        if len(several):
            found = f"counts that differ between the cells of clip {joined(several.index[0])}"
            yield Problem(file, f"column {column}", found, "one count per clip", remedy)

"""Check the clips table of a submission: columns, values and rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corruptbench.leaderboard import clips
from corruptbench.leaderboard.columns import CLIP_COUNTS, COUNTS, MEANS, TEXTS
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.records import LONGEST_TEXT
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import Result, absent
from corruptbench.leaderboard.statistics.wide import CLEAN
from corruptbench.leaderboard.text import counted, joined, short

#: Rows of a table. Our own choice: 20 times those of Human3.6M-C, 236 clips in 41 cells.
MOST_ROWS = 200_000


def footer_problems(file: str, parquet: pq.ParquetFile, result: Result) -> Iterator[Problem]:
    """Check columns and the number of rows, as the footer states them."""
    coverage, footer = result.coverage, parquet.metadata
    wrong = clips.wrong_columns(parquet.schema_arrow, result.schema_version)
    for column, found, expected in wrong:
        yield Problem(file, f"column {column}", found, expected, RERUN)
    rows = coverage.clips * coverage.cells
    if footer.num_rows != rows:
        yield Problem(
            file,
            "rows",
            str(footer.num_rows),
            f"{rows} (coverage: {counted(coverage.clips, 'clip')} x "
            f"{counted(coverage.cells, 'cell')})",
            "score every clip in every cell; " + RERUN,
        )
    elif rows > MOST_ROWS:
        yield Problem(file, "rows", f"{rows:,}", f"at most {MOST_ROWS:,}", RERUN)


def text_problems(file: str, parquet: pq.ParquetFile) -> Iterator[Problem]:
    """Check the lengths of texts. They are read as dictionaries: one could stand in every row."""
    for column in TEXTS:
        for chunk in parquet.read(columns=[column], use_threads=False)[column].chunks:
            texts = getattr(chunk, "dictionary", chunk)
            longest = pc.max(pc.utf8_length(texts)).as_py() or 0
            if longest > LONGEST_TEXT:
                found, expected = f"{longest:,} characters", f"at most {LONGEST_TEXT:,}"
                yield Problem(file, f"column {column}", found, expected, RERUN)


def value_problems(file: str, table: pd.DataFrame, result: Result) -> Iterator[Problem]:
    """Check that every value of the table is possible for the lifter of the result."""
    for column in TEXTS:
        empty = table[column].isna() | (table[column] == "")
        yield from bad_rows(file, table, column, empty, "some text")
    yield from bad_rows(file, table, "severity", ~table["severity"].between(0, 5), "0 to 5")
    yield from _count_problems(file, table, result)
    without = absent(result)
    for column in (name for name in MEANS if name in table.columns):
        yield from _mean_problems(file, table, column, column in without)
    named_clean = table["corruption"] == CLEAN[0]
    mixed = named_clean != (table["severity"] == CLEAN[1])
    expected = "severity 0 for 'clean' and 1 to 5 for every corruption"
    yield from bad_rows(file, table, "severity", mixed, expected)


def _count_problems(file: str, table: pd.DataFrame, result: Result) -> Iterator[Problem]:
    """Check the counts: frames, frames in runs, and parts of frames, joints and covers."""
    frames = table["frames"]
    yield from bad_rows(file, table, "frames", ~(frames >= 1), "1 or more")
    runs = table["run_frames"]
    possible = runs.between(0, frames) & (runs != 1)
    yield from bad_rows(file, table, "run_frames", ~possible, "0, or 2 to frames")
    if result.schema_version == 2:
        return
    counts = table[[*COUNTS]].fillna(0)
    least = counts["acceleration_frames"]
    possible = least.between(0, counts["run_frames"]) & ~least.isin([1, 2])
    yield from bad_rows(file, table, "acceleration_frames", ~possible, "0, or 3 to run_frames")
    joints = frames * (result.lifter.scored_joints or 0)
    for column, whole, name in (
        ("hidden_joints", joints, "frames x scored_joints"),
        ("visible_joints", joints - counts["hidden_joints"], "the joints that are not hidden"),
        # Not the covered frames: a cover may end where no frame is labeled.
        (
            "recoveries",
            counts["after_frames"] + counts["free_frames"],
            "after_frames + free_frames",
        ),
    ):
        possible = counts[column].between(0, whole)
        yield from bad_rows(file, table, column, ~possible, f"0 to {name}")
    parts = counts[["covered_frames", "after_frames", "free_frames"]]
    possible = (parts >= 0).all(axis=1) & parts.sum(axis=1).isin([0])
    possible |= (parts >= 0).all(axis=1) & (parts.sum(axis=1) == frames)
    expected = "covered_frames, after_frames and free_frames that add up to frames, or none"
    yield from bad_rows(file, table, "covered_frames", ~possible, expected)


def _mean_problems(file: str, table: pd.DataFrame, column: str, without: bool) -> Iterator[Problem]:
    """Check a column of means; it must be empty if the lifter is without it."""
    mean, values = MEANS[column], table[column]
    if without:
        yield from bad_rows(file, table, column, values.notna(), "null for this lifter")
        return
    counted_over = table[mean.weight].fillna(0) > 0
    fits = values.between(0.0, mean.most).where(counted_over, values.isna())
    expected = f"0 to {mean.most:g} {mean.unit}"
    if mean.weight != "frames":
        expected += f", null exactly when {mean.weight} is 0"
    yield from bad_rows(file, table, column, ~fits, expected)


def bad_rows(
    file: str, table: pd.DataFrame, column: str, bad: pd.Series[bool], expected: str
) -> Iterator[Problem]:
    """Yield one problem for all bad rows of a column; it names the first.

    Args:
        file: name of the table's file.
        table: the rows.
        column: its name.
        bad: one value for each row.
        expected: in words.
    """
    count = int(bad.sum())
    if count:
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = table[column].iloc[row]
        shown = value.item() if isinstance(value, np.generic) else value
        found = f"{short(shown)} in row {row}"
        more = f" and {count - 1} more" if count > 1 else ""
        yield Problem(file, f"column {column}", found + more, expected, RERUN)


def row_problems(file: str, table: pd.DataFrame) -> Iterator[Problem]:
    """Check that each clip has each cell once, with equal counts of its frames in all cells."""
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
    for column in (name for name in CLIP_COUNTS if name in table.columns):
        kinds = by_clip[column].nunique()
        several = kinds[kinds != 1]
        if len(several):
            found = f"counts that differ between the cells of clip {joined(several.index[0])}"
            yield Problem(file, f"column {column}", found, "one count per clip", remedy)

"""Compare a row of a board with the same evaluation, done again by the owner of the board."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pandas as pd

from corruptbench.leaderboard.clips import CELL_KEY, CLIP_KEY
from corruptbench.leaderboard.columns import COUNTS, MEANS, TEXTS
from corruptbench.leaderboard.ranking.equal_numbers import CLOSE
from corruptbench.leaderboard.referee.every_number import every_number, leaves
from corruptbench.leaderboard.referee.inspection import Scored
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import joined, short

#: Percentages are equal up to this. Our own choice: rounding can move a joint over the 150 mm of
#: PCK. In a cell of 600 frames of 17 joints that is 0.01 %.
CLOSE_SHARE = 0.01

#: What the numbers are of. Names of rows may differ, and the digest of the detections, which can
#: differ by rounding between machines.
_SAME = (
    "benchmark", "build.detector", "build.weights_sha256", "build.boxes", "build.pixels_sha256",
    "build.score_meaning", "scoring", "coverage", "lifter.sha256", "lifter.bytes",
    "lifter.parameters", "lifter.contract", "lifter.filter", "lifter.calibration_sha256",
)  # fmt: skip
#: What only version 3 has.
_SAME_3 = ("lifter.scored_joints", "lifter.hypotheses", "lifter.samples", "lifter.allowed")
#: Parts of the names of numbers that are percentages, or follow from some.
_SHARES = ("pck", "auc", "relative", "worse", "not_recovered", "mce")


class Disagreement(NamedTuple):
    """What a row says, and what was found again, as text."""

    field: str
    row: str
    again: str


def disagreements(row: Scored, again: Scored) -> list[Disagreement]:
    """Return where a row and its evaluation by the owner differ; nothing where all agrees.

    Model, contract, filter, shards, scoring and coverage must be equal, and the counts of the clips
    table. Numbers in mm and s must be equal up to `equal_numbers.CLOSE`, in the result and in each
    line of the clips table, and percentages of the result up to `CLOSE_SHARE`. Two versions of the
    schema are compared in what both have, and a row of version 2 hides no failed check and no joint
    that was left out. Where the numbers are of something else, they are not
    compared.

    Args:
        row: of the board.
        again: of the owner.
    """
    found = [*_identity(row.result, again.result)]
    return found or [*_numbers(row.result, again.result), *_table(row.table, again.table)]


def _identity(row: Result, again: Result) -> Iterator[Disagreement]:
    is_3 = row.schema_version == again.schema_version == 3
    for field in (*_SAME, *(_SAME_3 if is_3 else ())):
        said, found = attrgetter(field)(row), attrgetter(field)(again)
        if field == "lifter.contract":
            keys = sorted(said.keys() | found.keys())
            pairs = [(f"{field}.{key}", said.get(key), found.get(key)) for key in keys]
        else:
            pairs = [(field, said, found)]
        yield from (Disagreement(name, short(a), short(b)) for name, a, b in pairs if a != b)
    if not is_3:
        yield from _unsaid(again)


def _unsaid(again: Result) -> Iterator[Disagreement]:
    """Yield what a row of version 2 has no field for, and what it would therefore hide."""
    plain = {"allowed": (), "scored_joints": again.scoring.joint_count, "samples": 1}
    for name, usual in plain.items():
        found = getattr(again.lifter, name)
        if None not in (found, usual) and found != usual:
            yield Disagreement(f"lifter.{name}", "nothing", short(found))


def _numbers(row: Result, again: Result) -> Iterator[Disagreement]:
    said, found = (dict(every_number(result)) for result in (row, again))
    if row.mce and again.mce:  # a reference may be newer than the row
        said |= dict(leaves("mce", row.mce))
        found |= dict(leaves("mce", again.mce))
    if row.joint_errors and again.joint_errors:  # older rows have none
        said |= dict(leaves("joint_errors", row.joint_errors))
        found |= dict(leaves("joint_errors", again.joint_errors))
    same_version = row.schema_version == again.schema_version
    for field in said | found if same_version else said.keys() & found.keys():
        a, b = said.get(field, math.nan), found.get(field, math.nan)
        if not _is_close(field, a, b):
            yield Disagreement(field, _text(a), _text(b))


def _is_close(field: str, a: float | str, b: float | str) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    is_share = any(part in _SHARES for part in field.replace("_interval", "").split("."))
    return abs(a - b) <= (CLOSE_SHARE if is_share else CLOSE)


def _table(row: pd.DataFrame, again: pd.DataFrame) -> Iterator[Disagreement]:
    """Compare two clips tables line by line; yield the worst line of each column."""
    said, found = _by_line(row), _by_line(again)
    if not said.index.equals(found.index):
        odd = said.index.symmetric_difference(found.index)[0]
        place = f"clips table: {joined(odd)}"
        yield Disagreement(place, f"{len(said)} lines", f"{len(found)} lines")
        return
    for column in (name for name in said.columns if name in found.columns):
        if column not in COUNTS and MEANS[column].unit.startswith("%"):
            continue  # one joint is much of one clip
        a, b = (table[column].to_numpy(float, na_value=np.nan) for table in (said, found))
        apart = np.where(np.isnan(a) & np.isnan(b), 0.0, np.nan_to_num(abs(a - b), nan=np.inf))
        worst = int(apart.argmax())
        if apart[worst] > (0 if column in COUNTS else CLOSE):
            place = f"clips table: {column} of {joined(said.index[worst])}"
            yield Disagreement(place, _text(a[worst]), _text(b[worst]))


def _by_line(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table sorted by clip and cell, whatever the order and the type of its texts are."""
    texts = {name: str for name in (*CLIP_KEY, *CELL_KEY) if name in TEXTS}
    return table.astype(texts).set_index([*CLIP_KEY, *CELL_KEY]).sort_index()


def _text(value: float | str) -> str:
    if isinstance(value, str):
        return short(value)
    return "nothing" if math.isnan(value) else f"{value:.4f}"

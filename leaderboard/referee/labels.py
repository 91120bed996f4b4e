"""Compare what a result says of the labels of each clip with the clips of its own table."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from corruptbench.leaderboard.clips import CLIP_KEY
from corruptbench.leaderboard.expected import known_keys, set_problems
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import MOST_LABELS, Result


def label_problems(file: str, result: Result, table: pd.DataFrame) -> Iterator[Problem]:
    """Compare the clips of ``labels`` with those of the table: each must be there once.

    A result holds at most `schema.MOST_LABELS`.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result that passes the schema; older ones have no ``labels``.
        table: ``schema.CLIP_COLUMNS``.
    """
    if result.labels is None:
        return
    found = [(row.subject, row.sequence, row.camera) for row in result.labels]
    scored = known_keys(table[[*CLIP_KEY]].drop_duplicates())
    if len(found) == MOST_LABELS:  # a result holds no more: others may be missing
        known = set(found)
        scored = [key for key in scored if key in known]
    yield from set_problems(file, "labels", found, scored, RERUN, "clips table")

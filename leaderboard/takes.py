"""How many takes a result was scored on, and whether so many can tell rows apart."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.significance import can_separate
from corruptbench.leaderboard.status import is_confirmed
from corruptbench.leaderboard.text import counted

#: What `compare.compare` compares beside each corruption: clean, corrupted and degradation.
_TOTALS = 3


def takes(result: Result) -> int | None:
    """Return the number of takes (a sequence with all its cameras); None where nobody said it."""
    if result.labels:
        return len({(clip.subject, clip.sequence) for clip in result.labels})
    intervals = getattr(result, f"{result.main_metric}_intervals")
    is_single = intervals is not None and intervals.corrupted.low == intervals.corrupted.high
    return 1 if is_single else None


def few_takes(results: Sequence[Result]) -> str:
    """Return a sentence, without a full stop, where rows of a table have too few takes.

    These are too few for `compare.compare` of two rows to find any difference. Nothing is said
    where the number of takes is enough or unknown.
    """
    in_order = sorted(results, key=is_confirmed, reverse=True)
    known = [(result, count) for result in in_order if (count := takes(result)) is not None]
    if not known:
        return ""
    result, count = known[0]
    if can_separate(count, _TOTALS + len(result.errors.corruptions)):
        return ""
    without = ", so intervals are missing" if count == 1 else ""
    who = "The rows have" if len(results) > 1 else "The row has"
    return (
        f"{who} {counted(count, 'take')}{without}. "
        f"{'One' if count == 1 else 'So few'} cannot tell a difference of rows from chance"
    )

"""What explains the ranks of a table, beside ties."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.leaderboard.ranking.reference_shards import is_undecided
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import CLAIMED_BELOW, is_mixed

#: For the reader of a table in which claimed rows contradict each other.
UNDECIDED = (
    "The rows are on different pixels, all rows are claimed, and nobody knows which pixels are "
    "right. Those of most rows are ranked"
)


def notes(results: Sequence[Result]) -> list[str]:
    """Return sentences without a full stop at their end.

    Args:
        results: of one table; see `sections.sections`.
    """
    told = {CLAIMED_BELOW: is_mixed(results), UNDECIDED: is_undecided(results)}
    return [text for text, is_so in told.items() if is_so]

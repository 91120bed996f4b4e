"""What a reader must know of the rows of a table, beside ties."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.leaderboard.ranking.order import rank
from corruptbench.leaderboard.ranking.reference_shards import is_undecided
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import CLAIMED_BELOW, is_mixed
from corruptbench.leaderboard.takes import few_takes

#: For the reader of a table in which claimed rows contradict each other.
UNDECIDED = (
    "The rows are on different pixels, all rows are claimed, and nobody knows which pixels are "
    "right. A row is ranked only if no other pixels have more rows"
)


def notes(results: Sequence[Result]) -> list[str]:
    """Return sentences without a full stop at their end. Most tables need none.

    Args:
        results: of one table; see `sections.sections`.
    """
    is_guessed = is_undecided(results) and any(row.rank is not None for row in rank(results))
    told = {CLAIMED_BELOW: is_mixed(results), UNDECIDED: is_guessed}
    return [text for text, is_so in told.items() if is_so] + [*filter(None, [few_takes(results)])]

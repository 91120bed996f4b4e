"""What a reader must know of the rows of a table, beside ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from corruptbench.leaderboard.ranking.order import rank
from corruptbench.leaderboard.ranking.reference_shards import is_undecided
from corruptbench.leaderboard.ranking.twins import doubtful
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import CLAIMED_BELOW, is_mixed, kind_of
from corruptbench.leaderboard.takes import few_takes
from corruptbench.leaderboard.text import counted, listed

#: For the reader of a table in which claimed rows contradict each other.
UNDECIDED = (
    "The rows are on different pixels, all rows are claimed, and nobody knows which pixels are "
    "right. A row is ranked only if no other pixels have more rows"
)

#: So many groups of rows that state the same are named. Our own choice.
_GROUPS = 3


def notes(results: Sequence[Result]) -> list[str]:
    """Return sentences without a full stop at their end. Most tables need none.

    Args:
        results: of one table; see `sections.sections`.
    """
    is_guessed = is_undecided(results) and any(row.rank is not None for row in rank(results))
    told = {CLAIMED_BELOW: is_mixed(results), UNDECIDED: is_guessed}
    found = (text for text, is_so in told.items() if is_so)
    return [*found, *filter(None, [few_takes(results)]), *contradictions(results)]


def contradictions(results: Sequence[Result]) -> list[str]:
    """Return a sentence for each group of rows that state the same, and the number of the rest.

    Args:
        results: of one table.
    """
    groups = {frozenset([name, *others]) for name, others in doubtful(results).items()}
    kinds = {result.lifter.name: kind_of(result) for result in results}
    in_order = sorted(sorted(group) for group in groups if not _is_covered(group, groups, kinds))
    told = [f"{listed(names)} state the same model or the same numbers, and none of them is "
            "verified" for names in in_order[:_GROUPS]]  # fmt: skip
    more = len(in_order) - len(told)
    return [*told, f"{counted(more, 'more group')} of rows state the same"] if more else told


def _is_covered(
    group: frozenset[str], groups: Set[frozenset[str]], kinds: Mapping[str, str]
) -> bool:
    """Tell whether a larger group of rows of the same statuses names all rows of a group.

    Rows of one line do not contradict each other, so a third row makes several groups of them. A
    group with claimed rows does not cover one of re-scored rows, as it says less of these.
    """
    own = {kinds[name] for name in group}
    return any(group < other and {kinds[name] for name in other} == own for other in groups)

"""Rows that supersede older rows of the same authors.

The older row stays on the board and loses its rank, as soon as the owner of the board confirmed the
new one. Nothing proves who the authors of a row are. So what a claimed row says takes no rank away:
both rows are ranked until the owner looked. What can be checked is here.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.ranking.sections import section_of
from corruptbench.leaderboard.ranking.twins import same_model
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import is_confirmed
from corruptbench.leaderboard.text import short

_FIELD = "supersedes"


def superseding_problems(result: Result, results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """Yield (found, expected) of why a row cannot supersede the row that it names.

    Both must be in the same table (see `sections.sections`), and must name the same authors, unless
    they are of the same model: then the new row may correct them. A row is superseded by one row
    only. So a row that the owner confirmed excludes all others, and a
    claimed one excludes none. No row is its own successor, also not by way of others.

    Args:
        result: any row.
        results: all rows of the board, with this one.
    """
    if result.supersedes is None:
        return
    others = {other.lifter.name: other for other in section_of(result, results).results}
    old = others.get(result.supersedes)
    if old is None or old.lifter.name == result.lifter.name:
        yield result.supersedes, "the name of another row of the same table"
        return
    is_theirs = author_key(result) == author_key(old) or same_model(result) == same_model(old)
    if not author_key(result) or not is_theirs:
        theirs = f"those of {result.supersedes}, {_authors(old)}"
        expected = (
            theirs if author_key(old) else "names: a row that supersedes another one has some"
        )
        yield f"authors {_authors(result)}", expected
    rivals = [o for o in others.values() if o.supersedes == old.lifter.name and is_confirmed(o)]
    if first := next((o for o in rivals if o.lifter.name != result.lifter.name), None):
        yield result.supersedes, f"a row that {first.lifter.name} does not supersede"
    if _is_circle(result, others):
        yield f"a circle over {result.supersedes}", "rows of which one is the newest"


def superseded(results: Sequence[Result]) -> dict[str, str]:
    """Return who supersedes whom, by name: older row to newer row.

    What is not valid is left out, and what a claimed row says.

    Args:
        results: rows of one table; see `sections.sections`.
    """
    return {
        result.supersedes: result.lifter.name
        for result in results
        if result.supersedes
        and is_confirmed(result)
        and not any(superseding_problems(result, results))
    }


def said_only(result: Result) -> str:
    """Return the name of the row that a claimed row says it supersedes; nothing for other rows."""
    return "" if is_confirmed(result) else result.supersedes or ""


def history(name: str, newer: dict[str, str]) -> list[str]:
    """Return the names of a row, of those before it and of those after it, oldest first.

    Args:
        name: of the row.
        newer: of `superseded`.
    """
    older = {new: old for old, new in newer.items()}
    line = [name]
    while (before := older.get(line[0])) is not None:
        line.insert(0, before)
    while (after := newer.get(line[-1])) is not None:
        line.append(after)
    return line


def refused(file: str, result: Result, results: Sequence[Result]) -> list[Problem]:
    """Return the problems of `superseding_problems`, for messages.

    Args:
        file: of the row.
        result: the row.
        results: all rows of the board, with this one.
    """
    remedy = "leave the field out; both rows are then ranked"
    return [
        Problem(file, _FIELD, short(found), short(expected), remedy)
        for found, expected in superseding_problems(result, results)
    ]


def author_key(result: Result) -> str:
    """Return the authors of a row, without case and surplus spaces; nothing if it names none.

    Letters with marks are equal in both of their forms, and wide letters equal usual ones.
    """
    about = result.lifter.about
    text = unicodedata.normalize("NFKC", (about and about.authors) or "")
    return " ".join(text.casefold().split())


def rows_by_authors(results: Sequence[Result]) -> Counter[str]:
    """Count the rows of each `author_key`, of all benchmarks."""
    return Counter(key for key in map(author_key, results) if key)


def _authors(result: Result) -> str:
    return (result.lifter.about and result.lifter.about.authors) or "none"


def _is_circle(result: Result, others: dict[str, Result]) -> bool:
    seen = {result.lifter.name}
    name = result.supersedes
    while name in others and name not in seen:
        seen.add(name)
        name = others[name].supersedes
    return name is not None and name in seen

"""Changed rows of a board as Markdown, for the people who look at a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from corruptbench.leaderboard.board.changes import completed
from corruptbench.leaderboard.board.folder import RESULT_FILE, row_path
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.comparison.compare import Comparison, compare
from corruptbench.leaderboard.comparison.resampling import read_resampled
from corruptbench.leaderboard.exports.markup import as_code, as_markdown
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.order import Row
from corruptbench.leaderboard.ranking.placed import placed_rows
from corruptbench.leaderboard.ranking.sections import section_of
from corruptbench.leaderboard.ranking.superseding import author_key, rows_by_authors
from corruptbench.leaderboard.ranking.ties import ranked
from corruptbench.leaderboard.referee.inspection import read
from corruptbench.leaderboard.reference import reference_for
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import MEANINGS, kind_of
from corruptbench.leaderboard.text import counted

#: Rows that are shown; our own choice. A comment on GitHub has at most 65,536 characters.
MOST_ROWS = 10


def review(
    board: Path,
    results: Sequence[Result],
    changed: Sequence[Path],
    problems: Sequence[Problem],
    before: Path,
) -> str:
    """Return a page about changed rows, each beside the reference row of its table.

    Text of submitters stands in code, so that it is no Markdown and addresses nobody.

    Args:
        board: the board's folder.
        results: rows of the board that are whole.
        changed: folders of the rows that are new or changed.
        problems: of the check.
        before: the folder of the board before the change.
    """
    by_path = {row_path(result, board): result for result in results}
    whole = [by_path[path] for path in changed if path in by_path]
    parts = [f"# The board: {counted(len(changed), 'row')} new or changed"]
    parts += [_problems(problems) if problems else _CHECKED]
    for result in whole[:MOST_ROWS]:
        path = row_path(result, board)
        parts += _about_row(result, results, board, completed(path, board, before))
    if len(whole) > MOST_ROWS:
        parts.append(f"{counted(len(whole) - MOST_ROWS, 'more row')}, not shown here.")
    return "\n\n".join(parts) + "\n"


_CHECKED = (
    "No problem was found: files, names, hashes, and every number, which follows from the errors "
    "of each clip. No model was run, so these errors are claimed by the submitter."
)


def _problems(problems: Sequence[Problem]) -> str:
    shown = str(SubmissionError("the board", problems)).replace("```", "'''")
    return f"**The check found {counted(len(problems), 'problem')}.**\n\n```text\n{shown}\n```"


def _about_row(
    result: Result, results: Sequence[Result], board: Path, new: Mapping[str, str]
) -> Iterator[str]:
    rows = section_of(result, results).results
    table = ranked(rows, read_resampled(rows, board).resampled)
    (own,) = (row for row in table if row.result is result)
    place = (
        "" if own.rank is None else f"{own.rank} of {sum(row.rank is not None for row in table)}"
    )
    count = rows_by_authors(results)[author_key(result)]
    about = result.lifter.about
    facts = [
        ("status", f"{kind_of(result)}: {MEANINGS[kind_of(result)]}"),
        ("rank", place or f"none: {as_code(own.apart)}"),
        ("authors", f"{as_code(about.authors)}, {counted(count, 'row')} on this board")
        if about and about.authors
        else ("authors", "not named"),
    ]
    if result.supersedes:
        asked = (
            "which loses its rank when you confirm this row. Ask its authors: nothing proves it."
        )
        facts.append(("supersedes", f"{as_code(result.supersedes)}, {asked}"))
    facts += [
        (f"new: {field}", f"{as_code(text)}. Ask its authors: nothing proves that they say it.")
        for field, text in new.items()
    ]
    facts += [("warning", as_code(warning.text)) for warning in result.warnings or ()]
    path = row_path(result, board)
    yield f"## {as_code(f'{path.parent.name}/{path.name}')}"
    yield "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in facts)])
    other = _reference(result, table)
    if other is None:
        yield as_markdown(placed_rows([result])).rstrip()
        yield "There is no row to compare it with."
        return
    yield as_markdown(placed_rows([other, result])).rstrip()
    yield _compared(other, result, board)


def _reference(result: Result, table: Sequence[Row]) -> Result | None:
    """Return the row of the reference lifter; without one, the first other row that has a rank."""
    owner = reference_for(result.benchmark)
    others = [row.result for row in table if row.rank and row.result is not result]
    named = [o for o in others if owner and o.lifter.sha256 == owner.lifter.sha256]
    plain = [other for other in named if other.lifter.filter is None]
    return next(iter([*plain, *others]), None)


def _compared(reference: Result, result: Result, board: Path) -> str:
    try:
        found = compare([read(row_path(r, board) / RESULT_FILE) for r in (reference, result)])
    except SubmissionError as error:
        fields = ", ".join(sorted({problem.field for problem in error.problems}))
        return f"It cannot be compared with {as_code(reference.lifter.name)}: other {fields}."
    return _differences(found)


def _differences(found: Comparison) -> str:
    first, second = map(as_code, found.lifters)
    (pair,) = found.pairs
    better = {"first better": f"{first} better", "second better": f"{second} better"}
    label = METRIC_COLUMNS[found.metric].label
    lines = [
        [f"{label}, mm", first, second, "difference", "95 %", "p", ""],
        ["---", *["---:"] * 5, "---"],
    ]
    for d in pair.differences:
        p = "<0.001" if d.p_holm < 0.001 else f"{d.p_holm:.3f}"
        numbers = [f"{d.first:.1f}", f"{d.second:.1f}", f"{d.difference:+.1f}"]
        interval, verdict = f"{d.low:+.1f} to {d.high:+.1f}", better.get(d.verdict, d.verdict)
        lines.append([d.name.replace("_", " "), *numbers, interval, p, verdict])
    notes = [f"- {as_code(note)}" for note in found.notes]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *notes]).rstrip()

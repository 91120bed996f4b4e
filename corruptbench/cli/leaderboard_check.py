"""``corruptbench leaderboard check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say

if TYPE_CHECKING:
    from corruptbench.leaderboard import Problem


@define("corruptbench leaderboard check --board leaderboard/results")
@options.board
@click.option("--manifest", type=options.MANIFEST, multiple=True,
              help="Of a benchmark of your own on the board; repeatable.")  # fmt: skip
@click.option(
    "--before", type=options.PATH, metavar="FOLDER",
    help="The same board before a change, such as that of the target of a pull request. Then rows "
    "may be added, and nothing else; a row that is new has no status.",
)  # fmt: skip
@click.option(
    "--comparison", type=options.PATH, metavar="FILE.md",
    help="With --before: write a page about the new rows, each beside the reference row.",
)  # fmt: skip
@options.always_quiet
def check(
    board: Path, manifest: tuple[str, ...], before: Path | None, comparison: Path | None
) -> None:
    """Check every row again, as if it were submitted now. Exit code 2: a row is wrong.

    Files, names, hashes, sizes and every number are compared, and whether a row may supersede the
    one that it names. No model is run. With --before, what was wrong before in rows that did not
    change is told, and no row is refused for it.
    """
    from corruptbench.evaluation.expectation import expectations
    from corruptbench.leaderboard import (
        SubmissionError,
        audit,
        by_benchmark,
        change_problems,
        known_before,
        read_board,
        sections,
    )
    from corruptbench.leaderboard.ranking.notes import contradictions
    from corruptbench.manifest import load_manifest
    from corruptbench.progress import counted, note

    if comparison and before is None:
        raise click.UsageError("--comparison needs --before.")
    expected = expectations(load_manifest(name) for name in (*names.manifests(), *manifest))
    changes = change_problems(board, before) if before else []
    problems, known = [*changes, *audit(board, expected)], []
    if before and problems:
        known = known_before(problems, board, audit(before, expected), before)
        problems = [problem for problem in problems if problem not in known]
        for problem in known:
            note(f"was there before: {problem}")
    if comparison and before:
        _write_review(comparison, board, before, problems)
    if problems:
        raise SubmissionError(str(board), problems)
    results = read_board(board).results
    for rows in by_benchmark(results).values():
        for text in (
            text for section in sections(rows) for text in contradictions(section.results)
        ):
            note(f"{text}; 'corruptbench leaderboard verify' marks the right one")
    for name in sorted({f"{r.benchmark.id}-v{r.benchmark.version}" for r in results
                        if expected(r.benchmark) is None}):  # fmt: skip
        note(f"{name}: its manifest is not here, so cells, clips and frames could not be checked")
    say(f"{board}: {counted(len(results), 'row')}, {'no new problem' if known else 'no problem'}")


def _write_review(path: Path, board: Path, before: Path, problems: Sequence[Problem]) -> None:
    """Write the page about new and changed rows."""
    from corruptbench.files import atomic
    from corruptbench.leaderboard import changed_rows, read_board, review

    changed = changed_rows(board, before)
    text = review(board, read_board(board).results, changed, problems, before)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

"""``corruptbench leaderboard``: show the table, render the page; and more in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import board_client, board_server, names, options
from corruptbench.cli.commands import Group, example
from corruptbench.cli.leaderboard_check import check
from corruptbench.cli.leaderboard_verify import verify
from corruptbench.cli.output import say, say_json, say_table, table_width

if TYPE_CHECKING:
    from corruptbench.leaderboard import Result
    from corruptbench.leaderboard.ranking.ties import ByTable

#: Keys of a row, as the help of ``show`` and ``submit`` states them.
ROW_KEYS = (
    "section (empty for the main table), rank (null if it does not compare; tied rows share one), "
    "note (why not), lifter, status (kind: claimed, re-scored or verified; the latter two with "
    "date and version of corruptbench), supersedes and superseded_by (names of rows, or null), "
    "author_rows (how many rows of the board have these authors, null without authors), same_as "
    "(names of rows that state the same model or numbers, where none is verified, at most 20), "
    "detector, boxes (labels, or the person detector), units (mm or none), hypotheses (their "
    "number, null in old rows), filter (of keypoints, null without one), about (null, or what of "
    "it is there: authors, paper, code, report, venue, date, license, training_data), and those "
    "that it has of mpjpe, p_mpjpe, mpjve, n_mpjpe, acceleration, pck, auc, bone_error, "
    "bone_deviation, best_mpjpe, best_p_mpjpe, mean_mpjpe and spread, each with clean, corrupted, "
    "degradation and corruptions"
)


@click.group(cls=Group, epilog=example("corruptbench leaderboard show"))
def command() -> None:
    """Show the leaderboard's table, write its page, check or verify its rows, or host it."""


for _command in (
    check, verify, board_server.serve, board_server.work, board_server.token, board_server.log,
    board_client.send, board_client.sent,
):  # fmt: skip
    command.add_command(_command)


@command.command(
    epilog=example(
        "corruptbench leaderboard show --board leaderboard/results",
        json=f"an array of objects with benchmark, version and rows; each row has {ROW_KEYS}",
    )
)
@options.board
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown tables.")
@click.option("--latex", "form", flag_value="latex", help="Print LaTeX tables (booktabs).")
@click.option("--csv", "form", flag_value="csv", help="Print all metrics as CSV, unrounded.")
@options.as_json
@options.always_quiet
def show(board: Path, form: str | None, as_json: bool) -> None:
    """Print the table of each benchmark."""
    from corruptbench.leaderboard import as_text, by_benchmark, placed_rows
    from corruptbench.leaderboard.exports.flat import as_csv
    from corruptbench.leaderboard.exports.json_rows import benchmarks
    from corruptbench.leaderboard.exports.markup import as_latex, as_markdown

    if form and as_json:
        raise click.UsageError("--json and another form: choose one.")
    results = whole_rows(board)
    resampled = resampled_rows(results, board)
    placed = placed_rows(results, resampled)
    if as_json:
        say_json(benchmarks(placed))
        return
    if not results:
        raise click.ClickException(_no_rows(board))
    if form:
        written = {"csv": as_csv, "markdown": as_markdown, "latex": as_latex}[form](placed)
        say(written.rstrip())
        return
    for number, rows in enumerate(by_benchmark(results).values()):
        if number:
            say("")
        say_table(as_text(rows, table_width(), resampled))
    if not any(result.status for result in results):
        say("\nAll rows are claimed: their numbers are those of the submitters.")


def _no_rows(board: Path) -> str:
    """Say what a folder without rows holds, and how a row is added."""
    from corruptbench.nearby import held

    found = f"; it holds {what}" if (what := held(board)) else ""
    return f"{board}: no results yet{found}; add one with corruptbench submit"


def whole_rows(board: Path) -> list[Result]:
    """Return the rows of a board; say which ones are broken and left out."""
    from corruptbench.leaderboard import read_board
    from corruptbench.progress import note

    results, problems = read_board(board)
    for problem in problems:
        note(f"left out: {problem}")
    return results


def resampled_rows(results: Sequence[Result], board: Path) -> ByTable:
    """Return what decides which rows are tied; say whose clips tables cannot be read."""
    from corruptbench.leaderboard.comparison.resampling import read_resampled
    from corruptbench.progress import note

    resampled, problems = read_resampled(results, board)
    for problem in problems:
        note(f"ranked by its mean alone: {problem}")
    return resampled


@command.command(
    epilog=example(
        "corruptbench leaderboard export --out board-files",
        "corruptbench leaderboard export --out board-files --hugging-face OWNER/corruptbench",
    )
)
@options.board
@click.option(
    "--hugging-face", "repository", metavar="OWNER/NAME",
    help="Also write eval.yaml and .eval_results for this benchmark repository on the Hub.",
)  # fmt: skip
@options.always_quiet
@options.out("board-files", "A new folder.")
def export(board: Path, repository: str | None, out: Path) -> None:
    """Write the board as CSV, JSON, Parquet, LaTeX and BibTeX, with a badge for each row."""
    from corruptbench.leaderboard import export_files, placed_rows, write_export
    from corruptbench.manifest import load_manifest
    from corruptbench.progress import counted, note

    results = whole_rows(board)
    rows = placed_rows(results, resampled_rows(results, board))
    if not rows:
        raise click.ClickException(_no_rows(board))
    titles = {m.id: m.title for m in map(load_manifest, names.manifests())}
    files = export_files(rows, titles, repository)
    write_export(files, out)
    for placed in rows if repository else []:
        if placed.row.rank is None:
            note(f"no .eval_results of {placed.result.lifter.name}: {placed.rank_or_reason}")
    say(f"{counted(len(files), 'file')} of {counted(len(rows), 'row')} in {out}")


@command.command(
    name="render", epilog=example("corruptbench leaderboard render --out leaderboard.html")
)
@options.board
@options.always_quiet
@options.out("leaderboard.html", "The page.")
def render_page(board: Path, out: Path) -> None:
    """Write the leaderboard as one self-contained HTML page."""
    from corruptbench.evaluation.heading import heading
    from corruptbench.leaderboard import read_paired, render
    from corruptbench.manifest import load_manifest

    results = whole_rows(board)
    headings = {m.id: heading(m) for m in map(load_manifest, names.manifests())}
    paired, resampled = read_paired(results, board), resampled_rows(results, board)
    say(f"page: {render(results, out, headings, paired, resampled)}")

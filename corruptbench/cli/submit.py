"""``corruptbench submit``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from corruptbench.cli import names, options
from corruptbench.cli.about import about_of, about_options
from corruptbench.cli.commands import define
from corruptbench.cli.leaderboard import ROW_KEYS, resampled_rows, whole_rows
from corruptbench.cli.output import say, say_json, say_table, say_text, table_width

_DONE = {"new": "added", "same": "already on the board", "more": "completed on the board"}


@define(
    "corruptbench submit results/my-lifter.json",
    json="an object with path, board, added, warnings (of the result, as text) and rows (of its "
    f"benchmark); each row has {ROW_KEYS}",
)
@click.argument("result", type=options.PATH)
@options.board
@options.manifest(None, "Needed for a benchmark of your own. ")
@click.option("--name", metavar="NAME", help="Of the row. Default: the name of the lifter.")
@click.option(
    "--supersedes", metavar="ROW",
    help="Name of an older row of the same benchmark and authors. It loses its rank when the owner "
    "of the board confirms the new row.",
)  # fmt: skip
@about_options
@options.as_json
@options.always_quiet
def command(
    result: Path, board: Path, manifest: str | None, name: str | None, supersedes: str | None,
    as_json: bool, **fields: Any,
) -> None:  # fmt: skip
    """Check a result and add it to the leaderboard's table.

    The result is the .json that evaluate wrote; its .clips.parquet is found beside it. What a row
    says of its authors stays. To correct it, submit the same result with --name and --supersedes.
    """
    from corruptbench.evaluation.expectation import expectation
    from corruptbench.leaderboard import as_row, as_text, by_benchmark, standing, submit
    from corruptbench.leaderboard.exports.json_rows import rows_of
    from corruptbench.leaderboard.ranking.placed import placed_rows
    from corruptbench.leaderboard.referee.submission import read_result
    from corruptbench.manifest import load_manifest

    about = about_of(fields)
    stated = as_row(read_result(result), about, name, supersedes)
    benchmark = stated.benchmark.id
    if manifest is None and benchmark not in names.manifests():
        raise click.ClickException(
            f"{result}: benchmark {benchmark} is not one of {', '.join(names.manifests())}; "
            "for a benchmark of your own give its manifest: --manifest FILE.toml"
        )
    frozen, is_new = load_manifest(manifest or benchmark), not board.exists()
    state = standing(stated, board)
    path = submit(result, board, expectation(frozen), about, name, supersedes)
    every = whole_rows(board)
    results = by_benchmark(every)[stated.benchmark]
    resampled = resampled_rows(results, board)
    warnings = [warning.text for warning in stated.warnings or ()]
    if as_json:
        record = {
            "path": str(path),
            "board": str(board.resolve()),
            "added": state == "new",
            "warnings": warnings,
        }
        say_json({**record, "rows": rows_of(placed_rows(results, resampled), every)})
    else:
        say_table(as_text(results, table_width(), resampled))
        for warning in warnings:
            say_text(f"warning: {warning}")
        say(f"{_DONE[state]}: {path}")
        say(f"the board: {board.resolve()}{', which is new' if is_new else ''}")

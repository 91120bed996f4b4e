"""``corruptbench report``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.target import check_target
from corruptbench.storage import AnyPath


@define("corruptbench report results/my-lifter.json --shards shards --out report.html")
@click.argument("result", type=options.PATH)
@click.option(
    "--shards", type=options.SHARDS,
    help="Folder of the build that was scored, to show its pictures. Default: no pictures.",
)  # fmt: skip
@options.root
@options.manifest_of_shards
@options.always_quiet
@options.out("report.html", "The page.")
def command(
    result: Path, shards: AnyPath | None, root: Path | None, manifest: str | None, out: Path
) -> None:
    """Show a result as one self-contained HTML page.

    RESULT is the .json file of corruptbench evaluate. The files beside it give the page its joints,
    time lines and animations. What is missing is left out.
    """
    from corruptbench import api
    from corruptbench.report.page import write_report

    for option, value in (("--root", root), ("--manifest", manifest)):
        if value is not None and shards is None:
            raise click.UsageError(f"{option} {value}: says nothing without --shards; add it.")
    check_target(out, {".html": ""}, result)
    shard_set = None if shards is None else api.open_shards(shards, root, manifest)
    write_report(result, out, shard_set)
    say_text(f"report: {out}")

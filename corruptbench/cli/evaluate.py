"""``corruptbench evaluate``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import Command, example
from corruptbench.cli.output import say, say_json, say_table, table_width


@click.command(
    cls=Command,
    epilog=example(
        "corruptbench evaluate model.pt2 --shards shards --out results",
        json="an object with path (of the result file), complete (whether all cells were built) "
        "and result (the content of the result file)",
    ),
)
@click.argument("model", type=options.PATH)
@options.shards
@options.root
@options.manifest_of_shards
@options.device
@options.as_json
@options.quiet
@options.out("results", "Folder for the result.")
def command(
    model: Path,
    shards: Path,
    root: Path | None,
    manifest: str | None,
    device: str,
    as_json: bool,
    quiet: bool,
    out: Path,
) -> None:
    """Score an exported lifter (model.pt or model.pt2) on shards and write a result file.

    An exported model is a program: evaluate only what you would run.
    """
    from corruptbench import api
    from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
    from corruptbench.files import check_folder
    from corruptbench.leaderboard import as_text
    from corruptbench.progress import counted, note

    check_folder(out)  # now rather than after the work
    try:
        result = api.evaluate(
            model, shards, root=root, manifest=manifest, device=device, progress=not quiet
        )
    except RejectedPosesError as error:
        raise save_rejected(error, out) from None
    path, record = result.save(out), result.record
    coverage = record.coverage
    complete = coverage.n_scored == coverage.n_expected
    if not (complete or quiet):
        cells = coverage.cells * coverage.n_expected // coverage.n_scored
        note(
            f"partial: {coverage.cells} of {counted(cells, 'cell')} were built; the leaderboard "
            "takes complete results only"
        )
    if as_json:
        content = record.model_dump(mode="json")
        say_json({"path": str(path), "complete": complete, "result": content})
    else:
        say_table(as_text([record], table_width()))
        say(f"result: {path}")

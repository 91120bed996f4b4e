"""``corruptbench evaluate``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say, say_json, say_table, table_width


@define(
    "corruptbench evaluate model.pt2 --shards shards --out results",
    json="an object with path (of the result file), complete (whether all cells were built) "
    "and result (the content of the result file, with labels and warnings)",
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
    from corruptbench.progress import note

    shard_set = api.open_shards(shards, root, manifest)
    check_folder(out)  # now rather than after the work
    try:
        evaluated = api.evaluate(model, shard_set, device=device, progress=not quiet)
    except RejectedPosesError as error:
        raise save_rejected(error, out) from None
    path, result = evaluated.save(out), evaluated.record
    complete = result.coverage.n_scored == result.coverage.n_expected
    if not (complete or quiet):
        note(
            f"partial: {result.coverage.cells} of {len(shard_set.manifest.cells)} cells were "
            "built; the leaderboard takes complete results only"
        )
    if as_json:
        record = result.model_dump(mode="json")
        say_json({"path": str(path), "complete": complete, "result": record})
    else:
        say_table(as_text([result], table_width()))
        for warning in evaluated.warnings:
            say(f"warning: {warning}")
        say(f"result: {path}")

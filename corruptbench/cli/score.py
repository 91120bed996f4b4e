"""``corruptbench score``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.storage import AnyPath


@define(
    "corruptbench evaluate model.pt2 --save-predictions model.parquet",
    "corruptbench score model.parquet --shards shards --out results",
    json="what corruptbench evaluate prints",
)
@click.argument("predictions", type=options.PATH)
@options.shards
@options.root
@options.manifest_of_shards
@options.contract_of_poses
@options.as_json
@options.quiet
@options.out("results", "Folder for the result.")
def command(
    predictions: Path, shards: AnyPath, root: Path | None, manifest: str | None,
    contract: Path | None, as_json: bool, quiet: bool, out: Path,
) -> None:  # fmt: skip
    """Score predictions without the lifter: the file of an evaluation, or a folder of .npz."""
    from corruptbench import api
    from corruptbench.cli.evaluate import say_result
    from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
    from corruptbench.files import check_folder

    shard_set = api.open_shards(shards, root, manifest)
    check_folder(out)  # now rather than after the work
    try:
        scored = api.score(predictions, shard_set, contract=contract, progress=not quiet)
    except RejectedPosesError as error:
        raise save_rejected(error, out) from None
    say_result(scored, shard_set, scored.save(out), as_json, quiet)

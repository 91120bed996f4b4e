"""``corruptbench calibrate-scores``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.written_files import check_files


@define("corruptbench calibrate-scores shards --root DATA --out calibration.json")
@click.argument("shards", type=options.PATH, nargs=-1)
@options.root
@options.manifest_of_shards
@options.quiet
@options.out("calibration.json", "File for the calibration.")
def command(
    shards: tuple[Path, ...], root: Path | None, manifest: str | None, quiet: bool, out: Path
) -> None:
    """Fit a detector's scores to the probability that a joint is right, on clean training clips.

    SHARDS are folders of builds of the training split. Default: those of the embedded studio set.
    """
    from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
    from corruptbench.keypoint_evaluation.fit import fit_calibration
    from corruptbench.keypoint_evaluation.score_calibration import save_calibration
    from corruptbench.progress import counted
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.training.scored import note_scored

    folders = shards or ALL_TRAIN_SHARDS
    check_files({"out": out}, folders)
    shard_sets = [open_shards(folder, root, manifest) for folder in folders]
    if not quiet:
        for shard_set in shard_sets:
            note_scored(shard_set)
    found = fit_calibration(shard_sets)
    save_calibration(found, out)
    say_text(
        f"calibration of {found.detector.name}: {counted(found.samples, 'joint')}, "
        f"{counted(len(found.scores), 'point')}, {found.sha256[:12]}"
    )
    say_text(f"calibration: {out}")

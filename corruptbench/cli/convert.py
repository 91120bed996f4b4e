"""``corruptbench convert``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.words import Name, suggestion
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.manifest import Cell
    from corruptbench.shards.shard_set import ShardSet

FORMATS = ["videopose3d", "motionbert", "mmpose"]


@define('corruptbench convert --format videopose3d --cell clean --cell "erase 3" --out converted')
@options.shards
@options.root
@options.manifest_of_shards
@click.option("--format", "name", type=Name(lambda: FORMATS), required=True,
              help=f"One of {', '.join(FORMATS)}.")  # fmt: skip
@click.option("--cell", "wanted", multiple=True, help='Such as "erase 3" or clean. Default: all.')
@click.option(
    "--joints", type=Name(names.joint_sets),
    help=f"Joint set to write: {', '.join(names.joint_sets())}. Default: humaneva15 for HumanEva, "
    "h36m17 for others.",
)  # fmt: skip
@click.option("--layout", type=Name(names.joint_sets), hidden=True, help="The old --joints.")
@click.option("--confidence", is_flag=True, help="VideoPose3D: the score as a third channel.")
@click.option(
    "--annotations", type=options.PATH,
    help="The repository's own label file; a copy is cut to match.",
)  # fmt: skip
@options.quiet
@click.option(
    "--out", type=options.PATH, required=True,
    help="Folder to write to; only files of an earlier conversion are replaced.",
)  # fmt: skip
def command(
    shards: AnyPath, root: Path | None, manifest: str | None, name: str, wanted: tuple[str, ...],
    joints: str | None, layout: str | None, confidence: bool, annotations: Path | None,
    quiet: bool, out: Path,
) -> None:  # fmt: skip
    """Write the detections as the files that repositories of lifters read."""
    from corruptbench.convert import FORMATS, Target, Writer
    from corruptbench.convert.folder import ConvertedFolder, Source
    from corruptbench.convert.tracks import check_joints, tracks
    from corruptbench.progress import counted, meter, note
    from corruptbench.shards.shard_set import open_shards

    shard_set = open_shards(shards, root, manifest)
    cells = _chosen(shard_set, wanted)
    joints = joints or layout or shard_set.dataset.joints
    check_joints(shard_set, joints)
    source = Source(
        repository=name,
        layout=joints,
        benchmark=shard_set.lock.benchmark,
        detector=shard_set.lock.detector,
    )
    folder = ConvertedFolder(out, source, {"the annotations": annotations, "the labels": root})
    target = Target(shard_set.dataset, joints, confidence, annotations)
    writer = Writer(folder, FORMATS[name](target))
    files = writer.names(cells)
    folder.claim(files)
    with meter("convert", len(cells) * len(shard_set.lock.clips), "clips", not quiet) as advance:
        for cell in cells:
            found = []
            for track in tracks(shard_set, cell, joints):
                found.append(track)
                advance(1, str(cell))
            writer.write(cell, found)
    for what in () if quiet else writer.left_out:
        note(f"left out: {what}")
    licensed = shard_set.dataset.licensed
    caution = "; made from licensed data: do not pass them on" if licensed else ""
    say_text(f"{counted(len(files), 'file')} for {name} in {out}{caution}")


def _chosen(shard_set: ShardSet, wanted: tuple[str, ...]) -> list[Cell]:
    known = {str(c): c for c in shard_set.cells}
    for name in wanted:
        if name not in known:
            raise click.UsageError(
                f"--cell '{name}' is not in the shards.{suggestion(name, known)} They have "
                f"{', '.join(known)}."
            )
    return [known[w] for w in dict.fromkeys(wanted)] or list(known.values())

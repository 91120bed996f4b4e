"""``corruptbench export``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.errors import InputError
from corruptbench.export import FORMATS, JOINT_SETS, Target
from corruptbench.export.folder import ExportFolder, Source
from corruptbench.export.tracks import check_joints, tracks
from corruptbench.manifest import Cell
from corruptbench.progress import Meter
from corruptbench.shards.shard_set import ShardSet, open_shards


@click.command()
@click.option(
    "--shards", type=click.Path(path_type=Path), default=Path("shards"), show_default=True
)
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies (labels).")
@click.option("--manifest", help="Id or .toml. Default: the one that the shards name.")
@click.option("--format", "name", type=click.Choice(list(FORMATS)), required=True)
@click.option("--cell", "wanted", multiple=True, help='Such as "erase 3" or clean. Default: all.')
@click.option(
    "--layout", type=click.Choice(JOINT_SETS),
    help="Joints to write. Default: h36m17; humaneva15 for HumanEva.",
)  # fmt: skip
@click.option("--confidence", is_flag=True, help="VideoPose3D: the score as a third channel.")
@click.option(
    "--annotations", type=click.Path(path_type=Path),
    help="The repository's own label file; a copy is cut to match.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), required=True,
    help="Folder to write to; only files of an earlier export are written over.",
)  # fmt: skip
def command(
    shards: Path, root: Path | None, manifest: str | None, name: str, wanted: tuple[str, ...],
    layout: str | None, confidence: bool, annotations: Path | None, out: Path,
) -> None:  # fmt: skip
    """Write the detections as the files that repositories of lifters read."""
    shard_set = open_shards(shards, root, manifest)
    cells = _chosen(shard_set, wanted)
    joints = layout or shard_set.dataset.joints
    check_joints(shard_set, joints)
    source = Source(
        repository=name,
        layout=joints,
        benchmark=shard_set.lock.benchmark,
        detector=shard_set.lock.detector,
    )
    folder = ExportFolder(out, source, {"the annotations": annotations, "the labels": root})
    writer = FORMATS[name](Target(folder, shard_set.dataset, joints, confidence, annotations))
    names = writer.names(cells)
    folder.claim(names)
    with Meter("export", len(cells) * len(shard_set.lock.clips), "clips") as meter:
        for cell in cells:
            found = []
            for track in tracks(shard_set, cell, joints):
                found.append(track)
                meter.advance(1, str(cell))
            writer.write(cell, found)
    for what in writer.left_out:
        click.echo(f"left out: {what}")
    licensed = shard_set.dataset.licensed
    caution = "; made from licensed data: do not pass them on" if licensed else ""
    click.echo(f"{len(names)} files for {name} in {out}{caution}")


def _chosen(shard_set: ShardSet, wanted: tuple[str, ...]) -> list[Cell]:
    known = {str(c): c for c in shard_set.cells}
    unknown = [w for w in wanted if w not in known]
    if unknown:
        raise InputError(f"--cell '{unknown[0]}': the shards have {', '.join(known)}")
    return [known[w] for w in dict.fromkeys(wanted)] or list(known.values())

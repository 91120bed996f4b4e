"""``corruptbench measure-noise``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.words import Name
from corruptbench.cli.written_files import check_files
from corruptbench.storage import AnyPath


@define("corruptbench measure-noise --shards shards --root DATA --out noise.parquet")
@options.shards
@options.root
@options.manifest_of_shards
@click.option("--joints", type=Name(lambda: ["h36m17", "humaneva15"]), default="h36m17",
              show_default=True, help="Joint set: h36m17 or humaneva15.")  # fmt: skip
@click.option("--per-clip", type=click.IntRange(min=1), metavar="N",
              help="Keep N cells of each clip. The next clip goes on with the cells that follow. "
              "Default: all.")  # fmt: skip
@options.always_quiet
@options.out("noise.parquet", "File for the noise.")
def command(
    shards: AnyPath,
    root: Path | None,
    manifest: str | None,
    joints: str,
    per_clip: int | None,
    out: Path,
) -> None:
    """Measure what the detector does on corrupted training clips, for TAGN."""
    from corruptbench.errors import InputError
    from corruptbench.lifters.noise_file import save_noise
    from corruptbench.progress import counted
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.training.measure import measured
    from corruptbench.training.scored import note_scored

    check_files({"out": out}, [shards] if isinstance(shards, Path) else [])
    if manifest and out.resolve() == Path(manifest).resolve():
        raise InputError(f"{out}: is the manifest that is read; name another file", "out")
    shard_set = open_shards(shards, root, manifest)
    note_scored(shard_set)
    noise = measured(shard_set, joints)
    if per_clip:
        noise = noise.fewer(per_clip)
    save_noise(noise, out)
    say_text(f"noise: {out}, {counted(len(noise.episodes), 'episode')}")

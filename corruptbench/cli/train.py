"""``corruptbench train``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say
from corruptbench.cli.words import Name


@define("corruptbench train videopose3d --epochs 60 --out videopose3d-27.pt2")
@click.argument("lifter", type=Name(lambda: ["videopose3d"]))
@click.option("--shards", type=options.PATH,
              help="Of a training split. Default: the embedded one.")  # fmt: skip
@options.root
@options.manifest_of_shards
@click.option("--joints", type=Name(lambda: ["h36m17", "humaneva15"]), default="h36m17",
              show_default=True, help="Joint set: h36m17 or humaneva15.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), default=60, show_default=True,
              help="Passes over the data.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True,
              help="Of initial weights, order, mirroring and dropout.")  # fmt: skip
@options.device
@click.option("--name", default="videopose3d-27", show_default=True, help="In the leaderboard.")
@options.quiet
@options.out("videopose3d-27.pt2", "model.pt2 or model.pt.")
def command(
    lifter: str,  # noqa: ARG001
    shards: Path | None,
    root: Path | None,
    manifest: str | None,
    joints: str,
    epochs: int,
    seed: int,
    device: str,
    name: str,
    quiet: bool,
    out: Path,
) -> None:
    """Train a baseline lifter on clean detections and export it. Run again to resume."""
    from corruptbench.datasets.studio import TRAIN_SHARDS
    from corruptbench.lifters.contract import Contract
    from corruptbench.lifters.export import check_suffix, export
    from corruptbench.lifters.network import usable_device
    from corruptbench.progress import counted, meter
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.skeleton import joint_set
    from corruptbench.training.samples import load_samples
    from corruptbench.training.train import Schedule, train, weights_sha256
    from corruptbench.training.videopose3d import VideoPose3D

    check_suffix(out)
    usable_device(device)

    make = partial(VideoPose3D, len(joint_set(joints)), 2)
    contract = Contract.checked(
        {
            "name": name, "joints": joints, "channels": "xy", "normalize": "screen",
            "window": "sequence", "frames": make().frames, "units": "m", "root": "relative",
        },
        "the lifter's contract",
    )  # fmt: skip
    samples = load_samples(open_shards(shards or TRAIN_SHARDS, root, manifest), contract)
    schedule = Schedule(epochs=epochs, seed=seed)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    done = 0
    with meter("train", epochs, "epochs", not quiet) as advance:

        def progress(epoch: int, error: float) -> None:
            nonlocal done
            advance(epoch - done, f"{error:.1f} mm")
            done = epoch

        network = train(make, samples, schedule, device, checkpoint, progress)
    export(network, contract, out)
    say(
        f"{counted(len(samples), 'chunk')}, {counted(epochs, 'epoch')}, "
        f"weights {weights_sha256(network)}"
    )
    say(f"model: {out}")

"""``corruptbench train``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.datasets.studio import TRAIN_SHARDS
from corruptbench.evaluation.contract import parse_contract
from corruptbench.evaluation.lifter import usable_device
from corruptbench.lifters.export import check_suffix, export
from corruptbench.lifters.samples import load_samples
from corruptbench.lifters.training import Schedule, train, weights_sha256
from corruptbench.lifters.videopose3d import VideoPose3D
from corruptbench.progress import Meter
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import joint_set


@click.command()
@click.argument("lifter", type=click.Choice(["videopose3d"]))
@click.option("--shards", type=click.Path(path_type=Path), default=TRAIN_SHARDS,
              help="Of a training split. Default: the embedded one.")  # fmt: skip
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies (labels).")
@click.option("--manifest", help="Id or .toml. Default: the one that the shards name.")
@click.option("--joints", type=click.Choice(["h36m17", "humaneva15"]), default="h36m17",
              show_default=True, help="Joint set of keypoints and poses.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), default=Schedule.epochs, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=Schedule.seed, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--name", default="videopose3d-27", show_default=True, help="In the leaderboard.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("videopose3d-27.pt2"),
              show_default=True, help="model.pt2 or model.pt.")  # fmt: skip
def command(
    lifter: str,  # noqa: ARG001
    shards: Path,
    root: Path | None,
    manifest: str | None,
    joints: str,
    epochs: int,
    seed: int,
    device: str,
    name: str,
    out: Path,
) -> None:
    """Train a baseline lifter on clean detections and export it. Run again to resume."""
    check_suffix(out)
    usable_device(device)

    def make() -> VideoPose3D:
        return VideoPose3D(len(joint_set(joints)), 2)

    contract = parse_contract(
        {
            "name": name, "joints": joints, "channels": "xy", "normalize": "screen",
            "window": "sequence", "frames": make().frames, "units": "m", "root": "relative",
        },
        "the lifter's contract",
    )  # fmt: skip
    samples = load_samples(open_shards(shards, root, manifest), contract)
    schedule = Schedule(epochs=epochs, seed=seed)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    with Meter("train", epochs, "epochs") as meter:
        network = train(
            make, samples, schedule, device, checkpoint,
            lambda epoch, error: meter.advance(epoch - meter.done, f"{error:.1f} mm"),
        )  # fmt: skip
    export(network, contract, out)
    click.echo(f"{len(samples)} chunks, {epochs} epochs, weights {weights_sha256(network)}")
    click.echo(f"model: {out}")

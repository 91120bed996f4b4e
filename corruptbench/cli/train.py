"""``corruptbench train``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corruptbench.cli import names, options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.words import Name
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.training.config import Config
    from corruptbench.training.state import Epoch

#: Options that are fields of the schedule; others are fields of the config.
_SCHEDULE = ("epochs", "seed", "patience", "precision")


@define("corruptbench train videopose3d --tagn measured --ca-conv --out mine.pt2")
@click.argument("lifter", type=Name(names.lifters), required=False)
@click.option("--config", type=options.PATH, metavar="FILE",
              help="TOML file of all parameters. An option that is given replaces a value of "
              "the file.")  # fmt: skip
@click.option("--shards", type=options.SHARDS,
              help="Of a training split. Default: the embedded one.")  # fmt: skip
@options.root
@options.manifest_of_shards
@click.option("--joints", type=Name(lambda: ["h36m17", "humaneva15"]),
              help="Joint set: h36m17 (default) or humaneva15.")  # fmt: skip
@click.option("--frames", type=click.IntRange(min=1),
              help="Frames of the receptive field. Default: the lifter's own number.")  # fmt: skip
@click.option("--tagn", metavar="NOISE",
              help="Noise on training poses: none (default), plain, full, measured, or a file of "
              "measure-noise.")  # fmt: skip
@click.option("--strength", type=click.FloatRange(min=0, min_open=True),
              help="Factor of the displacements of --tagn. Default: 1.")  # fmt: skip
@click.option("--ca-conv", is_flag=True, default=None,
              help="Put a confidence-aware input in front. It learns from --tagn what scores "
              "are worth.")  # fmt: skip
@click.option("--on-corruptions", metavar="NOISE",
              help="Also train on corrupted detections of the same clips, from a file of "
              "measure-noise. No remedy: it has seen the corruptions.")  # fmt: skip
@click.option("--validation", multiple=True, metavar="PERSON",
              help="Do not train on this person, whose error chooses the epoch; "
              "repeatable.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the data. Default: 30.")
@click.option("--patience", type=click.IntRange(min=0),
              help="Epochs without a lower validation error, after which to end. "
              "Default: 0, never.")  # fmt: skip
@click.option("--precision", type=Name(lambda: ["float32", "mixed"]),
              help="float32 (default) or mixed (bfloat16).")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0),
              help="Seed of initial weights, order, mirroring, noise and dropout. "
              "Default: 1.")  # fmt: skip
@options.device
@click.option("--name", help="Name in the leaderboard. Default: one that says what it is.")
@click.option("--log", type=options.PATH, metavar="FILE", help="Parquet file of the epochs.")
@click.option("--tensorboard", type=options.PATH, metavar="FOLDER",
              help="Also write the epochs for TensorBoard.")  # fmt: skip
@options.quiet
@options.out("lifter.pt2", "model.pt2 or model.pt.")
def command(
    config: Path | None,
    shards: AnyPath | None,
    root: Path | None,
    manifest: str | None,
    device: str,
    log: Path | None,
    tensorboard: Path | None,
    quiet: bool,
    out: Path,
    **given: Any,
) -> None:
    """Train a lifter on clean detections and export it. Run again to resume."""
    from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
    from corruptbench.lifters.export import check_suffix, export
    from corruptbench.lifters.network import usable_device
    from corruptbench.progress import counted, meter, note
    from corruptbench.shards.shard_set import open_shards
    from corruptbench.training.config import WORDS
    from corruptbench.training.logs import save_log, tensorboard_writer
    from corruptbench.training.run import Checkpoints, run
    from corruptbench.training.train import weights_sha256

    check_suffix(out)
    usable_device(device)
    wanted = _config(config, given)
    noises = (wanted.tagn, wanted.on_corruptions, wanted.validation_noise)
    read = [p for p in (config, *(Path(n) for n in noises if n and n not in WORDS)) if p]
    if isinstance(shards, Path):
        read += [shards / "lock.json", *shards.rglob("*.parquet")]
    _check_files(read, {"out": out, **({"log": log} if log else {})})
    folders = (shards,) if shards else ALL_TRAIN_SHARDS
    shard_sets = [open_shards(folder, root, manifest) for folder in folders]
    checkpoints = Checkpoints.beside(out)
    done, epochs = 0, wanted.schedule.epochs
    with (
        tensorboard_writer(tensorboard) as write,
        meter("train", epochs, "epochs", not quiet) as advance,
    ):

        def progress(epoch: Epoch) -> None:
            nonlocal done
            advance(epoch.epoch - done, _text(epoch))
            done = epoch.epoch
            write(epoch)

        say_notes = _nothing if quiet else note
        result = run(wanted, shard_sets, device, checkpoints, progress, say_notes)
        if before := len(result.trained.epochs) - done:
            advance(before, "trained before")
    export(result.trained.network, result.contract, out)
    if log:
        save_log(result.trained, log)
    checkpoints.remove()
    trained = result.trained
    say_text(
        f"{counted(result.samples, 'chunk')}, {counted(len(trained.epochs), 'epoch')}, "
        f"weights of epoch {trained.best} {weights_sha256(trained.network)}"
    )
    say_text(f"model: {out}")


def _nothing(_: str) -> None:
    """Leave a note out."""


def _check_files(read: Iterable[Path], written: Mapping[str, Path]) -> None:
    """Refuse to write over what is read or a model, and to write where a folder is."""
    from corruptbench.errors import InputError
    from corruptbench.files import check_file_name, check_folder

    taken = {path.resolve() for path in read}
    for field, path in written.items():
        check_folder(path.parent)
        check_file_name(path, field)
        if path.resolve() in taken:
            raise InputError(f"{path}: is read or written, too; name another file", field)
        if field == "out" and path.exists():
            raise InputError(
                f"{path}: exists; a training does not replace a model: name another file, or "
                "remove this one",
                field,
            )
        taken.add(path.resolve())


def _config(path: Path | None, given: dict[str, Any]) -> Config:
    """Return the config of a file with the options that were given."""
    from corruptbench.training.config import Config

    base = Config.read(path) if path else Config()
    options_given = {k: v for k, v in given.items() if v not in (None, ())}
    schedule = {k: options_given.pop(k) for k in _SCHEDULE if k in options_given}
    record = base.model_dump() | options_given
    record["schedule"] |= schedule
    where = "the options" if options_given or schedule or path is None else str(path)
    return Config.checked(record, where)


def _text(epoch: Epoch) -> str:
    if isnan(epoch.corrupted):  # no validation
        return f"{epoch.training:.1f} mm"
    validation = f"{epoch.clean:.1f} mm clean, {epoch.corrupted:.1f} mm corrupted"
    return f"{epoch.training:.1f} mm, validation {validation}"

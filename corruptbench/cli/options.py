"""Options and arguments that several commands have, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from corruptbench import defaults
from corruptbench.cli import names
from corruptbench.cli.paths import LocalPath, ShardsPath
from corruptbench.cli.words import Hint, Name

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH, SHARDS = LocalPath(), ShardsPath()
MANIFEST = Name(names.manifests, "*.toml")
CORRUPTION = Name(names.corruptions)
DETECTOR = Name(names.detectors, *names.detector_patterns())
BUILD_DETECTOR = Name(
    lambda: names.detectors() + names.ground_truths(),
    *names.detector_patterns(), *names.ground_truth_patterns(),
)  # fmt: skip
CRF = click.IntRange(0, 51)
CRF_HELP = (
    "Constant rate factor. 1 to 51: H.264 4:2:0, which halves the resolution of color (color noise "
    "loses most of it). 0: lossless RGB, for players that know H.264 High 4:4:4 in RGB."
)
_MANIFESTS = f"One of {', '.join(names.manifests())}; or a .toml file."
_CORRUPTIONS = f"One of {', '.join(names.corruptions())}."


def manifest(default: str | None = defaults.MANIFEST, absent: str = "") -> Decorator:
    """Return ``--manifest``; ``absent`` says what is taken where there is no default."""
    return click.option(
        "--manifest", type=MANIFEST, default=default, show_default=True,
        help=f"Benchmark. {absent}{_MANIFESTS}",
    )  # fmt: skip


def corruptions(absent: str) -> Decorator:
    """Return ``--corruption``, which can be repeated; ``absent`` says what is taken without it."""
    return click.option(
        "--corruption", type=CORRUPTION, multiple=True,
        help=f"Only this one; repeatable. Default: {absent}. {_CORRUPTIONS}",
    )  # fmt: skip


def out(default: str, text: str) -> Decorator:
    """Return ``--out``."""
    return click.option("--out", type=PATH, default=Path(default), show_default=True, help=text)


corruption = click.option("--corruption", type=CORRUPTION, required=True, help=_CORRUPTIONS)
severities = click.option(
    "--severity", type=Hint(lambda: ["1-5", *"12345"]), default="1-5", show_default=True,
    help="Such as 3, 1-5 or 1,3,5.",
)  # fmt: skip


def _detector(kind: Name, more: str = "") -> Decorator:
    """Return ``--detector`` and ``--weights``; the command is given both as one name."""
    named = click.option(
        "--detector", type=kind, default=defaults.DETECTOR, show_default=True,
        callback=_with_weights,
        help=f"Finds the person. One of {', '.join(names.detectors())}; or a model of yours: "
        "onnx:FILE.onnx, or mmpose:CONFIG, a .py file or the name of one of mmpose's"
        f"{more} (docs/detectors.md).",
    )  # fmt: skip
    weights = click.option(
        "--weights", type=PATH, is_eager=True, expose_value=False, callback=_keep_weights,
        help="Checkpoint of mmpose:CONFIG. Default: the .pth file of the same name, in the folder "
        "of the .py file.",
    )  # fmt: skip
    return lambda command: named(weights(command))


def _keep_weights(context: click.Context, option: click.Parameter, value: Path | None) -> None:
    context.meta[f"{__name__}.{option.name}"] = value


def _with_weights(context: click.Context, _: click.Parameter, value: str) -> str:
    weights = context.meta[f"{__name__}.weights"]
    if weights is None:
        return value
    if not value.startswith("mmpose:"):
        raise click.UsageError(f"--weights {weights} is for mmpose:CONFIG: leave it out.")
    return f"{value}:{weights}"


detector = _detector(DETECTOR)
build_detector = _detector(
    BUILD_DETECTOR,
    "; or the labels in its place: ground-truth:projected, or with the noise that a detector had, "
    "ground-truth:measured or ground-truth:NOISE.parquet",
)
boxes = click.option(
    "--boxes", type=Name(lambda: [defaults.BOXES, *names.person_detectors()]),
    default=defaults.BOXES, show_default=True,
    help="Where the crops of the detector are cut: around the boxes of the labels, or of a person "
    f"detector that sees the corrupted pictures, {', '.join(names.person_detectors())}.",
)  # fmt: skip
device = click.option(
    "--device", type=Hint(lambda: ["cpu", "cuda"]), default="cpu", show_default=True,
    help="cpu, cuda or cuda:N.",
)  # fmt: skip
time_limit = click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), default=300.0, show_default=True,
    metavar="SECONDS", help="For loading the model, and for each batch.",
)  # fmt: skip
memory_limit = click.option(
    "--memory-limit", type=click.FloatRange(min=0, min_open=True), default=8.0, show_default=True,
    metavar="GB", help="For the model, on a CPU.",
)  # fmt: skip
threads = click.option(
    "--threads", type=click.IntRange(1, 1024),
    help="Threads of the model on a CPU. Default: one for each usable processor.",
)  # fmt: skip
trust = click.option(
    "--trust", is_flag=True, help="Run machine code that the file holds (AOTInductor)."
)
calibration = click.option(
    "--calibration", type=PATH, metavar="FILE",
    help="Calibration of the detector's scores, for a lifter that asks for calibrated ones. "
    "Default: the one that comes with the project.",
)  # fmt: skip
contract_of_poses = click.option(
    "--contract", type=PATH, metavar="FILE.toml",
    help="What the poses of a folder of .npz are: the contract of their lifter.",
)  # fmt: skip
root = click.option(
    "--root", type=PATH, help="Folder of the data set. Not needed for the embedded studio set."
)
shards = click.option(
    "--shards",
    type=SHARDS,
    default=Path("shards"),
    show_default=True,
    help="Folder of a build, or s3://bucket/prefix.",
)
manifest_of_shards = manifest(None, "Default: the one that the shards name. ")
board = click.option(
    "--board", type=PATH, default=Path("leaderboard/results"), show_default=True,
    help="Folder of the leaderboard's results.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_QUIET: dict[str, Any] = {"is_flag": True, "help": "Print errors, but no progress and no notes."}
quiet = click.option("--quiet", **_QUIET)
#: For commands without progress and notes, so that every command takes the option.
always_quiet = click.option("--quiet", expose_value=False, **_QUIET)

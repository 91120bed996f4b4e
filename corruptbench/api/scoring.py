"""Score a lifter, or its saved predictions, on a build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from corruptbench.api.result import Result
from corruptbench.api.shards import open_shards
from corruptbench.files import optional_path
from corruptbench.storage import S3Path

if TYPE_CHECKING:
    from corruptbench.lifters.lifter import Lifter
    from corruptbench.shards.shard_set import ShardSet


def load_lifter(
    path: str | Path,
    device: str = "cpu",
    *,
    allow: Iterable[str] = (),
    time_limit: float | None = None,
    memory_limit: float | None = None,
    threads: int | None = None,
    trust: bool = False,
    log: str | Path | None = None,
) -> Lifter:
    """Load an exported lifter into a process of its own, and probe it on made-up input.

    A model is a program. On Linux its process has no network and cannot write files, where the
    system permits that; it can read what you can read.

    Args:
        path: ``.pt2`` (torch.export), ``.pt`` (TorchScript) or ``.onnx``, the contract inside or
            beside it.
        device: "cpu", "cuda" or "cuda:N".
        allow: names of probes that it may fail; the result is marked.
        time_limit: seconds for loading and for each batch; 300 by default.
        memory_limit: GB on a CPU; 8 by default.
        threads: of a CPU; by default one for each usable processor.
        trust: whether to run machine code that the file holds (AOTInductor).
        log: file for what the model prints; nowhere by default.

    Returns:
        A callable on (B, T, J, C) float32 arrays in the contract's convention.

    Raises:
        InputError: the file is no such model, is damaged, has no contract, breaks it, fails a
            probe, or needs more than the limits.
    """
    from corruptbench.lifters import lifter
    from corruptbench.lifters.process import MEMORY_LIMIT, TIME_LIMIT, RunLimits

    limits = RunLimits(time_limit or TIME_LIMIT, memory_limit or MEMORY_LIMIT, threads)
    return lifter.load_lifter(Path(path), device, limits, tuple(allow), trust, optional_path(log))


def evaluate(
    model: str | Path | Lifter,
    shards: str | Path | S3Path | ShardSet = "shards",
    *,
    root: str | Path | None = None,
    manifest: str | Path | None = None,
    device: str = "cpu",
    progress: bool = True,
    save_predictions: str | Path | None = None,
    filter: str | None = None,  # noqa: A002
    calibration: str | Path | None = None,
) -> Result:
    """Score a lifter on every cell of a build.

    Args:
        model: path of an exported lifter, or one from `load_lifter`, which has more options.
        shards: folder or "s3://bucket/prefix" of a finished build, or what `build` or
            `open_shards` returned.
        root: folder of the data set, as for `open_shards`; not for shards that are open already.
        manifest: likewise.
        device: "cpu", "cuda" or "cuda:N"; not for a lifter that is loaded already.
        progress: whether to show progress on stderr.
        save_predictions: Parquet file for the poses, which `score` reads; nowhere by default.
        filter: smooths the keypoints of each clip over time before the lifter sees them:
            "learned_confidence", "median_confidence", "one_euro" or "savitzky_golay"; none by
            default. The row has a name of its own, such as "videopose3d-27+one_euro".
        calibration: file of a calibration of the detector's scores, for a lifter whose contract
            asks for calibrated ones; by default a shipped one.

    Returns:
        Errors in mm, in memory; `Result.save` writes them.

    Raises:
        InputError: the shards or the model are not as expected, there is no such filter, there is
            no calibration for the detector, or the model gives poses that cannot be scored.
    """
    from corruptbench.evaluation.live import LivePoses
    from corruptbench.evaluation.predictions import saved
    from corruptbench.evaluation.run import evaluated
    from corruptbench.keypoint_evaluation.score_calibration import calibration_for
    from corruptbench.lifters.filtered import filter_doubt
    from corruptbench.progress import note
    from corruptbench.shards.shard_set import ShardSet

    shard_set = shards if isinstance(shards, ShardSet) else open_shards(shards, root, manifest)
    if progress and (line := filter_doubt(filter, shard_set.lock.detector.name)):
        note(line)
    lifter = load_lifter(model, device) if isinstance(model, (str, Path)) else model
    detector = shard_set.lock.detector
    scores = calibration_for(lifter.contract, detector, optional_path(calibration))
    name = lifter.name or lifter.contract.name
    command = f"corruptbench evaluate {quote(name)} --shards SHARDS --device {lifter.device}"
    command += f" --filter {filter}" if filter else ""
    command += f" --calibration {quote(Path(calibration).name)}" if calibration else ""
    source = LivePoses(lifter, filter, scores)
    with saved(optional_path(save_predictions), source, shard_set) as watchers:
        return Result(*evaluated(source, shard_set, command, progress, watchers))


def score(
    predictions: str | Path,
    shards: str | Path | S3Path | ShardSet = "shards",
    *,
    root: str | Path | None = None,
    manifest: str | Path | None = None,
    contract: str | Path | None = None,
    progress: bool = True,
) -> Result:
    """Score the predictions of a lifter without the lifter.

    Args:
        predictions: what ``evaluate(save_predictions=...)`` wrote, which gives the same numbers; or
            a folder of ``.npz``, one for each cell, named as the 2D files that ``corruptbench
            convert --format videopose3d`` writes (``docs/results.md`` has the layout).
        shards: folder or "s3://bucket/prefix" of a finished build, or what `build` or
            `open_shards` returned.
        root: folder of the data set, as for `open_shards`; not for shards that are open already.
        manifest: likewise.
        contract: path of the lifter's contract (.toml). Only a folder of ``.npz`` needs one.
        progress: whether to show progress on stderr.

    Returns:
        Errors in mm, in memory; `Result.save` writes them.

    Raises:
        InputError: the predictions are damaged, incomplete, or those of other shards, or cannot
            be scored.
    """
    from corruptbench.convert.predictions import predicted_poses
    from corruptbench.evaluation.run import evaluated
    from corruptbench.shards.shard_set import ShardSet

    shard_set = shards if isinstance(shards, ShardSet) else open_shards(shards, root, manifest)
    path = Path(predictions)
    declared = "" if contract is None else f" --contract {quote(Path(contract).name)}"
    command = f"corruptbench score {quote(path.name)} --shards SHARDS{declared}"
    source = predicted_poses(path, shard_set, optional_path(contract))
    return Result(*evaluated(source, shard_set, command, progress))

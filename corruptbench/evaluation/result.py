"""The result of an evaluation: made in memory, saved as two files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa

from corruptbench.errors import InputError
from corruptbench.evaluation import details
from corruptbench.evaluation.clean_cells import CleanCells
from corruptbench.evaluation.rejected import RejectedPosesError, rejected_path, unseen_poses
from corruptbench.files import write_together
from corruptbench.leaderboard import Result, clips, summarize
from corruptbench.leaderboard.columns import CLIP_KEY, MEANS, version_of
from corruptbench.leaderboard.records import GREATEST
from corruptbench.leaderboard.referee.joint_errors import joint_errors
from corruptbench.leaderboard.schema import Benchmark, Boxes, Build, Coverage, Scoring
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.leaderboard.statistics.mce import mean_corruption_error
from corruptbench.shards.lock import software
from corruptbench.shards.records import DetectorRecord
from corruptbench.shards.shard_set import ShardSet


class ImpossibleErrorsError(InputError):
    """Errors are larger than a result can hold. The message has one of them, and names its clip."""


def make_result(
    table: pd.DataFrame,
    lifter: LifterRecord,
    shard_set: ShardSet,
    command: str,
    clean: CleanCells | None = None,
    joints: pd.DataFrame | None = None,
) -> Result:
    """Return the result of an evaluation; write nothing.

    Args:
        table: from `corruptbench.evaluation.score.score`.
        lifter: what was scored.
        shard_set: the shards that it was scored on.
        command: a command line that repeats the evaluation, for the record.
        clean: saw the clean cells of the evaluation; without it, the result has no warnings.
        joints: from `corruptbench.evaluation.details.joint_columns`, of the first sample.

    Raises:
        RejectedPosesError: the lifter gave poses that cannot be scored.
        ImpossibleErrorsError: an error is larger than a result can hold.
        InputError: the table cannot be aggregated (for example, it has only clean cells).
    """
    if table["rejected"].any():
        raise RejectedPosesError(lifter.name, table, unseen_poses(table, shard_set))
    _check_possible(table, lifter.name)
    lock, manifest = shard_set.lock, shard_set.manifest
    try:
        summary = summarize(table, manifest.scoring.average)
    except ValueError as error:
        raise InputError(f"{shard_set.folder}: cannot be summarized: {error}") from None
    result = Result(
        schema_version=version_of(table.columns),
        benchmark=Benchmark(**lock.benchmark.model_dump()),
        build=Build(
            detector=lock.detector.name,
            weights_sha256=lock.detector.weights_sha256,
            score_meaning=lock.detector.score_meaning,
            pixels_sha256=lock.pixels_sha256,
            detections_sha256=lock.detections_sha256,
            boxes=_boxes(lock.detector),
        ),
        lifter=lifter,
        scoring=Scoring(**manifest.scoring.model_dump()),
        coverage=_coverage(table, shard_set),
        clips_sha256=hashlib.sha256(clips.to_parquet(table)).hexdigest(),
        software=software(),
        # A file name need not be UTF-8, JSON must be.
        command=command.encode("utf-8", "backslashreplace").decode(),
        labels=clean.labels() if clean else None,
        warnings=clean.warnings(summary) if clean else None,
        **summary._asdict(),
    )
    return result.model_copy(
        update={
            "mce": mean_corruption_error(result),
            "joint_errors": None
            if joints is None or lifter.samples != 1
            else joint_errors(table, joints, manifest.scoring.average),
        }
    )


def _check_possible(table: pd.DataFrame, name: str) -> None:
    """Refuse errors that a result cannot hold: no pose of a person has them."""
    for column in (c for c in MEANS if c in table and (table[c] > GREATEST).any()):
        mean, worst = MEANS[column], table.loc[int(table[column].argmax())]
        clip = "/".join(str(worst[part]) for part in CLIP_KEY)
        raise ImpossibleErrorsError(
            f"{name}: {mean.label.format('')} of {worst[column]:.3g} {mean.unit} in {clip}, "
            f"{worst['corruption']} of severity {worst['severity']}; expected at most "
            f"{GREATEST:,.0f}: compare the lifter's poses with its contract's units and mean"
        )


def _boxes(detector: DetectorRecord) -> Boxes | None:
    """Return the person detector of a build; None for the boxes of the labels."""
    boxes = detector.boxes
    if boxes is None:
        return None
    return Boxes(detector=boxes.name, weights_sha256=boxes.weights_sha256)


def _coverage(table: pd.DataFrame, shard_set: ShardSet) -> Coverage:
    frames, cells = int(table["frames"].sum()), len(shard_set.cells)
    return Coverage(
        clips=len(table) // cells,
        cells=cells,
        n_expected=frames // cells * len(shard_set.manifest.cells),
        n_scored=frames,
        excluded=shard_set.manifest.clips.exclude,
    )


def result_path(folder: Path, name: str) -> Path:
    """Return the path of the result of a lifter of that name."""
    return folder / f"{name}.json"


def check_free(path: Path, lifter: str, manifest: str, detections: str) -> None:
    """Check that no result of another model or another build has this path.

    Args:
        path: of the result.
        lifter: SHA-256 of the model.
        manifest: SHA-256 of the manifest.
        detections: SHA-256 of the detections of the build.

    Raises:
        InputError: there is one.
    """
    try:
        earlier = Result.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return
    except ValueError:
        raise InputError(
            f"{path}: exists and is no result that this version reads; move it away, or write to "
            "another folder",
            "out",
        ) from None
    pairs = {
        "model": (earlier.lifter.sha256, lifter),
        "benchmark": (earlier.benchmark.manifest_sha256, manifest),
        "build": (earlier.build.detections_sha256, detections),
    }
    for what, (theirs, ours) in pairs.items():
        if theirs != ours:
            raise InputError(
                f"{path}: holds the result of another {what} ({theirs[:12]}, this is {ours[:12]}); "
                "move it away, write to another folder, or give the lifter another name",
                "out",
            )


def save(
    result: Result, table: pd.DataFrame, folder: Path, companions: dict[str, pa.Table] | None = None
) -> Path:
    """Write ``<lifter>.json``, ``<lifter>.clips.parquet`` and companions: all, or none of them.

    Args:
        result: from `make_result`.
        table: the table that the result was made from.
        folder: is made if it is missing.
        companions: from `corruptbench.evaluation.details.Details.tables`.

    Returns:
        The path of the JSON file.

    Raises:
        InputError: the table is not the one that the result was made from, or the folder holds the
            result of another model or build under this name.
        OSError: the files cannot be written.
    """
    name, rows = result.lifter.name, clips.to_parquet(table)
    if hashlib.sha256(rows).hexdigest() != result.clips_sha256:
        raise InputError(
            f"result of {name}: its clips table was changed after the evaluation; evaluate again"
        )
    path = result_path(folder, name)
    check_free(
        path,
        result.lifter.sha256,
        result.benchmark.manifest_sha256,
        result.build.detections_sha256,
    )
    contents = {path: f"{result.model_dump_json(indent=1)}\n".encode()}
    contents[folder / f"{name}.clips.parquet"] = rows
    for companion, found in (companions or {}).items():
        contents[folder / f"{name}.{companion}.parquet"] = details.to_parquet(found)
    write_together(contents)
    rejected_path(folder, name).unlink(missing_ok=True)  # of an earlier run
    return path

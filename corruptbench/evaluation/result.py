"""The result of an evaluation: made in memory, saved as two files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from corruptbench.errors import InputError
from corruptbench.evaluation.clean_cells import CleanCells
from corruptbench.evaluation.rejected import RejectedPosesError, rejected_path
from corruptbench.files import atomic
from corruptbench.leaderboard import Result, clips, summarize
from corruptbench.leaderboard.columns import version_of
from corruptbench.leaderboard.schema import Benchmark, Build, Coverage, Scoring
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.lifter import Lifter
from corruptbench.shards.lock import software
from corruptbench.shards.shard_set import ShardSet


def make_result(
    table: pd.DataFrame,
    lifter: Lifter,
    shard_set: ShardSet,
    command: str,
    clean: CleanCells | None = None,
) -> Result:
    """Return the result of an evaluation; write nothing.

    Args:
        table: from `corruptbench.evaluation.score.score`.
        lifter: the lifter that was scored.
        shard_set: the shards that it was scored on.
        command: a command line that repeats the evaluation, for the record.
        clean: saw the clean cells of the evaluation; without it, the result has no warnings.

    Raises:
        RejectedPosesError: the lifter gave poses that cannot be scored.
        InputError: the table cannot be aggregated (for example, it has only clean cells).
    """
    if table["rejected"].any():
        raise RejectedPosesError(lifter.contract.name, table)
    lock, manifest = shard_set.lock, shard_set.manifest
    try:
        summary = summarize(table, manifest.scoring.average)
    except ValueError as error:
        raise InputError(f"{shard_set.folder}: cannot be summarized: {error}") from None
    return Result(
        schema_version=version_of(table.columns),
        benchmark=Benchmark(**lock.benchmark.model_dump()),
        build=Build(
            detector=lock.detector.name,
            weights_sha256=lock.detector.weights_sha256,
            score_meaning=lock.detector.score_meaning,
            pixels_sha256=lock.pixels_sha256,
            detections_sha256=lock.detections_sha256,
        ),
        lifter=LifterRecord(
            name=lifter.contract.name,
            sha256=lifter.sha256,
            bytes=lifter.bytes,
            parameters=lifter.parameters,
            contract=lifter.contract.model_dump(),
        ),
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


def _coverage(table: pd.DataFrame, shard_set: ShardSet) -> Coverage:
    frames, cells = int(table["frames"].sum()), len(shard_set.cells)
    return Coverage(
        clips=len(table) // cells,
        cells=cells,
        n_expected=frames // cells * len(shard_set.manifest.cells),
        n_scored=frames,
        excluded=shard_set.manifest.clips.exclude,
    )


def save(result: Result, table: pd.DataFrame, folder: Path) -> Path:
    """Write ``<lifter>.json`` and ``<lifter>.clips.parquet``, each atomically.

    Args:
        result: from `make_result`.
        table: the table that the result was made from.
        folder: is made if it is missing.

    Returns:
        The path of the JSON file.

    Raises:
        InputError: the table is not the one that the result was made from.
        OSError: the files cannot be written.
    """
    name, rows = result.lifter.name, clips.to_parquet(table)
    if hashlib.sha256(rows).hexdigest() != result.clips_sha256:
        raise InputError(
            f"result of {name}: its clips table was changed after the evaluation; evaluate again"
        )
    path = folder / f"{name}.json"
    with atomic(folder / f"{name}.clips.parquet") as temporary:
        temporary.write_bytes(rows)
    with atomic(path) as temporary:
        temporary.write_bytes(f"{result.model_dump_json(indent=1)}\n".encode())
    rejected_path(folder, name).unlink(missing_ok=True)  # of an earlier run
    return path

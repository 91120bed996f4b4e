"""Makes the result of an evaluation and writes its two files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from corruptbench.errors import InputError
from corruptbench.evaluation.lifter import Lifter
from corruptbench.files import atomic
from corruptbench.leaderboard import Result, clips, summarise
from corruptbench.leaderboard.schema import (
    CLIP_COLUMNS,
    SCHEMA_VERSION,
    Benchmark,
    Build,
    Coverage,
    Scoring,
)
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.manifest import Cell
from corruptbench.shards.lock import software
from corruptbench.shards.shard_set import ShardSet


def write_result(
    table: pd.DataFrame, lifter: Lifter, shard_set: ShardSet, folder: Path, command: str
) -> tuple[Path, Result]:
    """Writes ``<lifter>.json`` and ``<lifter>.clips.parquet`` into ``folder``.

    Args:
        table: from `corruptbench.evaluation.score.score`, in which no pose was rejected.
        lifter: that was scored.
        shard_set: that it was scored on.
        folder: made if it is missing.
        command: that repeats the evaluation, for the record.

    Raises:
        InputError: when poses were rejected, or the table cannot be aggregated (for example, only
            clean cells).
    """
    lock, manifest = shard_set.lock, shard_set.manifest
    _refuse_rejected(table, lifter.contract.name, folder)
    table = table[list(CLIP_COLUMNS)]
    try:
        summary = summarise(table, manifest.scoring.average)
    except ValueError as error:
        raise InputError(f"{shard_set.folder}: cannot be summarised: {error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    name = lifter.contract.name
    clip_rows = folder / f"{name}.clips.parquet"
    frames = int(table["frames"].sum())
    result = Result(
        schema_version=SCHEMA_VERSION,
        benchmark=Benchmark(**lock.benchmark.model_dump()),
        build=Build(
            detector=lock.detector.name,
            weights_sha256=lock.detector.weights_sha256,
            score_meaning=lock.detector.score_meaning,
            pixels_sha256=lock.pixels_sha256,
            detections_sha256=lock.detections_sha256,
        ),
        lifter=LifterRecord(
            name=name,
            sha256=lifter.sha256,
            bytes=lifter.bytes,
            parameters=lifter.parameters,
            contract=lifter.contract.model_dump(),
        ),
        scoring=Scoring(**manifest.scoring.model_dump()),
        coverage=Coverage(
            clips=len(table) // len(shard_set.cells),
            cells=len(shard_set.cells),
            n_expected=frames // len(shard_set.cells) * len(manifest.cells),
            n_scored=frames,
            excluded=manifest.clips.exclude,
        ),
        clips_sha256=clips.write(table, clip_rows),
        software=software(),
        command=command,
        **summary._asdict(),
    )
    path = folder / f"{name}.json"
    with atomic(path) as temporary:
        temporary.write_text(result.model_dump_json(indent=1) + "\n")
    return path, result


def _refuse_rejected(table: pd.DataFrame, name: str, folder: Path) -> None:
    """Raises `InputError` if poses were rejected, and leaves ``<name>.rejected.csv`` to look at."""
    report = folder / f"{name}.rejected.csv"
    bad = table[table["rejected"] > 0]
    if bad.empty:
        report.unlink(missing_ok=True)  # of an earlier run
        return
    with atomic(report) as temporary:
        bad.to_csv(temporary, index=False)
    count, total = int(bad["rejected"].sum()), int((table["frames"] + table["rejected"]).sum())
    clip_key, cell_key = list(clips.CLIP_KEY), list(clips.CELL_KEY)
    stale = folder / f"{name}.json"
    earlier = f" ({stale} is of an earlier run)" if stale.exists() else ""
    worst = bad.nlargest(1, "rejected").iloc[0]
    raise InputError(
        f"{name}: {count} of {total} poses are NaN, infinite or collapsed to a point, in "
        f"{len(bad[clip_key].drop_duplicates())} of {len(table[clip_key].drop_duplicates())} clips "
        f"and {len(bad[cell_key].drop_duplicates())} of "
        f"{len(table[cell_key].drop_duplicates())} cells; most ({worst['rejected']}) in "
        f"{worst['subject']}/{worst['sequence']}.{worst['camera']}, "
        f"{Cell(worst['corruption'], worst['severity'])}. A result without them would not be "
        f"comparable, so there is none{earlier}: mend the model. {report} lists them, with the "
        "errors of the other frames"
    )

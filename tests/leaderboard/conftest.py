"""A factory of results that the referee passes, from synthetic per-clip tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest

from corruptbench.detectors import score_meaning
from corruptbench.leaderboard import Expected, Result, clips, summarize
from corruptbench.leaderboard.columns import (
    CLIP_COLUMNS_3,
    MEANS,
    METRIC_COLUMNS,
    OCCLUSION_COLUMNS,
    version_of,
)
from corruptbench.leaderboard.expected import ExpectedClip
from corruptbench.leaderboard.schema import Benchmark, Scoring

#: Of a build whose boxes are those of a person detector.
BOXES = {"detector": "movenet:multipose", "weights_sha256": "5" * 64}
CORRUPTIONS = {"erase": 1.4, "camera_shake": 1.0, "gaussian_noise": 0.5}
SEVERITIES = (1, 2, 3, 4, 5)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def clip_table(
    seed: int = 0,
    *,
    level: float = 40.0,
    slope: float = 6.0,
    corruptions: Mapping[str, float] = CORRUPTIONS,
    severities: Sequence[int] = SEVERITIES,
    actions: Sequence[str] = ("walk", "sit", "greet"),
    takes: int = 3,
) -> pd.DataFrame:
    """Errors that grow with severity: ``level`` mm when clean, ``slope`` mm for each severity.

    Two takes of three have gaps, which leave 3 or 6 frames without a neighbour.
    """
    random = np.random.default_rng(seed)
    cells = [("clean", 0, 0.0)]
    cells += [(name, s, gain * s) for name, gain in corruptions.items() for s in severities]
    rows = []
    for a, action in enumerate(actions):
        for take in range(takes):
            frames = int(random.integers(40, 400)) * (a + 1)
            clip = dict(
                zip(clips.CLIP_KEY, ("S1", f"{action}-{take}", action, "cam0"), strict=True)
            )
            offset = random.normal(0.0, 0.12) * level + 4.0 * a
            for corruption, severity, gain in cells:
                error = abs(level + offset + slope * gain + random.normal(0.0, 1.0))
                rows.append(
                    {
                        **clip,
                        "corruption": corruption,
                        "severity": severity,
                        "frames": frames,
                        "run_frames": frames - 3 * ((take + 1) % 3),
                        "mpjpe": error,
                        "p_mpjpe": 0.74 * error,
                        "mpjve": 2.0 + 0.08 * error,
                    }
                )
    return pd.DataFrame(rows)


def named_table(name: str, **how: Any) -> pd.DataFrame:
    """`clip_table` with a P-MPJPE for each name: a board has no numbers twice."""
    table, number = clip_table(**how), crc32(name.encode()) - crc32(b"baseline")
    return table.assign(p_mpjpe=table.p_mpjpe * (1 - number % 1000 / 1e4))


#: What version 3 adds to a lifter.
NEW = {"scored_joints": 17, "hypotheses": 1, "samples": 1, "allowed": []}
#: The metrics that need several hypotheses or samples, and those that need known units.
OF_SEVERAL = ("best_mpjpe", "best_p_mpjpe", "mean_mpjpe", "spread")
WITHOUT_UNITS = ("p_mpjpe", "n_mpjpe", "best_p_mpjpe")


def clip_table_3(seed: int = 0, *, without: Sequence[str] = OF_SEVERAL, **how: Any) -> pd.DataFrame:
    """A table of version 3: `clip_table`, and all other columns but those in ``without``.

    Only erase hides the person, for a third of the frames.
    """
    table = clip_table(seed, **how)
    random = np.random.default_rng(seed + 1000)
    for name in METRIC_COLUMNS:
        if name not in table:
            table[name] = random.uniform(5.0, 90.0, len(table)) if name not in without else np.nan
        elif name in without:
            table[name] = np.nan
    table["acceleration_frames"] = table.run_frames - 3
    hidden = table.corruption == "erase"
    third = (table.frames // 3).where(hidden)
    counts = {
        "hidden_joints": 5 * third + table.severity, "visible_joints": 12 * third,
        "covered_frames": third, "after_frames": third // 4,
        "free_frames": table.frames.where(hidden) - third - third // 4,
        "recoveries": (third // 10).where(table.severity < 5),
    }  # fmt: skip
    for name, count in counts.items():
        table[name] = count.astype("Int64")
    for name in OCCLUSION_COLUMNS.values():
        there = table[MEANS[name].weight].fillna(0) > 0
        table[name] = pd.Series(random.uniform(0.2, 90.0, len(table))).where(there)
    return _related(table, without)[[*CLIP_COLUMNS_3]]


def _related(table: pd.DataFrame, without: Sequence[str]) -> pd.DataFrame:
    """The table with means that can be of the same poses, see `referee.relations`."""
    error = table.mpjpe.fillna(table.p_mpjpe / 0.74)
    pck = 100.0 - 0.2 * error
    of_poses = {
        "n_mpjpe": 0.98 * error, "pck": pck, "auc": pck - 0.3 * error,
        "best_mpjpe": 0.5 * error, "mean_mpjpe": 1.1 * error,
    }  # fmt: skip
    for name in of_poses.keys() - set(without):
        table[name] = of_poses[name]
    main = table.mpjpe.fillna(table.p_mpjpe)
    for name, share in (("covered", 1.5), ("after", 1.1)):
        table[f"{name}_error"] = (share * main).where(table[f"{name}_frames"].fillna(0) > 0)
    rest = table.frames * main
    for name in ("covered", "after"):
        rest -= table[f"{name}_frames"].astype(float) * table[f"{name}_error"]
    table["free_error"] = rest / table.free_frames.astype(float)
    return table


def without_units(seed: int = 0, **how: Any) -> pd.DataFrame:
    """A table of version 3 of a lifter of unknown units."""
    return clip_table_3(seed, without=sorted({*METRIC_COLUMNS} - {*WITHOUT_UNITS[:2]}), **how)


def document(table: pd.DataFrame, clips_sha256: str, **changes: Any) -> dict[str, Any]:
    """A result as JSON types; ``changes`` replace or, for mappings, update top-level fields."""
    scored = int(table["frames"].sum())
    name = changes.pop("name", "baseline")
    fields: dict[str, Any] = {
        "schema_version": version_of(table.columns),
        "benchmark": {"id": "toy-c", "version": 1, "manifest_sha256": digest("manifest")},
        "build": {
            "detector": "movenet:thunder",
            "weights_sha256": digest("weights"),
            "score_meaning": score_meaning("movenet:thunder"),
            "pixels_sha256": digest("pixels"),
            "detections_sha256": digest("detections"),
        },
        "lifter": {
            "name": name,
            "sha256": digest(name),
            "bytes": 4_200_000,
            "parameters": 1_230_000,
            "contract": {"input": "h36m17", "channels": "xyc", "window": 27, "flip": True},
            **(NEW if version_of(table.columns) == 3 else {}),
        },
        "scoring": {
            "joints": "h36m17",
            "root_joint": 0,
            "root_rule": "subtract",
            "average": "actions",
        },
        "coverage": {
            "clips": len(table[[*clips.CLIP_KEY]].drop_duplicates()),
            "cells": len(table[[*clips.CELL_KEY]].drop_duplicates()),
            "n_expected": scored,
            "n_scored": scored,
            "excluded": [],
        },
        "clips_sha256": clips_sha256,
        "software": {"corruptbench": "0.1.0", "torch": "2.13.0"},
        "command": f"corruptbench evaluate {name}.pt --shards shards/",
    }
    for key, value in changes.items():
        fields[key] = {**fields.get(key, {}), **value} if isinstance(value, dict) else value
    summary = summarize(table, fields["scoring"]["average"])
    numbers = {
        key: [cell.model_dump() for cell in value] if key == "cells" else value.model_dump()
        for key, value in summary._asdict().items()
        if value is not None
    }
    return {**fields, **numbers}


def expected(table: pd.DataFrame) -> Expected:
    """What the owner of a board expects whose benchmark is just what ``table`` holds."""
    columns = ["subject", "sequence", "camera", "action", "frames", "run_frames"]
    clean = table[table.corruption == "clean"].reindex(columns=[*columns, "acceleration_frames"])
    cells = table[[*clips.CELL_KEY]].drop_duplicates().itertuples(index=False, name=None)
    return Expected(
        benchmark=Benchmark(id="toy-c", version=1, manifest_sha256=digest("manifest")),
        cells=tuple((str(name), int(severity)) for name, severity in cells),
        scoring=Scoring(joints="h36m17", root_joint=0, root_rule="subtract", average="actions"),
        excluded=(),
        clips={
            (str(row.subject), str(row.sequence), str(row.camera)): ExpectedClip(
                action=str(row.action),
                frames=range(row.frames, row.frames + 1),
                run_frames=row.run_frames,
                acceleration_frames=None
                if pd.isna(row.acceleration_frames)
                else int(row.acceleration_frames),
            )
            for row in clean.itertuples()
        },
    )


def write_result(folder: Path, table: pd.DataFrame, **changes: Any) -> Path:
    """Write a valid result and its clips table; return the JSON's path."""
    name = changes.get("name", "baseline")
    folder.mkdir(parents=True, exist_ok=True)
    rows = clips.to_parquet(table)
    (folder / f"{name}.clips.parquet").write_bytes(rows)
    path = folder / f"{name}.json"
    sha256 = hashlib.sha256(rows).hexdigest()
    path.write_text(json.dumps(document(table, sha256, **changes)), encoding="utf-8")
    return path


Make = Callable[..., Path]


@pytest.fixture
def table() -> pd.DataFrame:
    return clip_table()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make(table, name=..., ...)`` writes a submission below the test's folder."""

    def _make(table: pd.DataFrame | None = None, **changes: Any) -> Path:
        name = changes.get("name", "baseline")
        own = named_table(name) if table is None else table
        return write_result(tmp_path / "in", own, **changes)

    return _make


@pytest.fixture
def results() -> list[Result]:
    """Four lifters on one benchmark."""
    return [
        Result.model_validate(
            document(clip_table(seed, level=level, slope=slope), digest(name), name=name)
        )
        for seed, (name, level, slope) in enumerate(
            [("plain", 40.0, 6.0), ("tagn", 41.0, 4.0), ("ca-conv", 40.5, 3.5), ("both", 42.0, 2.5)]
        )
    ]


def row(name: str, level: float, **changes: Any) -> Result:
    """A result of the toy benchmark, of errors that begin at ``level`` mm."""
    table = clip_table(level=level)
    return Result.model_validate(document(table, digest(name), name=name, **changes))


#: What a person may write of a lifter, with all that acts in some format.
HOSTILE = '=1+1 & 50 % of $x_1$ #~^ \\input{x} <b> "q" \'s {{ 7 }} }{ - : @x, é 漢 🙂'


@pytest.fixture
def odd() -> list[Result]:
    """Two rows with a rank, and one without. Detector and authors have texts that could act."""
    build = {"detector": "=1+1|&_\\cmd<b>"}
    other = {**build, "pixels_sha256": digest("other")}
    said = {"authors": HOSTILE, "venue": HOSTILE, "date": "2024-06", "paper": "doi:10.1000/a_b(c)"}
    lifter = {"about": said}
    return [
        row("a_1", 40, build=build),
        row("b_1", 41, build=build),
        row("c", 30, build=other, lifter=lifter),
    ]

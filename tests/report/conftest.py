"""A result with every file beside it, all made up, and all in accord."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import clips
from corruptbench.report.evidence import Evidence, read_evidence
from corruptbench.report.extremes import KEY
from corruptbench.report.page import html
from corruptbench.report.pictures import Pictures
from tests.leaderboard.conftest import clip_table, document

JOINTS, FRAMES = 17, 12
CORRUPTIONS = {"erase": 1.4, "camera_shake": 1.0, "gaussian_noise": 0.5}


def keys(rows: pd.DataFrame) -> dict[str, pa.Array]:
    columns = {n: pa.array(rows[n].astype("str")).dictionary_encode() for n in KEY[:-1]}
    return {**columns, "severity": pa.array(rows["severity"], pa.int8())}


def lists(values: np.ndarray) -> pa.Array:
    flat = values.reshape(len(values), -1).astype(np.float32)
    return pa.FixedSizeListArray.from_arrays(flat.ravel(), flat.shape[1])


def write_joints(path: Path, table: pd.DataFrame, joints: int = JOINTS) -> None:
    random = np.random.default_rng(1)
    error = random.uniform(0.5, 1.5, (len(table), joints))
    error *= (table["mpjpe"].to_numpy() / error.mean(axis=1))[:, None]
    columns = {
        **keys(table), "frames": pa.array(table["frames"], pa.int32()), "error": lists(error),
        "exchanged": pa.array(random.uniform(0, 0.2, len(table)), pa.float32()),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)


def write_frames(path: Path, table: pd.DataFrame) -> None:
    rows = table.loc[table.index.repeat(table["frames"])].reset_index(drop=True)
    frame = rows.groupby(KEY, sort=False).cumcount()
    wiggle = np.where(frame % 2, 1.05, 0.95) * rows["mpjpe"]
    mean = wiggle.groupby([rows[k] for k in KEY]).transform("mean")
    with np.errstate(over="ignore"):  # a greater error is stored as infinite
        error = (wiggle * rows["mpjpe"] / mean).to_numpy(np.float16)
    hidden = np.where((rows["corruption"] == "erase") & frame.between(3, 9), 0.5, 0)
    columns = {
        **keys(rows), "frame": pa.array(frame, pa.int32()), "mpjpe": pa.array(error),
        "p_mpjpe": pa.array(error), "hidden": pa.array(hidden.astype(np.float16)),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)


def write_extracts(
    path: Path, table: pd.DataFrame, joints: int = JOINTS, frames: int = FRAMES
) -> None:
    random = np.random.default_rng(2)
    ordered = table.sort_values("mpjpe")
    places = {"worst 1": -1, "best 1": 0}
    rows = pd.concat([ordered.iloc[[i] * frames].assign(rank=r) for r, i in places.items()])
    target = random.normal(0, 300, (len(rows), joints, 3))
    predicted = target + random.normal(0, 30, target.shape)
    keypoints = random.uniform(0, 200, (len(rows), 17, 2))
    keypoints[0] = np.nan
    columns = {
        "rank": pa.array(rows["rank"]), **keys(rows),
        "frame": pa.array(list(range(frames)) * 2, pa.int32()), "keypoints": lists(keypoints),
        "predicted": lists(predicted), "target": lists(target),
        "error": pa.array(np.linalg.norm(predicted - target, axis=2).mean(1), pa.float32()),
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)


def write(folder: Path, table: pd.DataFrame, joints: int = JOINTS, **changes: object) -> Path:
    """Write a result and all files beside it; return its path."""
    path, data = folder / "mine.json", clips.to_parquet(table)
    (folder / "mine.clips.parquet").write_bytes(data)
    fields = document(table, hashlib.sha256(data).hexdigest(), **changes)
    path.write_text(json.dumps(fields))
    write_joints(folder / "mine.joints.parquet", table, joints)
    write_frames(folder / "mine.frames.parquet", table)
    write_extracts(folder / "mine.extracts.parquet", table, joints)
    return path


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """A clips table of 6 clips, short enough for tests; do not write to it."""
    made = clip_table(corruptions=CORRUPTIONS, actions=("walk", "sit_down"), takes=3)
    return made.assign(frames=FRAMES, run_frames=FRAMES)


@pytest.fixture(scope="session")
def whole(table, tmp_path_factory) -> Evidence:
    """All that the page of a complete result shows."""
    return read_evidence(write(tmp_path_factory.mktemp("whole"), table))


@pytest.fixture(scope="session")
def page(whole) -> str:
    """Its page."""
    return html(whole, Pictures(reason="No pictures: none were asked for."))


@pytest.fixture
def result(table, tmp_path) -> Path:
    """Path of such a result, which a test may spoil."""
    return write(tmp_path, table)

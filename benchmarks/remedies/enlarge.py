"""Write the test videos of the studio set with larger people, as a data set in a folder.

The frames are enlarged with OpenCV's cubic resampling and encoded without visible loss. Cameras and
boxes grow with them. All clips have one factor: a person of median height has the wanted one.

Usage: python -m benchmarks.remedies.enlarge PIXELS --out folder
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.datasets.studio import EMBEDDED
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import open_video

SUBJECTS = ("S6", "S7")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.remedies.enlarge", description=__doc__
    )
    parser.add_argument("pixels", type=float, help="height of a person's box")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    labels = {s: pq.read_table(EMBEDDED / "labels" / f"{s}.parquet") for s in SUBJECTS}
    record = json.loads((EMBEDDED / "dataset.json").read_text(encoding="utf-8"))
    (side,) = {c[name] for c in record["cameras"].values() for name in ("width", "height")}
    heights = np.concatenate([_heights(table) for table in labels.values()])
    larger = 2 * round(side * options.pixels / np.nanmedian(heights) / 2)
    factor = larger / side
    (options.out / "labels").mkdir(parents=True, exist_ok=True)
    _write_record(options.out / "dataset.json", _enlarged(record, factor))
    for subject, table in labels.items():
        pq.write_table(_scaled(table, factor), options.out / "labels" / f"{subject}.parquet")
    videos = [v for s in SUBJECTS for v in sorted((EMBEDDED / "videos" / s).glob("*.mp4"))]
    for number, video in enumerate(videos, 1):
        path = options.out / video.relative_to(EMBEDDED)
        if not path.is_file():
            _enlarge(video, path, larger)
        print(f"[{number}/{len(videos)}] {path}", flush=True)


def _write_record(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record)
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise SystemExit(f"{path}: of people of another size; name another folder with --out")
    path.write_text(text, encoding="utf-8")


def _enlarge(video: Path, path: Path, side: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_video(path, frame_rate(video)) as write:
        for frame in decode(video):
            larger = cv2.resize(frame, (side, side), interpolation=cv2.INTER_CUBIC)
            write(np.asarray(larger, dtype=np.uint8))


def _enlarged(record: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the record of the data set with pictures, px, that are larger by a factor."""
    cameras = {
        name: camera
        | {
            "width": round(factor * camera["width"]),
            "height": round(factor * camera["height"]),
            "focal_length": [factor * f for f in camera["focal_length"]],
            "principal_point": [factor * c for c in camera["principal_point"]],
        }
        for name, camera in record["cameras"].items()
    }
    chosen = {subject: record["sequences"][subject] for subject in SUBJECTS}
    return record | {"cameras": cameras, "sequences": chosen}


def _boxes(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name.startswith("box.")]


def _values(table: pa.Table, name: str) -> np.ndarray[Any, Any]:
    """Return the boxes (F, 4) px of a camera."""
    return table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, 4)


def _heights(table: pa.Table) -> np.ndarray[Any, Any]:
    """Return the heights of all boxes, px; NaN where nobody is in view."""
    boxes = np.concatenate([_values(table, name) for name in _boxes(table)])
    return boxes[:, 3] - boxes[:, 1]


def _scaled(table: pa.Table, factor: float) -> pa.Table:
    """Return the labels with boxes that are larger by a factor; joints are in mm and stay."""
    for name in _boxes(table):
        values = pa.array((factor * _values(table, name)).ravel().astype(np.float32))
        column = pa.FixedSizeListArray.from_arrays(values, 4)
        table = table.set_column(table.column_names.index(name), name, column)
    return table


if __name__ == "__main__":
    main()

"""The lock file: what was built. Two sites compare their locks without exchanging data."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_json, write_json
from corruptbench.records import Record, Sha256
from corruptbench.shards.records import BenchmarkRecord, CellRecord, DetectorRecord, ShardRecord
from corruptbench.text_files import read_text

SOFTWARE = (
    "corruptbench",
    "numpy",
    "opencv-python-headless",
    "av",
    "numba",
    "onnxruntime",
    "torch",
)


class Lock(Record):
    """Content of ``lock.json``; ``clips`` maps a clip's identity to its cells."""

    format: Literal["corruptbench-lock/2"]
    benchmark: BenchmarkRecord
    detector: DetectorRecord
    runtime: str
    pixels_sha256: Sha256
    detections_sha256: Sha256
    clips: dict[str, tuple[CellRecord, ...]]
    software: dict[str, str]


def read_lock(path: Path) -> Lock:
    """Read the lock of a build.

    Raises:
        InputError: it is missing, or is not a lock.
    """
    if not path.parent.is_dir():
        message = f"{path.parent}: no such folder; expected the output folder of a build"
        raise InputError(message, "shards")
    if not path.is_file():
        remedy = "run the build again, it resumes"
        raise InputError(f"{path}: missing; expected the lock of a finished build: {remedy}")
    return Lock.parse(read_text(path), str(path), "build it again")


def software() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide numbers."""
    return {"python": platform.python_version(), **{name: _version(name) for name in SOFTWARE}}


def _version(name: str) -> str:
    """Return a package's version; a module can also come from another package, or from a folder."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


def digest(records: Sequence[ShardRecord], field: str) -> str:
    """Return one SHA-256 over a digest of every cell of every clip, in order of identity."""
    cells = [(str(r.clip), c) for r in records for c in r.cells]
    rows = [[name, c.corruption, c.severity, getattr(c, field)] for name, c in cells]
    return sha256_of_json(sorted(rows))


def write_lock(folder: Path, records: Sequence[ShardRecord], runtime: str) -> Path:
    """Write ``lock.json`` of a finished build, atomically, and return its path."""
    lock = Lock(
        format="corruptbench-lock/2",
        benchmark=records[0].benchmark,
        detector=records[0].detector,
        runtime=runtime,
        pixels_sha256=digest(records, "pixels_sha256"),
        detections_sha256=digest(records, "detections_sha256"),
        clips={str(r.clip): r.cells for r in records},
        software=software(),
    )
    path = folder / "lock.json"
    write_json(path, lock.model_dump(mode="json"))
    return path

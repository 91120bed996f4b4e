"""The lock file: what was built. Two sites compare their locks without exchanging data."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file, sha256_of_json, write_json
from corruptbench.nearby import held, is_build, nearest
from corruptbench.records import Record, Sha256
from corruptbench.shards.records import (
    BenchmarkRecord,
    CellRecord,
    DetectorRecord,
    ShardRecord,
    shard_path,
)
from corruptbench.storage import AnyPath, S3Path, found_at
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
    """Content of ``lock.json``.

    Attributes:
        format: of the lock.
        benchmark: that was built.
        detector: that was run.
        runtime: that ran it.
        pixels_sha256: digest over those of all cells.
        detections_sha256: likewise.
        clips: the cells of each clip, by the identity of the clip.
        files: the SHA-256 of each clip's shard. Another site has others: they depend on the
            version of Parquet's writer.
        software: versions.
    """

    format: Literal["corruptbench-lock/3"]
    benchmark: BenchmarkRecord
    detector: DetectorRecord
    runtime: str
    pixels_sha256: Sha256
    detections_sha256: Sha256
    clips: dict[str, tuple[CellRecord, ...]]
    files: dict[str, Sha256]
    software: dict[str, str]


def read_lock(path: AnyPath) -> Lock:
    """Read the lock of a build, and compare what it states twice.

    Raises:
        InputError: it is missing, is not a lock, or was altered.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: {_no_folder(path.parent)}", "shards")
    if not path.is_file():
        raise InputError(_no_lock(path), "shards")
    lock = Lock.parse(read_text(path), str(path), "build it again")
    _check(lock, path)
    return lock


def _no_folder(path: AnyPath) -> str:
    """Say what is in place of the output folder of a build, and what to do."""
    if isinstance(path, S3Path):
        return (
            "the bucket is there, but no object in it has a name that begins with "
            f"'{f'{path.key}/'.lstrip('/')}'; expected lock.json and keypoints/ of a build: check "
            "the name, or build into this place"
        )
    found = found_at(path, "no such folder")
    inside = f"; give its folder, {path.parent}" if path.name == "lock.json" else ""
    return f"{found}; expected the output folder of a build{inside or _shards_near(path)}"


def _no_lock(path: AnyPath) -> str:
    """Say what is there in place of a lock, and where shards seem to be."""
    folder, found = path.parent, found_at(path, "missing")
    if found == "a folder" and (path / "lock.json").is_file():
        return f"{path}: a folder; expected a lock: give {path / 'lock.json'}"
    expected = "expected the lock of a finished build"
    if isinstance(folder, S3Path) or path.name != "lock.json" or is_build(folder):
        return f"{path}: {found}; {expected}: run the build again, it resumes"
    if near := _shards_near(folder):
        return f"{folder}: no shards{near}"
    what = held(folder) or "neither lock.json nor keypoints/"
    return f"{folder}: holds {what}; expected the output folder of a build"


def _shards_near(folder: AnyPath) -> str:
    """Say where shards seem to be, if they are near, as "; there are shards in ..."."""
    other = None if isinstance(folder, S3Path) else nearest(folder, is_build)
    return f"; there are shards in {other}: give that folder" if other else ""


def _check(lock: Lock, path: AnyPath) -> None:
    """Raise `InputError` if the parts of a lock do not agree."""
    remedy = "it was altered: run the build again"
    if lock.files.keys() != lock.clips.keys():
        names = sorted(lock.files.keys() ^ lock.clips.keys())
        raise InputError(
            f"{path}: files: {names[0]} is in one of files and clips, expected in both; {remedy}",
            "shards",
        )
    cells = [(name, cell) for name, cells in lock.clips.items() for cell in cells]
    twice = [key for key, n in Counter((name, c.cell) for name, c in cells).items() if n > 1]
    if twice:
        raise InputError(
            f"{path}: clips: {twice[0][0]} states {twice[0][1]} twice, expected once; {remedy}",
            "shards",
        )
    for field in ("pixels_sha256", "detections_sha256"):
        found, expected = getattr(lock, field), digest(cells, field)
        if found != expected:
            raise InputError(
                f"{path}: {field}: found {found[:12]}, its cells have {expected[:12]}; {remedy}",
                "shards",
            )


def software() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide numbers."""
    return {"python": platform.python_version(), **{name: _version(name) for name in SOFTWARE}}


def _version(name: str) -> str:
    """Return a package's version; a module can also come from another package, or from a folder."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


def digest(cells: Sequence[tuple[str, CellRecord]], field: str) -> str:
    """Return one SHA-256 over a digest of every cell, in order of its clip's name and its own."""
    rows = [[name, c.corruption, c.severity, getattr(c, field)] for name, c in cells]
    return sha256_of_json(sorted(rows))


def write_lock(folder: AnyPath, records: Sequence[ShardRecord], runtime: str) -> AnyPath:
    """Write ``lock.json`` of a finished build, atomically, and return its path."""
    cells = [(str(r.clip), c) for r in records for c in r.cells]
    lock = Lock(
        format="corruptbench-lock/3",
        benchmark=records[0].benchmark,
        detector=records[0].detector,
        runtime=runtime,
        pixels_sha256=digest(cells, "pixels_sha256"),
        detections_sha256=digest(cells, "detections_sha256"),
        clips={str(r.clip): r.cells for r in records},
        files={str(r.clip): sha256_of_file(shard_path(folder, r.clip)) for r in records},
        software=software(),
    )
    path = folder / "lock.json"
    write_json(path, lock.model_dump(mode="json"))
    return path

"""Read and write shards: one Parquet file for each clip, one row group for each cell.

Columns: ``corruption`` and ``severity`` (dictionary-encoded), ``frame`` (int32), ``keypoints``
(2 K float32, x and y in pixels of the full frame), ``scores`` (K float32), ``box`` (4 float32 px),
``hidden`` (float32, the hidden share of the box), ``hidden_joints`` (uint32, a bit mask).
Identity, detector, fingerprint and digests are in the file's metadata under ``corruptbench``.
A shard holds neither 3D ground truth nor pixels.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.datasets import ClipId
from corruptbench.errors import InputError, named
from corruptbench.files import atomic
from corruptbench.manifest import Cell, Manifest
from corruptbench.shards.records import (
    BenchmarkRecord,
    CellDetections,
    CellRecord,
    DetectorRecord,
    ShardRecord,
)
from corruptbench.storage import AnyPath

KEY = b"corruptbench"
FORMAT: Final = "corruptbench-shard/2"
#: The columns that are read. A cell's name is that of its row group, and its frames are numbered.
COLUMNS = ("keypoints", "scores", "box", "hidden", "hidden_joints")

#: Errors of the storage: the file itself may be in order, so it is not to be built again.
_STORAGE = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE)


def write(
    path: AnyPath,
    clip_id: ClipId,
    fingerprint: str,
    detections: Sequence[CellDetections],
    manifest: Manifest,
    detector: DetectorRecord,
) -> None:
    """Write a clip's shard, atomically; equal content gives equal bytes."""
    record = ShardRecord(
        format=FORMAT,
        benchmark=BenchmarkRecord.of(manifest),
        clip=clip_id,
        detector=detector,
        fingerprint=fingerprint,
        cells=tuple(CellRecord.of(d) for d in detections),
    )
    tables = [_table(d, {KEY: record.model_dump_json().encode()}) for d in detections]
    options = {"compression": "zstd", "use_dictionary": ["corruption", "severity"]}
    lists = [f"{column}.list.element" for column in ("keypoints", "scores", "box")]
    options["use_byte_stream_split"] = [*lists, "hidden"]
    with (
        atomic(path) as temporary,
        temporary.open("wb") as stream,
        pq.ParquetWriter(stream, tables[0].schema, **options) as writer,
    ):
        for table in tables:
            writer.write_table(table, row_group_size=max(table.num_rows, 1))


def _table(d: CellDetections, metadata: dict[bytes, bytes]) -> pa.Table:
    frames, joints = d.scores.shape
    name = pa.DictionaryArray.from_arrays(np.zeros(frames, dtype=np.int8), [d.cell.corruption])
    columns = {
        "corruption": name,
        "severity": np.full(frames, d.cell.severity, dtype=np.int8),
        "frame": np.arange(frames, dtype=np.int32),
        "keypoints": pa.FixedSizeListArray.from_arrays(d.keypoints.ravel(), 2 * joints),
        "scores": pa.FixedSizeListArray.from_arrays(d.scores.ravel(), joints),
        "box": pa.FixedSizeListArray.from_arrays(d.boxes.ravel(), 4),
        "hidden": d.hidden,
        "hidden_joints": d.hidden_joints,
    }
    return pa.table(columns, metadata=metadata)


@dataclass(frozen=True)
class Shard:
    """A shard that is open for reading.

    Attributes:
        path: of the file.
        record: its metadata.
        file: its content.
        sha256: of the file.
    """

    path: AnyPath
    record: ShardRecord
    file: pq.ParquetFile
    sha256: str

    def read(self, cells: Sequence[Cell]) -> list[CellDetections]:
        """Read the detections of these cells, in this order, and check their digests.

        Raises:
            InputError: the shard does not have one of the cells, is damaged, or was altered.
        """
        there = {c.cell: i for i, c in enumerate(self.record.cells)}
        missing = [str(c) for c in cells if c not in there]
        if missing:
            raise InputError(
                f"{self.path}: has no cell {', '.join(missing)}; build again with these "
                "corruptions and severities"
            )
        groups = [there[c] for c in cells]
        found = self._rows(groups)
        for d, i in zip(found, groups, strict=True):
            if not self.record.cells[i].describes(d):
                raise InputError(
                    f"{self.path}: {d.cell}: its rows do not have the digests that its metadata "
                    "states; it was altered: delete it and build it again"
                )
        return found

    def _rows(self, groups: Sequence[int]) -> list[CellDetections]:
        """Return the detections in these row groups, which are read at once."""
        try:
            table = self.file.read_row_groups(groups, columns=list(COLUMNS))
            counts = [self.file.metadata.row_group(i).num_rows for i in groups]
            return _detections(table, [self.record.cells[i] for i in groups], counts)
        except (OSError, pa.ArrowException, LookupError, ValueError) as error:
            problem = f"{self.path}: damaged ({error}); delete it and build it again"
            raise InputError(problem) from None


def open_shard(path: AnyPath) -> Shard:
    """Open a shard, and read its metadata.

    Raises:
        InputError: the file is no shard of this format.
        OSError: the storage refuses it, or fails.
    """
    with _readable(path):  # all of it at once, as many small reads take longer
        content = path.read_bytes()
        file = pq.ParquetFile(pa.BufferReader(content))
    digest = hashlib.sha256(content).hexdigest()
    return Shard(path, _record(path, file.schema_arrow), file, digest)


def read_record(path: AnyPath) -> ShardRecord:
    """Read a shard's metadata, and nothing else; see `open_shard`."""
    with _readable(path), path.open("rb") as stream:  # pyarrow takes only UTF-8 names
        return _record(path, pq.read_schema(stream))


@contextmanager
def _readable(path: AnyPath) -> Iterator[None]:
    """Turn errors within the block into `InputError`, unless they say nothing about the content."""
    try:
        with named(path):
            yield
    except (OSError, pa.ArrowInvalid) as error:
        if isinstance(error, OSError) and error.errno in _STORAGE:
            raise
        raise InputError(
            f"{path}: not a readable Parquet file ({error}); delete it and build it again"
        ) from None


def _record(path: AnyPath, schema: pa.Schema) -> ShardRecord:
    metadata: dict[bytes, bytes] = schema.metadata or {}
    if KEY not in metadata:
        raise InputError(f"{path}: Parquet, but not a shard of corruptbench; remove it")
    remedy = "build it again with this software"
    return ShardRecord.parse(metadata[KEY], f"{path}: shard metadata", remedy)


def read(path: AnyPath, cells: Sequence[Cell]) -> list[CellDetections]:
    """Read the detections of these cells of a shard; see `open_shard` and `Shard.read`."""
    return open_shard(path).read(cells)


def _detections(
    table: pa.Table, records: Sequence[CellRecord], counts: Sequence[int]
) -> list[CellDetections]:
    """Return the detections of cells that have so many rows each, one after the other."""
    keypoints, scores, boxes, hidden, joints = (_column(table, name) for name in COLUMNS)
    keypoints = keypoints.reshape(table.num_rows, -1, 2)
    return [
        CellDetections(
            cell=record.cell,
            keypoints=keypoints[end - count : end],
            scores=scores[end - count : end],
            boxes=boxes[end - count : end],
            hidden=hidden[end - count : end],
            hidden_joints=joints[end - count : end],
            pixels_sha256=record.pixels_sha256,
        )
        for record, count, end in zip(records, counts, accumulate(counts), strict=True)
    ]


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as an array: (rows,), or (rows, size) of lists."""
    column = table[name].combine_chunks()
    if not pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    values = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values.reshape(table.num_rows, column.type.list_size))


def present_cells(path: AnyPath, fingerprint: str) -> tuple[Cell, ...]:
    """Return the cells that a file holds already; none if its fingerprint is another one.

    A file that is damaged or was altered counts as absent: it is built again.
    """
    try:
        shard = open_shard(path)
        cells = tuple(c.cell for c in shard.record.cells)
        shard.read(cells)
    except InputError:
        return ()
    return cells if shard.record.fingerprint == fingerprint else ()


def find(folder: AnyPath) -> list[AnyPath]:
    """Return the paths of all shards of an output folder, sorted.

    Raises:
        InputError: there is no shard in it.
    """
    paths: list[AnyPath] = sorted((folder / "keypoints").rglob("*.parquet"), key=str)
    if not paths:
        raise InputError(f"{folder}: holds no shards; expected the output folder of a build")
    return paths

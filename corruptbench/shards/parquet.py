"""Read and write shards: one Parquet file for each clip, one row group for each cell.

Columns: ``corruption`` and ``severity`` (dictionary-encoded), ``frame`` (int32), ``keypoints``
(2 K float32, x and y in pixels of the full frame), ``scores`` (K float32), ``box`` (4 float32 px),
``hidden`` (float32, the hidden share of the box), ``hidden_joints`` (uint32, a bit mask).
Identity, detector, fingerprint and digests are in the file's metadata under ``corruptbench``.
A shard holds neither 3D ground truth nor pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.datasets import ClipId
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.manifest import Cell, Manifest
from corruptbench.shards.records import (
    BenchmarkRecord,
    CellDetections,
    CellRecord,
    DetectorRecord,
    ShardRecord,
)

KEY = b"corruptbench"
FORMAT: Final = "corruptbench-shard/2"


def write(
    path: Path,
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


def read_record(path: Path) -> ShardRecord:
    """Read a shard's metadata.

    Raises:
        InputError: the file is no shard of this format.
    """
    try:
        with path.open("rb") as stream:  # pyarrow takes only UTF-8 names
            metadata: dict[bytes, bytes] = pq.read_schema(stream).metadata or {}
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{path}: not a readable Parquet file ({error}); delete it and build it again"
        ) from None
    if KEY not in metadata:
        raise InputError(f"{path}: Parquet, but not a shard of corruptbench; remove it")
    remedy = "build it again with this software"
    return ShardRecord.parse(metadata[KEY], f"{path}: shard metadata", remedy)


def read(path: Path, cells: Sequence[Cell]) -> list[CellDetections]:
    """Read the detections of these cells of a shard, in this order, and check their digests.

    Raises:
        InputError: the shard does not have one of the cells, is damaged, or was altered.
    """
    there = {c.cell: (i, c) for i, c in enumerate(read_record(path).cells)}
    missing = [str(c) for c in cells if c not in there]
    if missing:
        raise InputError(
            f"{path}: has no cell {', '.join(missing)}; build again with these corruptions and "
            "severities"
        )
    try:
        with path.open("rb") as stream, pq.ParquetFile(stream) as file:
            found = [_detections(file.read_row_group(there[c][0]), there[c][1]) for c in cells]
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); delete it and build it again") from None
    for d in found:
        if CellRecord.of(d) != there[d.cell][1]:
            raise InputError(
                f"{path}: {d.cell}: its rows do not have the digests that its metadata states; "
                "it was altered: delete it and build it again"
            )
    return found


def _detections(group: pa.Table, record: CellRecord) -> CellDetections:
    def rows(column: str) -> NDArray[np.float32]:
        values = group[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return np.asarray(values.reshape(group.num_rows, -1))

    return CellDetections(
        cell=record.cell,
        keypoints=rows("keypoints").reshape(group.num_rows, -1, 2),
        scores=rows("scores"),
        boxes=rows("box"),
        hidden=group["hidden"].to_numpy(),
        hidden_joints=group["hidden_joints"].to_numpy(),
        pixels_sha256=record.pixels_sha256,
    )


def present_cells(path: Path, fingerprint: str) -> tuple[Cell, ...]:
    """Return the cells that a file holds already; none if its fingerprint is another one.

    A file that is damaged or was altered counts as absent: it is built again.
    """
    try:
        record = read_record(path)
        cells = tuple(c.cell for c in record.cells)
        read(path, cells)
    except InputError:
        return ()
    return cells if record.fingerprint == fingerprint else ()


def find(folder: Path) -> list[Path]:
    """Return the paths of all shards of an output folder, sorted.

    Raises:
        InputError: there is no shard in it.
    """
    paths = sorted((folder / "keypoints").rglob("*.parquet"))
    if not paths:
        raise InputError(f"{folder}: holds no shards; expected the output folder of a build")
    return paths

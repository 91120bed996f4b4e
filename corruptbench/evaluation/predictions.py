"""Predictions on disk: the poses of an evaluation as the lifter gave them, in one Parquet file.

Columns: ``subject``, ``sequence``, ``action``, ``camera``, ``corruption`` (dictionary-encoded),
``severity`` (int8), ``frame`` (int32), and ``pose``: 3 J' float32 in the lifter's own units and
order of joints, x, y, z of each joint in camera axes. A stochastic lifter adds ``sample`` (int16),
one of several hypotheses ``hypotheses`` (3 J' H float32). Only frames with valid labels have rows.
The rows of a clip in a cell follow one another. What was lifted, and by what, is in the file's
metadata under ``corruptbench``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.errors import InputError
from corruptbench.evaluation.details import row_keys
from corruptbench.evaluation.groups import Group
from corruptbench.evaluation.score import Source, Watcher
from corruptbench.evaluation.scored import Scored
from corruptbench.files import atomic
from corruptbench.formats import sandboxed
from corruptbench.formats.pose_table import KEY, TEXTS, Footer
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.lift import Lifted
from corruptbench.records import Record, Sha256
from corruptbench.shards.records import BenchmarkRecord
from corruptbench.shards.shard_set import ShardSet
from corruptbench.storage import found_at

FORMAT: Final = "corruptbench-predictions/1"
#: What to do about a file that is not as it was written.
AGAIN = "evaluate and save them again"
#: Bytes of the footer, which is decoded before anything else is known. Our own choice: that of
#: Human3.6M-C, 236 clips in 41 cells, has about 1.5 MB.
FOOTER_LIMIT = 16_000_000
#: Bytes of what a file says about itself. Our own choice: 4 times the longest contract, which is
#: the longest part. Each wrong value costs some kB, so that those of some MB would take gigabytes.
TEXT_LIMIT = 200_000


class PredictionsRecord(Record):
    """What a file says about itself: which lifter lifted which shards."""

    format: Literal["corruptbench-predictions/1"]
    benchmark: BenchmarkRecord
    pixels_sha256: Sha256
    detections_sha256: Sha256
    lifter: LifterRecord

    @classmethod
    def of(cls, lifter: LifterRecord, shard_set: ShardSet) -> PredictionsRecord:
        """Return the record of a lifter's poses on some shards."""
        lock = shard_set.lock
        return cls(
            format=FORMAT,
            benchmark=lock.benchmark,
            pixels_sha256=lock.pixels_sha256,
            detections_sha256=lock.detections_sha256,
            lifter=lifter,
        )


class _Recorder:
    """Writes the poses of each cell while they are scored: one row group for each sample."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self._writer: pq.ParquetWriter | None = None
        self.hypotheses = 0

    def see(self, group: Group, cell: int, lifted: Lifted, found: Scored | None) -> None:
        """Write the poses of a cell."""
        del found
        for sample in range(len(lifted.poses)):
            self._write(_table(group, cell, lifted, sample))
        self.hypotheses = lifted.hypotheses.shape[1]

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            numbers = [name for name in ("pose", "hypotheses") if name in table.column_names]
            self._writer = pq.ParquetWriter(
                self._stream,
                table.schema,
                compression="zstd",
                use_dictionary=[*TEXTS],
                use_byte_stream_split=[f"{name}.list.element" for name in numbers],
            )
        if table.schema != self._writer.schema:
            raise InputError(
                f"{self._name}: gives another number of hypotheses than before; expected the same "
                "for all frames"
            )
        self._writer.write_table(table, row_group_size=table.num_rows)

    def finish(self, record: PredictionsRecord) -> None:
        """Add what the file says about itself."""
        assert self._writer is not None, "shards without a clip"
        self._writer.add_key_value_metadata({KEY: record.model_dump_json().encode()})

    def close(self) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()


def _table(group: Group, cell: int, lifted: Lifted, sample: int) -> pa.Table:
    columns: dict[str, Any] = row_keys(group, cell, group.clip_of)
    columns["frame"] = group.frame_of.astype(np.int32)
    if len(lifted.poses) > 1:
        columns["sample"] = np.full(len(group.frame_of), sample, dtype=np.int16)
    columns["pose"] = _lists(lifted.poses[sample])
    if lifted.hypotheses.shape[1]:
        columns["hypotheses"] = _lists(lifted.hypotheses[sample].swapaxes(0, 1))
    return pa.table(columns)


def _lists(values: np.ndarray[Any, np.dtype[np.float32]]) -> pa.FixedSizeListArray:
    """Return a column with the numbers of each row (N, ...) as a list."""
    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values[0].size)


@contextmanager
def saved(path: Path | None, source: Source, shard_set: ShardSet) -> Iterator[tuple[Watcher, ...]]:
    """Give what writes the poses of an evaluation to ``path``; nothing if that is None.

    The file appears at the end of an evaluation that succeeds. A failure leaves none.

    Raises:
        InputError: a file of that path holds something else than poses of this lifter.
        OSError: the file cannot be written.
    """
    if path is None:
        yield ()
        return
    _check_free(path, source)
    with atomic(path) as temporary, temporary.open("wb") as stream, ExitStack() as stack:
        recorder = _Recorder(stream, source.contract.name)
        stack.callback(recorder.close)
        yield (recorder,)
        lifter = source.record(max(1, recorder.hypotheses))
        recorder.finish(PredictionsRecord.of(lifter, shard_set))


def _check_free(path: Path, source: Source) -> None:
    if not path.exists():
        return
    remedy = "give another path, or move it away"
    try:
        found = read_footer(path)[0].lifter
    except InputError:
        message = f"{path}: is there and holds no predictions; {remedy}"
        raise InputError(message, "save-predictions") from None
    ours = source.record(1)
    pairs = {
        "model": (found.sha256[:12], ours.sha256[:12]),
        "filter": (found.filter or "none", ours.filter or "none"),
    }
    for what, (theirs, this) in pairs.items():
        if theirs != this:
            raise InputError(
                f"{path}: holds the predictions of another {what} ({theirs}, this is {this}); "
                f"{remedy}",
                "save-predictions",
            )


def read_footer(path: Path) -> tuple[PredictionsRecord, Footer]:
    """Return what a file of predictions says about itself, and its columns and sizes.

    Raises:
        InputError: it is no such file.
    """
    _check_footer(path)
    footer: Footer = sandboxed.read("pose_table:footer", path, remedy=AGAIN)
    text = footer["text"]
    if text is None:
        raise InputError(
            f"{path}: Parquet, but no predictions; expected those that an evaluation saved"
        )
    if len(text) > TEXT_LIMIT:
        raise InputError(
            f"{path}: metadata: {len(text):,} bytes, expected at most {TEXT_LIMIT:,}; {AGAIN}"
        )
    return PredictionsRecord.parse(text, f"{path}: metadata", AGAIN), footer


def _check_footer(path: Path) -> None:
    """Raise `InputError` unless a path is a regular file with a Parquet footer of sane size."""
    expected = "expected predictions that an evaluation saved"
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path)}; {expected}")
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8))
        end = stream.read(8)
    footer = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or footer > size:
        raise InputError(f"{path}: not a Parquet file, or cut off; {expected}")
    if footer > FOOTER_LIMIT:
        raise InputError(
            f"{path}: a footer of {footer} bytes, expected at most {FOOTER_LIMIT}; {expected}"
        )

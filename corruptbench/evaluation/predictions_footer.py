"""Check the footer of a file of predictions: shards, lifter, columns and sizes.

Sizes are checked before a column is read, so that a small file cannot take all memory.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.errors import InputError
from corruptbench.evaluation.predictions import AGAIN, TEXTS, PredictionsRecord
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import BEFORE, DURING
from corruptbench.lifters.contract import Contract
from corruptbench.shards.shard_set import ShardSet

#: Bytes of a column in a row group beyond three times its numbers, as written (a column that is
#: written as a dictionary has its numbers and their indices). Our own choice: names take some kB.
_SLACK = 1_000_000
_NUMBERS = {"severity": pa.int8(), "frame": pa.int32(), "sample": pa.int16()}


def check_build(path: Path, record: PredictionsRecord, shard_set: ShardSet) -> None:
    """Raise `InputError` when poses are those of another benchmark or build than the shards."""
    lock = shard_set.lock
    pairs = {
        "benchmark": (record.benchmark, lock.benchmark),
        "pixels_sha256": (record.pixels_sha256, lock.pixels_sha256),
        "detections_sha256": (record.detections_sha256, lock.detections_sha256),
    }
    for what, (found, expected) in pairs.items():
        if found != expected:
            raise InputError(
                f"{path}: {what}: found {found}, the shards have {expected}; give the shards that "
                "the lifter was evaluated on"
            )


def contract_of(path: Path, lifter: LifterRecord) -> Contract:
    """Return the contract in a record, if what the record says beside it is the same."""
    where = f"{path}: metadata: lifter"
    contract = Contract.checked(lifter.contract, f"{where}.contract")
    pairs = {
        "name": (lifter.name, contract.name),
        "samples": (lifter.samples, contract.samples),
        "scored_joints": (lifter.scored_joints, len(contract.lifted.with_root(0))),
    }
    for field, (found, expected) in pairs.items():
        if found != expected:
            raise InputError(f"{where}.{field}: found {found}, expected {expected}; {AGAIN}")
    unknown = set(lifter.allowed or ()) - {*BEFORE, *DURING}
    if lifter.allowed is None or unknown:
        found = ", ".join(sorted(unknown)) or "nothing"
        raise InputError(
            f"{where}.allowed: found {found}, expected names of probes: "
            f"{', '.join(BEFORE + DURING)}; {AGAIN}"
        )
    return contract


def check_columns(path: Path, schema: pa.Schema, contract: Contract, lifter: LifterRecord) -> int:
    """Check the columns, and return the number of hypotheses in them; 0 for one pose."""
    known = [*TEXTS, *_NUMBERS, "pose", "hypotheses"]
    needed = {*TEXTS, "severity", "frame", "pose", *(["sample"] if contract.samples > 1 else [])}
    optional = {"hypotheses"} if "hypotheses" in schema.names else set()
    if sorted(schema.names) != sorted(needed | optional):
        odd = sorted({*schema.names} ^ (needed | optional)) or ["one twice"]
        expected = ", ".join(name for name in known if name in needed)
        raise InputError(
            f"{path}: columns: {', '.join(odd)} missing or too many; expected {expected}; {AGAIN}"
        )
    for field in schema:
        _check_type(path, field)
    joints = len(contract.lifted)
    _check_length(path, schema.field("pose"), 3 * joints, f"x, y, z of {contract.joints}")
    if not optional:
        _check_count(path, 1, lifter)
        return 0
    count: int = max(1, schema.field("hypotheses").type.list_size // (3 * joints))
    _check_length(path, schema.field("hypotheses"), 3 * joints * count, "whole poses")
    _check_count(path, count, lifter)
    return count


def _check_type(path: Path, field: pa.Field) -> None:
    kind, name = field.type, field.name
    if name in TEXTS:
        fits, expected = pa.types.is_dictionary(kind) and kind.value_type == pa.string(), "text"
    elif name in _NUMBERS:
        fits, expected = kind == _NUMBERS[name], str(_NUMBERS[name])
    else:
        fits = pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()
        expected = "fixed_size_list of float32"
    if not fits:
        raise InputError(f"{path}: column {name}: found {kind}, expected {expected}; {AGAIN}")


def _check_length(path: Path, field: pa.Field, expected: int, what: str) -> None:
    if field.type.list_size != expected:
        raise InputError(
            f"{path}: column {field.name}: {field.type.list_size} numbers in a row, expected "
            f"{expected} ({what}); {AGAIN}"
        )


def _check_count(path: Path, count: int, lifter: LifterRecord) -> None:
    if lifter.hypotheses != count:
        raise InputError(
            f"{path}: metadata: lifter.hypotheses: found {lifter.hypotheses}, expected {count}, as "
            f"the columns have; {AGAIN}"
        )


def check_sizes(path: Path, file: pq.ParquetFile, most: int) -> None:
    """Raise `InputError` for more than ``most`` rows, or a column too large for its rows."""
    total = file.metadata.num_rows
    groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
    rows = [group.num_rows for group in groups]
    if min(rows, default=0) < 0 or sum(rows) != total or total > most:
        raise InputError(f"{path}: {total} rows, the shards have {most} frames; {AGAIN}")
    for group in groups:
        for i in range(group.num_columns):
            column = group.column(i)
            name = column.path_in_schema.split(".")[0]
            kind = file.schema_arrow.field(name).type
            width = 4 * (kind.list_size if pa.types.is_fixed_size_list(kind) else 1)
            if column.total_uncompressed_size > 3 * width * group.num_rows + _SLACK:
                raise InputError(
                    f"{path}: column {name}: {column.total_uncompressed_size} bytes for "
                    f"{group.num_rows} rows of at most {width} bytes; {AGAIN}"
                )

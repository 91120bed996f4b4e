"""Measured noise as a Parquet file: a row for each episode, numbers as integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.lifters.measured_noise import Episode, MeasuredNoise, Source
from corruptbench.skeleton import joint_set

Array32 = NDArray[np.float32]

_KEY = b"corruptbench"
#: An offset of 1 is so many of the integers of a file, and so is a factor of 1: our own choice.
_STEPS = 512
_LARGEST = np.iinfo(np.int16).max
#: Columns of a noise file.
_COLUMNS = {
    "clip": pa.string(),
    "corruption": pa.string(),
    "severity": pa.int8(),
    "offsets": pa.list_(pa.int16()),
    "factors": pa.list_(pa.int16()),
}


def save_noise(noise: MeasuredNoise, path: Path) -> None:
    """Write a noise as Parquet, a row for each episode; equal content gives equal bytes."""
    episodes = noise.episodes
    rows = [
        [e.clip for e in episodes],
        [e.corruption for e in episodes],
        [e.severity for e in episodes],
        [_integers(e.offsets) for e in episodes],
        [_integers(e.factors) for e in episodes],
    ]
    schema = pa.schema(_COLUMNS, metadata={_KEY: noise.source.model_dump_json()})
    table = pa.table(rows, schema=schema)
    with atomic(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=19,
            use_dictionary=False,
            write_page_checksum=True,
        )


def _integers(values: Array32) -> NDArray[np.int16]:
    return np.clip(np.rint(values * _STEPS), -_LARGEST, _LARGEST).astype(np.int16).ravel()


def load_noise(path: str | Path) -> MeasuredNoise:
    """Read a noise that `save_noise` wrote.

    Raises:
        InputError: the file is of another kind or damaged; names it.
        OSError: it cannot be read.
    """
    content = pa.BufferReader(Path(path).read_bytes())
    try:
        table = pq.read_table(
            content, columns=list(_COLUMNS), use_threads=False, page_checksum_verification=True
        )
        source = Source.model_validate_json((table.schema.metadata or {})[_KEY])
        joints = len(joint_set(source.joints))
        _check(table)
        episodes = tuple(_episode(table, row, joints) for row in range(len(table)))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: not a noise file ({error!s:.200}); write one with measure-noise", "noise"
        ) from None
    if not episodes:
        raise InputError(f"{path}: no episode; expected some: measure again", "noise")
    return MeasuredNoise(source, episodes)


def _check(table: pa.Table) -> None:
    """Raise `ValueError` for a column of another type or with a missing value."""
    for name, wanted in _COLUMNS.items():
        if table.schema.field(name).type != wanted:
            raise ValueError(f"{name}: {table.schema.field(name).type}, expected {wanted}")
        if table[name].null_count:
            raise ValueError(f"{name}: {table[name].null_count} values are missing")
    if len(table.group_by(["clip", "corruption", "severity"]).aggregate([])) < len(table):
        raise ValueError("an episode is there twice")


def _episode(table: pa.Table, row: int, joints: int) -> Episode:
    clip, corruption, severity = (table[n][row].as_py() for n in ("clip", "corruption", "severity"))
    steps = (table[name][row].values.to_numpy() for name in ("offsets", "factors"))
    offsets, factors = (values.astype(np.float32) / np.float32(_STEPS) for values in steps)
    where = f"{clip}, {corruption} {severity}"
    if clip.count("/") < 2 or not 1 <= severity <= 5:
        raise ValueError(
            f"{where}: expected the clip as data set, person and take, and a severity of 1 to 5"
        )
    if not len(factors) or len(factors) % joints or len(offsets) != 2 * len(factors):
        raise ValueError(
            f"{where}: {len(offsets)} offsets and {len(factors)} factors; expected frames of "
            f"{2 * joints} and {joints}"
        )
    if factors.min() < 0:
        raise ValueError(f"{where}: a factor of {factors.min():.3g}; expected 0 or more")
    return Episode(
        clip, corruption, severity, offsets.reshape(-1, joints, 2), factors.reshape(-1, joints)
    )

"""Small uploads that cost much: each is refused in 1 GB, and the next submission is worked on."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.formats.pose_table import KEY
from corruptbench.server.submissions import LONGEST
from tests.server.conftest import ROWS
from tests.server.hidden import Hidden

#: Memory and time of one submission, far below what these files took.
LIMITS = "limits = { job_gb = 1, job_minutes = 0.5, waiting = 99, per_minute = 99, "
LIMITS += "scored_per_day = 99 }\n"
HONEST = (ROWS[0] / "clips.parquet").read_bytes()


def parquet(table: pa.Table, text: bytes | None = None, **how: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", **how) as writer:
        writer.write_table(table, row_group_size=10**8)
        if text is not None:
            writer.add_key_value_metadata({KEY: text})
    return sink.getvalue().to_pybytes()


def repeated(content: bytes) -> bytes:
    """The first row 10^5 times."""
    table, metadata = pq.read_table(io.BytesIO(content)), pq.read_metadata(io.BytesIO(content))
    return parquet(table.take(np.zeros(10**5, np.int64)), (metadata.metadata or {}).get(KEY))


def nested(_: bytes) -> bytes:
    kind = pa.int8()
    for _ in range(300):
        kind = pa.list_(kind)
    return parquet(pa.table({"pose": pa.nulls(1, kind)}))


def footer_of(size: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:-8] + struct.pack("<I", size) + b"PAR1"


def zipped(_: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clips.parquet", bytes(10**8))
    return stream.getvalue()


#: What is done to a table of clips, or of poses.
BOTH: dict[str, Callable[[bytes], bytes]] = {
    "many rows": repeated,
    "nested": nested,
    "a footer of 4 GB": footer_of(2**32 - 1),
    "a footer of nothing": footer_of(0),
    "a footer that is a part of one": footer_of(100),
    "half": lambda content: content[: len(content) // 2],
    "no pages": lambda c: c[:4] + bytes(len(c) // 2) + c[4 + len(c) // 2 :],
    "zip": zipped,
    "nothing": lambda _: b"",
    "text": lambda _: b"severity,frames",
}


def result_of(clips: bytes) -> dict[str, bytes]:
    document = json.loads((ROWS[0] / "result.json").read_text())
    document["clips_sha256"] = hashlib.sha256(clips).hexdigest()
    return {"result": json.dumps(document).encode(), "clips": clips}


def with_field(name: str, value: object) -> dict[str, bytes]:
    document = json.loads((ROWS[0] / "result.json").read_text())
    document[name] = value
    return {"result": json.dumps(document, separators=(",", ":")).encode(), "clips": HONEST}


def record_with(hidden: Hidden, **fields: Any) -> bytes:
    """The metadata of predictions with other fields of the lifter."""
    record = json.loads(pq.read_metadata(hidden.predictions).metadata[KEY])
    record["lifter"] |= fields
    return json.dumps(record).encode()


def predictions(hidden: Hidden) -> dict[str, bytes]:
    text = pq.read_metadata(hidden.predictions).metadata[KEY]
    plain = pq.read_table(hidden.predictions).replace_schema_metadata(None)
    rows = plain.num_rows
    long = pa.array(["x" * 100_000] * rows)
    size = 51 * 2000
    poses = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * size, np.float32)), size)
    contract = json.loads(text)["lifter"]["contract"]
    return {
        "many columns": parquet(
            pa.table({f"c{i}": pa.nulls(0, pa.int8()) for i in range(3000)}), text
        ),
        "wrong values": parquet(plain, record_with(hidden, allowed=[1] * 3_000_000)),
        "wrong contract": parquet(
            plain, record_with(hidden, contract={"format": [{}] * 1_000_000})
        ),
        "deep metadata": parquet(plain, b"[" * 9_000_000),
        "a long id": parquet(
            plain, text.replace(b'"id":"mini-c"', b'"id":"' + b"n" * 100_000 + b'"')
        ),
        "texts by their lengths": parquet(
            plain.set_column(0, "subject", long), text,
            use_dictionary=False, column_encoding={"subject": "DELTA_BYTE_ARRAY"},
        ),
        "many hypotheses": parquet(
            plain.append_column("hypotheses", poses), record_with(hidden, hypotheses=2000)
        ),
        "many samples": parquet(
            plain.append_column("sample", pa.array(np.zeros(rows, np.int16))),
            record_with(hidden, samples=1000, contract={**contract, "samples": 1000}),
        ),
    }  # fmt: skip


def assert_refused(host: Any, uploads: dict[str, dict[str, bytes]]) -> None:
    """Send all, work, and check what the sender is told."""
    keys = {name: host.post(files).json()["id"] for name, files in uploads.items()}
    host.work()
    for name, key in keys.items():
        state = host.state(key)
        assert state["state"] == "refused", (name, state, host.log())
        problems = state["problems"]
        assert len(problems) <= 21, name
        assert all(len(problem) <= LONGEST for problem in problems), name
        assert "the submission: stopped" not in problems[0], (name, problems)
        assert str(host.settings.folder) not in str(problems), name


def test_clips_that_are_bombs(start):
    host = start(LIMITS)
    uploads = {name: result_of(change(HONEST)) for name, change in BOTH.items()}
    assert_refused(host, uploads)
    host.submit(ROWS[0])
    host.work()
    assert len(host.rows()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cells", [1] * 900_000),
        ("cells", [{}] * 600_000),
        ("labels", [{}] * 30_000),
        ("software", {str(i): 1 for i in range(80_000)}),
    ],
)
def test_results_of_many_wrong_values(name, value, start):
    """A sender reads some lines; gigabytes of them were made."""
    host = start(LIMITS)
    assert_refused(host, {name: with_field(name, value)})


def test_predictions_that_are_bombs(start, hidden):
    host = start(LIMITS + hidden.toml)
    content = hidden.predictions.read_bytes()
    bombs = {name: change(content) for name, change in BOTH.items()} | predictions(hidden)
    assert_refused(host, {name: {"predictions": bomb} for name, bomb in bombs.items()})
    assert host.score(content)["state"] == "accepted"

"""What answers tell of hidden labels: the scores, to a thousandth, and nothing else."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from tests.server.conftest import Host
from tests.server.hidden import altered, with_numbers, with_poses

#: What of an answer is a time, or drawn.
OTHERS = ("id", "created", "finished")
HASH, NUMBER = r"\b[0-9a-f]{64}\b", r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?"
Change = Callable[[NDArray[np.float32]], NDArray[np.floating]]


@pytest.fixture
def hosts(start, hidden, tmp_path) -> Callable[[Change], Iterator[Host]]:
    """``hosts(change)`` starts two servers of one benchmark; the second one has other labels."""

    def _hosts(change: Change) -> Iterator[Host]:
        other = Path(shutil.copytree(hidden.root, tmp_path / "labels"))
        for path in sorted(other.glob("labels/*.parquet")):
            pq.write_table(with_numbers(pq.read_table(path), "joints", change), path)
        changed = hidden.toml.replace(f'root = "{hidden.root}"', f'root = "{other}"')
        for name, toml in (("a", hidden.toml), ("b", changed)):
            yield start(f"limits.scored_per_day = 99\n{toml}", tmp_path / name)

    return _hosts


def moved(labels: NDArray[np.float32]) -> NDArray[np.floating]:
    """Other labels, by some millimeters."""
    return labels + np.random.default_rng(len(labels)).normal(0, 3, labels.shape)


def with_next(labels: NDArray[np.float32]) -> NDArray[np.floating]:
    """The first label of a wrist is the next number that a float can hold."""
    labels[0, -1] = np.nextafter(labels[0, -1], np.float32(np.inf))
    return labels


def told(host: Host, predictions: bytes) -> dict[str, Any]:
    """What a sender is told."""
    state = host.score(predictions)
    return {name: value for name, value in state.items() if name not in OTHERS}


def everything(host: Host) -> Iterator[str]:
    """What everybody is told: the board, the page, and what the page lets a reader download."""
    yield host.client.get("/api/board").text
    page = host.client.get("/").text
    downloads = re.compile(r'href="?data:([^;"]+);base64,([^"\s>]+)"?')
    yield re.sub(HASH, "#", downloads.sub("", page))
    for kind, content in downloads.findall(page):
        data = base64.b64decode(content)
        is_table = kind.endswith("parquet")
        yield str(pq.read_table(io.BytesIO(data)).to_pylist()) if is_table else data.decode()


def masked(told: object) -> str:
    """A text with all numbers alike."""
    return re.sub(NUMBER, "#", told if isinstance(told, str) else json.dumps(told))


def with_number(value: float) -> Callable[[pa.Table], pa.Table]:
    """One number of one pose is this."""
    place = np.arange(51) == 3

    def change(poses: NDArray[np.float32]) -> NDArray[np.floating]:
        return np.where(place & (np.arange(len(poses)) == 5)[:, None], value, poses)

    return lambda table: with_numbers(table, "pose", change)


def later(table: pa.Table) -> pa.Table:
    """The first row is of a frame after all others."""
    frames = table["frame"].to_numpy().copy()
    frames[0] = frames.max() + 1
    return table.set_column(table.column_names.index("frame"), "frame", pa.array(frames))


REFUSED = {
    "a pose that is no number": with_number(np.nan),
    "a pose that is far away": with_number(1e8),
    "large poses": lambda table: with_poses(table, 300),
    "huge poses": lambda table: with_poses(table, 1e5),
    "points": lambda table: with_poses(table, 0),
    "no first frame": lambda table: table[1:],
    "another frame": later,
}


def test_a_refusal_is_the_same_for_all_labels(hosts, hidden):
    one, other = (
        [told(host, altered(hidden, change)) for change in REFUSED.values()]
        for host in hosts(moved)
    )
    assert {answer["state"] for answer in one} == {"refused"}
    assert one == other


def test_answers_differ_in_scores_only(hosts, hidden):
    found = []
    for host in hosts(moved):
        answer = told(host, hidden.predictions.read_bytes())
        assert answer["state"] == "accepted"
        found.append([json.dumps(answer), *everything(host)])
    one, other = found
    assert one != other
    assert [*map(masked, one)] == [*map(masked, other)]


def test_no_score_tells_more_than_a_thousandth(hosts, hidden):
    """Other labels within their rounding give the same answers, though other errors."""
    found, errors = [], []
    for host in hosts(with_next):
        answer = told(host, hidden.predictions.read_bytes())
        errors.append((host.settings.board_folder / answer["row"] / "result.json").read_bytes())
        found.append([answer, *everything(host)])
    assert errors[0] != errors[1]
    assert found[0] == found[1]


def test_a_row_that_is_there_is_quoted_as_scores_are(hosts, hidden):
    """Its numbers were told with all their digits, and so were those of the new poses."""
    found = []
    for host in hosts(moved):
        told(host, hidden.predictions.read_bytes())
        found.append(told(host, altered(hidden, with_number(9))))
    one, other = found
    assert "(on the board)" in one["problems"][0]
    assert one != other
    assert masked(one) == masked(other)
    assert not re.findall(r"\d\.\d{4}", json.dumps(found))

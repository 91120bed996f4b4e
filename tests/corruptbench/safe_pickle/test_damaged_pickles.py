"""Pickles that are damaged, or that no pickler writes, are refused in one sentence."""

from __future__ import annotations

import pickle
from contextlib import suppress

import numpy as np
import pytest

from corruptbench.errors import InputError
from tests.corruptbench.safe_pickle.conftest import content, load_npz, load_pickle, refused


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"S'abc\n.", "must be quoted"),
        (b"Sabc\n.", "must be quoted"),
        (b"S'\n.", "must be quoted"),
        (b"\x80\x63K\1.", "protocol: 99"),
        (b"K\1K\2(.", "underflow|MARK"),
    ],
)
def test_what_no_pickler_writes(data, said, tmp_path):
    refused(tmp_path, data, said)


@pytest.mark.parametrize("protocol", range(6))
def test_no_damage_raises_anything_else(protocol, tmp_path):
    """Cut anywhere, or with any byte changed, a file loads or is refused."""
    path, good = tmp_path / "a.pkl", pickle.dumps(content(), protocol)
    rng = np.random.default_rng(protocol)
    for end in range(1, len(good), 31):
        path.write_bytes(good[:end])
        with pytest.raises(InputError):
            load_pickle(path)
    for _ in range(100):
        bad = bytearray(good)
        bad[rng.integers(len(good))] = rng.integers(256)
        path.write_bytes(bad)
        with suppress(InputError):
            load_pickle(path)


def test_fewer_bytes_than_the_shape_says(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(np.zeros(3), 3).replace(b"K\x03\x85", b"K\x7f\x85"))
    with pytest.raises(InputError, match="24 bytes for an array of shape"):
        load_pickle(path)


@pytest.mark.parametrize("load", [load_npz, load_pickle])
def test_what_is_not_such_a_file(load, tmp_path):
    good, path = tmp_path / "good", tmp_path / "a.bin"
    np.savez_compressed(good.open("wb"), positions_3d={"S1": {"Walking": np.ones((50, 32, 3))}})
    if load is load_pickle:
        good.write_bytes(pickle.dumps({"a": np.ones(500)}))
    whole = good.read_bytes()
    cases = {
        b"<!DOCTYPE html><title>Google Drive</title>": "a web page",
        b"": "empty",
        whole[: len(whole) // 2]: "is the file complete",
        b"version https://git-lfs.github.com/spec/v1\n": "cannot be read",
    }
    for data, said in cases.items():
        path.write_bytes(data)
        with pytest.raises(InputError, match=rf"a\.bin: .*{said}"):
            load(path)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none")

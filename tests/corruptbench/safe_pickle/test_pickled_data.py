"""Pickles and npz files: data comes back as it was."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tests.corruptbench.safe_pickle.conftest import content, load_npz, load_pickle, same


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_gives_what_was_stored(protocol, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content(), protocol))
    assert same(load_pickle(path), content())


def test_files_of_numpy_1(tmp_path):
    path = tmp_path / "a.pkl"
    old = pickle.dumps(content(), 2).replace(b"numpy._core.", b"numpy.core.")
    assert b"numpy.core.multiarray" in old
    path.write_bytes(old)
    assert same(load_pickle(path), content())


def test_a_pickle_of_python_2(tmp_path):
    """As Python 2 with NumPy 1 wrote {'x': array([[1, 2]], dtype=float32)}: strings of bytes."""
    path = tmp_path / "a.pkl"
    path.write_bytes(
        b"(dp0\nS'x'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\n"
        b"tp4\nS'b'\np5\ntp6\nRp7\n(I1\n(I1\nI2\ntp8\ncnumpy\ndtype\np9\n(S'f4'\np10\nI0\nI1\n"
        b"tp11\nRp12\n(I3\nS'<'\np13\nNNNI-1\nI-1\nI0\ntp14\nbI00\n"
        b"S'\\x00\\x00\\x80?\\x00\\x00\\x00@'\np15\ntp16\nbs."
    )
    assert same(load_pickle(path), {"x": np.array([[1, 2]], np.float32)})


def test_arrays_that_are_shared_stay_shared(tmp_path):
    path = tmp_path / "a.pkl"
    one = np.arange(3)
    inner = [one]
    path.write_bytes(pickle.dumps([one, one, inner, inner]))
    a, b, c, d = load_pickle(path)
    assert a is b
    assert c[0] is a
    assert same([c, d], [inner, inner])


def test_npz_with_dictionaries_inside(tmp_path):
    path = tmp_path / "data_3d.npz"
    poses = {"S1": {"Walking 1": np.arange(12, dtype=np.float32).reshape(2, 2, 3)}}
    np.savez_compressed(path, positions_3d=poses, plain=np.arange(4), names=np.array(["a", None]))
    found = load_npz(path)
    assert sorted(found) == ["names", "plain", "positions_3d"]
    assert same(found["positions_3d"], poses)
    assert same(found["plain"], np.arange(4))
    assert same(found["names"], np.array(["a", None]))

"""Pickles and npz files: data comes back as it was, and nothing else is let in."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from corruptbench.datasets.pickled import load_npz, load_pickle
from corruptbench.errors import InputError

ARRAYS = {
    "float": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed": np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
    "strided": np.arange(20, dtype=np.int16)[::3],
    "big endian": np.arange(5, dtype=">f4"),
    "strings": np.array(["ä", "longer"]),
    "byte strings": np.array([b"ab", b"c"]),
    "truths": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "one number": np.array(3.5),
    "empty": np.zeros((0, 17, 3), np.float32),
}


def same(a, b):
    """Equal content, types and byte order, through containers."""
    if isinstance(b, np.ndarray) and b.dtype == object:
        return a.dtype == object and a.shape == b.shape and all(map(same, a.flat, b.flat))
    if isinstance(b, np.ndarray | np.generic):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(b, dict):
        return type(a) is type(b) and list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    if isinstance(b, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def content():
    ragged = np.empty((2, 2), dtype=object)
    ragged[0, 0], ragged[0, 1] = np.ones((2, 3)), [1, 2]
    ragged[1, 0], ragged[1, 1] = {"x": np.arange(3)}, None
    return {
        "arrays": ARRAYS,
        "objects": ragged,
        "objects in columns": np.asfortranarray(ragged),
        "numbers": [1, -(2**70), 1.5, True, None, np.float32(2.5), np.int64(-3), np.str_("é")],
        "bytes": [b"", b"\x00\xff", "text"],
        "nested": OrderedDict(a=({"b": [np.zeros(2)]},)),
        (1, "key"): "tuple",
    }


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


def test_what_is_shared_stays_shared(tmp_path):
    path = tmp_path / "a.pkl"
    one = np.arange(3)
    inner = [one]
    path.write_bytes(pickle.dumps([one, one, inner, inner]))
    a, b, c, d = load_pickle(path)
    assert a is b
    assert c is d
    assert c[0] is a


def test_npz_with_dictionaries_inside(tmp_path):
    path = tmp_path / "data_3d.npz"
    poses = {"S1": {"Walking 1": np.arange(12, dtype=np.float32).reshape(2, 2, 3)}}
    np.savez_compressed(path, positions_3d=poses, plain=np.arange(4), names=np.array(["a", None]))
    found = load_npz(path)
    assert sorted(found) == ["names", "plain", "positions_3d"]
    assert same(found["positions_3d"], poses)
    assert same(found["plain"], np.arange(4))
    assert same(found["names"], np.array(["a", None]))


class Call:
    """A pickle of it calls the function when it is opened."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def attacks(mark):
    touch = f"open({str(mark)!r}, 'w').close()"
    from subprocess import call

    from numpy.testing import build_err_msg

    return {
        "posix.system": Call(os.system, f"touch {mark}"),
        "subprocess.call": Call(call, ["touch", str(mark)]),
        "builtins.eval": Call(eval, touch),
        "builtins.exec": Call(exec, touch),
        "builtins.getattr": Call(getattr, "text", "format"),
        "numpy.testing._private.utils.build_err_msg": Call(build_err_msg, [1], "x"),
        "numpy.load": Call(np.load, str(mark)),
        "numpy.fromfile": Call(np.fromfile, str(mark)),
    }


@pytest.mark.parametrize("name", list(attacks("")))
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_malicious_pickle_is_refused_and_not_run(name, protocol, tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "a.pkl"
    value = {"positions_3d": [np.zeros(3), attacks(mark)[name]]}
    path.write_bytes(pickle.dumps(value, protocol))
    function = name.rsplit(".", 1)[1]  # older protocols write the modules of Python 2
    with pytest.raises(InputError, match=rf"a\.pkl: opening it would call \S*\.{function},"):
        load_pickle(path)
    assert not mark.exists()


def test_the_attack_would_work_with_the_ordinary_loader(tmp_path):
    mark = tmp_path / "mark"
    pickle.loads(pickle.dumps(attacks(mark)["builtins.exec"]))
    assert mark.exists()


def test_a_malicious_npz_is_refused_and_not_run(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "a.npz"
    value = np.empty((), dtype=object)
    value[()] = {"S1": attacks(mark)["posix.system"]}
    np.savez_compressed(path, positions_3d=value)
    with pytest.raises(InputError, match=r"a\.npz: opening it would call posix\.system"):
        load_npz(path)
    assert not mark.exists()


def test_numbers_that_are_declared_to_be_pointers(tmp_path):
    """A type's state can mark eight plain bytes as an object; NumPy believes it, and crashes."""

    class Pointer:
        def __reduce__(self):
            return np.dtype, ("f8", False, True), (3, "<", None, None, None, 8, 8, 63)

    class Array:
        def __reduce__(self):
            make = np.core.multiarray._reconstruct if np.__version__ < "2" else reconstruct
            return make, (np.ndarray, (0,), b"b"), (1, (1,), Pointer(), False, b"\x01" * 8)

    reconstruct = np.zeros(1).__reduce__()[0]
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(Array(), 3))
    (number,) = load_pickle(path)
    assert number == np.frombuffer(b"\x01" * 8, np.float64)[0]


@pytest.mark.parametrize("kind", [[("x", "f4"), ("y", object)], "M8[s]", "V4"])
def test_types_that_data_does_not_need(kind, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(np.zeros(2, dtype=kind)))
    with pytest.raises(InputError, match=r"a\.pkl: not a readable pickle of arrays"):
        load_pickle(path)


def test_a_set_is_refused(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({1, 2}))
    with pytest.raises(InputError, match="a set among the data"):
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
        whole[: len(whole) // 2]: "is it whole",
        b"version https://git-lfs.github.com/spec/v1\n": "not a readable",
    }
    for data, said in cases.items():
        path.write_bytes(data)
        with pytest.raises(InputError, match=rf"a\.bin: .*{said}"):
            load(path)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none")


def test_an_npz_with_a_damaged_entry(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("positions_3d.npy", b"no array")
    with pytest.raises(InputError, match=r"a\.npz: an entry is not an array of NumPy"):
        load_npz(path)
    np.savez(path, a=np.arange(1000))
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.npz: not a readable \.npz .*CRC"):
        load_npz(path)

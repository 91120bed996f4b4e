"""What the tests of pickles and npz files share: what data is, and how a file is refused."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import numpy as np
import pytest

from corruptbench import sandbox
from corruptbench.errors import InputError
from corruptbench.formats.numpy_files import read_npz, read_pickle

load_npz = partial(read_npz, expected="a test")
load_pickle = partial(read_pickle, expected="a test")

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


@pytest.fixture
def tight(monkeypatch):
    """Limits that an attack meets at once."""
    limits = sandbox.Limits(memory=2**27, seconds=1, output=2**27)
    monkeypatch.setattr(sandbox.Limits, "for_file", lambda _: limits)


def refused(tmp_path, data, said):
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.pkl: cannot be read .*{said}"):
        load_pickle(path)

"""Pickles and npz files: nothing that they name is run, and only data is let in."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from corruptbench.errors import InputError
from corruptbench.formats import safe_pickle
from tests.corruptbench.safe_pickle.conftest import load_npz, load_pickle, refused


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
    with pytest.raises(InputError, match=r"a\.pkl: cannot be read"):
        load_pickle(path)


def test_a_set_is_refused(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({1, 2}))
    with pytest.raises(InputError, match="a set among the data"):
        load_pickle(path)


def test_a_function_is_no_data(tmp_path):
    path, call = tmp_path / "a.pkl", b"c_codecs\nencode\n"
    once = b"h\0h\1R"
    note = b"]" + call + b"q\0aX\3\0\0\0abcX\6\0\0\0latin1\x86q\1a"
    refused(tmp_path, note + b".", "a _Function among the data")
    path.write_bytes(
        b"}" + b"X\1\0\0\0a(" + call + b"q\0X\3\0\0\0abcX\6\0\0\0latin1\x86q\1R" + once + b"ls."
    )
    one, other = load_pickle(path)["a"]
    assert (one, other) == (b"abc", b"abc")


def state_of_one(function):
    return function, function._call, dict(getattr(function._call, "__dict__", {}))


def state_of(module):
    """All that a file could change of a module's functions and classes."""
    return {
        name: (
            id(thing),
            dict(getattr(thing, "__dict__", {})),
            getattr(thing, "__defaults__", None),
            getattr(thing, "__kwdefaults__", None),
        )
        for name, thing in vars(module).items()
        if callable(thing)
    }


@pytest.mark.parametrize(
    "name", [b"_codecs\nencode", b"builtins\nbytes", b"collections\nOrderedDict", b"numpy\ndtype"]
)
@pytest.mark.parametrize("state", [{"a": 1}, (None, {"__defaults__": ("rot13",)})])
def test_a_state_for_what_is_called_changes_nothing(name, state, tmp_path):
    """BUILD would set attributes of whatever is on the stack, for the rest of the process."""
    before = state_of(safe_pickle), [state_of_one(f) for f in safe_pickle._ADMITTED.values()]
    values = pickle.dumps(state, 2)[2:-1]
    data = b"c" + name + b"\n" + values + b"b."
    refused(tmp_path, data, "a state for a function")
    with pytest.raises(ValueError, match="a state for a function"):
        safe_pickle.pickle_content(str(tmp_path / "a.pkl"))  # as the child does
    after = state_of(safe_pickle), [state_of_one(f) for f in safe_pickle._ADMITTED.values()]
    assert after == before


def test_a_state_for_what_has_none(tmp_path):
    call = b"c_codecs\nencode\nX\1\0\0\0aX\6\0\0\0latin1\x86R"
    refused(tmp_path, call + b"}b.", "no attribute '__dict__'")
    refused(tmp_path, b"ccollections\nOrderedDict\n)R}b.", "a state for a dictionary")
    refused(tmp_path, b"]}(X\1\0\0\0aK\1ub.", "no attribute '__dict__'")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"cnumpy\ndtype\n)\x81.", "NEWOBJ"),
        (b"cnumpy\ndtype\n)}\x92.", "NEWOBJ_EX"),
        (b"(cnumpy\ndtype\no.", "missing 1 required"),
        (b"Pid\n.", "persistent id"),
        (b"K\1Q.", "persistent id"),
        (b"\x82\1.", "extension code"),
        (b"\x97.", "out-of-band data"),
        (b"K\1\xff.", "invalid load key"),
        (b"]K\1R.", "must be a tuple"),
        (b"(cnumpy\ndtype\n]R.", "must be a tuple"),
        (b"K\1K\1a.", "no attribute"),
        (b"]K\1K\2s.", "index out of range"),
        (b"K\1K\2\x93.", "requires str"),
        (b"K\1", "Ran out of input"),
        (b"\x86.", "underflow"),
        (b"h\1.", "Memo value not found"),
    ],
)
def test_instructions_that_data_has_no_need_of(data, said, tmp_path):
    refused(tmp_path, data, said)

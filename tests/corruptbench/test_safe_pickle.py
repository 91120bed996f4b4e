"""Pickles and npz files: data comes back as it was, and nothing else is let in."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

from corruptbench import sandbox
from corruptbench.errors import InputError
from corruptbench.formats import safe_pickle
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


@pytest.fixture
def tight(monkeypatch):
    """Limits that an attack meets at once."""
    limits = sandbox.Limits(memory=2**27, seconds=1, output=2**27)
    monkeypatch.setattr(sandbox.Limits, "for_file", lambda _: limits)


def ends_in_its_limit(tmp_path, data, of):
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=rf"a\.pkl: stopped at the limit of \S+ {of}; is the file complete"
    ):
        load_pickle(path)
    path.write_bytes(pickle.dumps([1]))
    assert load_pickle(path) == [1]


def refused(tmp_path, data, said):
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.pkl: cannot be read .*{said}"):
        load_pickle(path)


def doubled(levels, start=b")"):
    """A tuple of one and the same tuple twice, and so on: 2 ** levels members in a few bytes."""
    note = b"q" + bytes([0])
    return b"\x80\x02" + start + note + (b"h\0h\0\x86" + note) * levels


def test_few_bytes_that_unfold_to_many_items(tmp_path):
    """Following each mention would take years; so would printing it, or numpy.asarray."""
    refused(tmp_path, b"(" + doubled(60) + b"t.", r"lists within lists of .*e\+18 items in 428 b")
    refused(tmp_path, b")" + b"2\x86" * 23 + b".", r"lists within lists of .*e\+07 items in 48 b")
    one = []
    for _ in range(60):
        one = [one, {"a": one}]
    refused(tmp_path, pickle.dumps(one), "lists within lists")
    itself = [1]
    itself.append(itself)
    refused(tmp_path, pickle.dumps(itself), "lists within lists of inf items")
    whole = tmp_path / "a.npz"
    np.savez(whole, a=np.array([one, None], dtype=object))
    with pytest.raises(InputError, match=r"a\.npz: .*lists within lists"):
        load_npz(whole)


@pytest.mark.parametrize("inner", [b"(h\0K\1d", b"}h\0K\1s", b"}(h\0K\1u"])
@pytest.mark.usefixtures("tight")
def test_keys_that_take_years_to_hash(inner, tmp_path):
    ends_in_its_limit(tmp_path, doubled(60) + inner + b".", "s( of processor time)?")


@pytest.mark.parametrize("inner", [b"(h\0K\1d", b"}h\0K\1s", b"}(h\0K\1u"])
def test_keys_that_crash_python(inner, tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(b")" + b"\x85" * 1_000_000 + b"q\0" + inner + b".")
    with pytest.raises(
        InputError, match=r"a\.pkl: its reader crashed \(signal SIGSEGV\); is the file"
    ):
        load_pickle(path)


def test_lists_that_are_nested_too_deep(tmp_path):
    refused(tmp_path, b"]" * 100_000 + b"a" * 99_999 + b".", "RecursionError")
    refused(tmp_path, b")" + b"\x85" * 100_000 + b".", "RecursionError")


@pytest.mark.usefixtures("tight")
def test_keys_of_an_ordered_dictionary_of_python_2(tmp_path):
    path, call = tmp_path / "a.pkl", b"ccollections\nOrderedDict\n("
    path.write_bytes(call + b"(lp0\n(S'x'\nI1\nlp1\na(S'y'\nI2\nlp2\natR.")
    assert same(load_pickle(path), OrderedDict(x=1, y=2))
    bad = doubled(60) + call + b"]h\0K\1\x86atR."
    ends_in_its_limit(tmp_path, bad, "s( of processor time)?")


@pytest.mark.usefixtures("tight")
def test_room_for_what_is_not_there(tmp_path):
    """A number in the memo, or a length, far beyond the file: gigabytes, if believed."""
    ends_in_its_limit(tmp_path, b"]r\0\0\0\x08.", "MB of memory")
    ends_in_its_limit(tmp_path, b"]p134217728\n.", "MB of memory")
    refused(tmp_path, b"]p-1\n.", "negative PUT argument")
    for code in (pickle.BINBYTES8, pickle.BYTEARRAY8, pickle.BINUNICODE8):
        huge = code + struct.pack("<Q", 2**40) + b"abc."
        ends_in_its_limit(tmp_path, huge, "MB of memory")


@pytest.mark.usefixtures("tight")
def test_small_files_that_take_all_memory(tmp_path):
    """Each step doubles a list, an array of objects, or copies a content."""
    note = b"q\0"
    lists = b"](" + b"K\1" * 1000 + b"e" + note + b"]" + b"(" + b"h\0" * 1000 + b"e"
    assert load_sizes(tmp_path, lists + b".") == (1000, 1000)
    text = b"X" + struct.pack("<I", 2**20) + b"a" * 2**20 + note
    call = b"c_codecs\nencode\nq\1X\6\0\0\0latin1q\2"
    copies = b"h\1h\0h\2\x86R" * 1000
    ends_in_its_limit(tmp_path, text + call + b"(" + copies + b"l.", "MB of memory")


def load_sizes(tmp_path, data):
    """Of 1000 mentions of one list of 1000 numbers: fewer items than ten for a byte."""
    path = tmp_path / "a.pkl"
    path.write_bytes(data + bytes(100_000))
    value = load_pickle(path)
    return len(value), len(value[0])


def test_numbers_in_the_memo_that_leave_some_out(tmp_path):
    """As a pickle has them whose notes that nobody reads were taken out, and Python 2's from 1."""
    path = tmp_path / "a.pkl"
    path.write_bytes(b"((lp1\nI5\naI6\ng1\nt.")
    one, six, two = load_pickle(path)
    assert (one, six, two) == ([5], 6, [5])


@pytest.mark.usefixtures("tight")
def test_numbers_that_copy_a_content_again_and_again(tmp_path):
    """A few bytes each, of a content that the file has once."""
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.str_("S1 Walking 1"), np.float64(2.5), np.int8(-3)], 3))
    assert load_pickle(path) == ["S1 Walking 1", 2.5, -3]
    call = b"cnumpy.core.multiarray\nscalar\nq\0"
    kind = b"cnumpy\ndtype\nX\7\0\0\0U200000K\0K\1\x87R(K\3X\1\0\0\0<NNNK\0K\0K\0tbq\1"
    content = b"B" + struct.pack("<I", 800_000) + b"x\0\0\0" * 200_000 + b"q\2"
    many = b"h\0h\1h\2\x86R" * 1000
    data = b"(" + call + kind + content + many + b"l."
    ends_in_its_limit(tmp_path, data, "MB of memory")


@pytest.mark.parametrize("wrap", [lambda k: k, lambda k: (0, k)])
@pytest.mark.usefixtures("tight")
def test_numbers_that_all_have_one_hash(wrap, tmp_path):
    """As keys they take quadratic time."""
    many = [wrap(k * (2**61 - 1)) for k in range(60_000)]
    keys = b"".join(pickle.dumps(key, 2)[2:-1] + b"N" for key in many)
    ends_in_its_limit(tmp_path, b"}(" + keys + b"u.", "s( of processor time)?")
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({wrap(2**63): 1, wrap(-5): 2}))
    assert load_pickle(path) == {wrap(2**63): 1, wrap(-5): 2}


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


def test_npz_entries_of_no_bytes(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros((2, 0)), b=np.array(""))
    assert same(load_npz(path), {"a": np.zeros((2, 0)), "b": np.array("")})
    stream = io.BytesIO()
    header = {"descr": "<U0", "fortran_order": False, "shape": (10**11,)}
    np.lib.format.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", stream.getvalue())
    with pytest.raises(
        InputError, match=r"a\.npz: cannot be read .*an array of shape \(?\[?10{11}"
    ):
        load_npz(path)


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


def test_arrays_of_no_bytes(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.str_(""), np.zeros((3, 0))], 3))
    assert same(load_pickle(path), [np.str_(""), np.zeros((3, 0))])
    empty = pickle.dumps(np.zeros(1, "S1"), 3).replace(b"S1", b"S0").replace(b"C\x01\0", b"C\0")
    refused(tmp_path, empty.replace(b"K\x01\x85", b"J\0\0\0\x7f\x85"), "0 bytes for an array")
    many = pickle.dumps(np.zeros(1), 3).replace(b"K\x01\x85", b"(" + b"K\x01" * 99 + b"t")
    refused(tmp_path, many, "maximum supported dimension")


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


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.usefixtures("tight")
def test_an_npz_that_unpacks_to_far_more(method, tmp_path):
    """A file of 1.5 MB can hold gigabytes of zeros."""
    path, stream = tmp_path / "a.npz", io.BytesIO()
    with zipfile.ZipFile(path, "w", method) as archive:
        np.lib.format.write_array(stream, np.zeros(100_000))
        archive.writestr("a.npy", stream.getvalue())
    assert same(load_npz(path)["a"], np.zeros(100_000))
    with zipfile.ZipFile(path, "w", method) as archive:
        np.lib.format.write_array(stream := io.BytesIO(), np.zeros(2**25, np.uint8))
        for i in range(5):
            archive.writestr(f"{i}.npy", stream.getvalue())
    with pytest.raises(InputError, match=r"a\.npz: stopped at the limit of 134 MB of memory"):
        load_npz(path)


def test_an_npz_whose_entry_says_less_than_it_holds(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(100_000))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 800_128), struct.pack("<I", 1000)))
    with pytest.raises(InputError, match=r"a\.npz: cannot be read .*CRC"):
        load_npz(path)


def test_an_npz_with_an_array_larger_than_its_entry(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(10))
    with zipfile.ZipFile(path) as archive:
        data = archive.read("a.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", data.replace(b"(10,), }      ", b"(9999999999,)}"))
    with pytest.raises(InputError, match=r"a\.npz: stopped at the limit of 1,074 MB of memory"):
        load_npz(path)


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


def test_an_npz_with_a_damaged_entry(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("positions_3d.npy", b"no array")
    with pytest.raises(InputError, match=r"a\.npz: cannot be read .*the magic string"):
        load_npz(path)
    np.savez(path, a=np.arange(1000))
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.npz: cannot be read .*CRC"):
        load_npz(path)

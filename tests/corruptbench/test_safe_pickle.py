"""Pickles and npz files: data comes back as it was, and nothing else is let in."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest

from corruptbench.datasets import opcodes, pickled, stand_ins
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


def refused(tmp_path, data, said):
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"a\.pkl: not a readable pickle of arrays .*{said}"):
        load_pickle(path)


def doubled(levels, start=b")"):
    """A tuple of one and the same tuple twice, and so on: 2 ** levels members in a few bytes."""
    note = b"q" + bytes([0])
    return b"\x80\x02" + start + note + (b"h\0h\0\x86" + note) * levels


def test_few_bytes_that_unfold_to_many_items(tmp_path):
    """Following each mention would take years; so would printing it, or numpy.asarray."""
    refused(tmp_path, b"(" + doubled(60) + b"t.", r"lists within lists of .*e\+18 items in 428 b")
    refused(tmp_path, b")" + b"2\x86" * 23 + b".", "the instruction DUP among the data")
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
def test_keys_that_take_years_to_hash(inner, tmp_path):
    refused(tmp_path, doubled(60) + inner + b".", "a tuple as a dictionary's key")
    deep = b")" + b"\x85" * 200_000 + b"q\0"  # to hash this crashes Python
    refused(tmp_path, deep + inner + b".", "a tuple as a dictionary's key")


def test_keys_of_an_ordered_dictionary_of_python_2(tmp_path):
    path, call = tmp_path / "a.pkl", b"ccollections\nOrderedDict\n("
    path.write_bytes(call + b"(lp0\n(S'x'\nI1\nlp1\na(S'y'\nI2\nlp2\natR.")
    assert same(load_pickle(path), OrderedDict(x=1, y=2))
    refused(tmp_path, doubled(60) + call + b"]h\0K\1\x86atR.", "as a dictionary's key")


def test_room_for_what_is_not_there(tmp_path):
    """A number in the memo, or a length, far beyond the file: gigabytes, if believed."""
    refused(tmp_path, b"]r\0\0\0\x08.", "number 134217728 in its memo after 6 bytes")
    refused(tmp_path, b"]p134217728\n.", "number 134217728 in its memo")
    refused(tmp_path, b"]p-1\n.", "number -1 in its memo")
    for code in (pickle.BINBYTES8, pickle.BYTEARRAY8, pickle.BINUNICODE8):
        refused(tmp_path, code + struct.pack("<Q", 2**40) + b"abc.", "it ends 10995.* too soon")


def test_numbers_in_the_memo_that_leave_some_out(tmp_path):
    """As a pickle has them whose notes that nobody reads were taken out, and Python 2's from 1."""
    path = tmp_path / "a.pkl"
    path.write_bytes(b"((lp1\nI5\naI6\ng1\nt.")
    one, six, two = load_pickle(path)
    assert one == [5]
    assert (six, two is one) == (6, True)


def test_numbers_that_copy_a_content_again_and_again(tmp_path):
    """A few bytes each, of a content that the file has once."""
    big = np.str_("x" * 1100)  # 4 bytes each
    call = b"cnumpy.core.multiarray\nscalar\n"
    text = pickle.dumps([big], 3)
    assert call in text or b"scalar" in text
    refused(tmp_path, text, "a number or string of type 'U1100'")
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.str_("S1 Walking 1"), np.float64(2.5), np.int8(-3)], 3))
    assert load_pickle(path) == ["S1 Walking 1", 2.5, -3]


@pytest.mark.parametrize("wrap", [lambda k: k, lambda k: (0, k)])
def test_numbers_that_all_have_one_hash(wrap, tmp_path):
    """As keys they take quadratic time."""
    many = {wrap(k * (2**61 - 1)): None for k in range(9, 40)}
    refused(tmp_path, pickle.dumps(many), "a number of over 64 bits as a dictionary's key")
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({wrap(2**63): 1, wrap(-5): 2}))
    assert load_pickle(path) == {wrap(2**63): 1, wrap(-5): 2}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"S'abc\n.", "a string without its quotes"),
        (b"Sabc\n.", "a string without its quotes"),
        (b"S'\n.", "a string without its quotes"),
        (b"\x80\x63K\1.", "protocol 99"),
        (b"K\1K\2.", "2 values at its end"),
        (b"(K\1.", "1 values at its end"),
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
    with pytest.raises(InputError, match=r"a\.npz: .*no bytes for an array"):
        load_npz(path)


def test_one_text_is_one_array_content(tmp_path):
    """However often a file turns it to bytes, which takes a few bytes each time."""
    path, call = tmp_path / "a.pkl", b"c_codecs\nencode\n"
    once = b"h\0h\1R"
    note = b"]" + call + b"q\0aX\3\0\0\0abcX\6\0\0\0latin1\x86q\1a"
    refused(tmp_path, note + b".", "a Name among the data")
    path.write_bytes(
        b"}" + b"X\1\0\0\0a(" + call + b"q\0X\3\0\0\0abcX\6\0\0\0latin1\x86q\1R" + once + b"ls."
    )
    one, other = load_pickle(path)["a"]
    assert one == b"abc"
    assert one is other


def test_arrays_of_no_bytes(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.str_(""), np.zeros((3, 0))], 3))
    assert same(load_pickle(path), [np.str_(""), np.zeros((3, 0))])
    empty = pickle.dumps(np.zeros(1, "S1"), 3).replace(b"S1", b"S0").replace(b"C\x01\0", b"C\0")
    refused(tmp_path, empty.replace(b"K\x01\x85", b"J\0\0\0\x7f\x85"), "no bytes for an array")
    many = pickle.dumps(np.zeros(1), 3).replace(b"K\x01\x85", b"(" + b"K\x01" * 99 + b"t")
    refused(tmp_path, many, "an array of 99 axes")


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
    before = [state_of(module) for module in (opcodes, pickled, stand_ins)]
    values = pickle.dumps(state, 2)[2:-1]
    refused(tmp_path, b"c" + name + b"\n" + values + b"b.", "a state for a Name")
    assert [state_of(module) for module in (opcodes, pickled, stand_ins)] == before


def test_a_state_for_what_has_none(tmp_path):
    call = b"c_codecs\nencode\nX\1\0\0\0aX\6\0\0\0latin1\x86R"
    refused(tmp_path, call + b"}b.", "a state for a Encoded")
    refused(tmp_path, b"ccollections\nOrderedDict\n)R}b.", "a state for a OrderedDict")
    refused(tmp_path, b"]}b.", "a state for a list")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"cnumpy\ndtype\n)\x81.", "NEWOBJ"),
        (b"cnumpy\ndtype\n)}\x92.", "NEWOBJ_EX"),
        (b"(cnumpy\ndtype\no.", "OBJ"),
        (b"Pid\n.", "PERSID"),
        (b"K\1Q.", "BINPERSID"),
        (b"\x82\1.", "EXT1"),
        (b"\x97.", "NEXT_BUFFER"),
        (b"K\1K\x010.", "POP"),
        (b"K\1\xff.", "255"),
        (b"]K\1R.", "a call of a list"),
        (b"(cnumpy\ndtype\n]R.", "a call of a Name"),
        (b"K\1K\1a.", "items for a int"),
        (b"]K\1K\2s.", "items for a list"),
        (b"K\1K\2\x93.", "a name that is no text"),
        (b"K\1", "ends too soon"),
        (b"\x86.", "lacks what it works on"),
        (b"h\1.", "lacks what it works on"),
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


def test_an_npz_that_unpacks_to_far_more(tmp_path, monkeypatch):
    """A file of 1.5 MB can hold gigabytes of zeros."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(100_000))
    assert same(load_npz(path)["a"], np.zeros(100_000))  # small: may be as regular as it likes
    monkeypatch.setattr(pickled, "_REGULAR", 10_000)
    with pytest.raises(
        InputError, match=r"a\.npz: .* MB that would unpack to 0\.8001 MB, expected"
    ):
        load_npz(path)
    np.savez_compressed(path, a=np.random.default_rng(0).random(100_000))
    assert len(load_npz(path)["a"]) == 100_000
    monkeypatch.setattr(pickled, "_LARGEST", 500_000)
    with pytest.raises(InputError, match=r"would unpack to 0\.8001 MB, expected at most 0\.5 MB"):
        load_npz(path)


def test_an_npz_whose_entry_says_less_than_it_holds(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(100_000))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 800_128), struct.pack("<I", 1000)))
    with pytest.raises(InputError, match=r"a\.npz: not a readable \.npz .*CRC"):
        load_npz(path)


def test_an_npz_packed_otherwise(tmp_path):
    """Of LZMA nothing less than all can be unpacked."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.npy", bytes(1000))
    with pytest.raises(InputError, match=r"a\.npz: .*a\.npy is packed by method 14"):
        load_npz(path)


def test_an_npz_with_an_array_larger_than_its_entry(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(10))
    with zipfile.ZipFile(path) as archive:
        data = archive.read("a.npy")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", data.replace(b"(10,), }      ", b"(9999999999,)}"))
    with pytest.raises(InputError, match=r"a\.npz: .*208 bytes for an array of shape \(9999999999"):
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

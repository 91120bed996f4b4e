"""Small pickles that would take memory or time without end meet a limit."""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from corruptbench.errors import InputError
from tests.corruptbench.safe_pickle.conftest import load_npz, load_pickle, refused, same


def ends_in_its_limit(tmp_path, data, of):
    path = tmp_path / "a.pkl"
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=rf"a\.pkl: stopped at the limit of \S+ {of}; is the file complete"
    ):
        load_pickle(path)
    path.write_bytes(pickle.dumps([1]))
    assert load_pickle(path) == [1]


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


def test_arrays_of_no_bytes(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([np.str_(""), np.zeros((3, 0))], 3))
    assert same(load_pickle(path), [np.str_(""), np.zeros((3, 0))])
    empty = pickle.dumps(np.zeros(1, "S1"), 3).replace(b"S1", b"S0").replace(b"C\x01\0", b"C\0")
    refused(tmp_path, empty.replace(b"K\x01\x85", b"J\0\0\0\x7f\x85"), "0 bytes for an array")
    many = pickle.dumps(np.zeros(1), 3).replace(b"K\x01\x85", b"(" + b"K\x01" * 99 + b"t")
    refused(tmp_path, many, "maximum supported dimension")

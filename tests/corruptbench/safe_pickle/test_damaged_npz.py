"""Npz files that are damaged, or that unpack to more than they say, are refused."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from corruptbench.errors import InputError
from tests.corruptbench.safe_pickle.conftest import load_npz, same


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

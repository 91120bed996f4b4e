"""Files that are damaged, or built to mislead, are refused with the reason."""

import contextlib
import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.lifters.archive import MOST_CONTRACT_BYTES, inspect
from tests.corruptbench.archive.conftest import BASELINES
from tests.fixtures import model_files as files
from tests.fixtures.model_files import refusal


class TestWhole:
    def test_flipped_bit_names_the_member(self, tmp_path):
        data = bytearray((BASELINES / "videopose3d-27.pt2").read_bytes())
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = next(i for i in archive.infolist() if i.filename.endswith("weight_3"))
        data[info.header_offset + 300] ^= 1
        bad = tmp_path / "a.pt2"
        bad.write_bytes(data)
        said = refusal(bad)
        assert info.filename in said
        assert "damaged" in said

    @pytest.mark.parametrize("name", ["tiny.pt2", "tiny.pt", "tiny.onnx"])
    @pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
    def test_truncated(self, model_folder, name, part, tmp_path):
        data = (model_folder / name).read_bytes()
        bad = tmp_path / name
        bad.write_bytes(data[: int(len(data) * part)])
        assert "cut off" in refusal(bad)

    def test_bytes_around(self, model_folder, tmp_path):
        data = (model_folder / "tiny.pt2").read_bytes()
        for text in (data + b"x", data + data, b"PK" + data):
            (tmp_path / "a.pt2").write_bytes(text)
            assert "a.pt2: " in refusal(tmp_path / "a.pt2")

    def test_bytes_between(self, model_folder, tmp_path):
        """A hole in the archive, in which another reader may see a member."""
        path = tmp_path / "a.pt2"
        files.write(files.read(model_folder / "tiny.pt2"), path)
        data = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            start = archive.start_dir
        end = bytearray(data[-22:])
        struct.pack_into("<I", end, 16, start + 64)
        path.write_bytes(data[:start] + b"\0" * 64 + data[start:-22] + end)
        assert "bytes between" in refusal(path)

    def test_two_headers_of_one_member(self, members, tmp_path):
        path = files.write(members, tmp_path / "a.pt2")
        data = path.read_bytes()
        at = data.index(b"archive/models/model.json")
        path.write_bytes(data[:at] + b"archive/models/other.json" + data[at + 25 :])
        assert "two headers" in refusal(path)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    @pytest.mark.parametrize("name", ["archive/models/model.json", "archive/MODELS/model.json"])
    def test_duplicated_names(self, members, name, tmp_path):
        path = files.write(members, tmp_path / "a.pt2")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"{}")
        assert "two members" in refusal(path)

    @pytest.mark.parametrize("name", ["/etc/x", "archive/../x", "a//b", "a\\b", "a\nb", "a/./b"])
    def test_strange_names(self, members, name, tmp_path):
        path = files.write(members, tmp_path / "a.pt2")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"")
        assert "member name" in refusal(path)

    def test_encrypted(self, members, tmp_path):
        path = files.write(members, tmp_path / "a.pt2")
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02")
        data[at + 8] |= 1
        path.write_bytes(data)
        assert "encrypted" in refusal(path)

    def test_bomb(self, members, tmp_path):
        members["data/weights/weight_9"] = bytes(40 << 20)
        path = files.write(members, tmp_path / "a.pt2", zipfile.ZIP_DEFLATED)
        assert "unpack to" in refusal(path)

    @pytest.mark.parametrize("name", ["tiny.pt2", "tiny.pt", "tiny.onnx"])
    def test_noise_gives_no_other_error(self, model_folder, name, tmp_path):
        draw = np.random.default_rng(1)
        whole = np.frombuffer((model_folder / name).read_bytes(), np.uint8)
        for _ in range(60):
            data = whole.copy()
            data[draw.integers(len(data) - min(len(data), 1500), len(data), 3)] ^= 1 << 7
            (tmp_path / name).write_bytes(data)
            with contextlib.suppress(InputError):
                inspect(tmp_path / name, False)

    def test_missing_member(self, members, tmp_path):
        del members["data/sample_inputs/model.pt"]
        said = refusal(files.write(members, tmp_path / "a.pt2"))
        assert "'data/sample_inputs/model.pt' is missing" in said

    @pytest.mark.parametrize(
        ("contract", "said"),
        [
            (b" " * (MOST_CONTRACT_BYTES + 1), "more than"),
            (b"[" * 99 + b"]" * 99, "99 deep"),
            (b'{"frames": ' + b"9" * 5000 + b"}", "5000 digits"),
        ],
    )
    def test_contract_out_of_bounds(self, members, contract, said, tmp_path):
        members["extra/corruptbench.json"] = contract
        assert said in refusal(files.write(members, tmp_path / "a.pt2"))

    def test_brackets_in_a_text_do_not_nest(self, members, tmp_path):
        members["extra/corruptbench.json"] = json.dumps({"name": '"' + "[" * 99}).encode()
        inspect(files.write(members, tmp_path / "a.pt2"), False)

    def test_deep_graph(self, members, tmp_path):
        members["models/model.json"] = b'{"graph_module":' + b"[" * 200_000
        assert "no JSON" in refusal(files.write(members, tmp_path / "a.pt2"))


def zipped(*names: str) -> bytes:
    return files.packed(dict.fromkeys(names, b"x"))


WRONG = [
    (b"", "empty"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    (b"<!DOCTYPE html><html></html>", "a web page"),
    (b"\x89HDF\r\n\x1a\n0000", "HDF5"),
    (struct.pack("<Q", 40) + b'{"a":{"dtype":"F32","shape":[1]}}'.ljust(60), "safetensors"),
    (b"\x80\x02}q\x00.", "a pickle"),
    (b"\x10\0\0\0ET12" + bytes(50), "ExecuTorch"),
    (b"\x10\0\0\0TFL3" + bytes(50), "TensorFlow Lite"),
    (b"\x10\0\0\0ORTM" + bytes(50), ".ort"),
    (b"ftrt" + bytes(50), "TensorRT"),
    (b"\x1f\x8b\x08" + bytes(9), "gzip"),
    (bytes(100), "zeros only"),
    (b"name = 'tiny'\n", "not recognized"),
    (b"\x7fELF" + bytes(20), "compiled library"),
    (zipped("MAR-INF/MANIFEST.json", "model.pt"), ".mar"),
    (zipped("a/archive_format", "a/data/aotinductor/model/a.so"), "AOTInductor"),
    (zipped("arr_0.npy"), "NumPy"),
    (zipped("model.pt2"), "around a model"),
    (zipped("readme.txt"), "not of an exported model"),
    (zipped(), "not of an exported model"),
    (files.saved({"weight": torch.zeros(2)}), "pickled Python objects"),
]


class TestWrongFiles:
    @pytest.mark.parametrize(("data", "said"), WRONG, ids=[said for _, said in WRONG])
    def test_is_named(self, data, said, tmp_path):
        path = tmp_path / "model.pt2"
        path.write_bytes(data)
        found = refusal(path)
        assert said in found
        assert "expected an exported model" in found

    def test_no_regular_file(self, tmp_path):
        os.mkfifo(tmp_path / "fifo")
        assert "no regular file" in refusal(tmp_path / "fifo")
        assert "no regular file" in refusal(Path("/dev/null"))
        assert "a folder" in refusal(tmp_path)
        assert "no such file" in refusal(tmp_path / "missing")

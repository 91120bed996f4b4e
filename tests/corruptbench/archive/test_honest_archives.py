"""Files of honest lifters are let in."""

import json
import subprocess
import sys
import warnings
import zipfile

import pytest
import torch
from torch import nn
from torch.export import Dim

from corruptbench.lifters.archive import inspect
from tests.corruptbench.archive.conftest import BASELINES
from tests.fixtures import model_files as files


class TestHonest:
    @pytest.mark.parametrize("name", ["videopose3d-27.pt2", "videopose3d-27-humaneva15.pt2"])
    def test_baselines(self, name):
        found = inspect(BASELINES / name, False)
        assert found.kind == "pt2"
        assert json.loads(found.contract)["window"] == "sequence"
        assert found.size == (BASELINES / name).stat().st_size
        assert len(found.sha256) == 64

    @pytest.mark.parametrize(
        ("name", "kind"), [("tiny.pt2", "pt2"), ("tiny.pt", "torchscript"), ("tiny.onnx", "onnx")]
    )
    def test_kind_and_contract(self, model_folder, name, kind):
        found = inspect(model_folder / name, False)
        assert (found.kind, found.contract) == (kind, files.CONTRACT)

    def test_content_decides_not_the_suffix(self, model_folder, tmp_path):
        for name, kind in (("tiny.pt2", "pt2"), ("tiny.pt", "torchscript"), ("tiny.onnx", "onnx")):
            other = tmp_path / "model.bin"
            other.write_bytes((model_folder / name).read_bytes())
            assert inspect(other, False).kind == kind

    def test_no_contract(self, members, tmp_path):
        del members["extra/corruptbench.json"]
        assert inspect(files.write(members, tmp_path / "a.pt2"), False).contract is None

    @pytest.mark.parametrize(
        "dynamic",
        [
            {0: Dim("b", min=2, max=64), 1: Dim.AUTO},
            {0: Dim.AUTO, 1: 2 * Dim("half", min=2, max=50) + 1},
            {0: Dim.DYNAMIC},
        ],
    )
    def test_dynamic_shapes(self, dynamic, tmp_path):
        net = files.Outputs(lambda pose, middle: {"pose": pose, "parts": (middle, [pose])})
        path = files.export_pt2(net, tmp_path / "a.pt2", dynamic)
        assert inspect(path, False).kind == "pt2"

    def test_layers_of_lifters(self, tmp_path):
        path = files.export_pt2(Layers(), tmp_path / "a.pt2")
        assert inspect(path, False).kind == "pt2"

    def test_control_flow(self, tmp_path):
        path = files.export_pt2(Flow(), tmp_path / "a.pt2")
        assert inspect(path, False).kind == "pt2"

    def test_script(self, tmp_path):
        path = files.export_script(files.scripted(files.Scripted()), tmp_path / "a.pt")
        assert inspect(path, False).kind == "torchscript"

    def test_flat_archive_that_torch_reads(self, tmp_path):
        path = files.export_flat(files.Tiny(), tmp_path / "old.pt2")
        found = inspect(path, False)
        assert (found.kind, found.contract) == ("old-pt2", files.CONTRACT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert torch.export.load(path).module()(torch.zeros(files.EXAMPLE)).shape[-1] == 3

    def test_packed_again(self, members, tmp_path):
        path = files.write(members, tmp_path / "a.pt2", zipfile.ZIP_DEFLATED)
        assert inspect(path, False).kind == "pt2"

    def test_no_torch_is_imported(self, model_folder):
        code = (
            "import sys; from pathlib import Path;"
            "from corruptbench.lifters.archive import inspect;"
            f"[inspect(p, False) for p in Path({str(model_folder)!r}).iterdir()];"
            "sys.exit('torch' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0


class Layers(nn.Module):
    """Layers that lifters are model_folder of, and shapes that depend on the length."""

    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(34, 16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.norm = nn.BatchNorm1d(16)
        self.conv = nn.Conv1d(16, 16, 3, padding=1)
        self.gru = nn.GRU(16, 51, batch_first=True)
        self.names = nn.ParameterDict({"a-b c": torch.ones(51)})

    def forward(self, x):
        y = self.encoder(self.lift(x.flatten(2))).transpose(1, 2)
        y = y.masked_fill(y > 9, float("-inf")).clamp(min=-9)
        y = self.conv(self.norm(y)) + torch.arange(y.shape[2]) * torch.rand(1)
        y = torch.einsum("bct,dc->btd", y, torch.eye(16))
        spectrum = torch.fft.rfft(y, dim=1)
        y = torch.fft.irfft(spectrum, n=y.shape[1], dim=1)
        y, _ = self.gru(y)
        return (y * self.names["a-b c"]).reshape(len(y), -1, 17, 3)


class Flow(nn.Module):
    def forward(self, x):
        y = torch.cond(x.sum() > 0, lambda a: a + 1, lambda a: a - 1, (x,))
        y = torch.vmap(lambda a: a * 2)(y)
        with torch.autocast("cpu", enabled=False):
            return y.repeat(1, 1, 1, 2)[..., :3]

"""Checkpoints of trainings: where the weights lie, what their names begin with, what is refused."""

from __future__ import annotations

import argparse
import struct
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.checkpoint import load_weights


class Tiny(nn.Module):
    def __init__(self, width: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(layers)])
        self.norm = nn.BatchNorm1d(width)


class Wrapper(nn.Module):
    """What an author writes around a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.ones(3))


@pytest.fixture
def trained() -> Tiny:
    torch.manual_seed(7)
    return Tiny()


def equal(a: nn.Module, b: nn.Module) -> bool:
    return all(map(torch.equal, a.state_dict().values(), b.state_dict().values()))


def prefixed(prefix: str, network: nn.Module) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()}


PLACES = {
    "itself": (lambda n: n.state_dict(), "{file}, 9 of 9"),
    "VideoPose3D": (
        lambda n: {
            "epoch": 80, "lr": np.float64(1e-3), "random_state": np.random.RandomState(3),
            "optimizer": torch.optim.Adam(n.parameters()).state_dict(),
            "model_pos": n.state_dict(), "model_traj": Tiny(5).state_dict(),
        },
        "'model_pos' of {file}, 9 of 9",
    ),
    "data parallel": (
        lambda n: {"args": argparse.Namespace(layers=2), "model": prefixed("module.", n)},
        "'model' of {file}, prefix module. removed, 9 of 9",
    ),
    "compiled": (
        lambda n: {"state_dict": prefixed("module._orig_mod.", n)},
        "'state_dict' of {file}, prefix module._orig_mod. removed, 9 of 9",
    ),
    "lightning": (
        lambda n: {"state_dict": prefixed("model.", n), "hyper": [1, None]},
        "'state_dict' of {file}, prefix model. removed, 9 of 9",
    ),
    "list": (
        lambda n: [n.state_dict(), torch.optim.SGD(n.parameters()).state_dict(), 12],
        "'0' of {file}, 9 of 9",
    ),
    "deeper": (lambda n: {"best": {"model_lifter": n.state_dict()}}, "'model_lifter' of 'best' of"),
    "averaged": (
        lambda n: {"ema": Tiny().state_dict(), "model": n.state_dict()},
        "'model' of {file}, 9 of 9 tensors ('ema' would fit, too)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrap", [False, True])
def test_the_weights_are_found(place, wrap, trained, tmp_path):
    make, said = PLACES[place]
    path = tmp_path / "best.bin"
    torch.save(make(trained), path)
    torch.manual_seed(8)
    network = Tiny()
    assert not equal(network, trained)
    line = load_weights(Wrapper(network) if wrap else network, path)
    assert line.startswith("weights: ")
    assert said.format(file=path) in line
    assert equal(network, trained)


def test_files_before_torch_1_6_and_normalization_before_0_4_1(trained, tmp_path):
    state = {n: t for n, t in trained.state_dict().items() if "num_batches" not in n}
    content = {"model_pos": state, "random_state": np.random.RandomState(3)}
    torch.save(content, tmp_path / "old.pth.tar", _use_new_zipfile_serialization=False)
    network = Tiny()
    load_weights(network, tmp_path / "old.pth.tar")
    assert equal(network, trained)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Tiny(layers=3), r"2 of 11 tensors missing \(layers\.2\.weight, .*more than was trained"),
        (Tiny(layers=1), r"2 unexpected \(layers\.1\.weight, .*nn\.ModuleList"),
        (
            Tiny(5),
            r"8 of another shape \(layers\.0\.weight: \(4, 4\) in the file, \(5, 5\) in .*siz",
        ),
        (nn.Sequential(nn.Linear(4, 4)), "2 of 2 tensors missing.*another network"),
    ],
)
def test_what_does_not_fit_is_refused(network, said, trained, tmp_path):
    torch.save({"model_pos": prefixed("module.", trained)}, tmp_path / "best.bin")
    before = {n: t.clone() for n, t in network.state_dict().items()}
    with pytest.raises(InputError, match=f"'model_pos' does not fit the network: {said}"):
        load_weights(network, tmp_path / "best.bin")
    assert all(torch.equal(before[n], t) for n, t in network.state_dict().items())


def test_a_network_without_weights_and_a_file_without_tensors(trained, tmp_path):
    torch.save(trained.state_dict(), tmp_path / "best.bin")
    with pytest.raises(InputError, match="the network has no weights"):
        load_weights(nn.ReLU(), tmp_path / "best.bin")
    torch.save({"epoch": 3}, tmp_path / "epoch.bin")
    with pytest.raises(InputError, match="no tensors in it; expected a state_dict"):
        load_weights(trained, tmp_path / "epoch.bin")


def test_nothing_in_a_file_is_run(trained, tmp_path, monkeypatch):
    module = ModuleType("author_code_of_a_test")
    exec(
        "class Options:\n    def __setstate__(self, state): raise SystemExit('it ran')",
        vars(module),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    options = vars(module)["Options"]()
    options.frames = 27
    torch.save({"opt": options, "model_pos": trained.state_dict()}, tmp_path / "a.bin")
    with pytest.raises(InputError, match=r"no tensors \(author_code_of_a_test.Options\).*\[NAME\]"):
        load_weights(Tiny(), tmp_path / "a.bin")
    torch.save(trained, tmp_path / "whole.pth")
    with pytest.raises(InputError, match=r"a whole pickled network .*\.state_dict\(\), \"weights"):
        load_weights(Tiny(), tmp_path / "whole.pth")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<!doctype html><html>", "a web page"),
        (b"\x80\x02}q\x00.", "damaged"),
        (b"PK\x03\x04" + b"0" * 50, "a ZIP archive that was cut off"),
        (b"\x89HDF\r\n\x1a\n" + b"0" * 50, "an HDF5 file"),
        (b"\0\0\0\0TFL3" + b"0" * 50, "a TensorFlow Lite model"),
    ],
)
@pytest.mark.parametrize("name", ["best.bin", "best.pt", "best.safetensors"])
def test_what_is_no_checkpoint(content, said, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"best\.\w+: .*{said}.*expected what torch\.save writes"):
        load_weights(Tiny(), path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_exported_model_and_a_missing_library(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), str(tmp_path / "m.pt"))
    with pytest.raises(InputError, match="an exported model, not a checkpoint"):
        load_weights(Tiny(), tmp_path / "m.pt")
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07\x12\x07pytorch")
    with pytest.raises(InputError, match="an exported model, not a checkpoint"):
        load_weights(Tiny(), tmp_path / "m.onnx")


@pytest.mark.parametrize("name", ["m.safetensors", "m.pt"])
def test_safetensors_are_known_by_their_content(name, tmp_path):
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path = tmp_path / name
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)
    with pytest.raises(InputError, match=r"safetensors, which is not installed|does not fit"):
        load_weights(Tiny(), path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(InputError, match=r"damaged or cut off|not recognized"):
        load_weights(Tiny(), path)


def test_arrays_and_a_missing_checkpoint(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.zeros(3))
    with pytest.raises(InputError, match=r"m\.npz: arrays of NumPy \(\.npz\); expected what torch"):
        load_weights(Tiny(), tmp_path / "m.npz")
    with pytest.raises(InputError, match=r"m\.pt: no such file; expected what torch"):
        load_weights(Tiny(), tmp_path / "m.pt")
    (tmp_path / "m.pt.zip").touch()
    with pytest.raises(InputError, match=r"there is 'm\.pt\.zip': unpack it"):
        load_weights(Tiny(), tmp_path / "m.pt")

"""Loading and probing of submitted lifters, and the conventions of their input and output."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.contract import EXTRA_FILE
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import Lifter, load_lifter, probe
from corruptbench.lifters.windows import lift, lifter_input
from corruptbench.skeleton import H36M17
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import cameras


class Lift(nn.Module):
    """x, y -> x, y, mean over the window; `spoil` breaks it in one way."""

    def __init__(self, frames: int = 1, spoil: str = "") -> None:
        super().__init__()
        self.frames, self.spoil = frames, spoil
        self.gain = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x.shape[1] - self.frames + 1
        y = nn.functional.pad(x[..., :2], (0, 1))[:, :kept] * self.gain
        if self.spoil == "shape":
            y = y[:, :, :16]
        if self.spoil == "nan":
            y = y / (y - y)
        if self.spoil == "nan on the right":  # but not on the probe, whose people are wider
            slim = x[..., 0].std(dim=-1) < 0.15
            right = x[..., 0].mean(dim=-1) > 0.02
            y = torch.where((slim & right)[..., None, None], y / (y - y), y)
        if self.spoil == "random":
            y = self.dropout(y)
        return y


def script(path: Path, network: nn.Module, declared=None, frames: int = 5, train=False) -> Path:
    """Writes TorchScript, with a contract inside if one is given."""
    network = network.train() if train else network.eval()
    extra = {EXTRA_FILE: declared.model_dump_json()} if declared else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network, torch.zeros(2, frames, 17, 2), check_trace=False)
        torch.jit.save(traced, str(path), _extra_files=extra)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".pt2"])
def test_both_formats_give_the_networks_own_numbers(tmp_path, suffix):
    torch.manual_seed(1)
    network = VideoPose3D(17, 2, widths=(3, 3), features=16).eval()
    export(network, contract(), tmp_path / f"m{suffix}")
    lifter = load_lifter(tmp_path / f"m{suffix}", "cpu")
    assert lifter.contract == contract()
    assert lifter.parameters == sum(p.numel() for p in network.parameters())
    for batch, frames in ((1, 10), (2, 30), (7, 57)):
        x = torch.randn(batch, frames, 17, 2)
        with torch.no_grad():
            assert np.allclose(lifter(x.numpy()), network(x).numpy(), atol=1e-5)


def test_contract_beside_the_model(tmp_path):
    path = script(tmp_path / "m.pt", Lift())
    with pytest.raises(
        InputError, match=r"declares no contract; expected corruptbench\.json.*m\.toml"
    ):
        load_lifter(path, "cpu")
    lines = [f'{k} = "{v}"' if isinstance(v, str) else f"{k} = {v}"
             for k, v in contract(frames=1).model_dump().items()]  # fmt: skip
    (tmp_path / "m.toml").write_text("\n".join(lines))
    assert load_lifter(path, "cpu").contract == contract(frames=1)
    (tmp_path / "m.toml").write_text("\n".join(lines).replace('"screen"', '"guess"'))
    with pytest.raises(InputError, match=r"m\.toml: normalize: .*'screen' or 'pixel'"):
        load_lifter(path, "cpu")
    (tmp_path / "m.toml").write_text("not toml [")
    with pytest.raises(InputError, match="not TOML"):
        load_lifter(path, "cpu")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("shape", r"output shape \(3, 9, 16, 3\), expected \(3, 9, 17, 3\)"),
        ("nan", "NaN or infinity"),
        ("random", "same input gives different outputs"),
    ],
)
def test_models_that_break_their_contract(tmp_path, spoil, message):
    path = script(tmp_path / "m.pt", Lift(1, spoil), contract(frames=1), train=spoil == "random")
    with pytest.raises(InputError, match=message):
        load_lifter(path, "cpu")


def test_wrong_window_is_found_by_the_probe(tmp_path):
    path = script(tmp_path / "m.pt", Lift(3), contract(frames=9))
    with pytest.raises(InputError, match="window 'sequence'; correct the contract"):
        load_lifter(path, "cpu")


class Foreign(nn.Module):
    """Works on the first inputs that it is tried on, and not on others."""

    def __init__(self, only: str) -> None:
        super().__init__()
        self.only = only
        self.places = nn.Parameter(torch.zeros(1, 40, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.only == "batch of 3":
            x = x.reshape(3, -1, 17, 2)
        if self.only == "40 frames":
            x = x + self.places[:, : x.shape[1]]
        return nn.functional.pad(x, (0, 1))


@pytest.mark.parametrize("only", ["batch of 3", "40 frames"])
def test_models_that_fix_what_must_be_free(tmp_path, only):
    path = tmp_path / "m.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(Foreign(only), torch.zeros(3, 9, 17, 2), check_trace=False)
        extra = {EXTRA_FILE: contract(frames=1).model_dump_json()}
        torch.jit.save(traced, str(path), _extra_files=extra)
    with pytest.raises(InputError, match=r"input of shape \(5, 78, 17, 2\)"):
        load_lifter(path, "cpu")


def test_a_model_of_two_inputs(tmp_path):
    class Two(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return x + y

    program = torch.export.export(Two(), (torch.zeros(3, 9, 17, 2), torch.zeros(3, 9, 17, 2)))
    extra = {EXTRA_FILE: contract(frames=1).model_dump_json()}
    with (tmp_path / "m.pt2").open("wb") as stream:
        torch.export.save(program, stream, extra_files=extra)
    with pytest.raises(InputError, match="fails on an input of shape"):
        load_lifter(tmp_path / "m.pt2", "cpu")


def test_a_damaged_archive(tmp_path):
    path = script(tmp_path / "m.pt", Lift(), contract(frames=1))
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place : place + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"m\.pt: "):
        load_lifter(path, "cpu")


def test_pickles_are_refused_unread(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    for name, content in (("module", Lift()), ("state", Lift().state_dict()), ("bomb", Bomb())):
        path = tmp_path / f"{name}.pt"
        torch.save(content, path)
        with pytest.raises(
            InputError, match=r"pickled Python objects.*export it with torch\.export"
        ):
            load_lifter(path, "cpu")
    assert not (tmp_path / "exploded").exists()


def test_other_files_are_refused(tmp_path):
    for name, content in (("a.pt", b""), ("b.pt", b"<html>"), ("c.pt2", b"PK\x03\x04broken")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}: not an exported model"):
            load_lifter(tmp_path / name, "cpu")
    shutil.make_archive(str(tmp_path / "d"), "zip", tmp_path, "a.pt")
    with pytest.raises(InputError, match="not of an exported model"):
        load_lifter(tmp_path / "d.zip", "cpu")
    with pytest.raises(InputError, match="no such file"):
        load_lifter(tmp_path / "nowhere.pt", "cpu")
    with pytest.raises(InputError, match="device 'warp': not usable here"):
        load_lifter(script(tmp_path / "m.pt", Lift(), contract(frames=1)), "warp")


@pytest.mark.parametrize("even", [2, 26])
def test_a_window_has_a_middle(even):
    with pytest.raises(ValueError, match="has no middle"):
        contract(frames=even)
    assert contract(frames=even, window="block").frames == even


def python_lifter(declared, function) -> Lifter:
    return Lifter(declared, function, torch.device("cpu"), "0" * 64, 1, 0)


def tracks(frames, count=3):
    return np.random.default_rng(0).normal(size=(count, frames, 17, 2)).astype(np.float32)


def moving_mean(x, frames):
    """What each kind of lifter below computes, by loops: the mean over the padded window."""
    half = (frames - 1) // 2
    out = np.zeros((*x.shape[:3], 3))
    for t in range(x.shape[1]):
        near = np.clip(np.arange(t - half, t + half + 1), 0, x.shape[1] - 1)
        out[:, t, :, :2] = x[:, near].mean(axis=1)
    return out


def window_mean(x):
    mean = x.unfold(1, 5, 1).mean(dim=-1)
    return nn.functional.pad(mean, (0, 1))


@pytest.mark.parametrize("window", ["sequence", "centre"])
@pytest.mark.parametrize("frames", [1, 2, 5, 40, 600])
def test_every_frame_gets_the_pose_of_its_own_window(window, frames):
    lifter = python_lifter(contract(window=window, frames=5, units="mm"), window_mean)
    x = tracks(frames)
    assert np.allclose(lift(lifter, x), moving_mean(x, 5), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 3, 4, 5, 8, 11, 1030])
def test_blocks_cover_every_frame_once(frames):
    calls = []

    def block(x):
        assert x.shape[1] == 4
        calls.append(len(x))
        return nn.functional.pad(x, (0, 1))

    lifter = python_lifter(contract(window="block", frames=4), block)
    x = tracks(frames, 2)
    assert np.allclose(lift(lifter, x)[..., :2], 1000 * x, atol=1e-3), "meters become millimeters"
    assert max(calls) <= 256


def test_a_wrong_shape_on_a_clip_is_named():
    lifter = python_lifter(contract(frames=5), lambda x: torch.zeros(x.shape[0], 3, 17, 3))
    with pytest.raises(InputError, match="correct the contract or the model"):
        lift(lifter, tracks(20))


def test_input_conventions():
    camera = cameras(200)["cam1"]
    points = np.random.default_rng(0).uniform(0, 200, (6, 17, 2))
    scores = np.random.default_rng(1).uniform(0, 1, (6, 17))
    pixel = lifter_input(points, scores, "h36m17", camera, contract(normalize="pixel"))
    assert np.allclose(pixel, points)
    screen = lifter_input(points, scores, "h36m17", camera, contract(channels="xyc"))
    assert np.allclose(screen[..., :2], points / 100 - 1, atol=1e-6)
    assert np.allclose(screen[..., 2], scores)


def test_unseen_frames_repeat_the_nearest():
    camera = cameras(200)["cam1"]
    points = np.arange(6, dtype=np.float64)[:, None, None] * np.ones((6, 17, 2))
    points[[0, 2, 3]] = np.nan
    filled = lifter_input(points, np.ones((6, 17)), "h36m17", camera, contract(normalize="pixel"))
    assert filled[:, 0, 0].tolist() == [1, 1, 1, 4, 4, 5]
    points[:] = np.nan
    filled = lifter_input(points, np.ones((6, 17)), "h36m17", camera, contract(normalize="pixel"))
    assert (filled == 100).all()


def test_input_joints_are_those_of_the_output_unless_declared():
    assert contract().keypoints == "h36m17"
    assert contract(joints="humaneva15").keypoints == "humaneva15"
    declared = contract(joints="humaneva15", keypoints="coco17")
    assert contract(**declared.model_dump()) == declared
    with pytest.raises(ValueError, match="keypoints"):
        contract(keypoints="smpl24")


class Fewer(nn.Module):
    """Takes K keypoints, gives the last 15 of them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x[:, :, -15:], (0, 1))


@pytest.mark.parametrize("suffix", [".pt", ".pt2"])
def test_a_lifter_of_other_joints_than_it_is_given(tmp_path, suffix):
    declared = contract(joints="humaneva15", keypoints="coco17", frames=1)
    export(Fewer(), declared, tmp_path / f"m{suffix}")
    lifter = load_lifter(tmp_path / f"m{suffix}", "cpu")
    assert lifter.contract == declared
    camera = cameras(200)["cam1"]
    points = np.random.default_rng(0).uniform(0, 200, (6, 17, 2))
    track = lifter_input(points, np.ones((6, 17)), "coco17", camera, declared)
    assert np.allclose(track, points / 100 - 1, atol=1e-6), "no conversion: it takes COCO's joints"
    poses = lift(lifter, track[None])
    assert poses.shape == (1, 6, 15, 3)
    assert np.allclose(poses[0, ..., :2], 1000 * track[:, -15:])


def test_joints_that_were_declared_wrong():
    def same(x):
        return nn.functional.pad(x, (0, 1))

    probe(python_lifter(contract(frames=1, joints="humaneva15"), same))
    for declared, shapes in (
        (contract(frames=1, keypoints="humaneva15"), r"\(3, 9, 15, 3\), expected \(3, 9, 17, 3\)"),
        (
            contract(frames=1, joints="humaneva15", keypoints="coco17"),
            r"\(3, 9, 17, 3\), expected \(3, 9, 15, 3\)",
        ),
    ):
        with pytest.raises(InputError, match=shapes):
            probe(python_lifter(declared, same))


def test_mirroring_keeps_the_convention():
    from corruptbench.training.samples import mirrored

    poses = torch.randn(2, 5, 17, 3)
    twice = mirrored(mirrored(poses, H36M17), H36M17)
    assert torch.equal(twice, poses)
    assert torch.equal(mirrored(poses, H36M17)[..., 1, 0], -poses[..., 4, 0])

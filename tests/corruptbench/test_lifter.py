"""Loading of lifters, and the conventions of their input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.contract import EXTRA_FILE
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import load_lifter
from corruptbench.lifters.normalize import crop_scale, lifter_input
from corruptbench.skeleton import H36M17
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import cameras
from tests.fixtures.lifters import Lift, python_lifter, save, script


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
    lines = ['name = "tiny"', 'window = "sequence"', "frames = 1"]
    (tmp_path / "m.toml").write_text("\n".join(lines))
    assert load_lifter(path, "cpu").contract == contract(frames=1)
    (tmp_path / "m.toml").write_text("\n".join([*lines, 'normalize = "guess"']))
    with pytest.raises(InputError, match=r"m\.toml: normalize: found 'guess'"):
        load_lifter(path, "cpu")
    (tmp_path / "m.toml").write_text("not toml [")
    with pytest.raises(InputError, match="not TOML"):
        load_lifter(path, "cpu")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [("nan", "NaN or infinity"), ("random", "same input gives different outputs")],
)
def test_models_that_break_their_contract(tmp_path, spoil, message):
    path = script(tmp_path / "m.pt", Lift(1, spoil), contract(frames=1), train=spoil == "random")
    with pytest.raises(InputError, match=message):
        load_lifter(path, "cpu")


def test_wrong_window_is_found_by_the_probe(tmp_path):
    path = script(tmp_path / "m.pt", Lift(3), contract(frames=9))
    with pytest.raises(
        InputError, match=r"window 'sequence'; correct the contract.*: this fits frames = 3"
    ):
        load_lifter(path, "cpu")


@pytest.mark.parametrize(("declared", "function", "said"), [
    ({}, lambda x: x.repeat(1, 1, 1, 2)[..., :3], "a pose for each frame fits window = 'clip'"),
    ({}, lambda x: x[:, 8:, None].repeat(1, 1, 5, 1, 2)[..., :3], 'output = "b t h j c" .h: hypo'),
    ({}, lambda x: x[:, None, 8:].repeat(1, 5, 1, 1, 2)[..., :3], 'output = "b h t j c" .h: hypo'),
    ({}, lambda x: x[:, 8:, None].repeat(1, 1, 1, 1, 2)[..., :3], 'output = "b t 0 j c" .0: an'),
    ({"output": "b h t j c"}, lambda x: x[:, None, None, 8:].repeat(1, 4, 5, 1, 1, 2)[..., :3],
     'output = "b -1 h t j c"'),
    ({"output": "b t (j c)"}, lambda x: x[:, None, 8:, :, :1].flatten(3).repeat(1, 5, 1, 3),
     r'output = "b h t \(j c\)"'),
    ({"hypotheses": "1: b h t j c"}, lambda x: (x[:, 8:].repeat(1, 1, 1, 2)[..., :3],
     x[:, None, None, 8:].repeat(1, 4, 5, 1, 1, 2)[..., :3]), 'hypotheses = "1: b -1 h t j c"'),
    ({}, lambda x: x[:, :, None, :9].repeat(1, 1, 5, 1, 1), "; correct the contract or the model$"),
])  # fmt: skip
def test_a_message_says_what_fits(declared, function, said):
    if "hypotheses" in declared:
        declared = {**declared, "output": "0: b t j c"}
    lifter = python_lifter(contract(**declared), function)
    with pytest.raises(InputError, match=rf"{said}") as error:
        lifter(np.zeros((3, 17, 17, 2), dtype=np.float32))
    assert str(error.value).count("expected") == 1


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
    path = save(tmp_path / "m.pt", Foreign(only), torch.zeros(3, 9, 17, 2), contract(frames=1))
    with pytest.raises(InputError, match=r"input of shape \(5, 78, 17, 2\)"):
        load_lifter(path, "cpu")


def test_a_model_of_two_inputs(tmp_path):
    class Two(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return x + y

    pair = (torch.zeros(3, 9, 17, 2), torch.zeros(3, 9, 17, 2))
    extra = {EXTRA_FILE: contract(frames=1).model_dump_json()}
    with warnings.catch_warnings(), (tmp_path / "m.pt").open("wb") as stream:
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Two(), pair), stream, _extra_files=extra)
    with pytest.raises(InputError, match="fails on an input of shape"):
        load_lifter(tmp_path / "m.pt", "cpu")


def test_files_and_devices_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_lifter(tmp_path / "nowhere.pt", "cpu")
    with pytest.raises(InputError, match="device 'warp': expected cpu, cuda or cuda:N"):
        load_lifter(script(tmp_path / "m.pt", Lift(), contract(frames=1)), "warp")


CAMERA = cameras(200)["cam1"]
POINTS = np.random.default_rng(0).uniform(0, 200, (6, 17, 2))
SCORES = np.random.default_rng(1).uniform(0, 1, (6, 17))


def given(points=POINTS, scores=SCORES, source="h36m17", **changes):
    return lifter_input(points, scores, source, CAMERA, contract(**changes))


def test_input_conventions():
    assert np.allclose(given(normalize="pixel"), POINTS)
    screen = given(channels="xyc")
    assert np.allclose(screen[..., :2], POINTS / 100 - 1, atol=1e-6)
    assert np.allclose(screen[..., 2], SCORES)
    rays = (POINTS - CAMERA.principal_point) / CAMERA.focal_length
    assert np.allclose(given(normalize="rays"), rays, atol=1e-6)
    mean, std = np.arange(34.0), np.arange(1.0, 35.0)
    z = given(normalize={"mean": mean.tolist(), "std": std.tolist()})
    assert np.allclose(z.reshape(6, 34), (POINTS.reshape(6, 34) - mean) / std, atol=1e-5)
    fewer = given(keypoints="h36m17 - neck_nose", normalize="pixel")
    assert np.allclose(fewer, np.delete(POINTS, 9, axis=1))


def test_the_bounds_of_a_clip():
    """As MotionBERT's crop_scale: what was not detected does not count, and is cut."""
    scores = SCORES.copy()
    points = POINTS.copy()
    points[2, 3], scores[2, 3] = (900, -900), 0
    found = given(points, scores, normalize="crop")
    seen = found[scores > 0]
    assert seen.min() == pytest.approx(-1, abs=1e-6)
    assert seen.max() == pytest.approx(1, abs=1e-6)
    assert found[2, 3].tolist() == [1, -1]
    spans = seen.max(axis=0) - seen.min(axis=0)
    assert spans.max() == pytest.approx(2, abs=1e-6)
    assert np.allclose(seen.max(axis=0) + seen.min(axis=0), 0, atol=1e-6), "centered in both"
    assert not crop_scale(points, np.zeros_like(scores)).any()
    assert not crop_scale(np.ones_like(points), scores).any()


def test_unseen_frames_repeat_the_nearest():
    points = np.arange(6, dtype=np.float64)[:, None, None] * np.ones((6, 17, 2))
    points[[0, 2, 3]] = np.nan
    assert given(points, normalize="pixel")[:, 0, 0].tolist() == [1, 1, 1, 4, 4, 5]
    points[:] = np.nan
    assert (given(points, normalize="pixel") == 100).all()


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
    track = given(source="coco17", **declared.record())
    assert np.allclose(track, POINTS / 100 - 1, atol=1e-6), "no conversion: it takes COCO's joints"
    assert np.allclose(lifter(track[None])[..., :2], track[None, :, -15:])


def test_mirroring_keeps_the_convention():
    from corruptbench.training.samples import mirrored

    poses = torch.randn(2, 5, 17, 3)
    twice = mirrored(mirrored(poses, H36M17), H36M17)
    assert torch.equal(twice, poses)
    assert torch.equal(mirrored(poses, H36M17)[..., 1, 0], -poses[..., 4, 0])

"""The architectures: shapes, windows, and that each can be evaluated."""

from __future__ import annotations

import re

import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.lifters.ca_input import CAInput
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import load_lifter
from corruptbench.skeleton import H36M17
from corruptbench.training.architectures import ARCHITECTURES, Form, architecture
from corruptbench.training.config import Schedule
from corruptbench.training.samples import Samples, Span
from corruptbench.training.state import Epoch
from corruptbench.training.train import train, weights_sha256
from tests.corruptbench.conftest import contract

EACH = pytest.mark.parametrize("name", list(ARCHITECTURES))
#: Few, so that the tests are fast.
FRAMES = {"videopose3d": 9, "linear": 9, "attention": 11}


def form(frames, joints=17, **more):
    return Form(joints, frames, dropout=0.25, **more)


def made(name, frames=None, seed=0):
    torch.manual_seed(seed)
    return architecture(name).make(form(frames or FRAMES[name])).eval()


def points(frames, batch=2, seed=1):
    return torch.randn(batch, frames, 17, 2, generator=torch.Generator().manual_seed(seed))


def length(name, more=6):
    return FRAMES[name] + (more if architecture(name).window == "sequence" else 0)


@EACH
def test_shapes_of_the_default_frames(name):
    kind = architecture(name)
    frames = kind.frames
    poses = frames if kind.window == "block" else 5
    given = points(poses if kind.window == "block" else poses + frames - 1)
    with torch.no_grad():
        found = made(name, frames)(given)
    assert found.shape == (2, poses, 17, 3)
    assert found.isfinite().all()


@EACH
def test_other_joint_sets(name):
    network = architecture(name).make(form(FRAMES[name], joints=15)).eval()
    given = torch.rand(2, length(name, 0), 15, 2)
    assert network(given).shape[2:] == (15, 3)


@pytest.mark.parametrize(
    ("name", "frames"), [("videopose3d", 9), ("videopose3d", 81), ("linear", 1), ("linear", 9)]
)
def test_a_pose_comes_from_its_window(name, frames):
    network, given = made(name, frames), points(frames + 4)
    with torch.no_grad():
        before = network(given)
        assert before.shape[1] == 5
        for frame in (0, 2, frames + 1, frames + 3):
            changed = given.clone()
            changed[:, frame, :, :2] += 5
            differs = (network(changed) - before).abs().amax(dim=(0, 2, 3)) > 1e-6
            inside = [t for t in range(5) if t <= frame < t + frames]
            assert differs.nonzero().flatten().tolist() == inside


def test_each_pose_of_a_block_comes_from_all_its_frames():
    network, given = made("attention", 27), points(27)
    with torch.no_grad():
        before = network(given)
        for frame in (0, 13, 26):
            changed = given.clone()
            changed[0, frame, :, :2] += 5
            differs = (network(changed) - before).abs().amax(dim=(2, 3)) > 1e-6
            assert differs[0].all()
            assert not differs[1].any(), "nor from another row of the batch"


def test_the_attention_knows_the_order_of_frames():
    network, given = made("attention", 27), points(27)
    assert not torch.allclose(network(given.flip(1)), network(given).flip(1), atol=1e-3)


@EACH
def test_every_weight_is_used(name):
    network = made(name).train()
    network(points(length(name), batch=4)).norm().backward()
    unused = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert unused == []


def data(frames, poses, count=16):
    draw = torch.Generator().manual_seed(5)
    inputs = torch.rand(count, frames, 17, 3, generator=draw)
    first = (frames - poses) // 2
    middle = inputs[:, first : first + poses]
    targets = torch.cat([middle[..., :2], middle[..., :1]], -1)
    return Samples(
        inputs, targets, (Span("S1/walking.cam1", 0, frames, frames),) * count, H36M17, H36M17
    )


@EACH
def test_trained_again_it_is_the_same(name, tmp_path):
    kind, frames = architecture(name), FRAMES[name]
    poses = frames if kind.window == "block" else 7
    given = data(length(name), poses)
    epochs: list[Epoch] = []

    def trained(seed, count=1):
        (tmp_path / "checkpoint").unlink(missing_ok=True)
        found = train(
            lambda: kind.make(form(frames)), 2, given,
            Schedule(epochs=count, batch=8, seed=seed), "cpu", tmp_path / "checkpoint",
            epochs.append,
        )  # fmt: skip
        return weights_sha256(found.network)

    first = trained(1)
    torch.rand(3)
    assert trained(1) == first
    assert trained(2) != first
    epochs.clear()
    trained(1, count=12)
    assert epochs[-1].training < 0.7 * epochs[0].training, "it learns"


@pytest.mark.parametrize(
    ("name", "frames", "said"),
    [
        ("videopose3d", 28, "videopose3d: frames: found 28, expected 9, 27, 81 or 243"),
        ("videopose3d", 1, "videopose3d: frames: found 1, expected 9, 27, 81 or 243"),
        ("linear", 2, "linear: frames: found 2, expected an odd number, such as 1 or 9"),
        ("linear", -1, "linear: frames: found -1, expected an odd number"),
        ("attention", 28, "attention: frames: found 28, expected an odd number from 9"),
        ("attention", 7, "attention: frames: found 7, expected an odd number from 9"),
    ],
)
def test_wrong_frames_are_refused(name, frames, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        architecture(name).make(form(frames))
    assert caught.value.parameter == "frames"


@pytest.mark.parametrize(
    ("name", "frames", "widths", "said"),
    [
        ("videopose3d", 27, (3, 3), "widths: found [3, 3] for 27 frames; expected odd numbers"),
        ("videopose3d", 8, (2, 4), "widths: found [2, 4] for 8 frames; expected odd numbers"),
        ("linear", 9, (9,), "linear: widths: found [9]; expected none"),
        ("attention", 27, (9, 3), "attention: widths: found [9, 3]; expected none"),
    ],
)
def test_wrong_widths_are_refused(name, frames, widths, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        architecture(name).make(form(frames, widths=widths))
    assert caught.value.parameter == "widths"


def test_widths_and_dropout_are_those_asked_for():
    network = architecture("videopose3d").make(form(15, widths=(5, 3)))
    layers = [m.kernel_size[0] for m in network.modules() if isinstance(m, torch.nn.Conv1d)]
    assert [w for w in layers if w > 1] == [5, 3]
    assert network.frames == 15
    for name in ARCHITECTURES:
        shares = {m.p for m in made(name).modules() if isinstance(m, torch.nn.Dropout)}
        assert shares == {0.25}, name


def test_an_unknown_architecture_is_refused():
    with pytest.raises(InputError, match="found 'mlp'; expected videopose3d, linear or attention"):
        architecture("mlp")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "suffix"), [*((name, "pt2") for name in ARCHITECTURES), ("attention", "pt")]
)
@pytest.mark.parametrize("aware", [False, True])
def test_exported_it_passes_the_probes(name, suffix, aware, tmp_path):
    """Also behind a confidence-aware input."""
    network, kind, frames = made(name), architecture(name), FRAMES[name]
    if aware:
        front = CAInput(3, padded=kind.window == "block")
        network = torch.nn.Sequential(front, network).eval()
        frames += 0 if front.padded else 2 * front.margin
    declared = contract(
        name=name, window=kind.window, frames=frames, channels="xyc" if aware else "xy"
    )
    path = tmp_path / f"model.{suffix}"
    export(network, declared, path)
    lifter = load_lifter(path, "cpu")  # which probes it
    for batch in (1, 5):
        given = torch.rand(batch, frames + 6 * (kind.window == "sequence"), 17, 3)
        given = given if aware else given[..., :2]
        found = torch.from_numpy(lifter(given.numpy()))
        assert torch.allclose(found, network(given), atol=1e-4)

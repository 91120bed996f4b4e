"""The architectures: shapes, windows, what confidences do, and that each can be evaluated."""

from __future__ import annotations

import re

import pytest
import torch

from corruptbench.errors import InputError
from corruptbench.lifters.export import export
from corruptbench.lifters.lifter import load_lifter
from corruptbench.skeleton import H36M17
from corruptbench.training.architectures import ARCHITECTURES, Form, architecture
from corruptbench.training.attention import Attention
from corruptbench.training.config import Schedule
from corruptbench.training.samples import Samples, Span
from corruptbench.training.state import Epoch
from corruptbench.training.train import train, weights_sha256
from tests.corruptbench.conftest import contract

BOTH = pytest.mark.parametrize("aware", [False, True])
EACH = pytest.mark.parametrize("name", list(ARCHITECTURES))
#: Few, so that the tests are fast.
FRAMES = {"videopose3d": 9, "linear": 9, "attention": 11}


def form(frames, aware=False, joints=17, **more):
    return Form(joints, frames, aware, dropout=0.25, **more)


def made(name, aware, frames=None, seed=0):
    torch.manual_seed(seed)
    return architecture(name).make(form(frames or FRAMES[name], aware)).eval()


def points(frames, batch=2, seed=1):
    return torch.randn(batch, frames, 17, 2, generator=torch.Generator().manual_seed(seed))


def scored(x, scores=None):
    """The points with scores; random ones by default."""
    if scores is None:
        scores = torch.rand(x.shape[:3], generator=torch.Generator().manual_seed(2))
    return torch.cat([x, scores[..., None]], dim=-1)


def length(name, more=6):
    return FRAMES[name] + (more if architecture(name).window == "sequence" else 0)


@EACH
@BOTH
def test_shapes_of_the_default_frames(name, aware):
    kind = architecture(name)
    frames = kind.aware_frames if aware else kind.frames
    poses = frames if kind.window == "block" else 5
    given = points(poses if kind.window == "block" else poses + frames - 1)
    with torch.no_grad():
        found = made(name, aware, frames)(scored(given) if aware else given)
    assert found.shape == (2, poses, 17, 3)
    assert found.isfinite().all()


@EACH
@BOTH
def test_other_joint_sets(name, aware):
    network = architecture(name).make(form(FRAMES[name], aware, joints=15)).eval()
    given = torch.rand(2, length(name, 0), 15, 3 if aware else 2)
    assert network(given).shape[2:] == (15, 3)


@pytest.mark.parametrize(
    ("name", "frames"), [("videopose3d", 9), ("videopose3d", 81), ("linear", 1), ("linear", 9)]
)
@BOTH
def test_a_pose_comes_from_its_window(name, frames, aware):
    if aware and frames == 1:
        return  # there is none
    network, given = made(name, aware, frames), points(frames + 4)
    given = scored(given, torch.full(given.shape[:3], 0.5)) if aware else given
    with torch.no_grad():
        before = network(given)
        assert before.shape[1] == 5
        for frame in (0, 2, frames + 1, frames + 3):
            changed = given.clone()
            changed[:, frame, :, :2] += 5
            differs = (network(changed) - before).abs().amax(dim=(0, 2, 3)) > 1e-6
            inside = [t for t in range(5) if t <= frame < t + frames]
            assert differs.nonzero().flatten().tolist() == inside


@BOTH
def test_each_pose_of_a_block_comes_from_all_its_frames(aware):
    network, given = made("attention", aware, 27), points(27)
    given = scored(given, torch.ones(given.shape[:3])) if aware else given
    with torch.no_grad():
        before = network(given)
        for frame in (0, 13, 26):
            changed = given.clone()
            changed[0, frame, :, :2] += 5
            differs = (network(changed) - before).abs().amax(dim=(2, 3)) > 1e-6
            assert differs[0].all()
            assert not differs[1].any(), "nor from another row of the batch"


def test_the_attention_knows_the_order_of_frames():
    network, given = made("attention", False, 27), points(27)
    assert not torch.allclose(network(given.flip(1)), network(given).flip(1), atol=1e-3)


@EACH
@pytest.mark.parametrize("level", [1.0, 0.3, 1e-3])
def test_equal_confidences_give_the_plain_form(name, level):
    """It begins with the same weights; only the tokens are more, and they do not count."""
    plain, aware = made(name, False), made(name, True)
    given = points(length(name))
    with torch.no_grad():
        found = aware(scored(given, torch.full(given.shape[:3], level)))
        assert torch.allclose(found, plain(given), atol=1e-5)
        assert not torch.allclose(aware(scored(given)), plain(given), atol=1e-2)


def test_the_weights_of_an_attention_fit_both_forms():
    plain, aware = made("attention", False, 27), made("attention", True, 27, seed=7)
    given = points(27)
    ones = scored(given, torch.ones(given.shape[:3]))
    assert not torch.allclose(aware(ones), plain(given), atol=1e-2)
    fit = aware.load_state_dict(plain.state_dict(), strict=False)
    assert (fit.missing_keys, fit.unexpected_keys) == (["embed.token"], [])
    assert torch.allclose(aware(ones), plain(given), atol=1e-5)
    double = ones.double()
    assert torch.allclose(aware.double()(double), plain.double()(double[..., :2]), rtol=1e-10)


@EACH
def test_only_ratios_of_confidences_matter(name):
    given, network = scored(points(length(name))), made(name, True)
    weaker = given.clone()
    weaker[..., 2] /= 50
    assert torch.allclose(network(given), network(weaker), atol=1e-5)


@EACH
def test_a_frame_without_confidence_does_not_matter(name):
    given, network = scored(points(length(name))), made(name, True)
    given[:, 4, :, 2] = 0
    changed = given.clone()
    changed[:, 4, :, :2] += 100
    assert torch.allclose(network(given), network(changed), atol=1e-4)
    changed[:, 5, :, :2] += 100
    assert not torch.allclose(network(given), network(changed), atol=1e-1)


def test_the_attention_asks_a_badly_seen_frame_less():
    """Beyond its token, which a convolution of one frame would not change."""
    torch.manual_seed(0)
    network = Attention(17, 9, aware=True, width=1, blocks=1, dropout=0).eval()
    given = scored(points(9), torch.ones(2, 9, 17))

    def moved(confidence):
        given[:, 4, :, 2] = confidence
        changed = given.clone()
        changed[:, 4, :, :2] += 1
        return float((network(changed) - network(given))[:, [0, 8]].detach().abs().max())

    assert moved(1.0) > 3 * moved(0.3) > 9 * moved(0.01)


@EACH
@pytest.mark.parametrize("where", ["one joint", "one frame", "everywhere"])
def test_no_confidence_trains(name, where):
    network, given = made(name, True).train(), scored(points(length(name), batch=4))
    given[(Ellipsis, 2) if where == "everywhere" else (0, slice(4, 5), slice(3), 2)] = 0
    if where == "one frame":
        given[1, 4, :, 2] = 0
    given.requires_grad_()
    found = network(given)
    assert found.isfinite().all()
    found.square().mean().backward()
    assert given.grad.isfinite().all()
    for weights in network.parameters():
        assert weights.grad is not None
        assert weights.grad.isfinite().all()


def test_gradients_of_the_attention_are_those_of_small_differences():
    torch.manual_seed(0)
    network = Attention(2, 9, aware=True, features=8, blocks=1, heads=2, dropout=0).double()
    given = torch.rand(1, 9, 2, 3).double() + 0.1
    assert torch.autograd.gradcheck(network, given.requires_grad_())


@EACH
@BOTH
def test_every_weight_is_used(name, aware):
    network, given = made(name, aware).train(), points(length(name), batch=4)
    scores = torch.ones(given.shape[:3])
    scores[2:] = 0  # where the tokens count
    network(scored(given, scores) if aware else given).norm().backward()
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
@BOTH
def test_trained_again_it_is_the_same(name, aware, tmp_path):
    kind, frames = architecture(name), FRAMES[name]
    poses = frames if kind.window == "block" else 7
    given = data(length(name), poses)
    epochs: list[Epoch] = []

    def trained(seed, count=1):
        found = train(
            lambda: kind.make(form(frames, aware)), 3 if aware else 2, given,
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
    ("name", "aware", "frames", "said"),
    [
        ("videopose3d", False, 28, "videopose3d: frames: found 28, expected 9, 27, 81 or 243"),
        ("videopose3d", True, 1, "videopose3d: frames: found 1, expected 9, 27, 81 or 243"),
        ("linear", False, 2, "linear: frames: found 2, expected an odd number, such as 1 or 9"),
        ("linear", False, -1, "linear: frames: found -1, expected an odd number"),
        ("linear", True, 1, "linear: frames: found 1, expected an odd number from 3, such as 9"),
        ("attention", False, 28, "attention: frames: found 28, expected an odd number from 9"),
        ("attention", True, 7, "attention: frames: found 7, expected an odd number from 9"),
    ],
)
def test_wrong_frames_are_refused(name, aware, frames, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        architecture(name).make(form(frames, aware))
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
        shares = {m.p for m in made(name, False).modules() if isinstance(m, torch.nn.Dropout)}
        assert shares == {0.25}, name


def test_an_unknown_architecture_is_refused():
    with pytest.raises(InputError, match="found 'mlp'; expected videopose3d, linear or attention"):
        architecture("mlp")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "suffix"), [*((name, "pt2") for name in ARCHITECTURES), ("attention", "pt")]
)
@BOTH
def test_exported_it_passes_the_probes(name, suffix, aware, tmp_path):
    network, kind = made(name, aware), architecture(name)
    declared = contract(
        name=name, window=kind.window, frames=FRAMES[name], channels="xyc" if aware else "xy"
    )
    path = tmp_path / f"model.{suffix}"
    export(network, declared, path)
    lifter = load_lifter(path, "cpu")  # which probes it
    for batch in (1, 5):
        given = points(length(name), batch)
        given = scored(given) if aware else given
        found = torch.from_numpy(lifter(given.numpy()))
        assert torch.allclose(found, network(given), atol=1e-4)

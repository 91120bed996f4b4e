"""CA-Conv: the plain convolution for equal confidences, and what it does for others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters.ca_conv import CAConv1d, ConfidenceAware, attention_bias
from corruptbench.training.videopose3d import VideoPose3D


def convolution(**changes):
    torch.manual_seed(0)
    return CAConv1d(34, 8, 3, **changes).double()


def draw(*shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("level", [1.0, 0.01, 1e-4])
@pytest.mark.parametrize("groups", [1, 17])
def test_equal_confidences_give_the_plain_convolution(dilation, level, groups):
    aware, x = convolution(dilation=dilation), draw(2, 34, 20)
    found, confidence = aware(x, torch.full((2, groups, 20), level).double())
    plain = nn.functional.conv1d(x, aware.weight, aware.bias, dilation=dilation)
    assert torch.allclose(found, plain, rtol=1e-12)
    assert confidence.shape == (2, 1, 20 - 2 * dilation)
    assert torch.allclose(confidence, torch.tensor(level).double())


def test_each_output_is_that_of_plain_loops():
    aware, x, c = convolution(dilation=2), draw(2, 34, 9), draw(2, 17, 9, seed=2)
    found, confidence = aware(x, c)
    for b in range(2):
        for t in range(5):
            window = [t, t + 2, t + 4]
            total = aware.bias.clone()
            for channel in range(34):
                weights = c[b, channel // 2, window] ** 2
                mean = (weights * x[b, channel, window]).sum() / weights.sum()
                for k, frame in enumerate(window):
                    trust = weights[k] / weights.max()
                    value = trust * x[b, channel, frame] + (1 - trust) * mean
                    total += aware.weight[:, channel, k] * value
            assert torch.allclose(found[b, :, t], total, rtol=1e-10)
            assert confidence[b, 0, t] == pytest.approx(float(c[b][:, window].mean()))


@pytest.mark.parametrize("dilation", [1, 2])
def test_with_a_stride_every_so_many_windows_count(dilation):
    aware, x, c = convolution(dilation=dilation), draw(2, 34, 20), draw(2, 17, 20, seed=2)
    strided = convolution(dilation=dilation, stride=3)
    strided.load_state_dict(aware.state_dict())
    for every, some in zip(aware(x, c), strided(x, c), strict=True):
        assert torch.allclose(some, every[..., ::3], rtol=1e-12)
    plain = nn.functional.conv1d(x, aware.weight, aware.bias, 3, dilation=dilation)
    assert torch.allclose(strided(x, torch.ones(2, 1, 20).double())[0], plain, rtol=1e-12)


def test_a_stride_is_not_taken_for_a_dilation():
    with pytest.raises(TypeError, match="positional"):
        CAConv1d(34, 8, 3, 3)


def test_a_frame_without_confidence_does_not_matter():
    aware, x, c = convolution(), draw(1, 34, 9), draw(1, 17, 9)
    c[:, :, 4] = 0
    changed = x.clone()
    changed[:, :, 4] = 1e6
    assert torch.allclose(aware(x, c)[0], aware(changed, c)[0])


def test_what_stands_still_is_the_same_whatever_the_confidences():
    aware, c = convolution(), draw(2, 17, 9)
    still = draw(2, 34, 1).expand(2, 34, 9)
    plain = nn.functional.conv1d(still, aware.weight, aware.bias)
    assert torch.allclose(aware(still, c)[0], plain)


def test_confidences_of_one_give_the_plain_convolution_to_the_last_digit():
    aware, x = convolution(), draw(2, 34, 9)
    plain = nn.functional.conv1d(x, aware.weight, aware.bias)
    assert torch.equal(aware(x, torch.ones(2, 17, 9).double())[0], plain)


def test_only_ratios_of_confidences_matter():
    aware, x, c = convolution(), draw(2, 34, 9), draw(2, 17, 9)
    assert torch.allclose(aware(x, c)[0], aware(x, c / 50)[0])


def test_without_any_confidence_the_token_counts():
    aware, x = convolution(), draw(2, 34, 9)
    found, confidence = aware(x, torch.zeros(2, 17, 9).double())
    assert torch.allclose(found, aware.bias[:, None].expand_as(found))
    assert not confidence.any()
    with torch.no_grad():
        aware.token += 2.0
    found, _ = aware(x, torch.zeros(2, 17, 9).double())
    full = nn.functional.conv1d(torch.full_like(x, 2.0), aware.weight, aware.bias)
    assert torch.allclose(found, full)


def test_gradients_are_those_of_small_differences():
    aware = CAConv1d(4, 3, 3).double()
    x, c = draw(2, 4, 7).requires_grad_(), (draw(2, 2, 7) + 0.1).requires_grad_()
    assert torch.autograd.gradcheck(aware, (x, c))
    nowhere = torch.zeros(2, 2, 7).double().requires_grad_()
    aware(x, nowhere)[0].sum().backward()
    gradients = [x.grad, nowhere.grad, *(p.grad for p in aware.parameters())]
    assert all(bool(g.isfinite().all()) for g in gradients if g is not None)


@pytest.fixture
def lifter():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3, 3), features=16).eval()


def test_a_lifter_is_the_same_with_equal_confidences(lifter):
    x = draw(2, 40, 17, 2).float()
    aware = ConfidenceAware(lifter).eval()
    for level in (1.0, 0.2):
        given = torch.cat([x, torch.full((2, 40, 17, 1), level)], dim=-1)
        assert torch.allclose(aware(given), lifter(x), atol=1e-5)
    assert len([m for m in aware.modules() if isinstance(m, CAConv1d)]) == 3
    assert not any(isinstance(m, CAConv1d) for m in lifter.modules()), "it is a copy"


class Views(nn.Module):
    """A lifter of one window that takes a view of its input, as that of VideoPose3D does."""

    def __init__(self):
        super().__init__()
        self.narrow, self.wide = nn.Conv1d(34, 16, 3, stride=3), nn.Conv1d(16, 51, 3, stride=3)

    def forward(self, x):
        rows = x.view(len(x), x.shape[1], 34).transpose(1, 2)
        return self.wide(self.narrow(rows).relu()).view(len(x), 1, 17, 3)


def test_a_lifter_with_strides_that_takes_a_view_of_its_input():
    lifter, x = Views(), draw(2, 9, 17, 2).float()
    given = torch.cat([x, torch.full((2, 9, 17, 1), 0.5)], dim=-1)
    assert torch.allclose(ConfidenceAware(lifter)(given), lifter(x), atol=1e-6)


def test_only_the_first_layers_can_be_aware(lifter):
    aware = ConfidenceAware(lifter, layers=1).eval()
    assert len([m for m in aware.modules() if isinstance(m, CAConv1d)]) == 1
    x, c = draw(2, 40, 17, 2).float(), draw(2, 40, 17, 1, seed=5).abs().float()
    first, plain = aware.lifter.expand[0].convolution, lifter.expand[0]
    filled, _ = first(x.flatten(2).transpose(1, 2), c[..., 0].transpose(1, 2))
    lifter.expand[0] = nn.Identity()
    rest = lifter.expand(filled)
    y = lifter.shrink(lifter.blocks(rest))
    expected = torch.unflatten(y.transpose(1, 2), 2, (17, 3))
    assert torch.allclose(aware(torch.cat([x, c], dim=-1)), expected, atol=1e-5)
    assert torch.equal(first.weight, plain.weight)


def test_a_lifter_trusts_what_was_seen(lifter):
    """Frames without any confidence do not matter, as long as one of each first window has some."""
    x, aware = draw(1, 40, 17, 2).float(), ConfidenceAware(lifter).eval()
    c = torch.ones(1, 40, 17, 1)
    c[:, 12:14] = 0
    changed = x.clone()
    changed[:, 12:14] += 100
    one, two = (aware(torch.cat([points, c], dim=-1)) for points in (x, changed))
    assert torch.allclose(one, two, atol=1e-4)
    assert not torch.allclose(one, lifter(x), atol=1e-4)


def test_a_lifter_learns_and_can_be_saved(lifter, tmp_path):
    aware = ConfidenceAware(lifter)
    aware(draw(4, 40, 17, 3).float()).square().mean().backward()
    assert all(p.grad is not None for p in aware.parameters())
    torch.save(aware.state_dict(), tmp_path / "weights.bin")
    other = ConfidenceAware(VideoPose3D(17, 2, widths=(3, 3, 3), features=16)).eval()
    other.load_state_dict(torch.load(tmp_path / "weights.bin", weights_only=True))
    x = draw(1, 40, 17, 3).float()
    assert torch.equal(other(x), aware.eval()(x))


def test_a_lifter_can_be_exported(lifter):
    aware, x = ConfidenceAware(lifter).eval(), draw(2, 40, 17, 3).float()
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("frames", min=28)}
    exported = torch.export.export(aware, (x,), dynamic_shapes=(free,), strict=False)
    for given in (x, draw(3, 55, 17, 3, seed=4).float()):
        assert torch.allclose(exported.module()(given), aware(given), atol=1e-5)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Linear(2, 3), "Linear: has no nn.Conv1d over several frames"),
        (nn.Sequential(nn.Conv1d(34, 8, 3, padding=1)), "expected padding 0 and groups 1"),
        (nn.Sequential(nn.Conv1d(34, 8, 3, groups=2)), "expected padding 0 and groups 1"),
    ],
)
def test_other_networks_are_refused(network, said):
    with pytest.raises(InputError, match=said):
        ConfidenceAware(network)


class Causal(nn.Conv1d):
    """A convolution with a way of its own."""

    def forward(self, x):
        return super().forward(nn.functional.pad(x, (2, 0)))


def shared():
    one = nn.Conv1d(34, 34, 3)
    return nn.Sequential(one, nn.ReLU(), one)


def shared_inside():
    one = nn.Conv1d(34, 34, 3)
    return nn.Sequential(nn.Sequential(one), nn.Sequential(one))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: nn.Sequential(Causal(34, 8, 3)), "expected nn.Conv1d itself"),
        (lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv1d(34, 8, 3))),
         "expected nn.Conv1d itself"),
        (shared, "uses one convolution in two places"),
        (shared_inside, "uses one convolution in two places"),
        (lambda: nn.Sequential(nn.Conv1d(51, 8, 3)), "the first convolution has 51 channels"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied_is_refused(made, said):
    with pytest.raises(InputError, match=said):
        ConfidenceAware(made())


def test_other_joints_than_those_of_the_lifter_are_refused(lifter):
    aware = ConfidenceAware(lifter)
    for shape in ((2, 40, 15, 3), (2, 40, 17, 2), (40, 17, 3)):
        with pytest.raises(ValueError, match=r"expected \(B, T, 17, 3\)"):
            aware(torch.rand(*shape))


def test_frozen_weights_stay_frozen(lifter):
    lifter.expand.requires_grad_(False)
    aware = ConfidenceAware(lifter)
    assert not aware.lifter.expand[0].convolution.weight.requires_grad
    assert aware.lifter.blocks[0].convolve[0].convolution.weight.requires_grad


def test_attention_is_weighted_by_confidence():
    q, k, v = (draw(2, 4, 9, 8, seed=i) for i in range(3))
    c = draw(2, 9, seed=5)
    c[0, 3] = 0
    found = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=attention_bias(c))
    weights = torch.exp(q @ k.transpose(2, 3) / 8**0.5) * c[:, None, None] ** 2
    expected = weights / weights.sum(dim=-1, keepdim=True) @ v
    assert torch.allclose(found, expected, rtol=1e-10)
    nowhere = attention_bias(torch.zeros(2, 9).double())
    assert torch.allclose(
        nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=nowhere),
        nn.functional.scaled_dot_product_attention(q, k, v),
    )

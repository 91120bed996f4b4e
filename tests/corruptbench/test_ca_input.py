"""The confidence-aware input: against plain loops, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.lifters.ca_input import AROUND, NEIGHBOR, CAInput, WithScores, padded
from corruptbench.skeleton import H36M17
from corruptbench.training.linear import Linear
from corruptbench.training.samples import mirrored

REACH = 3
FRAMES = 2 * (REACH + AROUND) + 6


def draw(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(padded=False, learned=True):
    """An input with random weights, or as it starts."""
    torch.manual_seed(0)
    network = CAInput(REACH, padded).double()
    if learned:
        nn.init.normal_(network.learned[-1].weight, std=0.5)
        nn.init.constant_(network.learned[-1].bias, 0.3)
    return network


def means(points, weights, first, last):
    """The formula in loops: the outputs of frames first to last, joint by joint."""
    found = np.zeros((last - first, *points.shape[1:]))
    for t in range(first, last):
        for joint in range(points.shape[1]):
            total, summed = 0.0, np.zeros(2)
            for d in range(-REACH, REACH + 1):
                if 0 <= t + d < len(points):
                    a = 1.0 if d == 0 else NEIGHBOR / d**2
                    total += a * weights[t + d, joint]
                    summed += a * weights[t + d, joint] * points[t + d, joint]
            found[t - first, joint] = summed / total
    return found


def test_at_first_the_weights_are_squares_of_the_confidences():
    x = draw(2, FRAMES, 17, 3) + 0.01
    margin = REACH + AROUND
    found = made(learned=False)(x).detach().numpy()
    assert found.shape == (2, 6, 17, 2)
    for row, result in zip(x.numpy(), found, strict=True):
        expected = means(row[..., :2], row[..., 2] ** 2, margin, FRAMES - margin)
        np.testing.assert_allclose(result, expected, rtol=1e-9)


def test_learned_weights_are_those_of_the_four_logarithms():
    network, x = made(), draw(1, FRAMES, 17, 3)
    logs, near = np.log(np.maximum(x[0, ..., 2].numpy(), 1e-3)), AROUND - 4
    frame = logs.mean(axis=1)
    rows = range(near, FRAMES - near)
    known = np.stack(
        [
            logs[near:-near],
            np.stack([logs[t - near : t + near + 1].max(axis=0) for t in rows]),
            np.repeat(frame[near:-near, None], 17, axis=1),
            np.stack([np.full(17, frame[t - near : t + near + 1].mean()) for t in rows]),
        ]
    )  # (4, T, J)
    learned = network.learned(torch.from_numpy(known).permute(2, 0, 1))[:, 0].T.detach().numpy()
    weights = np.exp(2 * logs[AROUND:-AROUND] + learned)
    np.testing.assert_allclose(network.weights(x[..., 2])[0].detach(), weights, rtol=1e-9)
    points = x[0, AROUND:-AROUND, :, :2].numpy()
    expected = means(points, weights, REACH, len(points) - REACH)
    np.testing.assert_allclose(network(x)[0].detach(), expected, rtol=1e-9)


def test_a_padded_one_counts_only_what_is_inside():
    network, x = made(padded=True), draw(2, 30, 17, 3)
    found = network(x).detach()
    assert found.shape == (2, 30, 17, 2)
    wide = torch.cat([x[:, :1]] * AROUND + [x] + [x[:, -1:]] * AROUND, dim=1)
    weights = network.weights(wide[..., 2]).detach()
    for i in range(2):
        expected = means(x[i, ..., :2].numpy(), weights[i].numpy(), 0, 30)
        np.testing.assert_allclose(found[i], expected, rtol=1e-9)


def test_an_output_depends_on_its_window_alone():
    network, x = made(), draw(1, FRAMES + 9, 17, 3)
    whole = network(x)
    for start in (0, 4, 9):
        part = network(x[:, start : start + FRAMES])
        torch.testing.assert_close(part, whole[:, start : start + 6], rtol=1e-10, atol=0)


def test_what_was_not_seen_does_not_count():
    x, margin = draw(1, FRAMES, 17, 3) * 0.5 + 0.5, REACH + AROUND
    x[0, margin, 4, 2] = 0
    changed = x.clone()
    changed[0, margin, 4, :2] += 10
    assert (made(learned=False)(changed) - made(learned=False)(x)).abs().max() < 1e-3
    x[..., 2] = 0
    assert made()(x).isfinite().all()


def test_units_places_joints_and_sides_do_not_matter():
    network, x = made(), draw(1, FRAMES, 17, 3)
    found = network(x)
    moved = torch.cat([x[..., :2] * 300 + 50, x[..., 2:]], dim=-1)
    torch.testing.assert_close(network(moved), found * 300 + 50)
    order = torch.randperm(17)
    torch.testing.assert_close(network(x[:, :, order]), found[:, :, order])
    torch.testing.assert_close(network(mirrored(x, H36M17)), mirrored(found, H36M17))


def test_who_stands_still_gives_the_same_whatever_the_scores():
    x = draw(1, FRAMES, 17, 3)
    x[..., :2] = draw(1, 1, 17, 2, seed=5)
    torch.testing.assert_close(made()(x), x[:, :6, :, :2])


@pytest.mark.parametrize("padded", [False, True])
def test_a_lifter_can_take_a_view_of_the_output(padded):
    """As that of VideoPose3D does."""
    found = made(padded)(draw(2, FRAMES, 17, 3))
    assert torch.equal(found.view(2, -1, 34), found.flatten(2))


@pytest.mark.parametrize("padded", [False, True])
def test_gradients_are_right(padded):
    network, x = made(padded), draw(1, FRAMES, 2, 3) * 0.8 + 0.1
    x.requires_grad_(True)
    assert torch.autograd.gradcheck(network, (x,))
    network(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_in_front_of_a_lifter_it_can_be_exported():
    whole = nn.Sequential(CAInput(REACH), Linear(17)).eval()
    x = draw(2, FRAMES, 17, 3).float()
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("frames", min=FRAMES - 4)}
    exported = torch.export.export(whole, (x,), dynamic_shapes=(free,), strict=False)
    for given in (x, draw(3, FRAMES + 15, 17, 3, seed=4).float()):
        torch.testing.assert_close(exported.module()(given), whole(given))


def test_a_reach_of_nothing_is_refused():
    with pytest.raises(ValueError, match="reach: found 0, expected at least 1"):
        CAInput(0)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((2, 200, 17, 2), r"found shape \(2, 200, 17, 2\), expected \(B, T, J, 3\)"),
        ((2, 200, 51), "expected"),
        ((2, 27, 17, 3), "found 27 frames, expected at least 129"),
    ],
)
def test_other_shapes_are_refused(shape, said):
    with pytest.raises(ValueError, match=said):
        CAInput()(torch.rand(shape))
    with pytest.raises(TypeError, match="found a Identity, expected a CAInput"):
        padded(torch.nn.Identity())


@pytest.mark.parametrize("is_padded", [False, True])
def test_a_lifter_that_reads_scores_gets_the_keypoints_with_those_of_its_frames(is_padded):
    network, x = made(is_padded), draw(2, FRAMES, 17, 3)
    points = network(x)
    found = WithScores(network)(x)
    first = 0 if is_padded else REACH + AROUND
    assert torch.equal(found[..., :2], points)
    assert torch.equal(found[..., 2], x[:, first : first + points.shape[1], :, 2])


def test_in_front_of_a_lifter_that_reads_scores_it_can_be_exported():
    """As MotionBERT takes its batches: (B, T, 17, 3)."""
    lifter = nn.Sequential(nn.Flatten(2), nn.Linear(51, 51), nn.Unflatten(2, (17, 3))).double()
    both, x = nn.Sequential(WithScores(made(padded=True)), lifter).eval(), draw(1, 30, 17, 3)
    exported = torch.export.export(both, (x,)).module()
    np.testing.assert_allclose(exported(x).detach(), both(x).detach())


def test_only_an_input_gets_scores_beside_it():
    with pytest.raises(TypeError, match="found a Linear, expected a CAInput"):
        WithScores(nn.Linear(2, 2))

"""Each frame gets the pose of its own window, whatever shares a batch with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.errors import InputError
from corruptbench.lifters import lift as lifting
from corruptbench.lifters.lift import Track, lift
from corruptbench.lifters.normalize import lifter_input
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import cameras
from tests.fixtures.lifters import python_lifter

CAMERA = cameras(200)["cam1"]


def tracks(*lengths, fps=50.0):
    random = np.random.default_rng(0)
    return [
        Track(f"clip{i}", random.uniform(0, 200, (n, 17, 2)), random.uniform(0, 1, (n, 17)),
              "h36m17", CAMERA, fps)
        for i, n in enumerate(lengths)
    ]  # fmt: skip


def given(track, declared):
    return lifter_input(track.keypoints, track.scores, "h36m17", CAMERA, declared)


def moving_mean(x, frames, last=False):
    """What each kind of lifter below computes, by loops: the mean over the padded window."""
    before = frames - 1 if last else (frames - 1) // 2
    out = np.zeros((*x.shape[:2], 3))
    for t in range(len(x)):
        near = np.clip(np.arange(t - before, t - before + frames), 0, len(x) - 1)
        out[t, :, :2] = x[near].mean(axis=0)
    return out


def window_mean(x):
    return nn.functional.pad(x.unfold(1, 5, 1).mean(dim=-1), (0, 1))


def check(declared, network, wanted, *lengths, tolerance=1e-5, fps=50.0):
    found = lift(python_lifter(declared, network), tracks(*lengths, fps=fps))
    for track, lifted in zip(tracks(*lengths, fps=fps), found, strict=True):
        assert np.allclose(lifted.in_mm(0), wanted(given(track, declared)), atol=tolerance)


@pytest.mark.parametrize("target", ["middle", "last"])
@pytest.mark.parametrize("window", ["sequence", "centre"])
@pytest.mark.parametrize("lengths", [(1,), (2, 3, 2), (5, 40, 6), (600, 2, 7000)])
def test_every_frame_gets_the_pose_of_its_own_window(window, target, lengths):
    declared = contract(window=window, frames=5, units="mm", target=target)
    check(declared, window_mean, lambda x: moving_mean(x, 5, target == "last"), *lengths)


@pytest.mark.parametrize("target", ["middle", "last"])
def test_a_network_that_gives_all_frames_of_its_window_means_one(target):
    """As MHFormer: the pose of the target frame is taken, and no other."""
    declared = contract(window="centre", frames=5, units="mm", target=target)
    place = 4 if target == "last" else 2

    def network(x):
        assert x.shape[1] == 5
        out = torch.full((len(x), 5, 17, 3), 7.0)
        out[:, place] = nn.functional.pad(x[:, place], (0, 1))
        return out

    check(declared, network, lambda x: np.pad(x, ((0, 0), (0, 0), (0, 1))), 9, 3)


@pytest.mark.parametrize("frames", [1, 3, 4, 5, 8, 11, 1030])
@pytest.mark.parametrize("window", ["block", "clip"])
def test_blocks_cover_every_frame_once(frames, window):
    seen = []

    def network(x):
        assert x.shape[1] == (min(frames, 4) if window == "clip" else 4)
        seen.append(x.shape[0] * x.shape[1])
        return nn.functional.pad(x, (0, 1))

    declared = contract(window=window, frames=4)
    check(declared, network, lambda x: 1000 * np.pad(x, ((0, 0), (0, 0), (0, 1))), frames, frames,
          tolerance=1e-3)  # fmt: skip
    assert max(seen) <= 4096


def test_a_clip_is_lifted_as_it_is():
    """A model that sees the whole clip gets its frames, and none that is made up."""

    def network(x):
        mean = x.mean(dim=1, keepdim=True).expand_as(x)
        return nn.functional.pad(mean, (0, 1))

    def wanted(x):
        return np.pad(np.broadcast_to(x.mean(axis=0), x.shape), ((0, 0), (0, 0), (0, 1)))

    check(contract(window="clip", frames=50, units="mm"), network, wanted, 20, 31, 20, 50)


def test_a_lower_rate_takes_every_frame_once():
    """At 50 frames per second, a lifter of 10 sees every fifth frame, in five phases."""

    def network(x):
        return nn.functional.pad(x.unfold(1, 3, 1).mean(dim=-1), (0, 1))

    def wanted(x):
        out = np.zeros((len(x), 17, 3))
        for phase in range(min(5, len(x))):
            out[phase::5] = moving_mean(x[phase::5], 3)
        return out

    check(contract(frames=3, units="mm", fps=10), network, wanted, 3, 26, 5)
    check(contract(frames=3, units="mm", fps=10), network, wanted, 26, fps=50.1)
    with pytest.raises(InputError, match=r"clip0: 50 frames per second.*lifter's fps, 30"):
        check(contract(frames=3, units="mm", fps=30), network, wanted, 26)
    with pytest.raises(InputError, match="expected a multiple"):
        check(contract(frames=3, units="mm", fps=100), network, wanted, 26)


def test_the_mirrored_person_is_averaged():
    random = torch.randn(17, 3, generator=torch.Generator().manual_seed(1))
    sides = contract().lifted.mirror

    def network(x):
        return nn.functional.pad(x, (0, 1)) + x.pow(3).sum(dim=(-1, -2))[..., None, None] * random

    def wanted(x):
        other = x[:, sides] * [-1, 1]
        a, b = (
            network(torch.from_numpy(v.astype(np.float32))[None])[0].numpy() for v in (x, other)
        )
        return (a + (b * [-1, 1, 1])[:, sides]) / 2

    check(contract(frames=1, units="mm", flip=True), network, wanted, 8, 3)


@pytest.mark.parametrize("normalize", ["pixel", "rays", {"mean": [0.0] * 34, "std": [1.0] * 34}])
def test_a_mirrored_picture(normalize):
    """In pixels x becomes the width less x, as a mirrored picture shows it."""
    declared = contract(frames=1, units="mm", flip=True, normalize=normalize)
    batches = []
    lift(python_lifter(declared, lambda x: batches.append(x) or nn.functional.pad(x, (0, 1))),
         tracks(4))  # fmt: skip
    x, other = batches[0][:, :4].numpy()
    back = other[:, declared.given.mirror] * [-1, 1] + [0 if normalize == "rays" else 200, 0]
    assert np.allclose(back, x, atol=1e-4)


def test_batches_do_not_change_the_poses(monkeypatch):
    """Another size of a batch, other neighbors, another order: the same poses."""
    lifter = python_lifter(contract(frames=5, units="mm"), window_mean)
    some = tracks(30, 7, 22, 300)
    whole = lift(lifter, some)
    back = lift(lifter, some[::-1])[::-1]
    monkeypatch.setattr(lifting, "BATCH_FRAMES", {"cpu": 40})
    small = lift(lifter, some)
    for a, b, c in zip(whole, back, small, strict=True):
        assert np.allclose(a.poses, b.poses, atol=1e-6)
        assert np.allclose(a.poses, c.poses, atol=1e-6)


def test_a_failure_names_the_clips():
    def network(x):
        if x.shape[1] > 100:
            raise InputError("no")
        return nn.functional.pad(x[:, 4:], (0, 1))

    with pytest.raises(InputError, match=r"^clip1: no$"):
        lift(python_lifter(contract(frames=5), network), tracks(3, 4000, 5))


def test_a_wrong_shape_on_a_clip_is_named():
    lifter = python_lifter(contract(frames=5), lambda x: torch.zeros(x.shape[0], 3, 17, 3))
    with pytest.raises(InputError, match=r"clip0: tiny: output shape.*correct the contract or the"):
        lift(lifter, tracks(20))


def test_samples_are_passes_with_their_own_seeds():
    seeds = []
    state = torch.Generator()

    def network(x):
        return nn.functional.pad(x, (0, 1)) + torch.randn(1, generator=state)

    def seed(number):
        seeds.append(number)
        state.manual_seed(number)

    lifter = python_lifter(contract(frames=1, samples=3), network, seed=seed)
    (lifted,) = lift(lifter, tracks(20))
    assert sorted(set(seeds)) == [0, 1, 2]
    assert lifted.poses.shape == (3, 20, 17, 3)
    assert len(np.unique(lifted.poses[:, 0, 0, 2])) == 3
    assert np.array_equal(lift(lifter, tracks(20))[0].poses, lifted.poses)

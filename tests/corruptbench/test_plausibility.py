"""Results that cannot mean what they seem are told by name, and sound ones are not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.datasets.studio import TRAIN_SHARDS
from corruptbench.evaluation import plausibility
from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.likeness import likeness
from corruptbench.evaluation.orientation import axes_warnings
from corruptbench.evaluation.plausibility import warnings_of
from corruptbench.leaderboard.schema import Aggregate, Interval
from corruptbench.lifters.lift import Track, lift
from corruptbench.lifters.lifter import open_lifter
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import H36M17

ARMS_EXCHANGED = [*range(11), 14, 15, 16, 11, 12, 13]
SOUND = Aggregate(clean=50, corrupted=52, degradation=2, corruptions={})
HEAD_EXCHANGED = [*range(9), 10, 9, *range(11, 17)]


@pytest.fixture(scope="module")
def targets():
    dataset = open_dataset("studio", None)
    return [dataset.load(clip).joints_camera for clip in dataset.clip_ids()[::5]]


def warned(targets, change, low=1.0, high=3.0):
    """Warnings about noisy predictions that a change is applied to."""
    random = np.random.default_rng(0)
    clips = [likeness(change(_lifted(t, random)), t, H36M17.mirror, 0) for t in targets]
    corrupted = Aggregate(clean=50, corrupted=52, degradation=(low + high) / 2, corruptions={})
    aligned = corrupted.model_copy(update={"clean": 40.0})
    clips = [c for c in clips if c]
    return dict(warnings_of(clips, H36M17, corrupted, aligned, Interval(low=low, high=high)))


def _lifted(target, random):
    """Poses as a sound lifter gives them: less motion, errors that stay, and noise."""
    mean = np.nanmean(target, axis=0)
    bias = random.normal(0, 25, target.shape[1:])
    return mean + 0.8 * (target - mean) + bias + random.normal(0, 20, target.shape)


def test_sound_predictions_give_no_warning(targets):
    assert warned(targets, lambda x: x) == {}
    assert warned(targets, lambda x: 1.15 * x) == {}
    assert warned(targets, lambda x: x, -2.0, 0.5) == {}


@pytest.mark.parametrize(
    ("name", "words", "change"),
    [
        ("size", "2.2 times as large", lambda x: 2.2 * x),
        ("size", "0.5 times as large", lambda x: 0.5 * x),
        ("size", "another unit", lambda x: 1000 * x),
        ("size", "another unit", lambda x: x / 1000),
        ("constant", "hardly change", lambda x: x[:1] + 0.05 * (x - x[:1])),
        ("lag", " 1.[01] frames late", lambda x: np.roll(x, 1, axis=0)),
        ("lag", " 2.[012] frames early", lambda x: np.roll(x, -2, axis=0)),
        ("lag", " 1[23].[0-9] frames late", lambda x: np.roll(x, 13, axis=0)),
        ("axes", r"\(-x, y, z\)", lambda x: x * [-1, 1, 1]),
        ("axes", r"\(x, -y, z\)", lambda x: x * [1, -1, 1]),
        ("axes", r"\(x, y, -z\)", lambda x: x * [1, 1, -1]),
        ("axes", r"\(x, -y, -z\)", lambda x: x * [1, -1, -1]),
        ("axes", r"\(x, -z, y\)", lambda x: x[..., [0, 2, 1]] * [1, 1, -1]),
        ("sides", "left and right", lambda x: x[:, H36M17.mirror]),
        ("joints", "predicted hip is the label's right_wrist, ", lambda x: x[:, ::-1]),
        (
            "joints",
            "left and right of shoulder, elbow and wrist are exchanged",
            lambda x: x[:, ARMS_EXCHANGED],
        ),
        (
            "joints",
            "predicted neck_nose is the label's head, the predicted head is the label's neck_nose",
            lambda x: x[:, HEAD_EXCHANGED],
        ),
        ("depth", "z is 0 times", lambda x: x * [1, 1, 0]),
        ("depth", "is 0.[45][0-9]* times", lambda x: x * [1, 1, 0.5]),
        ("depth", "is [12].[0-9]* times", lambda x: x * [1, 1, 2]),
        ("depth", "is (9|10)[0-9][0-9] times", lambda x: x * [1, 1, 1000]),
    ],
)
def test_each_fault_is_named_and_no_other(targets, name, words, change):
    found = warned(targets, change)
    assert list(found) == [name]
    assert re.search(words, found[name])


def test_negative_degradation(targets):
    assert "-34.2 mm" in warned(targets, lambda x: x, -36.0, -32.4)["degradation"]


def test_nothing_is_said_about_nothing(targets):
    broken = np.full_like(targets[0], np.nan)
    assert likeness(broken, targets[0], H36M17.mirror, 0) is None
    broken = targets[0].copy()
    broken[3] = np.inf  # must not spoil the other frames, nor warn
    assert np.isfinite(likeness(broken, targets[0], H36M17.mirror, 0).lagged).all()
    assert warned([], lambda x: x) == {}
    assert "constant" in warned(targets, lambda x: np.broadcast_to(x[:1], x.shape))


def test_poses_that_are_turned_as_a_whole(targets):
    """Neither size nor axes tell, but MPJPE is far above P-MPJPE."""
    clips = [likeness(t, t, H36M17.mirror, 0) for t in targets]
    turned = Aggregate(clean=150, corrupted=170, degradation=20, corruptions={})
    aligned = Aggregate(clean=50, corrupted=70, degradation=20, corruptions={})
    found = dict(warnings_of(clips, H36M17, turned, aligned, Interval(low=15, high=25)))
    assert set(found) == {"rotation"}
    assert "3.0 times P-MPJPE" in found["rotation"]


def test_depth_and_size_can_both_be_wrong(targets):
    assert list(warned(targets, lambda x: x * [2, 2, 1])) == ["size", "depth"]
    assert list(warned(targets, lambda x: x * [2, 2, 0])) == ["size", "depth"]


def test_an_unsure_depth_may_be_flat(targets):
    """The mean over all poses that fit a picture is flatter than each of them, and fits best."""
    random = np.random.default_rng(0)
    spreads = iter([np.std(t[..., 2] - t[:, :1, 2]) for t in targets])

    def shrunk(x):
        """A quarter of depth and noise of three times its variance: half as deep as the labels."""
        depth = x[..., 2] - x[:, :1, 2]
        depth = (depth + random.normal(0, 3**0.5 * next(spreads), depth.shape)) / 4
        return np.concatenate([x[..., :2], depth[..., None]], axis=-1)

    assert warned(targets, shrunk) == {}
    few = targets[:4]
    assert warned(few, lambda x: x * [1, 1, 0.5]) == {}  # few clips do not show it
    assert set(warned(few, lambda x: x * [1, 1, 0])) == {"depth"}


def test_a_sure_depth_beside_unsure_x_and_y_is_not_too_deep(targets):
    random = np.random.default_rng(0)

    def shrunk(x):
        """A share of x and y, and noise: 0.63 times as large as the labels, which fits best."""
        flat = x - x[:, :1]
        noise = random.normal(0, 1.5**0.5, flat.shape) * np.sqrt((flat**2).mean(axis=(0, 1)))
        noise[:, 0] = 0  # the root
        return np.where([True, True, False], (flat + noise) / 2.5, flat)

    assert "depth" not in warned(targets, shrunk)


@pytest.fixture(scope="module")
def lifted_as():
    """Lift clips with the shipped baseline from a changed input; return poses and labels."""
    lifter = open_lifter(Path(__file__).parents[2] / "baselines/videopose3d-27.pt2", "cpu")
    clips = list(open_shards(TRAIN_SHARDS, None).clips([CLEAN]))[::13]
    tracks = [
        Track(str(clip.id), clean.keypoints, clean.scores, "coco17", clip.camera, clip.fps)
        for clip, (clean,) in clips
    ]

    def lifted(change):
        changed = replace(lifter, run=lambda batch, select: lifter.run(change(batch), select))
        poses = [found.in_mm(0) for found in lift(changed, tracks)]
        return list(zip(poses, (clip.joints_camera for clip, _ in clips), strict=True))

    yield lifted
    lifter.close()


def exchanged(batch):
    return np.ascontiguousarray(batch[:, :, H36M17.mirror])


def mirrored(batch):
    return batch * np.float32([-1, 1])


@pytest.mark.parametrize(
    ("given", "change", "name", "words"),
    [
        (lambda x: x, lambda x: x, "", ""),
        (exchanged, lambda x: x, "sides", "left and right of the input are exchanged; "),
        (exchanged, lambda x: x[:, H36M17.mirror], "sides", "input .* and those of the output"),
        (mirrored, lambda x: x, "axes", "the input is mirrored"),
        (lambda x: x, lambda x: x * [1, 1, -1], "axes", "expected .* z forward$"),
        (lambda x: x, lambda x: x * [-1, 1, -1], "axes", "expected .* z forward$"),
    ],
)
def test_a_reversed_depth_of_the_output_is_told_from_a_wrong_input(
    lifted_as, given, change, name, words
):
    clips = [likeness(change(x), t, H36M17.mirror, 0) for x, t in lifted_as(given)]
    found = dict(warnings_of(clips, H36M17, SOUND, SOUND, Interval(low=1, high=3)))
    assert list(found) == [name][: bool(name)]
    assert re.search(words, found.get(name, ""))


def test_a_level_camera_does_not_tell_them_apart(targets):
    """Then both causes are named."""
    level = [t - t[..., 1:2] * (t[..., 1] * t[..., 2]).sum() / (t[..., 1] ** 2).sum() * [0, 0, 1]
             for t in (t - t[:, :1] for t in targets)]  # fmt: skip
    found = warned(level, lambda x: x * [1, 1, -1])
    assert set(found) == {"axes"}
    assert re.search("z forward; or left and right of the input", found["axes"])


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_poses_that_have_nothing_to_do_with_the_labels(targets, scale):
    """They have no lag either, wherever the best of them may be."""
    random = np.random.default_rng(1)
    clips = [likeness(random.normal(0, 300 * scale, t.shape), t, H36M17.mirror, 0) for t in targets]
    errors = SOUND.model_copy(update={"clean": 400.0})
    found = dict(warnings_of(clips, H36M17, errors, errors, Interval(low=1, high=3)))
    assert re.search(
        r"P-MPJPE \(400 mm\) is no better than .* another clip \(1\d\d mm\)", found["unlike"]
    )
    assert "lag" not in found
    assert ("size" in found) == (scale > 1)
    poor = SOUND.model_copy(
        update={"clean": 127.0}
    )  # more than that of any lifter that was trained
    assert "unlike" not in dict(warnings_of(clips, H36M17, poor, poor, Interval(low=1, high=3)))


def test_cameras_of_one_recording_are_one_pose(targets):
    """Labels that are all of one moment do not say how far apart people are."""
    one = [likeness(1.0 * targets[0], targets[0], H36M17.mirror, 0)] * 8
    errors = SOUND.model_copy(update={"clean": 80.0})
    assert "unlike" not in dict(warnings_of(one, H36M17, errors, errors, Interval(low=1, high=3)))


@pytest.mark.parametrize(
    ("y_as_z", "z_as_y", "words"),
    [
        (0.3, 0.3, "the input is mirrored"),
        (0.3, -0.3, "z forward$"),
        (0.3, 0.05, "z forward; or"),
        (0.05, 0.3, "z forward; or"),
    ],
)
def test_both_likenesses_must_show_a_lean(y_as_z, z_as_y, words):
    axes = np.stack([np.diag([-0.9, 0.9, -0.9]), np.zeros((3, 3))])
    axes[0, 1, 2], axes[0, 2, 1] = y_as_z, z_as_y
    ((name, text),) = axes_warnings(axes, np.ones((2, 3)))
    assert name == "axes"
    assert re.search(words, text)


def test_two_joints_that_are_hardly_told_apart_are_not_exchanged(targets):
    """Each of them is a little nearer to the label of the other."""

    def near(x, share):
        one, other = x[:, 9:10], x[:, 10:11]
        mixed = [one + share * (other - one), other + share * (one - other)]
        return np.concatenate([x[:, :9], *mixed, x[:, 11:]], axis=1)

    assert warned(targets, lambda x: near(x, 0.55)) == {}
    assert set(warned(targets, lambda x: near(x, 0.8))) == {"joints"}


def test_poses_are_turned_only_where_nothing_else_is_wrong(targets):
    turned, aligned = SOUND.model_copy(update={"clean": 120.0}), SOUND
    clips = [likeness(t * [1, 1, -1], t, H36M17.mirror, 0) for t in targets]
    assert "axes" in (
        found := dict(warnings_of(clips, H36M17, turned, aligned, Interval(low=1, high=3)))
    )
    assert "rotation" not in found


@pytest.mark.parametrize(("clear", "unclear"), [(0.55, (0.3, 0.7)), (1.45, (1.0, 1.9))])
def test_a_few_clips_do_not_show_a_depth(targets, clear, unclear):
    """The mean of both is beyond the limit, and might as well be by chance."""
    few = targets[:8]
    assert set(warned(few, lambda x: x * [1, 1, clear])) == {"depth"}
    factors = iter([unclear[i % 2] for i in range(8)])
    assert warned(few, lambda x: x * [1, 1, next(factors)]) == {}


def test_a_few_clips_do_not_show_a_lag(targets):
    def late(x, frames=1):
        return np.concatenate([x[:1]] * frames + [x[: len(x) - frames]])

    assert set(warned(targets[:6], late)) == {"lag"}
    assert warned(targets[:5], late) == {}
    lags = iter([3, 3, 3, 0, 0, 0])
    assert warned(targets[:6], lambda x: late(x, next(lags))) == {}


def test_thousands_of_clips_are_not_all_compared_with_one_another(targets, monkeypatch):
    """They would take all memory: 5000 clips have 12 million pairs."""
    sizes = []

    def counted(predicted, target):
        sizes.append(len(predicted))
        return align(predicted, target)

    monkeypatch.setattr(plausibility, "align", counted)
    clips = [likeness(1.0 * t, t, H36M17.mirror, 0) for t in targets] * 100
    errors = SOUND.model_copy(update={"clean": 400.0})
    assert "unlike" in dict(warnings_of(clips, H36M17, errors, errors, Interval(low=1, high=3)))
    most = plausibility.COMPARED
    assert len(clips) > most
    assert sizes == [most * (most - 1) // 2]


def test_the_cause_comes_before_what_follows_from_it(targets):
    found = warned(targets, lambda x: x[:, ARMS_EXCHANGED], -36.0, -32.4)
    assert list(found) == ["joints", "degradation"]

"""Erase means what it says: places, sizes, colors and times of its patches."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, Region, get
from tests.corruptions.scenes import BONES, skeleton

ERASE = get("erase")
SEVERITIES = range(1, 6)
FPS, FRAMES, SIZE, GRAY = 25, 500, 200, 11  # 20 s; no patch is as dark as 11
FLAT = np.full((SIZE, SIZE, 3), GRAY, dtype=np.uint8)


def walker(joints=True):
    return skeleton(SIZE, FRAMES, FPS, speed=0.4, joints=joints)


def drawn(about, severity, *key):
    return ERASE.prepare(about, severity, Key.of("erase", severity, *key))


def centers(patches):
    """(patches, frames, 2) px."""
    return (patches.sides[..., :2] + patches.sides[..., 2:]) / 2


def along(place, a, b):
    """(frames,) how far a place (frames, 2) is along and beside the line from ``a`` to ``b``."""
    line = b - a
    part = ((place - a) * line).sum(axis=-1) / (line**2).sum(axis=-1)
    return part, np.linalg.norm(a + part[:, None] * line - place, axis=-1)


def bones_below(about, frames, place):
    """The bones on which a patch stays at one place for all the frames of its episode."""
    joints = about.joints[frames.start : frames.stop]
    for bone, (a, b) in enumerate(about.bones):
        part, beside = along(place, joints[:, a], joints[:, b])
        length = np.linalg.norm(joints[:, b] - joints[:, a], axis=-1).mean()
        at = np.median(part)
        if beside.max() < 1 and np.abs(part - at).max() < 1.5 / length and -0.05 < at < 1.05:
            yield bone


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_patch_stays_on_its_place_of_a_bone(severity):
    about = walker()
    for clip in range(3):
        draws = drawn(about, severity, clip)
        for frames, patches in zip(draws.episodes, draws.patches, strict=True):
            for place in centers(patches):
                assert list(bones_below(about, frames, place))


def test_any_point_of_the_skeleton_is_as_likely_as_any_other():
    about, counts = walker(), np.zeros(len(BONES))
    for clip in range(20):
        draws = drawn(about, 5, "likely", clip)
        for frames, patches in zip(draws.episodes, draws.patches, strict=True):
            for place in centers(patches):
                found = list(bones_below(about, frames, place))
                counts[found] += 1 / len(found)
    joints = about.joints
    lengths = [np.linalg.norm(joints[:, a] - joints[:, b], axis=-1).mean() for a, b in BONES]
    assert counts / counts.sum() == pytest.approx(lengths / np.sum(lengths), abs=0.03)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_without_joints_a_patch_keeps_its_place_in_the_box(severity):
    about, places = walker(joints=False), []
    draws = drawn(about, severity)
    for frames, patches in zip(draws.episodes, draws.patches, strict=True):
        boxes = about.boxes[frames.start : frames.stop]
        low, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
        for place in centers(patches):
            at = np.median((place - low) / size, axis=0)
            assert np.abs(low + at * size - place).max() <= 1
            places.append(at)
    assert np.ptp(places, axis=0).min() > 0.6
    alike = drawn(replace(walker(), bones=()), severity)
    for one, other in zip(draws.patches, alike.patches, strict=True):
        assert np.array_equal(one.sides, other.sides), "joints without bones are none"


def test_a_patch_bridges_the_frames_in_which_its_joints_are_not_known():
    """Where they stay in the box, nothing changes; no joint at all is as if there were none."""
    about = skeleton(SIZE, 250, FPS)
    still = np.repeat(about.joints[:1], 250, axis=0)
    still += np.linspace(0, 30, 250)[:, None, None] * [1, 0]
    boxes = np.repeat(about.boxes[:1], 250, axis=0)
    boxes += np.linspace(0, 30, 250)[:, None] * [1, 0, 1, 0]
    about = replace(about, joints=still, boxes=boxes)
    gaps = still.copy()
    gaps[np.random.default_rng(0).random((250, 11)) < 0.2] = np.nan
    for severity in SEVERITIES:
        whole, bridged = (drawn(replace(about, joints=j), severity) for j in (still, gaps))
        for one, other in zip(whole.patches, bridged.patches, strict=True):
            assert np.abs(one.sides - other.sides).max() <= 1
        unknown = drawn(replace(about, joints=np.full_like(still, np.nan)), severity)
        box = drawn(replace(about, joints=None, bones=()), severity)
        for one, other in zip(unknown.patches, box.patches, strict=True):
            assert np.array_equal(one.sides, other.sides)


def test_a_bone_that_is_never_known_gets_no_patch():
    about = walker()
    joints = about.joints.copy()
    joints[:, 9:] = np.nan  # the hands
    lost = replace(about, joints=joints)
    for clip in range(5):
        draws = drawn(lost, 5, clip)
        for frames, patches in zip(draws.episodes, draws.patches, strict=True):
            for place in centers(patches):
                assert set(bones_below(about, frames, place)) - {7, 9}


@pytest.mark.parametrize("severity", SEVERITIES)
def test_number_size_and_color(severity):
    params, about = ERASE.severities[severity - 1], walker()
    draws, aspects, colors = drawn(about, severity), [], []
    for patches in draws.patches:
        assert len(patches.sides) == len(patches.colors) == params.patches
        size = patches.sides[..., 2:] - patches.sides[..., :2]
        assert np.ptp(size, axis=1).max() <= 1, "whatever the box does"
        width, height = size.mean(axis=1).T
        assert np.sqrt(width * height) == pytest.approx(params.side * about.person_height, abs=1)
        aspects.extend(width / height)
        colors.extend(patches.colors)
    assert 1 / 1.8 - 0.08 < min(aspects) < 0.8
    assert 1.25 < max(aspects) < 1.8 + 0.15
    assert len(set(colors)) == len(colors)
    assert 32 <= np.min(colors) <= np.max(colors) < 224


@pytest.mark.parametrize("severity", SEVERITIES)
def test_all_patches_are_there_in_the_episodes_and_none_between(severity):
    about = walker()
    draws = drawn(about, severity)
    episodes = dict.fromkeys(range(FRAMES))
    for i, frames in enumerate(draws.episodes):
        episodes.update(dict.fromkeys(frames, i))
    for t in range(0, FRAMES, 3):
        expected, i = FLAT.copy(), episodes[t]
        if i is not None:
            sides = draws.patches[i].sides[:, t - draws.episodes[i].start].clip(0)
            for (x0, y0, x1, y1), color in zip(sides, draws.patches[i].colors, strict=True):
                expected[y0:y1, x0:x1] = color
        found = ERASE.apply({t: FLAT}, t, draws, about.whole)
        assert np.array_equal(found, expected)
        assert (found == GRAY).all() == (i is None)


ODD_PEOPLE = {
    "lies": (40.0, 150.0, 180.0, 175.0),
    "stretches the arms": (20.0, 40.0, 180.0, 190.0),
    "half beyond the border": (-60.0, 40.0, 25.0, 190.0),
    "only the feet": (60.0, -140.0, 120.0, 8.0),
    "is small": (90.0, 90.0, 97.0, 109.0),
    "larger than the picture": (-300.0, -300.0, 500.0, 900.0),
    "a line": (100.0, 40.0, 100.4, 190.0),
}


@pytest.mark.parametrize("joints", [True, False], ids=["joints", "box"])
@pytest.mark.parametrize("who", ODD_PEOPLE)
def test_a_twentieth_of_what_is_seen_is_hidden_in_every_frame_of_an_episode(who, joints):
    x0, y0, x1, y1 = ODD_PEOPLE[who]
    boxes, seen = np.tile([x0, y0, x1, y1], (100, 1)), np.zeros((SIZE, SIZE), dtype=bool)
    seen[max(round(y0), 0) : math.ceil(y1), max(round(x0), 0) : math.ceil(x1)] = True
    about = ClipInfo(100, SIZE, SIZE, float(FPS), boxes)
    if joints:  # they may be anywhere
        places = np.random.default_rng(0).uniform(-2 * SIZE, 2 * SIZE, (100, 11, 2))
        about = replace(about, joints=places, bones=BONES)
    for severity in SEVERITIES:
        draws = drawn(about, severity)
        for frames in draws.episodes:
            for t in frames:
                assert (ERASE.cover(t, draws, about.whole)[seen] == 255).mean() > 0.05


@pytest.mark.parametrize("severity", SEVERITIES)
def test_nothing_is_painted_where_nobody_is(severity):
    about = walker()
    boxes, nobody = about.boxes.copy(), np.zeros(FRAMES, dtype=bool)
    nobody[40:90] = nobody[300:] = True
    boxes[nobody] = np.nan
    about = replace(about, boxes=boxes)
    draws = drawn(about, severity)
    covered = [ERASE.cover(t, draws, Region(0, 0, SIZE, SIZE)).any() for t in range(FRAMES)]
    assert not np.array(covered)[nobody].any()
    share = ERASE.severities[severity - 1].share
    assert np.mean(np.array(covered)[~nobody]) == pytest.approx(share, abs=0.15)

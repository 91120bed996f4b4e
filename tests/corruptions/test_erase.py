"""Erase means what it says: every stated number, read back from the painted pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get

ERASE = get("erase")
SEVERITIES = range(1, 6)
FPS, FRAMES, SIZE, GRAY = 25.0, 1000, 210, 11  # 40 s; no patch is as dark as 11
FLAT = [np.full((SIZE, SIZE, 3), GRAY, dtype=np.uint8)] * FRAMES


def boxes():
    """A person who swings left and right and comes and goes, far from the border."""
    t = np.arange(FRAMES) / FPS
    x, y = 105 + 25 * np.sin(2 * np.pi * t / 1.9), 105 + 15 * np.sin(2 * np.pi * t / 2.7)
    height = 100 + 30 * np.sin(2 * np.pi * t / 2.3)
    width = 0.8 * height + 20 * np.sin(2 * np.pi * t / 1.7)
    return np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)


ABOUT = ClipInfo(FRAMES, SIZE, SIZE, FPS, boxes())
PERSON = float(np.median(boxes()[:, 3] - boxes()[:, 1]))


@cache
def drawn(severity):
    return ERASE.prepare(ABOUT, severity, Key.of("erase", severity))


def slots(severity):
    """Return the draws of each patch slot alone, so that no patch hides another."""
    draws = drawn(severity)
    count = ERASE.severities[severity - 1].patches
    runs, rest = divmod(len(draws.patches), count)
    assert rest == 0
    return [replace(draws, patches=draws.patches[i * runs : (i + 1) * runs]) for i in range(count)]


def decoded(frame):
    """Left, top, right, bottom and R, G, B of the one patch in a frame; NaN if there is none."""
    painted = frame[..., 0] != GRAY
    if not painted.any():
        return [np.nan] * 7
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    inside = frame[top:bottom, left:right]
    assert painted[top:bottom, left:right].all(), "a patch is a full rectangle"
    assert (inside == inside[0, 0]).all(), "a patch is flat"
    return [left, top, right, bottom, *inside[0, 0].tolist()]


@cache
def tracks(severity):
    """(F, 7) for each slot, see `decoded`."""
    return [
        np.array([decoded(ERASE.apply(FLAT, t, draws, ABOUT.whole)) for t in range(FRAMES)])
        for draws in slots(severity)
    ]


def runs_of(track):
    """The stretches of frames in which the patch is there."""
    there = np.isfinite(track[:, 0]).astype(int)
    edges = np.diff(there, prepend=0, append=0)
    return [
        np.arange(a, b)
        for a, b in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    ]


def all_runs(severity):
    """Frames and rows of `decoded` of every run of every slot."""
    return [(run, track[run]) for track in tracks(severity) for run in runs_of(track)]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_patch_keeps_its_place_in_the_persons_box(severity):
    x0, y0, x1, y1 = boxes().T
    moved, places = [], []
    for run, rows in all_runs(severity):
        left, top, right, bottom = rows[:, :4].T
        x, y = (left + right) / 2, (top + bottom) / 2
        u = np.median((x - x0[run]) / (x1 - x0)[run])
        v = np.median((y - y0[run]) / (y1 - y0)[run])
        assert np.abs(x0[run] + u * (x1 - x0)[run] - x).max() <= 1
        assert np.abs(y0[run] + v * (y1 - y0)[run] - y).max() <= 1
        assert 0.08 < u < 0.92
        assert 0.03 < v < 0.97
        moved.append(np.ptp(x))
        places.append((u, v))
    assert np.median(moved) > 10, "the box must move enough to tell"
    # The runs of a slot cover one region after another, all over the body
    assert np.abs(np.diff(places, axis=0)).max(axis=1).mean() > 0.2
    assert (np.ptp(places, axis=0) > 0.6).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_patch_keeps_its_size_and_color(severity):
    params = ERASE.severities[severity - 1]
    sides, aspects, colors = [], [], set()
    for _, rows in all_runs(severity):
        size = rows[:, 2:4] - rows[:, :2]
        assert (np.ptp(size, axis=0) <= 1).all(), "whatever the box does"
        width, height = size.mean(axis=0)
        assert math.sqrt(width * height) == pytest.approx(params.side * PERSON, abs=1)
        assert 1 / 1.8 - 0.08 < width / height < 1.8 + 0.15
        assert (np.ptp(rows[:, 4:], axis=0) == 0).all()
        sides.append((width + height) / 2)
        aspects.append(width / height)
        colors.add(tuple(rows[0, 4:]))
    assert np.mean(sides) == pytest.approx(params.side * PERSON, rel=0.05)
    assert min(aspects) < 0.7
    assert max(aspects) > 1.4
    assert len(colors) == len(sides)
    for patch in drawn(severity).patches:
        exact = params.side * PERSON
        assert math.isclose(math.sqrt(patch.width * patch.height), exact, rel_tol=1e-12)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_runs_are_as_long_and_as_frequent_as_stated(severity):
    params = ERASE.severities[severity - 1]
    for track in tracks(severity):
        lengths = [len(run) for run in runs_of(track) if run[0] > 0 and run[-1] < FRAMES - 1]
        assert len(lengths) > 25
        assert np.abs(np.array(lengths) - params.run * FPS).max() <= 1
        assert np.isfinite(track[:, 0]).mean() == pytest.approx(params.covered, abs=0.03)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_slots_come_and_go_on_their_own(severity):
    starts = [runs_of(track)[1][0] for track in tracks(severity)]
    assert len(set(starts)) > len(starts) / 2


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_picture_is_all_slots_and_nothing_else(severity):
    count = ERASE.severities[severity - 1].patches
    most = 0
    for t in range(0, FRAMES, 10):
        found = ERASE.apply(FLAT, t, drawn(severity), ABOUT.whole)
        expected = FLAT[t].copy()
        for left, top, right, bottom, *color in (track[t] for track in tracks(severity)):
            if not math.isnan(left):
                expected[int(top) : int(bottom), int(left) : int(right)] = color
        assert np.array_equal(found, expected)
        codes = found.astype(np.int64) @ [1 << 16, 1 << 8, 1]
        present = len(np.unique(codes[codes != GRAY * 0x010101]))
        assert present <= count
        most = max(most, present)
    assert most > 1


@pytest.mark.parametrize("severity", SEVERITIES)
def test_nothing_is_painted_where_nobody_is(severity):
    frames = FLAT[:250]
    gaps = boxes()[:250]
    nobody = np.zeros(250, dtype=bool)
    nobody[40:90] = nobody[200:] = True
    gaps[nobody] = np.nan
    about = ClipInfo(250, SIZE, SIZE, FPS, gaps)
    draws = ERASE.prepare(about, severity, Key.of("gaps", severity))
    painted = np.array(
        [(ERASE.apply(frames, t, draws, about.whole) != GRAY).any() for t in range(250)]
    )
    assert not painted[nobody].any()
    assert painted[~nobody].mean() > 0.5

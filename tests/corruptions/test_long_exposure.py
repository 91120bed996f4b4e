from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, Region, get, long_exposure
from corruptbench.corruptions.long_exposure import Draws, apply, frame_weights, reach


def linear(code):
    s = np.asarray(code, dtype=np.float64) / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


def encoded(light):
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("half", [0.1, 0.5, 0.8, 1.0, 1.5, 2.75, 6.0, 37.5])
def test_weights_are_the_exposure_integrated_over_interpolated_frames(half):
    at = (np.arange(400_000) + 0.5) / 400_000 * 2 * half - half
    weights = frame_weights(half)
    for k, weight in enumerate(weights):
        expected = np.maximum(0, 1 - np.abs(at - k)).mean()
        assert weight / 65536 == pytest.approx(expected, abs=1e-3)
    assert weights[0] + 2 * sum(weights[1:]) == 65536
    assert min(weights) >= 0


@pytest.mark.parametrize("half", [0.4, 1.5, 3.0])
def test_against_float_arithmetic_to_the_end_of_the_clip(half):
    count = 9
    frames = np.random.default_rng(0).integers(0, 256, (count, 37, 11, 3), dtype=np.uint8)
    draws = Draws(half, count)
    region = Region(2, 1, 9, 36)
    for t in range(count):
        here = min(half, t, count - 1 - t)
        if here == 0:
            expected = frames[t]
        else:
            at = (np.arange(20_000) + 0.5) / 20_000 * 2 * here - here
            light = np.zeros(frames[t].shape)
            for i in range(count):
                light += np.maximum(0, 1 - np.abs(t + at - i)).mean() * linear(frames[i])
            expected = encoded(light)
        assert np.abs(apply(frames, t, draws, region) - expected[region.slices]).max() < 0.75


@pytest.mark.parametrize("sums", [1, 3 * 7 * 4, 3 * 7 * 35])
def test_bytes_do_not_depend_on_how_many_rows_are_summed_at_a_time(monkeypatch, sums):
    frames = np.random.default_rng(0).integers(0, 256, (9, 37, 11, 3), dtype=np.uint8)
    region = Region(2, 1, 9, 36)
    expected = apply(frames, 4, Draws(3.2, 9), region)
    monkeypatch.setattr(long_exposure, "SUMS", sums)
    assert np.array_equal(apply(frames, 4, Draws(3.2, 9), region), expected)


def test_only_frames_within_reach_are_read():
    class Watched(list):
        asked: set[int] = set()  # noqa: RUF012

        def __getitem__(self, index):
            self.asked.add(index)
            return super().__getitem__(index)

    frames = Watched(np.zeros((40, 8, 8, 3), dtype=np.uint8))
    draws = Draws(4.2, 40)
    apply(frames, 20, draws, Region(0, 0, 8, 8))
    assert {abs(index - 20) for index in frames.asked} == set(range(reach(draws) + 1))


def test_the_same_seconds_smear_as_far_at_any_frame_rate():
    """A bar that moves by 0.4 of the picture a second."""
    widths = []
    for fps in (25.0, 50.0, 100.0):
        count = round(fps) + 1
        at = 0.3 + 0.4 * np.arange(count) / fps
        frames = np.zeros((count, 1, 500, 3), dtype=np.uint8)
        for t in range(count):
            frames[t, :, round(500 * at[t]) : round(500 * at[t]) + 25] = 255
        info = ClipInfo(count, 1, 500, fps, np.full((count, 4), np.nan))
        draws = get("long_exposure").prepare(info, 5, Key.of("fps"))
        light = linear(apply(frames, count // 2, draws, info.whole)[0, :, 0])
        x = np.arange(500) + 0.5
        mean = (light * x).sum() / light.sum()
        widths.append(np.sqrt((light * (x - mean) ** 2).sum() / light.sum()))
    assert max(widths) / min(widths) < 1.03

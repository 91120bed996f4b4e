from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, Region, get, h264
from corruptbench.corruptions.h264 import GROUP, SEVERITIES, decode, encode
from tests.corruptions.scenes import info, scene


def about(frames, height, width, person):
    boxes = np.tile([0.0, 0.0, person / 3, person], (frames, 1))
    return ClipInfo(frames, height, width, 50.0, boxes)


def room(frames, size=96):
    """A textured room through which a bar moves."""
    noise = np.random.default_rng(3).integers(-12, 13, (size, size, 3))
    return list(np.clip(scene(size, frames) + noise, 0, 255).astype(np.uint8))


def error(a, b):
    """Mean squared difference."""
    return np.mean((np.asarray(a, dtype=np.float64) - np.asarray(b)) ** 2)


def test_streams_become_smaller():
    pictures = room(GROUP)
    sizes = [sum(packet.size for packet in encode(pictures, params.crf)) for params in SEVERITIES]
    assert (np.diff(sizes) < 0).all(), sizes
    assert sizes[0] > 2 * sizes[-1]


def test_the_encoder_took_the_options():
    """x264 writes them into the stream; a misspelt one would be left out in silence."""
    packets = encode(room(GROUP), 36)
    assert [packet.is_keyframe for packet in packets] == [True] + [False] * (GROUP - 1)
    stream = b"".join(bytes(packet) for packet in packets)
    start = stream.index(b"x264 - core")
    said = stream[start : stream.index(b"\0", start)].decode().split()
    expected = "rc=crf crf=36.0 mbtree=0 scenecut=0 b_adapt=0 bframes=3 b_pyramid=2 ref=3"
    for option in (*expected.split(), "weightp=0", "threads=1", "qcomp=0.60", "keyint=infinite"):
        assert option in said, (option, said)


def test_no_processor_decides_about_the_bytes(monkeypatch):
    """The encoder without any vector instructions sends the same."""
    pictures = room(GROUP)
    fast = [bytes(packet) for packet in encode(pictures, 36)]
    monkeypatch.setitem(h264.OPTIONS, "asm", 0)
    assert [bytes(packet) for packet in encode(pictures, 36)] == fast


@pytest.mark.parametrize("severity", range(1, 6))
def test_every_frame_comes_at_its_own_time(severity):
    """Each frame shows its number in black and white squares, and a bar that moves."""
    frames, size = 2 * GROUP + 7, 120
    clip = scene(size, frames)
    for t in range(frames):
        for bit in range(6):
            clip[t, 10:30, 20 * bit : 20 * bit + 20] = 235 if t >> bit & 1 else 20
    out = get("h264").clip(clip, about(frames, size, size, 80), severity, Key.of("numbers"))
    squares = out[:, 15:25].reshape(frames, 10, 6, 20, 3)[:, :, :, 5:15].mean(axis=(1, 3, 4))
    assert ((squares > 128) @ (1 << np.arange(6))).tolist() == list(range(frames))
    sent = [packet.pts for packet in encode(list(clip[:GROUP]), SEVERITIES[severity - 1].crf)]
    assert sent != sorted(sent), "the encoder is expected to send frames ahead of time"


def test_damage_is_carried_along():
    """A group is not a row of still pictures: what hardly changes is not sent again."""
    still = room(1) * GROUP
    streamed = decode(encode(still, 36))
    steps = [error(a, b) for a, b in pairwise(streamed)]
    assert max(steps) < 0.2 * error(streamed[0], still[0]) < 0.2 * error(still[0], 128)
    moving = room(GROUP)
    together = decode(encode(moving, 36))
    alone = [decode(encode([picture], 36))[0] for picture in moving]
    assert np.array_equal(decode(encode(moving[:1], 36))[0], alone[0])
    assert min(error(a, b) for a, b in zip(together[1:], alone[1:], strict=True)) > 10


def test_each_group_is_coded_by_itself():
    frames = 3 * GROUP
    clip, clip_info = scene(64, frames), info(64, frames)
    draws = get("h264").prepare(clip_info, 3, Key.of("groups"))
    assert 0 <= draws.phase < GROUP
    out = get("h264").clip(clip, clip_info, 3, Key.of("groups"))
    changed = clip.copy()
    changed[30, :, :20] = 255
    other = get("h264").clip(changed, clip_info, 3, Key.of("groups"))
    first = 30 - (30 + draws.phase) % GROUP
    differs = [t for t in range(frames) if not np.array_equal(out[t], other[t])]
    assert 30 in differs
    assert len(differs) > GROUP / 2, "the other frames of the group are predicted from this one"
    assert set(differs) <= set(range(first, first + GROUP))


class Within:
    """Frames of which only those within reach of t may be looked at."""

    def __init__(self, frames, t, reach):
        self.frames, self.t, self.reach = frames, t, reach

    def __getitem__(self, index):
        assert index >= 0
        assert abs(index - self.t) <= self.reach
        return self.frames[index]

    def __len__(self):
        return min(self.t + self.reach + 1, len(self.frames))


@pytest.mark.parametrize("frames", [1, 5, GROUP + 9])
def test_no_frame_beyond_reach_is_needed(frames):
    corruption, clip_info = get("h264"), info(64, frames)
    clip = list(scene(64, frames))
    draws = corruption.prepare(clip_info, 2, Key.of("reach"))
    for t in range(frames):
        window = Within(clip, t, corruption.reach(draws))
        corruption.apply(window, t, draws, clip_info.whole)


def test_a_plan_remembers_frames_by_identity_only():
    corruption, clip_info = get("h264"), info(64, 40)
    key, whole = Key.of("memory"), clip_info.whole
    one, two = list(scene(64, 40)), list(scene(64, 40)[::-1].copy())
    used = corruption.prepare(clip_info, 3, key)
    for t in (0, 1, 39, 20, 21):
        for clip in (one, two, one):
            fresh = corruption.prepare(clip_info, 3, key)
            expected = corruption.apply(clip, t, fresh, whole)
            assert np.array_equal(corruption.apply(clip, t, used, whole), expected)
    assert used == corruption.prepare(clip_info, 3, key)


def test_a_group_is_coded_once(monkeypatch):
    frames = 2 * GROUP + 5
    calls = []
    monkeypatch.setattr(h264, "encode", lambda *a: calls.append(len(a[0])) or encode(*a))
    clip, clip_info = scene(64, frames), info(64, frames)
    draws = get("h264").prepare(clip_info, 3, Key.of("calls"))
    get("h264").clip(clip, clip_info, 3, Key.of("calls"))
    assert sum(calls) == frames
    assert calls[0] == GROUP - draws.phase
    assert len(calls) <= 4


@pytest.mark.parametrize("person", [45.0, 160.0, 520.0])
def test_a_lossless_stream_only_loses_detail(person):
    """At a rate factor of 0 nothing is lost but by scaling: a smooth picture keeps its place."""
    height, width = 150, 201
    y, x = np.mgrid[0:height, 0:width] + 0.5
    wave = 128 + 50 * np.sin(2 * np.pi * x / 70) + 50 * np.sin(2 * np.pi * y / 90)
    clip = [np.rint(np.stack([wave, wave, wave], axis=-1)).astype(np.uint8)]
    clip_info = about(1, height, width, person)
    for clip_key in range(3):
        draws = replace(get("h264").prepare(clip_info, 3, Key.of("lossless", clip_key)), crf=0)
        assert draws.scale == pytest.approx(160 / person)
        out = get("h264").apply(clip, 0, draws, clip_info.whole).astype(float)[8:-8, 8:-8]
        slopes = np.stack(np.gradient(wave))[:, 8:-8, 8:-8].reshape(2, -1)
        loss = (out[..., 1] - wave[8:-8, 8:-8]).reshape(-1)
        shift = np.linalg.lstsq(slopes.T, loss, rcond=None)[0]  # least squares, pixels
        assert np.abs(shift).max() < 0.03
        assert np.abs(loss).max() < 5


def test_colors_against_opencv():
    """Flat squares of random colors, without loss; and what OpenCV makes of the same picture."""
    colors = np.random.default_rng(2).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    colors[0, :8] = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    picture = colors.repeat(4, axis=0).repeat(4, axis=1)
    ours = decode(encode([picture], 0))[0].astype(int)
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
    theirs = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420).astype(int)
    assert np.abs(ours - theirs).max() <= 3
    assert np.abs(ours - picture).max() <= 3


@pytest.mark.parametrize("person", [100.0, 700.0])
def test_a_region_is_the_crop_of_the_whole_at_other_scales(person):
    size = 180
    clip_info = about(3, size, size, person)
    clip = list(scene(size, 3))
    corruption = get("h264")
    draws = corruption.prepare(clip_info, 4, Key.of("region", int(person)))
    whole = corruption.apply(clip, 1, draws, clip_info.whole)
    draw = np.random.default_rng(1)
    for _ in range(60):
        x0, y0 = draw.integers(0, size - 1, 2)
        x1, y1 = draw.integers(x0 + 1, size + 1), draw.integers(y0 + 1, size + 1)
        region = Region(int(x0), int(y0), int(x1), int(y1))
        assert np.array_equal(corruption.apply(clip, 1, draws, region), whole[region.slices])


def test_the_coded_size_follows_the_person():
    def size(height, width, person, severity=1):
        draws = get("h264").prepare(about(1, height, width, person), severity, Key.of("size"))
        return np.array(draws.size) - draws.place

    assert np.abs(size(1000, 1000, 400) - 500).max() <= 2  # the person is 200 pixels tall
    assert np.array_equal(size(500, 500, 200), size(1000, 1000, 400))
    assert np.abs(size(540, 960, 20) - [1280, 720]).max() <= 2  # not larger, small as he may be
    tiny = get("h264").prepare(about(1, 20, 20, 4000), 1, Key.of("size"))
    assert min(tiny.size) >= 16
    assert size(100, 100, 0).max() <= 1282  # a box without height

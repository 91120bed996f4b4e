from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.fft import dctn, idctn

from corruptbench.corruptions import ClipFacts, Key, Region, get
from corruptbench.corruptions.jpeg import BITS, CODED, KEPT, SEVERITIES, apply, quantization
from tests.corruptions.scenes import scene


def about(size, person, frames=1):
    boxes = np.tile([0.0, 0.0, person / 3, person], (frames, 1))
    return ClipFacts(frames, size, size, 50.0, boxes)


def textured(size):
    """A picture with edges, shading and fine texture."""
    noise = np.random.default_rng(5).integers(-15, 16, (1, size, size, 3))
    return np.clip(scene(size, 1) + noise, 0, 255).astype(np.uint8)


def luma(picture):
    return picture @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("severity", range(1, 6))
def test_it_is_jpeg_for_a_person_of_the_coded_height(severity):
    """Against libjpeg, which smooths the chroma when it enlarges it; so means of 2 x 2 pixels."""
    clip = textured(256)
    plan = get("jpeg").prepare(about(256, CODED), severity, Key.of("clip"))
    assert plan.side == 8
    ours = apply(clip, 0, replace(plan, place=(0, 0)), Region(0, 0, 256, 256)).astype(float)
    quality = [cv2.IMWRITE_JPEG_QUALITY, SEVERITIES[severity - 1].quality]
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    _, code = cv2.imencode(".jpg", clip[0, ..., ::-1], quality + sampling)
    theirs = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1].astype(float)
    loss = np.sqrt(np.mean((luma(theirs) - luma(clip[0])) ** 2))
    assert np.sqrt(np.mean((luma(ours) - luma(theirs)) ** 2)) < 0.2 * loss
    assert np.sqrt(np.mean((luma(ours) - luma(clip[0])) ** 2)) == pytest.approx(loss, rel=0.05)
    color = np.abs((ours - theirs).reshape(128, 2, 128, 2, 3).mean(axis=(1, 3)))
    assert np.mean(color) < 0.25 * np.mean(np.abs(ours - clip[0]))


@pytest.mark.parametrize("side", [2, 5, 8, 12, 24, 70])
def test_a_block_keeps_quantized_low_frequencies_at_any_size(side):
    """Gray pictures, against an orthonormal cosine transform in floating point."""
    size = 10 * side
    gray = np.repeat(textured(size)[..., :1], 3, axis=-1)
    plan = get("jpeg").prepare(about(size, side * CODED / 8), 3, Key.of("clip"))
    assert plan.side == side
    out = apply(gray, 0, replace(plan, place=(0, 0)), Region(0, 0, size, size))[..., 0]
    kept = min(side, 8)
    steps = quantization(SEVERITIES[2].quality)[0, :kept, :kept]
    expected = np.empty((size, size))
    for y in range(0, size, side):
        for x in range(0, size, side):
            block = gray[0, y : y + side, x : x + side, 0] - 128.0
            low = dctn(block, norm="ortho")[:kept, :kept] * 8 / side
            coded = np.zeros((side, side))
            coded[:kept, :kept] = np.rint(low / steps) * steps * side / 8
            expected[y : y + side, x : x + side] = idctn(coded, norm="ortho") + 128
    error = np.abs(out - np.clip(expected, 0, 255))
    assert np.quantile(error, 0.95) < 1.2  # a block at the border of two levels may fall otherwise
    assert error.mean() < 0.5


def test_quantization_tables():
    assert quantization(50)[0, 0].tolist() == [16, 11, 10, 16, 24, 40, 51, 61]
    assert quantization(50)[1, 0].tolist() == [17, 18, 24, 47, 99, 99, 99, 99]
    assert quantization(3).max() == 255
    for quality in (1, 10, 30, 75, 100):
        picture = np.zeros((16, 16, 3), dtype=np.uint8)
        _, code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        data = code.tobytes()
        tables = [data[i + 5 : i + 69] for i in range(len(data)) if data[i : i + 2] == b"\xff\xdb"]
        for ours, theirs in zip(quantization(quality), tables, strict=True):
            assert sorted(ours.ravel().tolist()) == sorted(theirs)


@pytest.mark.parametrize("side", [5, 8, 11])
def test_a_region_is_the_crop_of_the_whole_for_large_blocks(side):
    """The property suite's person is so small that its blocks are 2 pixels."""
    clip = textured(120)
    jpeg = get("jpeg")
    plan = jpeg.prepare(about(120, side * CODED / 8), 4, Key.of("clip", side))
    whole = jpeg.apply(clip, 0, plan, Region(0, 0, 120, 120))
    draw = np.random.default_rng(side)
    for _ in range(40):
        x0, y0 = draw.integers(0, 119, 2)
        x1, y1 = draw.integers(x0 + 1, 121), draw.integers(y0 + 1, 121)
        region = Region(int(x0), int(y0), int(x1), int(y1))
        assert np.array_equal(jpeg.apply(clip, 0, plan, region), whole[region.slices])


@pytest.mark.parametrize("person", [50, 200, 1000, 8000])
def test_no_sum_overflows(person):
    """The largest sums that the transforms can meet, in whole numbers without a limit."""
    plan = get("jpeg").prepare(about(64, person), 5, Key.of("clip"))
    forward, inverse = (np.abs(t.astype(object)) for t in (plan.forward, plan.inverse))
    lines = max(forward.sum(axis=1)) * 128
    kept = (lines >> (BITS - KEPT)) + 1
    totals = kept * max(forward.sum(axis=1))
    step = int(plan.steps.max())
    level = (totals >> (BITS + KEPT)) + step // 2 + 1
    back = level * max(inverse.sum(axis=0))
    pixel = ((back >> (BITS - KEPT)) + 1) * max(inverse.sum(axis=0))
    for largest in (lines, totals + (step << (BITS + KEPT)), back, pixel):
        assert largest + (1 << (BITS + KEPT)) < 1 << 31

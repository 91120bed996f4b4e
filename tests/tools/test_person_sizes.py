"""Enlarged clips show the same scene: frames, boxes and crops grow alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.video.reader import decode
from tools.calibration.person_sizes import SIZES, sized_clip

MANIFEST = load_manifest("studio-c")
CELLS = [CLEAN, Cell("long_exposure", 1), Cell("gaussian_noise", 3)]


@pytest.fixture(scope="module")
def clip():
    dataset = open_dataset("studio", None)
    return dataset.load(next(iter(MANIFEST.select(dataset.clip_ids()))))


@pytest.mark.parametrize("person", [None, SIZES["humaneva"]])
def test_frames_boxes_and_crops_grow_alike(clip, person):
    native = sized_clip(clip, CELLS, MANIFEST, None)
    sized = sized_clip(clip, CELLS, MANIFEST, person)
    assert native.scale == 1.0
    assert np.isclose(sized.info.person_height, person or native.info.person_height)
    assert np.allclose(sized.info.boxes, sized.scale * native.info.boxes, equal_nan=True)
    size = (sized.info.width, sized.info.height)
    assert size[0] == round(sized.scale * clip.camera.width)
    t, frames = next((t, f) for t, f in enumerate(sized.frames()) if t == 5)
    *_, original = (frame for frame, _ in zip(decode(clip.video), range(6), strict=False))
    assert np.array_equal(frames[t], cv2.resize(original, size, interpolation=cv2.INTER_CUBIC))
    ours, theirs = sized.crops[t], native.crops[t]
    assert abs(ours.side / theirs.side / sized.scale - 1) < 0.02
    for cell in CELLS:
        pixels = ours.pad(sized.renderers[cell](frames, t, ours.inside))
        assert pixels.shape == (ours.side, ours.side, 3)

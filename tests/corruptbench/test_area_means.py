"""Crops of a build are resized to the bytes of OpenCV."""

import cv2
import numpy as np
import pytest

from corruptbench.builder.area_means import resize_into, taps
from corruptbench.detectors.crops import resize


@pytest.mark.parametrize("size", [192, 256, 17])
def test_the_bytes_are_those_of_opencv(size):
    draw = np.random.default_rng(size)
    sides = {16, size - 1, size, size + 1, 2 * size, 2 * size + 1, 3 * size - 1, 5 * size + 3}
    for side in sides | set(draw.integers(16, 4 * size, 40).tolist()):
        noise = draw.integers(0, 256, (side, side, 3)).astype(np.uint8)
        for image in (noise, np.ascontiguousarray(cv2.GaussianBlur(noise, (0, 0), 3))):
            out = np.zeros((size, size, 3), dtype=np.uint8)
            resize_into(out, image)
            assert np.array_equal(out, resize(image, size)), side


@pytest.mark.parametrize(("size", "side"), [(999, 1000), (1000, 1001), (1024, 1025), (1024, 3071)])
def test_a_border_is_left_out_where_opencv_leaves_it_out(size, side):
    """The narrowest border is 1/size px wide: up to a size of 999 px, none is left out."""
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    out = np.zeros((size, size, 3), dtype=np.uint8)
    resize_into(out, noise)
    assert np.array_equal(out, resize(noise, size))


def test_a_border_that_only_rounding_makes_has_no_weight():
    side, size = 200, 192
    starts, counts, _ = taps(side, size)
    assert starts.tolist() == [i * side // size for i in range(size)]
    assert (starts + counts).tolist() == [-(-i * side // size) for i in range(1, size + 1)]


def test_nothing_beside_the_result_is_written():
    batch = np.full((3, 192, 192, 3), 7, dtype=np.uint8)
    resize_into(batch[1], np.zeros((331, 331, 3), dtype=np.uint8))
    assert not batch[1].any()
    assert (batch[[0, 2]] == 7).all()

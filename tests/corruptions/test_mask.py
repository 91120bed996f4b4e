from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get
from corruptbench.corruptions.mask import SEVERITIES
from tests.corruptions.scenes import info


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("size", [200, 400])
def test_black_squares_of_the_table_and_nothing_else(severity, size):
    frames = np.full((1, size, size, 3), 200, dtype=np.uint8)
    about = info(size, 1)
    params = SEVERITIES[severity - 1]
    covered = []
    for clip in range(40):
        out = get("mask").clip(frames, about, severity, Key.of("mask", clip))
        black = (out == 0).all(axis=-1)
        assert (out[~black] == 200).all()
        covered.append(black.sum() / (params.squares * (params.side * about.person_height) ** 2))
    assert 0.6 < np.mean(covered) <= 1.05  # the rest is overlap
    assert np.max(covered) > 0.75


def test_squares_go_with_the_box_and_spare_frames_without_one():
    boxes = np.array([[20, 10, 60, 90], [37, 22, 77, 102], [np.nan] * 4], dtype=np.float64)
    about = ClipInfo(3, 128, 128, 50.0, boxes)
    frames = np.full((3, 128, 128, 3), 99, dtype=np.uint8)
    out = get("mask").clip(frames, about, 3, Key.of("moves"))
    assert (out[0] == 0).any()
    assert np.array_equal(np.roll(out[0], (12, 17), axis=(0, 1)), out[1])
    assert (out[2] == 99).all()

"""Follow one person through the boxes of a person detector."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.overlap import generalized_iou, iou
from corruptbench.video.box_track import LOST, filled, followed

FPS, LEAST = 50.0, 0.1
NOWHERE = np.full(4, np.nan)
WALKER = np.array([100.0, 100, 140, 200])  # at frame 0; 2 px to the right in each frame
OTHER = np.array([300.0, 90, 345, 210])


def walk(frames: int) -> np.ndarray:
    """Boxes (F, 4) of the walker."""
    return WALKER + 2.0 * np.arange(frames)[:, None] * (1, 0, 1, 0)


def scene(frames: int, walker: float = 0.5, other: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (F, 3, 4) and scores (F, 3): the walker, a surer person who stands, and nobody."""
    boxes = np.stack([walk(frames), np.tile(OTHER, (frames, 1)), np.zeros((frames, 4))], axis=1)
    return boxes, np.tile([walker, other, 0.8], (frames, 1))


def test_overlaps_are_those_of_counted_pixels() -> None:
    draw = np.random.default_rng(0)
    corners = np.sort(draw.integers(0, 24, (200, 2, 2)), axis=1)
    boxes = corners.reshape(200, 4)[(corners[:, 0] < corners[:, 1]).all(axis=1)]
    assert len(boxes) > 100

    def mask(box: np.ndarray) -> np.ndarray:
        x0, y0, x1, y1 = box
        found = np.zeros((24, 24), bool)
        found[y0:y1, x0:x1] = True
        return found

    def hull(a: np.ndarray) -> int:
        return int(np.prod([np.ptp(np.flatnonzero(a.any(axis=i))) + 1 for i in (0, 1)]))

    for one in boxes[:10]:
        plain, general = (f(boxes * 1.0, one * 1.0) for f in (iou, generalized_iou))
        for box, value, other in zip(boxes, plain, general, strict=True):
            a, b = mask(one), mask(box)
            whole = hull(a | b)
            assert value == pytest.approx((a & b).sum() / (a | b).sum())
            assert other == pytest.approx(value - (whole - (a | b).sum()) / whole)


@pytest.mark.parametrize(("first", "who"), [(WALKER, walk(20)), (OTHER, np.tile(OTHER, (20, 1)))])
def test_the_first_box_says_whom_to_follow(first: np.ndarray, who: np.ndarray) -> None:
    found = followed(*scene(20), first + 15, FPS, LEAST)  # it need not fit
    np.testing.assert_array_equal(found, who)


def test_without_a_first_box_the_surest_person_is_followed() -> None:
    found = followed(*scene(5), NOWHERE, FPS, LEAST)
    np.testing.assert_array_equal(found, np.tile(OTHER, (5, 1)))


def test_the_order_of_persons_does_not_matter() -> None:
    boxes, scores = scene(20)
    draw = np.random.default_rng(1)
    for t in range(20):
        order = draw.permutation(3)
        boxes[t], scores[t] = boxes[t, order], scores[t, order]
    np.testing.assert_array_equal(followed(boxes, scores, WALKER, FPS, LEAST), walk(20))


def test_a_miss_is_interpolated_and_nobody_else_is_taken() -> None:
    boxes, scores = scene(20)
    scores[5:9, 0] = LEAST / 2  # the other person is 160 px away: a leap
    np.testing.assert_allclose(followed(boxes, scores, WALKER, FPS, LEAST), walk(20))


def test_misses_at_the_ends_repeat_the_nearest_box() -> None:
    boxes, scores = scene(10)
    scores[:2], scores[7:] = 0.0, 0.0
    found = followed(boxes, scores, WALKER, FPS, LEAST)
    np.testing.assert_array_equal(found, walk(10)[[2, 2, 2, 3, 4, 5, 6, 6, 6, 6]])


def test_who_is_lost_for_long_is_given_up_for_the_surest_person() -> None:
    frames = int(LOST * FPS) + 10
    boxes, scores = scene(frames)
    scores[3:, 0] = 0.0
    found = followed(boxes, scores, WALKER, FPS, LEAST)
    np.testing.assert_array_equal(found[:3], walk(3))
    np.testing.assert_array_equal(found[-1], OTHER)
    given_up = 2 + int(LOST * FPS) + 1
    np.testing.assert_array_equal(found[given_up], OTHER)
    assert found[given_up - 1, 0] < OTHER[0]  # between both: interpolated


def test_where_nobody_is_ever_found_there_are_no_boxes() -> None:
    boxes, scores = scene(4)
    assert np.isnan(followed(boxes, scores * 0, WALKER, FPS, LEAST)).all()
    assert np.isnan(filled(np.full((3, 4), np.nan))).all()

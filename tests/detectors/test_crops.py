"""Crops: rounding, edges of the picture, and the way back into the frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.detectors import DetectorError
from corruptbench.detectors.crops import MIN_SIDE, extract, resize, square_crop, to_frame

coordinates = st.floats(-3000, 3000)
lengths = st.floats(0, 3000)


@given(coordinates, coordinates, lengths, lengths, st.floats(0.5, 2))
def test_the_square_is_centred_on_the_box_and_as_large_as_asked(
    x: float, y: float, width: float, height: float, padding: float
) -> None:
    x0, y0, side = square_crop(np.array([x, y, x + width, y + height]), padding)
    assert side >= MIN_SIDE
    if padding * max(width, height) >= MIN_SIDE:
        assert abs(side - padding * max(width, height)) <= 0.5 + 1e-6
    assert abs(x0 + side / 2 - (x + width / 2)) <= 0.5 + 1e-6
    assert abs(y0 + side / 2 - (y + height / 2)) <= 0.5 + 1e-6


@given(st.integers(-500, 500), st.integers(0, 400), st.integers(-50, 50))
def test_a_box_that_moves_by_whole_pixels_takes_its_crop_along(
    twice_x: int, twice_width: int, move: int
) -> None:
    box = np.array([twice_x / 2, 10, twice_x / 2 + twice_width / 2, 60])
    x0, y0, side = square_crop(box, 1.25)
    assert square_crop(box + move, 1.25) == (x0 + move, y0 + move, side)


def test_halves_are_rounded_up() -> None:
    assert square_crop([0, 0, 20.5, 10], 1.0) == (0, -5, 21)  # -0.25 -> 0, -5.5 -> -5
    assert square_crop([0, 0, 22.5, 10], 1.0)[2] == 23
    assert square_crop([5, 5, 5, 5], 1.0) == (-3, -3, 16)


@pytest.mark.parametrize(
    ("box", "padding"),
    [
        ([np.nan, 0, 1, 1], 1.25),
        ([0, 0, np.inf, 1], 1.25),
        ([0, 0, 1], 1.25),
        ([5, 0, 1, 1], 1.25),
        ([0, 0, 1, 1], 0.0),
        ([0, 0, 1, 1], np.nan),
        ([0, 0, 1e6, 1], 1.25),
    ],
)
def test_a_box_that_is_none_is_refused(box: list[float], padding: float) -> None:
    with pytest.raises(DetectorError):
        square_crop(box, padding)


@given(st.integers(-40, 60), st.integers(-40, 60), st.integers(1, 40))
def test_a_crop_is_the_frame_with_black_around(x0: int, y0: int, side: int) -> None:
    frame = np.random.default_rng(0).integers(1, 256, (23, 31, 3), np.uint8)
    around = np.zeros((23 + 200, 31 + 200, 3), np.uint8)
    around[100:123, 100:131] = frame
    crop = extract(frame, x0, y0, side)
    np.testing.assert_array_equal(crop, around[100 + y0 :, 100 + x0 :][:side, :side])
    assert not np.shares_memory(crop, frame)


@given(
    st.integers(-2000, 2000),
    st.integers(-2000, 2000),
    st.integers(MIN_SIDE, 3000),
    st.sampled_from([192, 256]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_point_goes_into_the_crop_and_back(
    x0: int, y0: int, side: int, size: int, u: float, v: float
) -> None:
    frame = np.array([x0 + u * side, y0 + v * side])
    crop = (frame - [x0, y0]) * size / side
    back = to_frame(crop[None, None], x0, y0, side, size)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back[0, 0], frame, atol=1e-3)


def test_each_crop_may_have_its_own_square() -> None:
    points = np.full((2, 3, 2), 96, np.float32)
    found = to_frame(points, np.array([0, 100]), np.array([0, -50]), np.array([192, 96]), 192)
    np.testing.assert_array_equal(found[:, 0], [[96, 96], [148, -2]])
    with pytest.raises(DetectorError):
        to_frame(points, np.zeros(3), 0, 192, 192)
    with pytest.raises(DetectorError):
        to_frame(points, 0, 0, 0, 192)


@pytest.mark.parametrize("side", [16, 100, 192, 400, 501])
def test_resizing_keeps_continuous_coordinates(side: int) -> None:
    """The center of mass of a blob is where the scale alone puts it, up to the 8-bit rounding."""
    size = 192
    rows, columns = np.mgrid[:side, :side] + 0.5
    at_x, at_y, spread = 0.6 * side, 0.45 * side, 0.08 * side
    blob = 250 * np.exp(-((columns - at_x) ** 2 + (rows - at_y) ** 2) / (2 * spread**2))
    small = resize(np.repeat(np.rint(blob)[..., None], 3, 2).astype(np.uint8), size)
    assert small.shape == (size, size, 3)
    assert small.dtype == np.uint8
    weight = small[..., 0].astype(float)
    rows, columns = np.mgrid[:size, :size] + 0.5
    assert abs((weight * columns).sum() / weight.sum() - 0.6 * size) < 0.1
    assert abs((weight * rows).sum() / weight.sum() - 0.45 * size) < 0.1


def test_shrinking_by_a_whole_factor_takes_means() -> None:
    image = np.random.default_rng(0).integers(0, 256, (384, 384, 3), np.uint8)
    means = image.reshape(192, 2, 192, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(image, 192) - means).max() <= 0.5
    np.testing.assert_array_equal(resize(image, 384), image)


@pytest.mark.parametrize("shape", [(8, 9, 3), (8, 8), (8, 8, 4), (0, 0, 3)])
def test_only_square_pictures_are_resized(shape: tuple[int, ...]) -> None:
    with pytest.raises(DetectorError):
        resize(np.zeros(shape, np.uint8), 192)


def test_wrong_frames_are_refused() -> None:
    with pytest.raises(DetectorError, match="float64"):
        extract(np.zeros((8, 8, 3)), 0, 0, 4)  # type: ignore[arg-type]
    with pytest.raises(DetectorError):
        extract(np.zeros((8, 8, 3), np.uint8), 0, 0, 0)


@pytest.mark.parametrize("side", [20, 32, 50])
def test_resize_writes_into_an_array(side):
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    batch = np.zeros((3, 32, 32, 3), dtype=np.uint8)
    assert np.shares_memory(resize(image, 32, batch[1]), batch)
    assert np.array_equal(batch[1], resize(image, 32))
    assert not batch[[0, 2]].any()

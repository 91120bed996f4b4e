"""Noise is drawn for cells that follow the person's size, and hurts every size alike."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.corruptions import Key, Region, get
from corruptbench.corruptions._grain import grain_of
from tests.corruptions.properties.corrupted import NAMES, is_noisy
from tests.corruptions.scenes import person_of

NOISES = [name for name in NAMES if is_noisy(name)]


@settings(max_examples=60, deadline=None)
@given(height=st.floats(1, 3000), x0=st.integers(0, 5000), y0=st.integers(0, 5000))
def test_cell_of_a_pixel(height, x0, y0):
    """Exactly floor(pixel / size), with the size in 65536ths of a pixel; one cell has one place."""
    grain = grain_of(person_of(height, 8, 1))
    size = Fraction(grain.size, 65536)
    assert abs(float(size) - max(height / 150, 1)) <= 2**-17
    rows, block, places = grain.lattice(Region(x0, y0, x0 + 40, y0 + 30))
    assert rows.tolist() == [(y0 + y) // size for y in range(30)]
    samples = (places + 8 * block).reshape(40, 3)
    expected = [(x0 + x) // size for x in range(40)]
    assert samples.tolist() == [[3 * cell + c for c in range(3)] for cell in expected]
    assert 0 <= places[0] < 8


@pytest.mark.parametrize("height", [15, 75, 149, 150, 450, 900])
def test_strength_at_whole_cells(height):
    assert grain_of(person_of(height, 8, 1)).strength == pytest.approx(min(height / 150, 1))


@pytest.mark.parametrize("height", [0, 1, 5])
@pytest.mark.parametrize("name", NOISES)
def test_the_smallest_persons_have_the_noise_of_15_px(name, height):
    """The photons of shot noise would grow without end."""
    flat, key = np.full((1, 32, 32, 3), 120, dtype=np.uint8), Key.of("smallest", name)
    noisy = get(name).clip(flat, person_of(height, 32, 1), 5, key)
    assert np.array_equal(noisy, get(name).clip(flat, person_of(15, 32, 1), 5, key))


@pytest.mark.parametrize("name", NOISES)
def test_pixels_of_a_cell_have_the_same_noise(name):
    flat = np.full((2, 96, 96, 3), 120, dtype=np.uint8)
    noisy = get(name).clip(flat, person_of(450, 96, 2), 4, Key.of("cells", name))
    cells = noisy[:, ::3, ::3]
    assert np.array_equal(noisy, cells.repeat(3, axis=1).repeat(3, axis=2))
    small = get(name).clip(flat[:, :32, :32], person_of(150, 32, 2), 4, Key.of("cells", name))
    assert np.array_equal(cells, small), "the same picture, three times as large"


@cache
def spread(name, severity, height):
    """Standard deviation of the noise, averaged over squares of a 15th of the person."""
    side = round(height / 15)
    count = 24 if height < 600 else 16
    flat = np.full((2, side * count, side * count, 3), 128, dtype=np.uint8)
    about = person_of(height, side * count, 2)
    noisy = get(name).clip(flat, about, severity, Key.of("spread", name, height))
    squares = noisy.reshape(2, count, side, count, side, 3).mean(axis=(2, 4))
    return squares.std()


@pytest.mark.parametrize("height", [75, 135, 210, 450, 900])
@pytest.mark.parametrize("name", NOISES)
def test_a_part_of_the_person_has_the_same_noise_at_every_size(name, height):
    # 1536 means or more have a sampling error of 2 %, and so has what they are compared with
    assert abs(spread(name, 3, height) / spread(name, 3, 150) - 1) < 0.12

"""Fixtures of the detectors' tests. None of them touches the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from corruptbench.detectors import DetectorError, weights
from corruptbench.detectors.movenet import VARIANTS

Images = npt.NDArray[np.uint8]
Point = tuple[int, int]


@pytest.fixture(scope="session", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    """Each MoveNet variant whose weights are on this machine."""
    name: str = request.param
    try:
        weights.locate(f"movenet:{name}")
    except DetectorError as error:
        pytest.skip(str(error))
    return name


@pytest.fixture
def own_weights(variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the variant's weights, without any exported network, in a folder of its own."""
    originals = weights.locate(f"movenet:{variant}")
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path / "weights"))
    folder = weights.folder(f"movenet:{variant}")
    folder.mkdir(parents=True)
    for path in originals:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="session")
def figure() -> Callable[[int, int], Images]:
    """Function of (size, seed): a drawn person, uint8 (size, size, 3).

    Integer arithmetic only, so that every machine draws the very same bytes.
    """
    return _figure


@pytest.fixture(scope="session")
def noise() -> Callable[[int, int], Images]:
    """Function of (size, seed): noise, uint8 (size, size, 3), the same bytes everywhere."""
    return _noise


def _random(seed: int, count: int) -> npt.NDArray[np.uint32]:
    """Hashes of the numbers from seed * 2**20 on: integers below 2**16."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed * 2**20 + 1)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint32(shift)
        x *= np.uint32(factor)
    return x >> np.uint32(16)


def _noise(size: int, seed: int) -> Images:
    values = _random(seed, size * size * 3) & np.uint32(255)
    return values.astype(np.uint8).reshape(size, size, 3)


def _figure(size: int, seed: int) -> Images:
    """A person from the front with arms and legs in a random pose, in 1/100 of a tenth of the
    picture's side, drawn at twice the size and averaged."""
    canvas = 2 * size
    unit = canvas // 10
    draws = iter([int(value) for value in _random(seed, 16)])

    def vary(low: int, high: int) -> int:
        return low + next(draws) * (high - low) // 65536

    rows, columns = np.mgrid[:canvas, :canvas]
    picture = np.empty((canvas, canvas, 3), np.int64)
    picture[:] = (150 + 40 * rows // canvas)[..., None]
    picture[canvas * 4 // 5 :] = (120, 105, 90)

    def disc(at: Point, radius: int, color: tuple[int, int, int], squeeze: int = 100) -> None:
        """Filled ellipse; center and radius in 1/100 unit, width in % of the height."""
        reach = radius * max(squeeze, 100) * unit // 10_000 + 2
        row, column = at[1] * unit // 100, at[0] * unit // 100
        part = np.s_[max(row - reach, 0) : row + reach, max(column - reach, 0) : column + reach]
        dx = (100 * columns[part] - at[0] * unit) * 100 // squeeze
        dy = 100 * rows[part] - at[1] * unit
        picture[part][dx**2 + dy**2 <= (radius * unit) ** 2] = color

    def limb(a: Point, b: Point, thick: int, thin: int, color: tuple[int, int, int]) -> None:
        for t in range(25):
            at = (a[0] + (b[0] - a[0]) * t // 24, a[1] + (b[1] - a[1]) * t // 24)
            disc(at, thick + (thin - thick) * t // 24, color)

    skin, shirt, trousers, hair = (224, 172, 138), (40, 70, 150), (50, 50, 60), (60, 40, 25)
    x, hip = 500 + vary(-50, 50), 520
    shoulder = hip - 230
    for sign in (-1, 1):
        knee = (x + sign * (60 + vary(0, 60)), hip + 190)
        ankle = (knee[0] + vary(-20, 20), knee[1] + 190)
        limb((x + sign * 55, hip), knee, 42, 30, trousers)
        limb(knee, ankle, 28, 16, trousers)
        disc((ankle[0], ankle[1] + 20), 16, (30, 20, 20), 190)
    for height in range(shoulder, hip, 20):
        limb((x - 70, height), (x + 70, height), 30, 30, shirt)
    limb((x, shoulder - 10), (x, shoulder - 70), 22, 20, skin)
    for sign in (-1, 1):
        elbow = (x + sign * (110 + vary(0, 80)), shoulder + 110)
        wrist = (elbow[0] + sign * vary(-40, 90), elbow[1] + vary(-60, 120))
        limb((x + sign * 85, shoulder), elbow, 28, 20, shirt)
        limb(elbow, wrist, 18, 13, skin)
        disc(wrist, 17, skin)
    disc((x, shoulder - 135), 66, hair, 85)
    disc((x, shoulder - 115), 58, skin, 80)
    for sign in (-1, 1):
        disc((x + sign * 52, shoulder - 115), 15, (200, 150, 120), 55)
        disc((x + sign * 20, shoulder - 120), 7, (255, 255, 255))
        disc((x + sign * 20, shoulder - 120), 4, (20, 20, 20))
    disc((x, shoulder - 100), 9, (180, 130, 100), 60)
    disc((x, shoulder - 82), 5, (170, 70, 70), 300)
    small: Images = (picture.reshape(size, 2, size, 2, 3).sum(axis=(1, 3)) // 4).astype(np.uint8)
    return small

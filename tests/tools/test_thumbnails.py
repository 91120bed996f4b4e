"""The small pictures are of the corruptions as they are now."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corruptbench.corruptions import all_corruptions
from corruptbench.corruptions.pictures import picture
from tools.gallery import Footage, studio
from tools.thumbnails import GAP, PICTURES, TILE, strip

RUN = "run `python -m tools.thumbnails`"
#: Mean difference of pixels that WebP makes, of 255. Another draw or strength makes 5 or more.
LOSS = 4.0


@pytest.fixture(scope="module")
def footage() -> Footage:
    return studio()


def test_there_is_one_of_each_and_they_are_small() -> None:
    assert {path.name for path in PICTURES.iterdir()} == {f"{n}.webp" for n in all_corruptions()}
    assert all(picture(name) for name in all_corruptions()), RUN
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 150_000
    assert picture("unknown") == b""


@pytest.mark.parametrize("name", ["erase", "occluder"])
def test_they_show_what_the_corruption_does_now(name: str, footage: Footage) -> None:
    drawn = strip(name, footage).astype(float)
    shown = cv2.imdecode(np.frombuffer(picture(name), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert shown.shape == drawn.shape == (TILE, 6 * (TILE + GAP) - GAP, 3)
    tiles = [slice(x, x + TILE) for x in range(0, drawn.shape[1], TILE + GAP)]
    for tile in tiles:
        assert np.abs(shown[:, tile] - drawn[:, tile]).mean() < LOSS, RUN
    assert np.abs(drawn[:, tiles[0]] - drawn[:, tiles[5]]).mean() > LOSS

"""The pictures of the board's page are there, of the right size, small, and shown."""

from __future__ import annotations

import pytest
from PIL import Image

from tools.board_pictures import DOCS, PICTURES, Picture

RUN = "run `python -m tools.board_pictures`"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
def test_it_has_the_size_of_its_window_and_is_shown(picture: Picture) -> None:
    with Image.open(DOCS / picture.file) as image:
        width, height = image.size
    if picture.part is None:
        assert (width, height) == (picture.width, picture.height), RUN
    else:
        assert width <= picture.width, RUN
    page = "../README.md" if picture.file == "board.png" else "board_page.md"
    assert f"{picture.file})" in (DOCS / page).read_text()


def test_they_are_small_and_there_are_no_others() -> None:
    assert {path.name for path in (DOCS / "board").iterdir()} == {
        picture.file.removeprefix("board/") for picture in PICTURES[1:]
    }
    assert sum((DOCS / picture.file).stat().st_size for picture in PICTURES) < 600_000

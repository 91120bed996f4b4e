"""Make the pictures of the board's page: ``python -m tools.board_pictures``.

Writes ``docs/board.png``, for the README, and the pictures of ``docs/board_page.md`` into
``docs/board/``. They show the project's own board. Needs Debian's ``chromium`` on the PATH.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

from corruptbench.evaluation.heading import heading
from corruptbench.files import atomic
from corruptbench.leaderboard import load, read_paired
from corruptbench.leaderboard.comparison.resampling import read_resampled
from corruptbench.leaderboard.page.render import html
from corruptbench.manifest import known_manifests, load_manifest
from tests.fixtures.browser import launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
BOARD, DOCS = ROOT / "leaderboard/results", ROOT / "docs"
#: Quality of WebP; our own choice: less than 600 kB for all pictures.
QUALITY = 70
#: Two rows whose comparison is shown.
COMPARED = "#studio-c-v3?select=videopose3d-81%2Btagn%2Bca-conv-s1,videopose3d-27"


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        file: below ``docs``.
        width: of the window in pixels.
        height: of the window.
        scheme: light or dark colors.
        address: what of the page is shown.
        part: the selector of the only element that is shown; the window without one.
    """

    file: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    address: str = ""
    part: str | None = None


PICTURES = (
    Picture("board.png", 1366, 900),
    Picture("board/phone.webp", 390, 844),
    Picture("board/laptop.webp", 1366, 900),
    Picture("board/desktop.webp", 1920, 1080),
    Picture("board/dark.webp", 1366, 900, scheme="dark"),
    Picture("board/joints.webp", 1366, 900, address=COMPARED, part=".joint-errors"),
)


def page_text() -> str:
    """Return the page of the project's board."""
    rows = load(BOARD)
    headings = {m.id: heading(m) for m in map(load_manifest, known_manifests())}
    return html(rows, headings, read_paired(rows, BOARD), read_resampled(rows, BOARD)[0])


def taken(picture: Picture, page: Path, browser: Browser) -> Image.Image:
    """Take a picture of a page."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    window = context.new_page()
    window.goto(page.as_uri() + picture.address)
    shown = window.locator(picture.part).screenshot() if picture.part else window.screenshot()
    context.close()
    return Image.open(io.BytesIO(shown)).convert("RGB")


def save(image: Image.Image, path: Path) -> None:
    """Write a picture in the format of its name."""
    path.parent.mkdir(exist_ok=True)
    with atomic(path) as temporary:
        if path.suffix == ".png":
            image.save(temporary, "PNG", optimize=True)
        else:
            image.save(temporary, "WEBP", quality=QUALITY, method=6)


def main() -> None:
    """Take all pictures."""
    argparse.ArgumentParser(prog="python -m tools.board_pictures", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as browser:
        page = Path(folder) / "page.html"
        page.write_text(page_text(), encoding="utf-8")
        for picture in PICTURES:
            save(taken(picture, page, browser), DOCS / picture.file)


if __name__ == "__main__":
    main()

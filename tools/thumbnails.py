"""Make the small pictures of the corruptions: ``python -m tools.thumbnails [NAME ...]``.

Writes ``corruptions/pictures/NAME.webp``: the first row of the gallery's picture, without text. The
leaderboard's page shows them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from corruptbench.corruptions import Frame, all_corruptions, get
from corruptbench.detectors.crops import resize
from corruptbench.files import atomic
from corruptbench.manifest import CLEAN, Cell
from tools.gallery import CLIP, FRAME, Footage, loose_renderer, studio, telling

PICTURES = Path(__file__).parents[1] / "corruptions" / "pictures"
#: Pixels of a tile and between tiles, and the quality of WebP. Our own choice: 300 kB for a page.
TILE, GAP, QUALITY = 96, 2, 62


def strip(name: str, footage: Footage, frame: int = FRAME, tile: int = TILE) -> Frame:
    """Draw a corruption at one moment, clean and at severities 1 to 5, (tile, w, 3) uint8 RGB."""
    draws = [loose_renderer(CLEAN, footage.info, CLIP)]
    draws += [telling(Cell(name, severity), footage, frame) for severity in range(1, 6)]
    out = np.full((tile, 6 * (tile + GAP) - GAP, 3), 255, dtype=np.uint8)
    for place, draw in enumerate(draws):
        x = place * (tile + GAP)
        out[:, x : x + tile] = resize(footage.crop(draw, frame), tile)
    return out


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.thumbnails", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="make pictures of these only")
    names = [get(name).name for name in parser.parse_args().names] or list(all_corruptions())
    footage = studio()
    for name in names:
        bgr = strip(name, footage)[..., ::-1]
        coded = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
        with atomic(PICTURES / f"{name}.webp") as temporary:
            temporary.write_bytes(coded.tobytes())


if __name__ == "__main__":
    main()

"""Draw every cell of a clip side by side, as the detector sees it, with the keypoints it finds."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from corruptbench.builder.render import Crop
from corruptbench.corruptions import Frame
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import resize, to_frame
from corruptbench.errors import InputError
from corruptbench.manifest import CLEAN, Cell
from corruptbench.preview.draw import INK, LEGEND, draw_skeleton, write
from corruptbench.preview.scene import Scene
from corruptbench.video.reader import windows

TILE = 240  # px
MARGIN = 6
LINE = 26
LONGEST = 4096  # px, the longest side that hardware decoders take
BACKGROUND = 24


def contact_sheet(scene: Scene, frame: int, finder: Detector | None) -> Frame:
    """Draw one frame in all cells, (h, w, 3) uint8 RGB; see `moving_sheet`.

    Args:
        scene: the clip and its cells.
        frame: its number, from 0.
        finder: draws the skeleton that it finds; None for no skeletons.

    Raises:
        InputError: the clip has no such frame.
    """
    if not 0 <= frame < scene.info.frames:
        raise InputError(f"frame {frame}: {scene.name} has frames 0 to {scene.info.frames - 1}")
    return next(_sheets(scene, range(frame, frame + 1), finder))


def moving_sheet(scene: Scene, finder: Detector | None) -> Iterator[Frame]:
    """Draw all frames in all cells, one after the other; (h, w, 3) uint8 RGB, h and w even.

    There is one row for each corruption: clean first, then the severities. A tile shows where the
    detector looks (`Scene.views`). The skeleton is what ``finder`` finds in that cell.
    """
    for sheet in _sheets(scene, range(scene.info.frames), finder):
        height, width = sheet.shape[:2]
        scale = min(1.0, LONGEST / max(height, width))
        even = (int(width * scale) // 2 * 2, int(height * scale) // 2 * 2)
        fitting = cv2.resize(sheet, even, interpolation=cv2.INTER_AREA)
        yield np.asarray(fitting, dtype=np.uint8)


def _sheets(scene: Scene, chosen: range, finder: Detector | None) -> Iterator[Frame]:
    views = scene.views
    reach = max(r.reach for r in scene.renderers.values())
    size = (scene.info.height, scene.info.width)
    frames = scene.info.frames
    passing = windows(scene.video, frames, size, reach, scene.first, scene.upright)
    for t, window in enumerate(passing):
        if t in chosen:
            looker = None if scene.crops[t] is None else finder
            tiles = {
                cell: _tile(render(window, t, views[t].inside), views[t], looker)
                for cell, render in scene.renderers.items()
            }
            yield _sheet(tiles, f"{scene.name}   frame {t}", finder is not None)
        if t + 1 == chosen.stop:
            return


def _tile(pixels: Frame, view: Crop, finder: Detector | None) -> Frame:
    crop = view.pad(pixels)
    tile = resize(crop, TILE)
    if finder is not None:
        found = finder(resize(crop, finder.input_size)[None])
        points = to_frame(found.keypoints, 0, 0, TILE, finder.input_size)[0]
        draw_skeleton(tile, points, found.scores[0], finder.layout)
    return tile


def _sheet(tiles: dict[Cell, Frame], title: str, skeletons: bool) -> Frame:
    cells = [c for c in tiles if c != CLEAN]
    severities = sorted({c.severity for c in cells})
    rows = [
        np.hstack(
            [_labeled(tiles[CLEAN], f"{name}   clean")]
            + [_labeled(tiles[Cell(name, s)], f"severity {s}") for s in severities]
        )
        for name in dict.fromkeys(c.corruption for c in cells)
    ] or [_labeled(tiles[CLEAN], "clean")]
    lines = (((title, INK),), LEGEND) if skeletons else (((title, INK),),)
    head = np.full((LINE * len(lines), rows[0].shape[1], 3), BACKGROUND, dtype=np.uint8)
    for i, words in enumerate(lines):
        write(head, MARGIN, LINE * (i + 1) - 8, words)
    return np.vstack([head, *rows])


def _labeled(tile: Frame, text: str) -> Frame:
    framed = np.full((LINE + TILE + MARGIN, TILE + 2 * MARGIN, 3), BACKGROUND, dtype=np.uint8)
    framed[LINE : LINE + TILE, MARGIN : MARGIN + TILE] = tile
    write(framed, MARGIN, LINE - 8, ((text, INK),))
    return framed

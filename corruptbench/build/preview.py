"""Contact sheet: one frame in every cell, as the detector sees it, with what it finds."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.build.render import CellRenderer, Square, renderer, squares
from corruptbench.build.video import windows
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.manifest import CLEAN, Cell, Manifest
from corruptbench.skeleton import joint_set
from corruptions import Frame
from detectors import Detector
from detectors.crops import resize, to_frame

TILE = 240  # px
MARGIN = 6
HEADER = 26
LEFT, RIGHT, MIDDLE = (255, 140, 0), (0, 200, 255), (255, 255, 255)


def contact_sheet(
    clip: Clip, frame: int, cells: Sequence[Cell], manifest: Manifest, detector: Detector
) -> Frame:
    """One row for each corruption, clean first in it, severities to the right.

    The skeleton is what the detector finds in that cell; a joint is the fainter the lower its
    score (left side orange, right side blue).

    Args:
        clip: with its video.
        frame: index t.
        cells: of which to show; clean is always shown.
        manifest: for the crop rule and the random keys.
        detector: loaded.

    Returns:
        (h, w, 3) uint8 RGB.

    Raises:
        InputError: when the clip has no such frame, or nobody is in view in it.
    """
    if not 0 <= frame < len(clip.joints):
        raise InputError(f"--frame {frame}: {clip.id} has frames 0 to {len(clip.joints) - 1}")
    square = squares(clip, manifest)[frame]
    if square is None:
        raise InputError(f"--frame {frame}: nobody is in view in {clip.id}; choose another frame")
    names = list(dict.fromkeys(c.corruption for c in cells if c != CLEAN))
    severities = sorted({c.severity for c in cells if c != CLEAN})
    renders = {c: renderer(c, clip, manifest) for c in (CLEAN, *cells)}
    tiles = _tiles(clip, frame, square, renders, detector)
    rows = [
        np.hstack(
            [_framed(tiles[CLEAN], f"{name}   clean")]
            + [_framed(tiles[Cell(name, s)], f"severity {s}") for s in severities]
        )
        for name in names
    ]
    return np.vstack(rows or [_framed(tiles[CLEAN], "clean")])


def _tiles(
    clip: Clip,
    frame: int,
    square: Square,
    renders: dict[Cell, CellRenderer],
    detector: Detector,
) -> dict[Cell, Frame]:
    reach = max(r.reach for r in renders.values())
    size = (clip.camera.height, clip.camera.width)
    tiles = {}
    for t, window in enumerate(windows(clip.video, len(clip.joints), size, reach)):
        if t < frame:
            continue
        for cell, render in renders.items():
            crop = square.crop(render(window, t, square.inside))
            found = detector(resize(crop, detector.input_size)[None])
            points = to_frame(found.keypoints, 0, 0, TILE, detector.input_size)[0]
            tile = resize(crop, TILE)
            draw_skeleton(tile, points, found.scores[0], detector.layout)
            tiles[cell] = tile
        break
    return tiles


def draw_skeleton(
    picture: Frame, points: NDArray[np.float32], scores: NDArray[np.float32], layout: str
) -> None:
    """Draws keypoints (K, 2) px of a joint set into ``picture``, in place."""
    joints = joint_set(layout)
    fixed = np.rint(points * 16).astype(int)  # 4 fractional bits
    for a, b in joints.bones:
        strength = float(min(scores[a], scores[b]))
        colour = _colour(a, b, joints.left, joints.right)
        line = picture.copy()
        cv2.line(line, fixed[a].tolist(), fixed[b].tolist(), colour, 2, cv2.LINE_AA, 4)
        weight = min(1.0, 0.25 + strength)
        cv2.addWeighted(line, weight, picture, 1 - weight, 0, picture)
    for point, score in zip(fixed, scores, strict=True):
        radius = 16 * (1.5 + 1.5 * float(min(score * 2, 1)))
        cv2.circle(picture, point.tolist(), int(radius), (20, 20, 20), -1, cv2.LINE_AA, 4)


def _colour(a: int, b: int, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, int, int]:
    if a in left or b in left:
        return MIDDLE if a in right or b in right else LEFT
    return RIGHT if a in right or b in right else MIDDLE


def _framed(tile: Frame, text: str) -> Frame:
    framed = np.full((TILE + HEADER + MARGIN, TILE + 2 * MARGIN, 3), 24, dtype=np.uint8)
    framed[HEADER : HEADER + TILE, MARGIN : MARGIN + TILE] = tile
    cv2.putText(
        framed, text, (MARGIN, HEADER - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1,
        cv2.LINE_AA,
    )  # fmt: skip
    return framed

"""Contact sheet: one frame in every cell, as the detector sees it, with what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.build.render import (
    CellRenderer,
    Square,
    facts_of,
    loose_renderer,
    renderer,
    squares,
)
from corruptbench.build.track import facts_of_video
from corruptbench.build.video import windows
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.manifest import CLEAN, Cell, Manifest
from corruptbench.skeleton import joint_set
from corruptions import ClipFacts, Frame
from detectors import Detector
from detectors.crops import resize, to_frame

TILE = 240  # px
LOOSE_PADDING = 1.25  # of the crop around a tracked box, as in the benchmarks
MARGIN = 6
HEADER = 26
LEFT, RIGHT, MIDDLE = (255, 140, 0), (0, 200, 255), (255, 255, 255)


@dataclass(frozen=True)
class Scene:
    """A video with all that is to be shown of it.

    Attributes:
        name: for messages.
        video: path.
        facts: length, size and boxes.
        squares: where the detector looks, for each frame.
        renderers: one for each cell, clean among them.
    """

    name: str
    video: Path
    facts: ClipFacts
    squares: list[Square | None]
    renderers: dict[Cell, CellRenderer]


def scene_of_clip(clip: Clip, cells: Sequence[Cell], manifest: Manifest) -> Scene:
    """A clip of a benchmark, in the very pixels that its build gives the detector."""
    facts = facts_of(clip, manifest)
    return Scene(
        str(clip.id),
        clip.video,
        facts,
        squares(facts, manifest.crop.padding),
        {c: renderer(c, clip, manifest) for c in (CLEAN, *cells)},
    )


def scene_of_video(path: Path, cells: Sequence[Cell], detector: Detector) -> Scene:
    """Any video: its person is tracked by the detector."""
    facts = facts_of_video(path, detector)
    return Scene(
        str(path),
        path,
        facts,
        squares(facts, LOOSE_PADDING),
        {c: loose_renderer(c, facts, path.stem) for c in (CLEAN, *cells)},
    )


def contact_sheet(scene: Scene, frame: int, detector: Detector) -> Frame:
    """One row for each corruption, clean first in it, severities to the right.

    The skeleton is what the detector finds in that cell; a joint is the fainter the lower its
    score (left side orange, right side blue).

    Args:
        scene: what to show.
        frame: index t.
        detector: loaded.

    Returns:
        (h, w, 3) uint8 RGB.

    Raises:
        InputError: when there is no such frame, or nobody is in view in it.
    """
    if not 0 <= frame < scene.facts.frames:
        raise InputError(f"--frame {frame}: {scene.name} has frames 0 to {scene.facts.frames - 1}")
    square = scene.squares[frame]
    if square is None:
        raise InputError(f"--frame {frame}: nobody is in view in {scene.name}; try another frame")
    cells = [c for c in scene.renderers if c != CLEAN]
    severities = sorted({c.severity for c in cells})
    tiles = _tiles(scene, frame, square, detector)
    rows = [
        np.hstack(
            [_framed(tiles[CLEAN], f"{name}   clean")]
            + [_framed(tiles[Cell(name, s)], f"severity {s}") for s in severities]
        )
        for name in dict.fromkeys(c.corruption for c in cells)
    ]
    return np.vstack(rows or [_framed(tiles[CLEAN], "clean")])


def _tiles(scene: Scene, frame: int, square: Square, detector: Detector) -> dict[Cell, Frame]:
    reach = max(r.reach for r in scene.renderers.values())
    size = (scene.facts.height, scene.facts.width)
    tiles = {}
    for t, window in enumerate(windows(scene.video, scene.facts.frames, size, reach)):
        if t < frame:
            continue
        for cell, render in scene.renderers.items():
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

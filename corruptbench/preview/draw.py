"""Draw skeletons and words into pictures, in place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import Frame
from corruptbench.skeleton import joint_set

Color = tuple[int, int, int]

LEFT, RIGHT, MIDDLE = (255, 140, 0), (0, 200, 255), (255, 255, 255)
INK = (235, 235, 235)
#: The meaning of a skeleton's colors.
LEGEND = (("left side", LEFT), ("right side", RIGHT), ("fainter = lower score", INK))

_FONT, _SCALE, _GAP = cv2.FONT_HERSHEY_SIMPLEX, 0.5, 18


def draw_skeleton(
    picture: Frame, points: NDArray[np.float32], scores: NDArray[np.float32], joints_name: str
) -> None:
    """Draw keypoints (K, 2) px of a joint set; a bone with low scores (K,) is fainter."""
    joints = joint_set(joints_name)
    fixed = np.rint(points * 16).astype(int)  # 4 fractional bits
    for a, b in joints.bones:
        strength = float(min(scores[a], scores[b]))
        color = _color(a, b, joints.left, joints.right)
        line = picture.copy()
        cv2.line(line, fixed[a].tolist(), fixed[b].tolist(), color, 2, cv2.LINE_AA, 4)
        weight = min(1.0, 0.25 + strength)
        cv2.addWeighted(line, weight, picture, 1 - weight, 0, picture)
    for point, score in zip(fixed, scores, strict=True):
        radius = 16 * (1.5 + 1.5 * float(min(score * 2, 1)))
        cv2.circle(picture, point.tolist(), int(radius), (20, 20, 20), -1, cv2.LINE_AA, 4)


def _color(a: int, b: int, left: tuple[int, ...], right: tuple[int, ...]) -> Color:
    if a in left or b in left:
        return MIDDLE if a in right or b in right else LEFT
    return RIGHT if a in right or b in right else MIDDLE


def write(picture: Frame, x: int, y: int, words: tuple[tuple[str, Color], ...]) -> None:
    """Write words in their colors on one line from pixel (x, y) on, smaller if they do not fit."""
    gaps = _GAP * (len(words) - 1)
    width = sum(_width(text) for text, _ in words)
    scale = min(1.0, (picture.shape[1] - 2 * x) / (width + gaps))
    for text, color in words:
        cv2.putText(picture, text, (x, y), _FONT, _SCALE * scale, color, 1, cv2.LINE_AA)
        x += int((_width(text) + _GAP) * scale)


def _width(text: str) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, _SCALE, 1)
    return int(width)

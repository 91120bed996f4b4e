"""From the outputs of a pose model to keypoints and scores. Pure functions on arrays.

Points are continuous: the model's input spans [0, W] x [0, H], the center of its top-left pixel is
(0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.onnx_contract import Contract, Heatmap, Input, Keypoints, Range, SimCC

Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
_LEAST = np.float32(1e-10)  # of a value whose logarithm is taken


@dataclass(frozen=True)
class Found:
    """Joints in the model's input.

    Attributes:
        points: (N, J, 2) float32, x and y in px of the input, continuous.
        scores: (N, J) float32, as the model gives them.
    """

    points: Array
    scores: Array


def decoded(outputs: Sequence[Array], contract: Contract) -> Found:
    """Return the joints in the wanted outputs of a model.

    Args:
        outputs: one array for heat maps or keypoints, two for SimCC; see `expected_shapes`.
        contract: of the model.
    """
    rule, size = contract.output, contract.input
    if isinstance(rule, Heatmap):
        return found_in_maps(outputs[0], rule, size)
    if isinstance(rule, SimCC):
        return found_in_lines(outputs[0], outputs[1], rule, size)
    return found_as_points(outputs[0], rule, size)


def found_in_maps(maps: Array, rule: Heatmap, size: Input) -> Found:
    """Return the joints at the largest values of maps (N, J, h, w).

    "none" takes the cell. "quarter" moves by a quarter of a cell towards the larger neighbor, along
    each axis. "dark" takes the peak of the quadratic through the logarithms of the nine cells
    around (Zhang et al., CVPR 2020), after a blur if there is one. At the border of a map a
    place is not refined, and neither is it by "dark" where there is no peak within a cell.
    """
    height, width = maps.shape[2:]
    flat = maps.reshape(-1, height, width)
    best = flat.reshape(len(flat), -1).argmax(axis=1)
    y, x = np.divmod(best, width)
    if rule.subpixel == "quarter":
        each = np.arange(len(flat))
        dx, dy = _quarter(flat[each, y], x), _quarter(flat[each, :, x], y)
    elif rule.subpixel == "dark":
        dx, dy = _dark(_blurred(flat, rule.blur), x, y)
    else:
        dx = dy = np.zeros(len(flat), np.float32)
    points = np.stack(
        [
            placed(x + dx, width, size.width, rule.cells),
            placed(y + dy, height, size.height, rule.cells),
        ],
        axis=-1,
    )
    return Found(_as_joints(points, maps), flat.max(axis=(1, 2)).reshape(maps.shape[:2]))


def found_in_lines(lines_x: Array, lines_y: Array, rule: SimCC, size: Input) -> Found:
    """Return the joints at the largest values along x (N, J, w) and along y (N, J, h).

    "taylor" takes the peak of the parabola through the logarithms of three cells, where it lies
    within a cell.
    """
    along = []
    for lines, side in ((lines_x, size.width), (lines_y, size.height)):
        flat = lines.reshape(-1, lines.shape[2])
        at = flat.argmax(axis=1)
        moved = at + _parabola(flat, at) if rule.subpixel == "taylor" else at
        along.append(placed(moved, lines.shape[2], side, rule.cells))
    best = np.stack([lines_x.max(axis=2), lines_y.max(axis=2)])
    scores = best.min(axis=0) if rule.score == "smaller" else best.mean(axis=0)
    return Found(_as_joints(np.stack(along, axis=-1), lines_x), scores)


def found_as_points(given: Array, rule: Keypoints, size: Input) -> Found:
    """Return the joints of coordinates (N, J, 2), or (N, J, 3) with a score."""
    sides = (size.width, size.height) if rule.unit == "parts" else (1, 1)
    first = 0.5 if rule.origin == "center" else 0.0
    points = given[..., :2] * np.array(sides, np.float32) + np.float32(first)
    scores = given[..., 2] if rule.score == "third" else np.ones(given.shape[:2], np.float32)
    return Found(points, scores)


def placed(cells: npt.NDArray[np.floating] | Indices, count: int, side: int, rule: str) -> Array:
    """Return where cells lie along a side of the input, in px, continuous.

    Args:
        cells: their indices, also between two.
        count: number of cells along the side.
        side: px.
        rule: "index": cell k is at the center of pixel k * side / count. "udp": cells from the
            first to the last span the centers of the first and the last pixel (Huang et al., CVPR
            2020). "centers": cells tile the side, k is in the middle of its tile.
    """
    exact = np.asarray(cells, np.float64)
    if rule == "centers":
        return np.asarray((exact + 0.5) * side / count, np.float32)
    step = (side - 1) / (count - 1) if rule == "udp" else side / count
    return np.asarray(exact * step + 0.5, np.float32)


def unmirrored(outputs: Sequence[Array], contract: Contract) -> list[Array]:
    """Return the outputs for mirrored pictures as if the pictures had not been mirrored.

    Left and right joints are exchanged. Cells are mirrored along x, and moved by the contract's
    shift; those that come in at a border repeat the outermost cell.
    """
    own = [given[:, list(MIRRORED[contract.joints])] for given in outputs]
    rule, shift = contract.output, contract.flip.shift if contract.flip else 0
    if isinstance(rule, Keypoints):
        width = contract.input.width if rule.unit == "pixels" else 1
        last = np.float32(width - (width / contract.input.width if rule.origin == "center" else 0))
        own[0][..., 0] = last - own[0][..., 0]
        return own
    return [_shifted(own[0][..., ::-1], shift), *own[1:]]


def in_range(scores: Array, rule: Range, where: str) -> Array:
    """Return scores from 0 to 1 by the contract's rule.

    Raises:
        DetectorError: the rule is "unit", and a score is not from 0 to 1.
    """
    if rule == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(scores, -80, 80))), np.float32)
    if rule == "limit":
        return np.clip(scores, 0, 1)
    if ((scores < 0) | (scores > 1)).any():
        low, high = float(scores.min()), float(scores.max())
        raise DetectorError(
            f"{where}: output.range: the model gave scores from {low:.4g} to {high:.4g}, expected "
            "0 to 1; write 'limit' (moves them to 0 or 1) or 'sigmoid' (they are logits)"
        )
    return scores


def expected_shapes(contract: Contract) -> list[tuple[int | str, ...]]:
    """Return the shape of each wanted output without the batch; a text stands for any number."""
    joints, rule, size = len(MIRRORED[contract.joints]), contract.output, contract.input
    if isinstance(rule, Heatmap):
        return [(joints, "h", "w")]
    if isinstance(rule, SimCC):
        return [(joints, round(side * rule.split)) for side in (size.width, size.height)]
    return [(joints, 3 if rule.score == "third" else 2)]


def _as_joints(points: Array, like: Array) -> Array:
    return np.asarray(points.reshape(*like.shape[:2], 2), np.float32)


def _shifted(maps: Array, cells: int) -> Array:
    places = np.clip(np.arange(maps.shape[-1]) - cells, 0, maps.shape[-1] - 1)
    return maps[..., places]


def _around(lines: Array, at: Indices) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Return the values (M,) before, at and after a place in lines (M, n), and if it has both."""
    each, last = np.arange(len(lines)), lines.shape[1] - 1
    before, after = lines[each, np.maximum(at - 1, 0)], lines[each, np.minimum(at + 1, last)]
    return before, lines[each, at], after, (at > 0) & (at < last)


def _quarter(lines: Array, at: Indices) -> Array:
    before, _, after, inside = _around(lines, at)
    return np.where(inside, np.float32(0.25) * np.sign(after - before), np.float32(0))


def _parabola(lines: Array, at: Indices) -> Array:
    before, middle, after, inside = _around(np.log(np.maximum(lines, _LEAST)), at)
    bend = after - 2 * middle + before
    usable = inside & (bend < 0)
    move = (before - after) / 2 / np.where(usable, bend, -1)
    return np.where(usable & (np.abs(move) <= 1), move, np.float32(0))


def _blurred(maps: Array, kernel: int) -> Array:
    if not kernel:
        return maps
    return np.stack(
        [cv2.GaussianBlur(m, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT) for m in maps]
    )


def _dark(maps: Array, x: Indices, y: Indices) -> tuple[Array, Array]:
    """Return the moves (M,) along x and y to the peak of the quadratic, in cells."""
    logs = np.log(np.maximum(maps, _LEAST))
    each = np.arange(len(maps))
    left, middle, right, inside_x = _around(logs[each, y], x)
    above, _, below, inside_y = _around(logs[each, :, x], y)
    inside = inside_x & inside_y
    cx, cy = np.where(inside, x, 1), np.where(inside, y, 1)
    dx, dy = (right - left) / 2, (below - above) / 2
    dxx, dyy = right - 2 * middle + left, below - 2 * middle + above
    corners = [logs[each, cy + a, cx + b] for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    dxy = (corners[0] - corners[1] - corners[2] + corners[3]) / 4
    area = dxx * dyy - dxy**2
    peak = inside & (area > 0) & (dxx < 0)
    area = np.where(peak, area, 1)
    move_x, move_y = (dxy * dy - dyy * dx) / area, (dxy * dx - dxx * dy) / area
    good = peak & (np.abs(move_x) <= 1) & (np.abs(move_y) <= 1)
    return np.where(good, move_x, np.float32(0)), np.where(good, move_y, np.float32(0))

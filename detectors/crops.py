"""Cut square crops out of frames, and map keypoints back into frames. Pure functions.

Coordinates are continuous: a frame spans [0, W] x [0, H], the center of its top-left pixel is
(0.5, 0.5). A crop is a square of whole pixels, so cutting it out moves no pixel. Only `resize`
interpolates. Both its methods map [0, side] onto [0, size].
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError

MIN_SIDE = 16  # px
MAX_SIDE = 1 << 15  # px; a larger box is a mistake in the boxes

Image = npt.NDArray[np.uint8]


def square_crop(box: npt.ArrayLike, padding: float) -> tuple[int, int, int]:
    """Find the square around a box.

    Its side is padding * max(width, height) of the box, rounded, at least 16. Its upper left corner
    is the box's center minus half of that side, rounded. Rounding is floor(x + 0.5). So halves are
    always rounded up, and the crop of a box that moves by whole pixels moves with it.

    Args:
        box: (4,) x0, y0, x1, y1 in px of the frame; it may reach out of the frame.
        padding: side of the square divided by the longer side of the box, above 0.

    Returns:
        x0, y0, side in px; x0 and y0 may be negative.

    Raises:
        DetectorError: the box is not four finite numbers with x0 <= x1 and y0 <= y1; the padding
            is not a finite number above 0; the side exceeds 32768 px.
    """
    edges = np.asarray(box, dtype=np.float64)
    if edges.shape != (4,) or not np.isfinite(edges).all():
        raise DetectorError(f"box {edges.tolist()}: expected four finite numbers x0, y0, x1, y1")
    x0, y0, x1, y1 = edges.tolist()
    if x1 < x0 or y1 < y0:
        raise DetectorError(f"box {edges.tolist()}: expected x0 <= x1 and y0 <= y1")
    if not (math.isfinite(padding) and padding > 0):
        raise DetectorError(f"padding {padding}: expected a finite number above 0")
    exact = padding * max(x1 - x0, y1 - y0)
    if exact > MAX_SIDE:
        raise DetectorError(f"box {edges.tolist()}: a crop of {exact:.0f} px exceeds {MAX_SIDE}")
    side = max(MIN_SIDE, _round(exact))
    return _round((x0 + x1) / 2 - side / 2), _round((y0 + y1) / 2 - side / 2), side


def extract(frame: Image, x0: int, y0: int, side: int) -> Image:
    """Cut a square out of a frame; it is black outside of the picture.

    Args:
        frame: uint8 (H, W, 3).
        x0: left edge in px of the frame.
        y0: upper edge in px of the frame.
        side: px, at least 1.

    Returns:
        A new uint8 (side, side, 3).

    Raises:
        DetectorError: wrong shape or dtype, or a side below 1.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise DetectorError(f"frame is {frame.dtype} {frame.shape}; expected uint8 (H, W, 3)")
    if side < 1:
        raise DetectorError(f"side {side} px; expected at least 1")
    height, width = frame.shape[:2]
    top, bottom = max(y0, 0), min(y0 + side, height)
    left, right = max(x0, 0), min(x0 + side, width)
    crop = np.zeros((side, side, 3), np.uint8)
    if top < bottom and left < right:
        crop[top - y0 : bottom - y0, left - x0 : right - x0] = frame[top:bottom, left:right]
    return crop


def resize(image: Image, size: int, out: Image | None = None) -> Image:
    """Resize a square picture: by area means to a smaller size, bilinearly to a larger size.

    Args:
        image: uint8 (side, side, 3).
        size: px, at least 1.
        out: contiguous uint8 (size, size, 3) that takes the result; None for a new array.

    Returns:
        uint8 (size, size, 3): ``out``, or a new array.

    Raises:
        DetectorError: not a square uint8 picture of three channels, or a size below 1.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise DetectorError(f"image is {image.dtype} {image.shape}; expected uint8 (S, S, 3)")
    if image.shape[0] != image.shape[1] or image.shape[0] < 1 or size < 1:
        raise DetectorError(f"cannot resize {image.shape[:2]} to {size}: expected a square")
    resized = np.empty((size, size, 3), np.uint8) if out is None else out
    if image.shape[0] == size:
        resized[:] = image
    else:
        method = cv2.INTER_AREA if size < image.shape[0] else cv2.INTER_LINEAR
        cv2.resize(image, (size, size), resized, interpolation=method)
    return resized


def to_frame(
    keypoints: npt.NDArray[np.floating],
    x0: npt.ArrayLike,
    y0: npt.ArrayLike,
    side: npt.ArrayLike,
    size: int,
) -> npt.NDArray[np.float32]:
    """Map keypoints of resized crops into the frame: x0 + x * side / size, y likewise.

    Args:
        keypoints: (N, K, 2) x, y in px of crops resized to `size`.
        x0: left edge of the crop in px of the frame; one number, or one per crop (N,).
        y0: upper edge, likewise.
        side: side of the crop, likewise, at least 1.
        size: px, at least 1.

    Returns:
        float32 (N, K, 2), computed in float64.

    Raises:
        DetectorError: shapes do not fit together, a side or the size is below 1.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    squares = [np.asarray(value, dtype=np.float64) for value in (x0, y0, side)]
    if points.ndim != 3 or points.shape[2] != 2:
        raise DetectorError(f"keypoints have shape {points.shape}; expected (N, K, 2)")
    if any(value.shape not in ((), (len(points),)) for value in squares):
        raise DetectorError(
            f"x0, y0 and side have shapes {[v.shape for v in squares]}; expected one number or "
            f"one per crop, ({len(points)},)"
        )
    if size < 1 or not (squares[2] >= 1).all():
        raise DetectorError(f"side {squares[2].tolist()}, size {size}: expected at least 1 px")
    x, y, s = (value.reshape(-1, 1) for value in squares)
    frame = np.stack([x + points[..., 0] * s / size, y + points[..., 1] * s / size], axis=2)
    return frame.astype(np.float32)


def _round(value: float) -> int:
    return math.floor(value + 0.5)

"""The display matrix: a tag of video files that tells a player how to turn the pictures."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import SideData

from corruptbench.corruptions import Frame
from corruptbench.errors import InputError

#: How to turn a picture: swap its axes, then reverse its rows, then reverse its columns.
Turn = tuple[bool, bool, bool]

#: Why a benchmark does not take such a video.
REFUSED = (
    "has a rotation tag (display matrix), but labels refer to pictures as they are stored; "
    "expected no such tag: remove it if the labels fit the stored pictures, otherwise store the "
    "pictures upright"
)

#: Part of a matrix entry that counts as rounding.
ROUNDING = 0.01


def turn_of(frame: av.VideoFrame, path: Path) -> Turn | None:
    """Return how a frame's display matrix turns the picture; None if it does not.

    The matrix maps a pixel (x, y) to (a x + c y, b x + d y).

    Raises:
        InputError: the turn is no multiple of 90 degrees; names ``path``.
    """
    # Reading side data puts a frame into a reference cycle that lives long: read a tiny copy.
    tag = frame.reformat(width=2, height=2, format="gray").side_data.get("DISPLAYMATRIX")
    if not isinstance(tag, SideData):
        return None
    a, b, _, c, d = np.frombuffer(bytes(tag), dtype=np.int32)[:5].tolist()
    swapped = abs(b) + abs(c) > abs(a) + abs(d)
    off, (rows, columns) = ((a, d), (b, c)) if swapped else ((b, c), (d, a))
    if max(map(abs, off)) >= ROUNDING * min(abs(rows), abs(columns)):
        angle = abs(round(math.degrees(math.atan2(b, a))))
        raise InputError(
            f"{path}: its rotation tag (display matrix) is {angle} degrees; expected a multiple of "
            "90: remove the tag"
        )
    turn = (swapped, rows < 0, columns < 0)
    return turn if any(turn) else None


def turned(pixels: Frame, turn: Turn) -> Frame:
    """Return a picture (H, W, 3) uint8 turned as a player shows it."""
    swapped, rows, columns = turn
    pixels = pixels.transpose(1, 0, 2) if swapped else pixels
    return np.ascontiguousarray(pixels[:: -1 if rows else 1, :: -1 if columns else 1])

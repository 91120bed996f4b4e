"""Pictures that are stored lying or mirrored, with a tag that tells a player how to show them."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
from av.sidedata.sidedata import SideData

from corruptbench.corruptions import Frame
from corruptbench.errors import InputError

#: How a picture is to be turned: swap its axes first, then reverse its rows, then its columns.
Turn = tuple[bool, bool, bool]

#: Why a benchmark does not take such a video.
REFUSED = (
    "a tag says that its pictures are to be turned for display, but labels refer to pictures as "
    "they are stored; expected no such tag: remove it if the labels fit the stored pictures, "
    "otherwise store the pictures upright"
)

#: Part of a matrix entry that counts as rounding.
ROUNDING = 0.01


def turn_of(frame: av.VideoFrame, path: Path) -> Turn | None:
    """What a frame's rotation tag asks for; None if nothing.

    The tag is FFmpeg's display matrix, which takes a pixel's (x, y) to (a x + c y, b x + d y).

    Raises:
        InputError: when that is no multiple of 90 degrees; names ``path``.
    """
    # A frame whose side data were read is in a reference cycle, and stays for long: a tiny copy is.
    tag = frame.reformat(width=2, height=2, format="gray").side_data.get("DISPLAYMATRIX")
    if not isinstance(tag, SideData):
        return None
    a, b, _, c, d = np.frombuffer(bytes(tag), dtype=np.int32)[:5].tolist()
    swapped = abs(b) + abs(c) > abs(a) + abs(d)
    off, (rows, columns) = ((a, d), (b, c)) if swapped else ((b, c), (d, a))
    if max(map(abs, off)) >= ROUNDING * min(abs(rows), abs(columns)):
        angle = abs(round(math.degrees(math.atan2(b, a))))
        raise InputError(
            f"{path}: a tag says that its pictures are to be turned by {angle} degrees for "
            "display; expected a multiple of 90: remove the tag"
        )
    turn = (swapped, rows < 0, columns < 0)
    return turn if any(turn) else None


def turned(pixels: Frame, turn: Turn) -> Frame:
    """A picture (H, W, 3) as it is to be shown."""
    swapped, rows, columns = turn
    pixels = pixels.transpose(1, 0, 2) if swapped else pixels
    return np.ascontiguousarray(pixels[:: -1 if rows else 1, :: -1 if columns else 1])

"""How square crops become the input of a network that need not be square.

The detector's crops are resized so that a crop's pixel is a pixel of the network's input: no second
interpolation. Where the input is not square, the crop lies in its middle, with black beside it
("pad"), or fills it and is cut ("cut"). A keypoint is moved back by whole pixels.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Fit = Literal["pad", "cut"]
CPU_BATCH = 8  # crops
GPU_BATCH = 64  # crops at most
GPU_PIXELS = 1 << 22  # px of a batch: that of each cell of a clip waits in memory


class Input(Protocol):
    """What a network takes: width and height in px, and how a square crop meets them."""

    @property
    def width(self) -> int: ...  # noqa: D102
    @property
    def height(self) -> int: ...  # noqa: D102
    @property
    def fit(self) -> Fit: ...  # noqa: D102


def batch_for(kind: str, side: int) -> int:
    """Return how many crops of a side in px should be given at once on a kind of device."""
    if kind == "cpu":
        return CPU_BATCH
    return min(GPU_BATCH, max(CPU_BATCH, GPU_PIXELS // side**2))


def crop_size(size: Input) -> int:
    """Return the side of the square crops in px, so that a crop's pixel is one of the input."""
    return min(size.width, size.height) if size.fit == "pad" else max(size.width, size.height)


def margins(size: Input) -> tuple[int, int]:
    """Return where the crop begins in the input, px along x and y; below 0 where it is cut."""
    side = crop_size(size)
    return (size.width - side) // 2, (size.height - side) // 2


def fitted(crops: npt.NDArray[np.uint8], size: Input) -> npt.NDArray[np.uint8]:
    """Return the pictures (N, H, W, 3) that the network is to see, of crops (N, S, S, 3)."""
    if size.width == size.height:
        return crops
    left, top = margins(size)
    side = crop_size(size)
    if size.fit == "cut":
        return crops[:, -top : size.height - top, -left : size.width - left]
    pictures = np.zeros((len(crops), size.height, size.width, 3), np.uint8)
    pictures[:, top : top + side, left : left + side] = crops
    return pictures

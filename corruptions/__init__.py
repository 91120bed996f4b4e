"""Video corruptions whose labels stay true and whose bytes are the same on every machine.

They work without the rest of corruptbench. `corrupt` takes pictures and clips in many forms::

    from corruptbench.corruptions import corrupt, list_corruptions

    noisy = corrupt(frames, "gaussian_noise", severity=3)   # RGB: an array, a list, a tensor
    print(list_corruptions())

A `Corruption` works frame by frame and region by region, for clips that do not fit in memory::

    from corruptbench.corruptions import ClipInfo, Key, get

    info = ClipInfo(frames=F, height=H, width=W, fps=50.0, boxes=boxes)   # boxes (F, 4) px
    noisy = get("gaussian_noise").clip(frames, info, severity=3, key=Key.of("my clip"))
"""

from corruptbench.corruptions.arrays import corrupt
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key
from corruptbench.corruptions.registry import (
    CorruptionList,
    CorruptionSummary,
    all_corruptions,
    get,
    list_corruptions,
)
from corruptbench.corruptions.validation import CorruptionError

__all__ = [
    "ClipInfo",
    "Corruption",
    "CorruptionError",
    "CorruptionList",
    "CorruptionSummary",
    "Frame",
    "Key",
    "Region",
    "all_corruptions",
    "corrupt",
    "get",
    "list_corruptions",
]

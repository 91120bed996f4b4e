"""Video corruptions whose labels stay true and whose bytes are the same everywhere.

Usable on its own::

    from corruptbench.corruptions import ClipFacts, Key, get

    facts = ClipFacts(frames=F, height=H, width=W, fps=50.0, boxes=boxes)   # boxes (F, 4) px
    noisy = get("gaussian_noise").clip(frames, facts, severity=3, key=Key.of("my clip"))
"""

from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key
from corruptbench.corruptions.registry import all_corruptions, get
from corruptbench.corruptions.validation import CorruptionError

__all__ = [
    "ClipFacts",
    "Corruption",
    "CorruptionError",
    "Frame",
    "Key",
    "Region",
    "all_corruptions",
    "get",
]

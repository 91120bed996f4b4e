"""Small pictures of the corruptions, for pages: clean and severities 1 to 5 from left to right.

``python -m tools.thumbnails`` makes them from the videos of the studio set.
"""

from __future__ import annotations

from importlib import resources

from corruptbench import corruptions


def picture(name: str) -> bytes:
    """Return the picture of a corruption as WebP; nothing for one that has no picture.

    Args:
        name: of a corruption.
    """
    path = resources.files(corruptions.__name__).joinpath("pictures", f"{name}.webp")
    return path.read_bytes() if path.is_file() else b""

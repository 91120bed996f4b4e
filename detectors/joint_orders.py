"""Name the joints that change places when a picture is mirrored."""

from __future__ import annotations

#: Name of a joint set to the index, for each of its joints, of the same joint of the other side.
MIRRORED: dict[str, tuple[int, ...]] = {
    "coco17": (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15),
    "h36m17": (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13),
    "humaneva15": (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 14),
}

"""Remove the temporary files that a killed build left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corruptbench.builder.plan import WorkItem
from corruptbench.files import temporaries


def remove_all_temporaries(out: Path) -> None:
    """Remove those of all clips; no other process may be writing into the folder."""
    for folder in ("keypoints", "videos"):
        for path in (out / folder).rglob(".*.part"):
            path.unlink()


def remove_temporaries_of(items: Sequence[WorkItem]) -> None:
    """Remove those of these clips alone: other parts may be writing theirs."""
    for item in items:
        for path in (*temporaries(item.path), *item.videos.glob(".*.part")):
            path.unlink()

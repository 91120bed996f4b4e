"""What the board's page shows of a benchmark and of its corruptions."""

from __future__ import annotations

from typing import Any

from corruptbench.corruptions import get
from corruptbench.corruptions.pictures import picture
from corruptbench.corruptions.registry import summary
from corruptbench.manifest import Manifest


def heading(manifest: Manifest) -> dict[str, Any]:
    """Return the fields of `corruptbench.leaderboard.page.records.Heading`."""
    known = [get(entry.name) for entry in manifest.corruptions]
    kinds = {
        c.name: {"family": c.family, "sentence": summary(c), "picture": picture(c.name)}
        for c in known
    }
    return {"title": manifest.title, "corruptions": [c.name for c in known], "kinds": kinds}

"""What the leaderboard expects of every result of a benchmark."""

from __future__ import annotations

from corruptbench.datasets import expected_clips
from corruptbench.leaderboard import Expected
from corruptbench.leaderboard.schema import Scoring
from corruptbench.lifters.filters.registry import all_filters
from corruptbench.manifest import Manifest


def expectation(manifest: Manifest) -> Expected:
    """Return the cells and conventions of a manifest, and its clips where they are known."""
    known = expected_clips(manifest.dataset)
    return Expected(
        manifest_sha256=manifest.sha256,
        cells=tuple((c.corruption, c.severity) for c in manifest.cells),
        scoring=Scoring(**manifest.scoring.model_dump()),
        excluded=manifest.clips.exclude,
        clips=None
        if known is None
        else {(c.subject, c.sequence, c.camera): known[c] for c in manifest.select(known)},
        filters=tuple(all_filters()),
    )

"""What the leaderboard expects of every result of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping

from corruptbench.datasets import ClipId, LabelCounts, expected_clips
from corruptbench.leaderboard.expected import Expected, ExpectedClip
from corruptbench.leaderboard.schema import Benchmark, Scoring
from corruptbench.lifters.filters.registry import all_filters
from corruptbench.manifest import Manifest


def expectation(manifest: Manifest) -> Expected:
    """Return what a manifest fixes, and its clips where they are known."""
    known = expected_clips(manifest.dataset)
    return Expected(
        benchmark=Benchmark(
            id=manifest.id, version=manifest.version, manifest_sha256=manifest.sha256
        ),
        cells=tuple((c.corruption, c.severity) for c in manifest.cells),
        scoring=Scoring(**manifest.scoring.model_dump()),
        excluded=manifest.clips.exclude,
        clips=None if known is None else _clips(manifest, known),
        filters=tuple(all_filters()),
    )


def _clips(
    manifest: Manifest, known: Mapping[ClipId, LabelCounts]
) -> dict[tuple[str, str, str], ExpectedClip]:
    return {
        (c.subject, c.sequence, c.camera): ExpectedClip(
            action=c.action,
            frames=known[c].frames,
            run_frames=(known[c].in_runs or (None, None))[0],
            acceleration_frames=(known[c].in_runs or (None, None))[1],
        )
        for c in manifest.select(known)
    }

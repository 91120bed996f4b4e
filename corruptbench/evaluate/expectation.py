"""What the leaderboard must find in a result of a benchmark."""

from __future__ import annotations

import numpy as np

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import Manifest
from leaderboard import Expected
from leaderboard.schema import Scoring


def expectation(manifest: Manifest) -> Expected:
    """The cells and conventions that the manifest pins, and its clips where they can be known.

    Only an embedded data set can be looked up; of the others the clips are left open.
    """
    try:
        dataset = open_dataset(manifest.dataset, None)
    except InputError:
        clips = None
    else:
        loaded = [dataset.load(c) for c in manifest.select(dataset.clip_ids())]
        clips = {
            (c.id.subject, c.id.sequence, c.id.camera): int(
                np.isfinite(c.joints).all(axis=(1, 2)).sum()
            )
            for c in loaded
        }
    return Expected(
        manifest_sha256=manifest.sha256,
        cells=tuple((c.corruption, c.severity) for c in manifest.cells),
        scoring=Scoring(**manifest.scoring.model_dump()),
        clips=clips,
    )

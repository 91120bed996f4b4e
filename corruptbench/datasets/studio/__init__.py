"""The embedded data set "studio": rendered people with real motion, four cameras, exact labels.

Test videos (subjects S6, S7) lie in this folder; of the training subjects (all others) only the
labels and the clean detections do. Another rendering of the set is read from its own root.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from corruptbench.datasets.base import ClipId, LabelCounts
from corruptbench.datasets.folder import FolderDataset

EMBEDDED = Path(__file__).parent
#: Shards of the clean training split, built from videos that are not part of the project.
TRAIN_SHARDS = EMBEDDED / "train_shards"
#: The same of more people (S8 to S15).
MORE_TRAIN_SHARDS = EMBEDDED / "more_train_shards"
ALL_TRAIN_SHARDS = (TRAIN_SHARDS, MORE_TRAIN_SHARDS)
#: What the detector does on corrupted training videos, as `corruptbench measure-noise` wrote it.
TRAIN_NOISE = EMBEDDED / "train_noise.parquet"
#: State of a `corruptbench.lifters.ca_input.CAInput` that learned from it.
LEARNED_INPUT = EMBEDDED / "learned_input.pt"


def open_root(root: Path | None) -> FolderDataset:
    """Return the studio set in ``root``, by default the embedded one."""
    return FolderDataset(root or EMBEDDED)


def expected_clips() -> dict[ClipId, LabelCounts]:
    """Return all clips of the embedded set, each with its numbers of valid labeled frames."""
    embedded = FolderDataset(EMBEDDED)
    clips = map(embedded.load, embedded.clip_ids())
    return {c.id: LabelCounts.of(np.asarray(np.isfinite(c.joints).all(axis=(1, 2)))) for c in clips}

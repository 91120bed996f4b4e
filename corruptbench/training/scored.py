"""Say it where training data holds clips that a benchmark scores."""

from __future__ import annotations

from collections.abc import Iterator

from corruptbench.manifest import known_manifests, load_manifest
from corruptbench.shards.shard_set import ShardSet


def scored_lines(shard_set: ShardSet) -> Iterator[str]:
    """Yield a warning for each benchmark that comes with the software and scores such a clip."""
    ours = shard_set.manifest
    clips = ours.select(shard_set.dataset.clip_ids())
    for name in known_manifests():
        scored = load_manifest(name)
        if scored.corruptions and scored.dataset == ours.dataset:
            number = sum(map(scored.clips.admits, clips))
            if number:
                yield (
                    f"warning: {shard_set.folder}: {number} of {len(clips)} clips are scored by "
                    f"{scored.id}: what is made from them must not be submitted to it"
                )

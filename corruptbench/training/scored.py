"""Say it where training data holds clips that a benchmark scores."""

from __future__ import annotations

from collections.abc import Iterator

from corruptbench.datasets import ClipId
from corruptbench.lifters.measured_noise import MeasuredNoise
from corruptbench.manifest import Manifest, known_manifests, load_manifest
from corruptbench.progress import note
from corruptbench.shards.shard_set import ShardSet


def scored_lines(shard_set: ShardSet) -> Iterator[str]:
    """Yield a warning for each benchmark that comes with the software and scores such a clip."""
    ours = shard_set.manifest
    clips = ours.select(shard_set.dataset.clip_ids())
    for scored in _scored_benchmarks():
        if scored.dataset == ours.dataset:
            number = sum(map(scored.clips.admits, clips))
            yield from _line(str(shard_set.folder), number, len(clips), scored)


def note_scored(shard_set: ShardSet) -> None:
    """Print the warnings of `scored_lines`."""
    for line in scored_lines(shard_set):
        note(line)


def scored_noise_lines(noise: MeasuredNoise, where: str) -> Iterator[str]:
    """Yield likewise for clips that a noise was measured on; ``where`` names the noise."""
    clips = {episode.clip for episode in noise.episodes}
    for scored in _scored_benchmarks():
        number = sum(_may_score(scored, clip) for clip in clips)
        yield from _line(f"the noise {where}", number, len(clips), scored)


def _scored_benchmarks() -> Iterator[Manifest]:
    return (m for m in map(load_manifest, known_manifests()) if m.corruptions)


def _may_score(scored: Manifest, clip: str) -> bool:
    """Tell whether a benchmark scores a clip of that name, if it scores the action."""
    dataset, subject, rest = clip.split("/", 2)
    sequence, _, camera = rest.rpartition(".")
    lists = scored.clips.model_copy(update={"actions": None})  # a name does not tell the action
    return scored.dataset == dataset and lists.admits(
        ClipId(dataset, subject, sequence, camera, "")
    )


def _line(where: str, number: int, total: int, scored: Manifest) -> Iterator[str]:
    if number:
        yield (
            f"warning: {where}: {number} of {total} clips are scored by {scored.id}: what is made "
            "from them must not be submitted to it"
        )

"""Forecast the size of a build: clips, frames, crops, bytes and hours. Nothing is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corruptbench.builder.outlook import SHARD_BYTES
from corruptbench.datasets import ClipId, expected_clips, open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import Cell, Manifest


@dataclass(frozen=True)
class Forecast:
    """The size of a build.

    Attributes:
        clips: number of clips.
        cells: number of cells, the clean one too.
        frames: number of labeled frames of all clips, or the most that there can be.
        is_exact: whether ``frames`` is known, and not only its limit.
    """

    clips: int
    cells: int
    frames: int
    is_exact: bool

    @property
    def crops(self) -> int:
        """Pictures that the detector sees."""
        return self.frames * self.cells

    @property
    def size(self) -> int:
        """Bytes of the shards, estimated."""
        return self.crops * SHARD_BYTES

    def hours(self, rate: float, parts: int = 1) -> float:
        """Return the hours of each of so many parts at a rate in crops/s, from end to end."""
        return self.crops / rate / parts / 3600


def forecast(manifest: Manifest, cells: Sequence[Cell], root: Path | None = None) -> Forecast:
    """Return the size of a build.

    Args:
        manifest: of the benchmark.
        cells: those that are wanted.
        root: folder of the data set, whose labels are counted. Without it, the clips that the
            official data set has are taken.

    Raises:
        InputError: the data set is of one's own and there is no folder, or the folder lacks clips.
    """
    frames = _counted(manifest, root) if root else _published(manifest)
    if frames is None:
        raise InputError(
            f"{manifest.id}: nobody knows the clips of data set '{manifest.dataset}' without it; "
            "expected its folder",
            "root",
        )
    chosen = [frames[clip] for clip in manifest.select(frames)]
    return Forecast(
        clips=len(chosen),
        cells=len(cells),
        frames=sum(counts[-1] for counts in chosen),
        is_exact=all(len(counts) == 1 for counts in chosen),
    )


def _published(manifest: Manifest) -> Mapping[ClipId, range] | None:
    """Return the number of frames of each official clip, as far as it is known."""
    known = expected_clips(manifest.dataset)
    return None if known is None else {clip: counts.frames for clip, counts in known.items()}


def _counted(manifest: Manifest, root: Path) -> Mapping[ClipId, range]:
    """Return the number of frames of each clip of a folder, as a build counts them.

    A frame whose label is not valid counts: the detector sees it, too.
    """
    dataset = open_dataset(manifest.dataset, root)
    frames = {c: len(dataset.load(c).joints) for c in manifest.select(dataset.clip_ids())}
    return {clip: range(n, n + 1) for clip, n in frames.items()}

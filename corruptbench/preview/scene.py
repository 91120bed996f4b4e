"""A video with all that a preview shows of it: a clip of a benchmark, or any video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corruptbench.builder.render import (
    CellRenderer,
    Square,
    facts_of,
    loose_renderer,
    renderer,
    squares,
)
from corruptbench.corruptions import ClipFacts
from corruptbench.datasets import Clip
from corruptbench.detectors import Detector
from corruptbench.detectors.crops import square_crop
from corruptbench.files import sha256_of_file
from corruptbench.manifest import CLEAN, Cell, Manifest
from corruptbench.video.person_track import track
from corruptbench.video.probe import Source
from corruptbench.video.timing import Timing

LOOSE_PADDING = 1.25  # of the crop around a tracked box, as in the benchmarks


@dataclass(frozen=True)
class Scene:
    """What is shown.

    Attributes:
        name: for headers and messages.
        video: path.
        first: the video's frame that is frame 0 here.
        facts: length, size and boxes.
        squares: where the detector looks, for each frame.
        renderers: one for each cell, clean among them.
        timing: when its frames are shown; None: evenly, at the rate that the file states.
        upright: whether pictures are turned as a rotation tag says.
    """

    name: str
    video: Path
    first: int
    facts: ClipFacts
    squares: list[Square | None]
    renderers: dict[Cell, CellRenderer]
    timing: Timing | None = None
    upright: bool = False

    @property
    def views(self) -> list[Square]:
        """What is shown of each frame: where the detector looks.

        Where nobody is in view it is the last such square, and before the first one that one. If
        nobody ever is, it is the whole picture.
        """
        height, width = self.facts.height, self.facts.width
        whole = Square(*square_crop(np.array([0, 0, width, height]), 1.0), self.facts.whole)
        last = next((s for s in self.squares if s is not None), whole)
        return [last := last if s is None else s for s in self.squares]

    def nearest(self, frame: int) -> int | None:
        """The frame nearest to this one in which somebody is in view; None if nobody ever is."""
        seen = [t for t, square in enumerate(self.squares) if square is not None]
        return min(seen, key=lambda t: abs(t - frame), default=None)


def scene_of_clip(clip: Clip, cells: Sequence[Cell], manifest: Manifest) -> Scene:
    """A clip of a benchmark, in the very pixels that its build gives the detector.

    A cell whose corruption the manifest does not have is drawn as for a video of no benchmark.
    Raises `InputError` where the video is missing.
    """
    clip.require_video()
    facts = facts_of(clip, manifest)
    own = {CLEAN.corruption, *(pin.name for pin in manifest.corruptions)}
    foreign = [c for c in cells if c.corruption not in own]
    name = sha256_of_file(clip.video) if foreign else ""
    return Scene(
        str(clip.id),
        clip.video,
        clip.first_frame,
        facts,
        squares(facts, manifest.crop.padding),
        {
            c: loose_renderer(c, facts, name) if c in foreign else renderer(c, clip, manifest)
            for c in (CLEAN, *cells)
        },
    )


def scene_of_video(source: Source, cells: Sequence[Cell], detector: Detector) -> Scene:
    """Any video: its person is tracked by the detector."""
    found = track(source, detector)
    return Scene(
        source.path.name,
        source.path,
        0,
        found.facts,
        squares(found.facts, LOOSE_PADDING),
        {c: loose_renderer(c, found.facts, source.sha256) for c in (CLEAN, *cells)},
        found.timing,
        upright=True,
    )

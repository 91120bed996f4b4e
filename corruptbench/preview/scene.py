"""What a preview shows: a clip of a benchmark, or any video, ready to be rendered in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from corruptbench.builder import render
from corruptbench.builder.plan import clip_info
from corruptbench.builder.render import CellRenderer, Crop
from corruptbench.corruptions import ClipInfo
from corruptbench.datasets import Clip
from corruptbench.detectors.crops import square_crop
from corruptbench.files import sha256_of_file
from corruptbench.manifest import CLEAN, Cell, Manifest
from corruptbench.video.person_track import PersonTrack
from corruptbench.video.probe import VideoFile
from corruptbench.video.timing import Timing

LOOSE_PADDING = 1.25  # of the crop around a tracked box, as in the benchmarks


@dataclass(frozen=True)
class Scene:
    """What is shown.

    Attributes:
        name: for headers and messages.
        video: path.
        first: the video's frame that is frame 0 here.
        info: length, size and boxes.
        crops: where the detector looks, for each frame.
        renderers: one for each cell, clean among them.
        timing: when its frames are shown; None: evenly, at the rate that the file states.
        upright: whether pictures are turned as a rotation tag says.
    """

    name: str
    video: Path
    first: int
    info: ClipInfo
    crops: list[Crop | None]
    renderers: dict[Cell, CellRenderer]
    timing: Timing | None = None
    upright: bool = False

    @property
    def views(self) -> list[Crop]:
        """The crop that is shown of each frame: where the detector looks.

        Where nobody is in view, the last such crop is shown, and before the first one that one. If
        nobody ever is, the whole picture is shown.
        """
        height, width = self.info.height, self.info.width
        whole = Crop(*square_crop(np.array([0, 0, width, height]), 1.0), self.info.whole)
        last = next((s for s in self.crops if s is not None), whole)
        return [last := last if s is None else s for s in self.crops]

    def nearest(self, frame: int) -> int | None:
        """Return the frame nearest to this one with a person in view; None if there is none."""
        seen = [t for t, crop in enumerate(self.crops) if crop is not None]
        return min(seen, key=lambda t: abs(t - frame), default=None)


def scene_of_clip(clip: Clip, cells: Sequence[Cell], manifest: Manifest) -> Scene:
    """Make the scene of a benchmark's clip, with the pixels that its build gives the detector.

    A cell whose corruption is not in the manifest is drawn as for a video of no benchmark.

    Raises:
        InputError: the video is missing.
    """
    clip.require_video()
    info = clip_info(clip, manifest)
    own = {CLEAN.corruption, *(pin.name for pin in manifest.corruptions)}
    foreign = [c for c in cells if c.corruption not in own]
    name = sha256_of_file(clip.video) if foreign else ""
    own_key = partial(manifest.key, clip_id=clip.id)
    loose_key = partial(render.loose_key, name=name)
    keys = {c: loose_key if c in foreign else own_key for c in (CLEAN, *cells)}
    crops = render.crops(info, manifest.crop.padding)
    renderers = {cell: render.renderer(cell, info, key) for cell, key in keys.items()}
    return Scene(str(clip.id), clip.video, clip.first_frame, info, crops, renderers)


def scene_of_video(video: VideoFile, cells: Sequence[Cell], found: PersonTrack) -> Scene:
    """Make the scene of any video, in which a person is followed."""
    info, timing = found.info, found.timing
    crops = render.crops(info, LOOSE_PADDING)
    renderers = {c: render.loose_renderer(c, info, video.sha256) for c in (CLEAN, *cells)}
    return Scene(video.path.name, video.path, 0, info, crops, renderers, timing, upright=True)

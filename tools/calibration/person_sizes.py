"""Show the clips of the studio set with the person at the sizes of other data sets.

The frames are enlarged with OpenCV's cubic resampling, and boxes and joints with them, before
anything is corrupted. So a severity can be compared between a small and a large person. The picture
grows with the person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from corruptbench.builder.plan import clip_info
from corruptbench.builder.render import CellRenderer, Crop, crops, renderer
from corruptbench.corruptions import ClipInfo, Frame
from corruptbench.datasets import Clip
from corruptbench.manifest import Cell, Manifest
from corruptbench.video.reader import Window, windows

#: Height of the person's box, pixels: as in the studio set, as in Human3.6M's pictures of
#: 1000 x 1000, as in HumanEva's of 640 x 480. Our own choice of round numbers.
SIZES: dict[str, float | None] = {"native": None, "human36m": 450.0, "humaneva": 250.0}


class Enlarged(Sequence[Frame]):
    """The frames of a window, each enlarged when it is first asked for."""

    def __init__(self, window: Window, info: ClipInfo) -> None:
        """Enlarge to the size of ``info``."""
        self._window, self._size = window, (info.width, info.height)
        self._frames: dict[int, Frame] = {}

    def __len__(self) -> int:
        return len(self._window)

    def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
        if index not in self._frames:
            frame = self._window[index]
            if frame.shape[1::-1] != self._size:
                frame = cv2.resize(frame, self._size, interpolation=cv2.INTER_CUBIC)
            self._frames[index] = np.asarray(frame, dtype=np.uint8)
        return self._frames[index]

    def forget(self, before: int) -> None:
        """Drop the frames before an index."""
        self._frames = {i: frame for i, frame in self._frames.items() if i >= before}


@dataclass(frozen=True)
class SizedClip:
    """A clip with the person at some size.

    Attributes:
        clip: as it is stored.
        scale: by which it is enlarged.
        info: length, size and boxes of the enlarged clip.
        crops: where the detector looks in it, for each frame.
        renderers: one for each cell.
    """

    clip: Clip
    scale: float
    info: ClipInfo
    crops: list[Crop | None]
    renderers: dict[Cell, CellRenderer]

    def frames(self) -> Iterator[Enlarged]:
        """Yield for every frame t the enlarged frames within reach."""
        reach = max(render.reach for render in self.renderers.values())
        size = (self.clip.camera.height, self.clip.camera.width)
        shown: Enlarged | None = None
        seen = windows(self.clip.video, self.info.frames, size, reach, self.clip.first_frame)
        for t, window in enumerate(seen):
            shown = shown or Enlarged(window, self.info)
            shown.forget(t - reach)
            yield shown


def sized_clip(
    clip: Clip, cells: Sequence[Cell], manifest: Manifest, person: float | None
) -> SizedClip:
    """Enlarge a clip so that its person is ``person`` pixels tall, or leave it as it is if None."""
    info, scale = clip_info(clip, manifest), 1.0
    if person is not None:
        scale = person / info.person_height
        info = _scaled(info, scale)
    key = partial(manifest.key, clip_id=clip.id)
    return SizedClip(
        clip,
        scale,
        info,
        crops(info, manifest.crop.padding),
        {cell: renderer(cell, info, key) for cell in cells},
    )


def _scaled(info: ClipInfo, scale: float) -> ClipInfo:
    return replace(
        info,
        height=round(scale * info.height),
        width=round(scale * info.width),
        boxes=scale * info.boxes,
        joints=None if info.joints is None else scale * info.joints,
    )

"""Check that cameras look at a person, from what their labels project to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import Clip
from corruptbench.datasets.checks.report import Finding, Level

#: Fields of view of cameras, degrees: beyond them a focal length is believed to be in another unit,
#: such as mm. Telephoto and wide-angle lenses lie within. Our own choice.
FIELD_OF_VIEW = (5.0, 150.0)
#: In this share of the labeled frames the hips should be in the picture. Otherwise a camera is
#: believed to be described wrongly. Our own choice.
SEEN = 0.5
#: Heights of a person, px, and as a multiple of the picture's. Our own choice: a detector needs 20
#: px, and a person of three pictures is described in another unit.
LEAST_PX, MOST_PICTURES = 20.0, 3.0

_WRONG_CAMERA = (
    "check the camera: rotation is from world to camera axes, position is the camera's own place "
    "in the world (not the translation of OpenCV), units are mm, and focal length and principal "
    "point are px of the stored picture"
)


@dataclass(frozen=True)
class _View:
    """What a camera sees in a clip: heights (F,) px, NaN where unknown, and where the hips are."""

    heights: NDArray[np.float64]
    hips_inside: NDArray[np.bool_]
    anybody: bool


def view_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield one finding for each camera of a subject, and one for each clip that shows nobody.

    Args:
        clips: of one subject.
    """
    for name in dict.fromkeys(c.id.camera for c in clips):
        own = [c for c in clips if c.id.camera == name]
        views = [_view(clip) for clip in own]
        yield _camera(own[0], views)
        for clip, view in zip(own, views, strict=True):
            if not view.anybody and any(v.anybody for v in views):
                yield Finding(
                    level="missing", subject=clip.id.subject, what="cameras",
                    found=f"{clip.id.sequence}: nobody is in the picture of {name} in any frame",
                    expected="a person in some frame", where=str(clip.id),
                    remedy="exclude the clip in the manifest, or correct its labels",
                )  # fmt: skip


def _view(clip: Clip) -> _View:
    width, height = clip.camera.width, clip.camera.height
    hips = clip.keypoints[:, 0]
    labeled = np.isfinite(clip.joints[:, 0]).all(axis=1)
    boxes = clip.boxes
    shown = (boxes[:, 0] < width) & (boxes[:, 2] > 0) & (boxes[:, 1] < height) & (boxes[:, 3] > 0)
    return _View(
        boxes[:, 3] - boxes[:, 1],
        np.all((hips >= 0) & (hips <= (width, height)), axis=1)[labeled],
        bool(shown.any()),
    )


def _camera(clip: Clip, views: Sequence[_View]) -> Finding:
    camera, name = clip.camera, clip.id.camera
    angles = fields_of_view(camera)
    heights = np.concatenate([v.heights for v in views])
    inside = np.concatenate([v.hips_inside for v in views])
    tall = float(np.median(heights[np.isfinite(heights)])) if np.isfinite(heights).any() else np.nan
    share = float(inside.mean()) if inside.size else np.nan
    found = (
        f"{name}: field of view {angles[0]:.3g} x {angles[1]:.3g} degrees, the person is "
        f"{tall:.0f} px tall ({tall / camera.height:.0%} of the picture), hips in the picture in "
        f"{share:.0%} of the frames"
    )
    about = partial(Finding, subject=clip.id.subject, what="cameras", found=found)
    low, high = FIELD_OF_VIEW
    if not low <= min(angles) <= max(angles) <= high:
        return about(
            level="missing", expected=f"a field of view of {low:g} to {high:g} degrees",
            remedy=f"check focal_length: {camera.focal_length.tolist()} px for pictures of "
            f"{camera.width}x{camera.height} (a length in mm is to be multiplied by the width in "
            "px, divided by the width of the sensor in mm)",
        )  # fmt: skip
    anybody = any(v.anybody for v in views)
    level: Level = "ok" if anybody and share >= SEEN else "differs"
    expected = f"the hips in the picture, in {SEEN:.0%} of the labeled frames or more"
    if not anybody:
        level = "missing"
    elif level == "ok" and not LEAST_PX <= tall <= MOST_PICTURES * camera.height:
        level, expected = (
            "differs",
            (f"a person of {LEAST_PX:g} px to {MOST_PICTURES:g} times the picture's height"),
        )
    return about(level=level, expected=expected, remedy="" if level == "ok" else _WRONG_CAMERA)


def fields_of_view(camera: Camera) -> tuple[float, float]:
    """Return the horizontal and the vertical field of view, degrees, without distortion."""
    half = np.array([camera.width, camera.height]) / 2 / camera.focal_length
    across, down = np.degrees(2 * np.arctan(half)).tolist()
    return across, down

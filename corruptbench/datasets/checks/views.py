"""Check that cameras look at a person, from what their labels project to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import Clip, bounds
from corruptbench.datasets.checks.report import Finding, Level
from corruptbench.progress import short_number

#: Fields of view of cameras, degrees: beyond them a focal length is believed to be in another unit,
#: such as mm. Telephoto and wide-angle lenses lie within. Our own choice.
FIELD_OF_VIEW = (5.0, 150.0)
#: In this share of the labeled frames the hips should be in the picture. Otherwise a camera is
#: believed to be described wrongly. Our own choice.
SEEN = 0.5
#: Heights of a person, px, and as a multiple of the picture's. Our own choice: a detector needs 20
#: px, and a person of three pictures is described in another unit.
LEAST_PX, MOST_PICTURES = 20.0, 3.0

#: Frames of a clip that are looked at. Our own choice.
FRAMES = 400
#: A lens model should take a point at the edge of the picture back to itself, px.
FOLDED_PX = 1.0
#: Share of a person's joints that lie in its box, in the median frame, and how much taller the box
#: may be than the joints' bounds, or smaller. Boxes of bodies exceed joints by some percent. Found:
#: 1 and 1.0 to 1.3. Our own choice.
IN_BOX, BOX_HEIGHTS = 0.7, (0.6, 2.0)
#: Share of the frames with a person in the picture that may have no box.
NO_BOX = 0.2

_WRONG_CAMERA = (
    "check the camera: rotation is from world to camera axes (x right, y down, z forward), "
    "position is the camera's own place in the world (not the translation of OpenCV), units are "
    "mm, and focal length and principal point are px of the stored picture; or the labels: z is up"
)


@dataclass(frozen=True)
class _View:
    """What a camera sees in a clip.

    Attributes:
        heights: (F,) px, of the bounds of the projected joints; NaN where unknown.
        hips_inside: where the hips are in the picture, of the labeled frames.
        anybody: whether a box reaches into the picture in some frame.
        box_fault: what is wrong with boxes that are given beside the labels; "" if nothing is.
    """

    heights: NDArray[np.float64]
    hips_inside: NDArray[np.bool_]
    anybody: bool
    box_fault: str


def view_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield one finding for each camera of a subject, and one for each of its clips at fault.

    Args:
        clips: of one subject.
    """
    for name in dict.fromkeys(c.id.camera for c in clips):
        own = [c for c in clips if c.id.camera == name]
        views = [_view(clip) for clip in own]
        yield _camera(own[0], views)
        for clip, view in zip(own, views, strict=True):
            about = partial(Finding, subject=clip.id.subject, what="cameras", where=str(clip.id))
            if not view.anybody and any(v.anybody for v in views):
                yield about(
                    level="missing",
                    found=f"{clip.id.sequence}: nobody is in the picture of {name} in any frame",
                    expected="a person in some frame",
                    remedy="exclude the clip in the manifest, or correct its labels",
                )
            elif view.box_fault:
                yield about(
                    level="differs", found=f"{clip.id.sequence}: box.{name}: {view.box_fault}",
                    expected="boxes around the projected labels, in px of this camera's pictures",
                    remedy=f"correct the column box.{name}, or leave it out",
                )  # fmt: skip


def _view(clip: Clip) -> _View:
    few = _thinned(clip)
    width, height = clip.camera.width, clip.camera.height
    joints, hips = bounds(few.keypoints), few.keypoints[:, 0]
    labeled = np.isfinite(few.joints[:, 0]).all(axis=1)
    shown = _reaches(few.boxes, width, height).any() or _reaches(clip.boxes, width, height).any()
    return _View(
        joints[:, 3] - joints[:, 1],
        np.all((hips >= 0) & (hips <= (width, height)), axis=1)[labeled],
        bool(shown),
        "" if clip.person_boxes is None else _box_fault(few, joints),
    )


def _thinned(clip: Clip) -> Clip:
    """Return a clip of at most `FRAMES` of its frames, evenly spread."""
    step = -(-len(clip.joints) // FRAMES) or 1
    boxes = None if clip.person_boxes is None else clip.person_boxes[::step]
    return replace(clip, joints=clip.joints[::step], person_boxes=boxes)


def _reaches(boxes: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """Return which boxes (F, 4) reach into the picture."""
    x0, y0, x1, y1 = boxes.T
    return np.asarray((x0 < width) & (x1 > 0) & (y0 < height) & (y1 > 0))


def _box_fault(clip: Clip, joints: NDArray[np.float64]) -> str:
    """Compare given boxes with the bounds (F, 4) of the projected joints."""
    boxes, points = clip.boxes, clip.keypoints
    shown = _reaches(joints, clip.camera.width, clip.camera.height)
    given = np.isfinite(boxes).all(axis=1)
    both = shown & given
    if shown.any() and 1 - (both.sum() / shown.sum()) > NO_BOX:
        return f"none in {(shown & ~given).sum()} of {shown.sum()} frames that show the person"
    if not both.any():
        return ""
    x0, y0, x1, y1 = (side[both, None] for side in boxes.T)
    x, y = points[both, :, 0], points[both, :, 1]
    share = float(np.median(((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).mean(axis=1)))
    taller = float(
        np.median((boxes[both, 3] - boxes[both, 1]) / (joints[both, 3] - joints[both, 1]))
    )
    if share >= IN_BOX and BOX_HEIGHTS[0] <= taller <= BOX_HEIGHTS[1]:
        return ""
    return (
        f"{share:.0%} of the joints lie in them, and they are {short_number(taller)} times as tall"
    )


def _camera(clip: Clip, views: Sequence[_View]) -> Finding:
    camera, name = clip.camera, clip.id.camera
    angles = fields_of_view(camera)
    heights = np.concatenate([v.heights for v in views])
    inside = np.concatenate([v.hips_inside for v in views])
    field = f"{name}: field of view {angles[0]:.3g} x {angles[1]:.3g} degrees"
    about = partial(Finding, subject=clip.id.subject, what="cameras")
    low, high = FIELD_OF_VIEW
    if not low <= max(angles) <= high:
        return about(
            level="missing", found=field,
            expected=f"a field of view of {low:g} to {high:g} degrees",
            remedy=f"check focal_length: {camera.focal_length.tolist()} px for pictures of "
            f"{camera.width}x{camera.height} (a length in mm is to be multiplied by the width in "
            "px, divided by the width of the sensor in mm)",
        )  # fmt: skip
    if not any(v.anybody for v in views):
        behind = "" if np.isfinite(heights).any() else ", the person is behind the camera"
        return about(
            level="missing", found=f"{field}, nobody is in its pictures{behind}",
            expected="a person in some frame", remedy=_WRONG_CAMERA,
        )  # fmt: skip
    tall = float(np.nanmedian(heights)) if np.isfinite(heights).any() else np.nan
    share = float(inside.mean()) if inside.size else 1.0
    found = (
        f"{field}, the person is {short_number(tall)} px tall ({tall / camera.height:.0%} of the "
        f"picture), hips in the picture in {share:.0%} of the frames"
    )
    folded = _folded(camera)
    level, expected, remedy = _judged(camera, tall, share, folded)
    return about(level=level, found=found + folded, expected=expected, remedy=remedy)


def _judged(camera: Camera, tall: float, share: float, folded: str) -> tuple[Level, str, str]:
    """Return level, what is expected, and the remedy."""
    if folded:
        return "differs", "a lens that shows each point once", "check distortion"
    if share < SEEN:
        expected = f"the hips in the picture, in {SEEN:.0%} of the labeled frames or more"
        return "differs", expected, _WRONG_CAMERA
    if not LEAST_PX <= tall <= MOST_PICTURES * camera.height:
        expected = f"a person of {LEAST_PX:g} px to {MOST_PICTURES:g} times the picture's height"
        return "differs", expected, _WRONG_CAMERA
    return "ok", "a person in the picture", ""


def _folded(camera: Camera) -> str:
    """Return what shows that the lens model folds over within the picture; "" if nothing does."""
    x, y = np.meshgrid(np.linspace(0, camera.width, 5), np.linspace(0, camera.height, 5))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    with np.errstate(all="ignore"):
        flat = camera.unproject(points)
        again = camera.project(np.concatenate([flat, np.ones((len(flat), 1))], axis=-1))
        away = np.linalg.norm(again - points, axis=-1)
    if (away <= FOLDED_PX).all():
        return ""
    return ", its distortion is too strong for its pictures: the lens model folds over in them"


def fields_of_view(camera: Camera) -> tuple[float, float]:
    """Return the horizontal and the vertical field of view, degrees, without distortion."""
    half = np.array([camera.width, camera.height]) / 2 / camera.focal_length
    across, down = np.degrees(2 * np.arctan(half)).tolist()
    return across, down

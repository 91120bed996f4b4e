"""What every data set reader gives: clips with cameras, 3D joints and person boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.errors import InputError


@dataclass(frozen=True, order=True)
class ClipId:
    """Identity of a clip: one sequence of one subject, seen by one camera.

    ``sequence`` is the recording ("walking_1"), ``action`` the class that it counts for.
    """

    dataset: str
    subject: str
    sequence: str
    camera: str
    action: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.subject}/{self.sequence}.{self.camera}"


@dataclass(frozen=True)
class Clip:
    """One clip with its labels.

    Attributes:
        id: identity.
        video: path of the video; it need not exist for evaluation. Where a file of labels is all
            of the data set, it is a path below that file.
        fps: frames per second of video and labels.
        camera: calibrated.
        joint_set: name of the joint set of the labels.
        joints: (F, J, 3) float64, world mm; NaN where a label is not valid.
        first_frame: index of the video's frame that ``joints[0]`` belongs to; the others follow.
        person_boxes: (F, 4) float64 px, where they are not simply the bounds of the joints.
        published_boxes: reads the boxes (F, 4) float64 px that the data set itself publishes.
    """

    id: ClipId
    video: Path
    fps: float
    camera: Camera
    joint_set: str
    joints: NDArray[np.float64]
    first_frame: int = 0
    person_boxes: NDArray[np.float64] | None = None
    published_boxes: Callable[[], NDArray[np.float64]] | None = None

    def require_video(self) -> None:
        """Raises `InputError` unless the video is there."""
        if self.video.is_file():
            return
        holder = next((p for p in self.video.parents if p.is_file()), None)
        if holder is not None:
            raise InputError(
                f"{holder}: holds labels only, enough to evaluate; expected the video of "
                f"{self.id}: to build, give the folder that holds videos and labels (--root)"
            )
        raise InputError(
            f"{self.video}: missing; expected the video of {self.id}: complete the data set, or "
            "point --root at the complete copy"
        )

    @cached_property
    def joints_camera(self) -> NDArray[np.float64]:
        """(F, J, 3) float64, camera mm."""
        return self.camera.world_to_camera(self.joints)

    @cached_property
    def keypoints(self) -> NDArray[np.float64]:
        """(F, J, 2) float64 px: the labels projected into the picture."""
        return self.camera.project(self.joints_camera)

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """(F, 4) float64 px x0, y0, x1, y1 of the person; NaN where there is nobody.

        Bounds of the projected joints, NaN if one of them is; or ``person_boxes``.
        """
        if self.person_boxes is not None:
            return self.person_boxes
        points = self.keypoints
        return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)

"""The types of every data set: clips with cameras, 3D joints and person boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError
from corruptbench.frame_runs import runs

if TYPE_CHECKING:
    from corruptbench.datasets.checks.report import Finding, Needs


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
        video: path of the video; it need not exist for evaluation. Where one file of labels is the
            whole data set, it is a path below that file.
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
        """Raise `InputError` unless the video is there."""
        holder = next((p for p in self.video.parents if p.is_file()), None)
        if holder is not None:
            raise InputError(
                f"{holder}: holds labels only, enough to evaluate; expected the video of "
                f"{self.id}: to build, give the folder that holds videos and labels"
            )
        remedy = "complete the data set, or give the folder of a complete copy"
        require_file(self.video, f"expected the video of {self.id}: {remedy}")

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
        return bounds(self.keypoints)

    @property
    def heights(self) -> NDArray[np.float64]:
        """(F,) float64 px, of the boxes; NaN where there is nobody."""
        return self.boxes[:, 3] - self.boxes[:, 1]


def bounds(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bounds (F, 4) x0, y0, x1, y1 of points (F, J, 2); NaN where one of them is."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


@dataclass(frozen=True)
class LabelCounts:
    """How many frames of a clip have a valid label, as far as it is known without a copy.

    Attributes:
        frames: the possible numbers; a single one where it is known.
        in_runs: numbers of frames in runs of at least 2 and of at least 3 of them; None where the
            number of frames is not known.
    """

    frames: range
    in_runs: tuple[int, int] | None = None

    @classmethod
    def of(cls, valid: NDArray[np.bool_]) -> LabelCounts:
        """Count the labeled frames of a clip from a mask of its frames (F,)."""
        lengths = [len(run) for run in runs(valid)]
        two, three = (sum(n for n in lengths if n >= least) for least in (2, 3))
        return cls(range(sum(lengths), sum(lengths) + 1), (two, three))


class Dataset(Protocol):
    """A data set as the engine sees it."""

    @property
    def name(self) -> str:
        """Name of the data set, part of every clip's identity."""

    @property
    def licensed(self) -> bool:
        """Tell whether its licence forbids passing on what is made from it."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names in the order in which other repositories list them; empty if there is none."""

    @property
    def joints(self) -> str:
        """Name of the joint set of its labels."""

    @property
    def publishes_boxes(self) -> bool:
        """Tell whether the data set has boxes of persons that a manifest can crop by."""

    def clip_ids(self) -> list[ClipId]:
        """Return all clips, sorted; cheap."""

    def load(self, clip_id: ClipId) -> Clip:
        """Return a clip with its labels; raise `InputError` that names the file at fault."""

    def check(self, needs: Needs = ...) -> Iterator[Finding]:
        """Yield what is there, what is missing and what differs from the official data.

        Only what is needed can be missing. No video is decoded. A file at fault is a finding; it
        raises nothing.
        """

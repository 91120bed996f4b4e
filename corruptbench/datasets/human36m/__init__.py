"""Human3.6M (Ionescu et al., TPAMI 2014), from the files that its site gives.

Labels are the 17 joints of "h36m17" out of ``D3_Positions`` (world, mm); where a subject has only
``D3_Positions_mono`` (camera, mm), they are taken to the world by the clip's camera. Labels decide
how long a clip is; a video has as many frames or more, and what is beyond the labels is not used.
Clips are those that the official data has, for each subject that is there: a file that is missing
is an error when its clip is loaded, not a clip fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.checks import human36m as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.datasets.human36m import boxes, cameras, poses
from corruptbench.datasets.human36m.layout import check_root, clip_ids, folder, locate, subjects
from corruptbench.datasets.human36m.motionbert import MotionBERTHuman36M
from corruptbench.datasets.human36m.packaged import PackagedHuman36M
from corruptbench.datasets.human36m.tables import FPS, SUBJECTS, label_frames
from corruptbench.errors import InputError
from corruptbench.formats.safe_pickle import looks_pickled

#: Endings of other repositories' label files.
_FILES = (".npz", ".pkl", ".pickle")


class Human36M:
    """Reader of Human3.6M. Raises `InputError` for all that is amiss."""

    name = "human36m"

    def __init__(self, root: Path) -> None:
        """Looks at the folders only; labels are read when a clip is."""
        check_root(root)
        self.root = root
        # The four clips of a recording follow one another and share its labels.
        self._world: Callable[[Path], NDArray[np.float64]] = lru_cache(maxsize=2)(poses.world)

    def clip_ids(self) -> list[ClipId]:
        """All clips of the official data of the subjects that are here, sorted."""
        return clip_ids(self.name, subjects(self.root))

    def load(self, clip_id: ClipId) -> Clip:
        """The clip with its labels; video and published boxes are named, not opened."""
        subject, sequence, name = clip_id.subject, clip_id.sequence, clip_id.camera
        camera = self.camera(subject, name)
        joints = self._joints(clip_id, camera)
        published = locate(self.root, subject, "ground_truth_bb", sequence, name)
        return Clip(
            id=clip_id,
            video=locate(self.root, subject, "Videos", sequence, name),
            fps=FPS,
            camera=camera,
            joint_set="h36m17",
            joints=joints,
            published_boxes=partial(boxes.read, published, len(joints)),
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """What is there, compared with the official data.

        Reads the labels that are needed, and of videos the headers. Of one recording a subject the
        published 2D labels are compared with the projected 3D labels.
        """
        return checks.findings(self.root, needs)

    def camera(self, subject: str, name: str) -> Camera:
        """The camera of that name as it stood for that subject."""
        return cameras.camera_of(self._numbers, subject, name)

    @cached_property
    def _numbers(self) -> tuple[float, ...]:
        return cameras.camera_numbers(self.root)

    def _joints(self, clip_id: ClipId, camera: Camera) -> NDArray[np.float64]:
        """(F, 17, 3) world mm."""
        place = partial(locate, self.root, clip_id.subject, sequence=clip_id.sequence)
        world = folder(self.root, clip_id.subject, "D3_Positions")
        mono = folder(self.root, clip_id.subject, "D3_Positions_mono")
        if mono.is_dir() and not world.is_dir():
            return poses.world(place("D3_Positions_mono", camera=clip_id.camera), camera)
        return self._world(place("D3_Positions"))


def open_root(root: Path | None) -> Human36M | PackagedHuman36M | MotionBERTHuman36M:
    """The data set in ``root``, which must be given; a file is another repository's label file."""
    if root is None:
        raise InputError(
            "Human3.6M needs --root: the folder that holds S9, S11, ..., or to evaluate only, "
            "data_3d_h36m.npz of VideoPose3D or h36m_sh_conf_cam_source_final.pkl of MotionBERT"
        )
    if root.suffix in _FILES and not root.exists():
        raise InputError(
            f"{root}: no such file; expected data_3d_h36m.npz of VideoPose3D or "
            "h36m_sh_conf_cam_source_final.pkl of MotionBERT, to evaluate only, or the folder that "
            "holds S9, S11, ... (--root): check the path"
        )
    if not root.is_file():
        return Human36M(root)
    return MotionBERTHuman36M(root) if looks_pickled(root) else PackagedHuman36M(root)


def expected_clips() -> dict[ClipId, range]:
    """All clips of the official data, each with its one number of labelled frames."""
    counts = ((c, label_frames(c.subject, c.sequence)) for c in clip_ids("human36m", SUBJECTS))
    return {clip: range(n, n + 1) for clip, n in counts}

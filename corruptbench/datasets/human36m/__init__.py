"""Human3.6M (Ionescu et al., TPAMI 2014), from the files that its site gives.

Labels are the 17 joints of "h36m17" out of ``D3_Positions`` (world, mm). Where a subject has only
``D3_Positions_mono`` (camera, mm), the clip's camera takes them to the world. Labels decide how
long a clip is: a video has as many frames or more, and frames beyond the labels are not used. Clips
are those that the official data has, for each subject that is there. A missing file is an error
when its clip is loaded, not a clip fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.base import Clip, ClipId, LabelCounts
from corruptbench.datasets.checks import human36m as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.human36m import boxes, cameras, files, poses, tables
from corruptbench.datasets.human36m.motionbert import MotionBERTHuman36M
from corruptbench.datasets.human36m.packaged import PackagedHuman36M
from corruptbench.datasets.near_misses import near_miss, require_file
from corruptbench.errors import InputError
from corruptbench.formats.numpy_files import looks_pickled
from corruptbench.nearby import is_archive

#: Other repositories' label files, and their endings.
_FILES, _ENDINGS = (
    "data_3d_h36m.npz of VideoPose3D or h36m_sh_conf_cam_source_final.pkl of MotionBERT",
    (".npz", ".pkl", ".pickle"),
)


class Human36M:
    """Reader of Human3.6M. Raises `InputError` for all that is missing or wrong."""

    name = "human36m"
    licensed = True
    publishes_boxes = True
    cameras = tables.CAMERAS
    joints = "h36m17"

    def __init__(self, root: Path) -> None:
        """Look at the folders only; labels are read when a clip is."""
        files.check_root(root)
        self.root = root
        # The four clips of a recording follow one another and share its labels.
        self._world: Callable[[Path], NDArray[np.float64]] = lru_cache(maxsize=2)(poses.world)

    def clip_ids(self) -> list[ClipId]:
        """Return all clips of the official data of the subjects that are here, sorted."""
        return files.clip_ids(self.name, files.subjects(self.root))

    def load(self, clip_id: ClipId) -> Clip:
        """Return the clip with its labels; video and published boxes are named, not opened."""
        subject, recording = clip_id.subject, (clip_id.sequence, clip_id.camera)
        camera = self.camera(subject, clip_id.camera)
        joints = self._joints(clip_id, camera)
        published = files.locate(self.root, subject, "ground_truth_bb", *recording)
        return Clip(
            id=clip_id,
            video=files.locate(self.root, subject, "Videos", *recording),
            fps=tables.FPS,
            camera=camera,
            joint_set=self.joints,
            joints=joints,
            published_boxes=partial(boxes.read, published, len(joints)),
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, compared with the official data.

        Reads the labels and the packets of videos that are needed. The published 2D labels of one
        recording a subject are compared with the projected 3D labels.
        """
        return checks.findings(self.root, needs)

    def camera(self, subject: str, name: str) -> Camera:
        """Return the camera of that name as it stood for that subject."""
        return cameras.camera_of(self._numbers, subject, name)

    @cached_property
    def _numbers(self) -> tuple[float, ...]:
        return cameras.camera_numbers(self.root)

    def _joints(self, clip_id: ClipId, camera: Camera) -> NDArray[np.float64]:
        """Return (F, 17, 3) world mm."""
        path = files.label_file(self.root, clip_id)
        remedy = "fetch or unpack it again, or name a benchmark that leaves it out"
        require_file(path, f"expected the poses of this recording: {remedy}")
        return poses.world(path, camera) if files.in_camera_space(path) else self._world(path)


def open_root(root: Path | None) -> Human36M | PackagedHuman36M | MotionBERTHuman36M:
    """Return the data set in ``root``, which must be given.

    A file as ``root`` is another repository's label file.
    """
    folder = "the folder that holds S9, S11, ..."
    if root is None:
        raise InputError(
            "Human3.6M is licensed, and does not come with this software: register at "
            f"http://vision.imar.ro/human3.6m, unpack the archives, and give the root, {folder} "
            "(docs/datasets.md)",
            "root",
        )
    if root.suffix in _ENDINGS and not root.exists():
        raise InputError(
            f"{root}: no such file{near_miss(root)}; expected {_FILES}, to evaluate only, or "
            f"{folder}: check the path"
        )
    if not root.is_file() or is_archive(root):
        return Human36M(root)
    return MotionBERTHuman36M(root) if looks_pickled(root) else PackagedHuman36M(root)


def expected_clips() -> dict[ClipId, LabelCounts]:
    """Return all clips of the official data, in which every frame has a label."""
    clips = files.clip_ids("human36m", tables.SUBJECTS)
    counts = ((c, tables.label_frames(c.subject, c.sequence)) for c in clips)
    return {clip: LabelCounts.of(np.ones(n, dtype=bool)) for clip, n in counts}

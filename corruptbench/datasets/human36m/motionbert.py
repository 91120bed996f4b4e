"""EXPERIMENTAL: Human3.6M's labels out of MotionBERT's pickle, by triangulation.

``joint3d_image`` of a row is x, y in pixels and a scaled depth. The depth is not used: x, y are the
projections of the joints without noise, and the file has all cameras of a recording, so the joints
are where the rays of three or four cameras meet. Cameras come from the built-in table. The distance
of the projected joints from the file's own x, y tests all that is assumed on the way: lens, origin
of the pixels, which source is which camera, and that equal rows are equal frames.

The script that LCN (Ci et al., ICCV 2019) published, from whose file MotionBERT's descends,
projects without lens distortion. The two models of distortion are tried as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Model
from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks.plausibility import THIGH_MM, thighs
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs, fault
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.files import clip_ids
from corruptbench.datasets.human36m.packaged import LabelsOnly
from corruptbench.datasets.human36m.tables import CAMERAS, SUBJECTS, label_frames, official
from corruptbench.errors import InputError
from corruptbench.formats import motionbert
from corruptbench.formats.h36m_toolbox import Key, clip_rows
from corruptbench.skeleton import H36M17
from corruptbench.triangulation import reprojection_error, triangulate

#: Largest distance of a projected joint from the file's, px. float32 pixels give 0.00005; the two
#: lens models taken for each other give 0.04 even for a person at the middle of the room. Our own
#: choice; 0.01 px is 0.05 mm or so.
AGREEMENT_PX = 0.01
#: Two cameras give joints, but hardly show whether these are right.
_FEWEST_CAMERAS = 3
_LENSES: tuple[Model, ...] = ("none", "human36m", "opencv")
#: Two people's bones differ by more than this somewhere, mm: our own choice.
_SAME_BONES_MM = 0.5
#: What one camera saw of a recording: (F, 17, 2) px.
_View = NDArray[np.floating[Any]]
_REMEDY = "use VideoPose3D's data_3d_h36m.npz or the original files"


@dataclass(frozen=True)
class _Triangulated:
    """Joints (F, 17, 3) world mm, the lens they were found with, and their distances (V, F, 17)."""

    joints: NDArray[np.float64]
    lens: Model
    error: NDArray[np.float64]

    @property
    def agrees(self) -> bool:
        return bool(self.error.max() <= AGREEMENT_PX)  # False for NaN


class MotionBERTHuman36M(LabelsOnly):
    """EXPERIMENTAL: reader of the pickle. Raises `InputError` for all that is missing or wrong."""

    def __init__(self, path: Path) -> None:
        """Read the whole file and keep its labels; a clip's are triangulated when it is loaded."""
        super().__init__(path)
        self._views = _read(path)
        # The four clips of a recording follow one another and share its labels.
        self._recording = lru_cache(maxsize=2)(self._checked)

    def clip_ids(self) -> list[ClipId]:
        """Return all clips of the official data of the subjects that the file has, sorted."""
        return clip_ids(self.name, self._subjects)

    def load(self, clip_id: ClipId) -> Clip:
        """Return the clip with its labels; its video is named as a path below the file."""
        return self.clip(clip_id, self._recording(clip_id.subject, clip_id.sequence).joints)

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield recordings and their lengths, and one recording a subject triangulated."""
        lengths: dict[str, dict[str, int]] = {s: {} for s in self._subjects}
        for subject, sequence in self._views:
            if len(self._views[subject, sequence]) >= _FEWEST_CAMERAS:
                lengths[subject][sequence] = self._frames(subject, sequence)
        yield from self.check_lengths(lengths, needs)
        for subject, recordings in lengths.items():
            for sequence in list(recordings)[:1]:
                yield self._agreement(subject, sequence)

    def _agreement(self, subject: str, sequence: str) -> Finding:
        """Return whether the cameras agree on a recording."""
        expected = f"at most {AGREEMENT_PX} px"
        about = {"subject": subject, "what": "projection", "expected": expected}
        try:
            result = self._recording(subject, sequence)
        except InputError as error:
            return fault(error, self.path, True, remedy=_REMEDY, **about)
        found = f"{result.error.max():.2g} px between joint3d_image and triangulated joints of "
        found += f"{sequence}, lens model '{result.lens}'"
        return Finding(level="ok", found=found, where=str(self.path), **about)

    @cached_property
    def _subjects(self) -> list[str]:
        return [s for s in SUBJECTS if any(s == subject for subject, _ in self._views)]

    def _frames(self, subject: str, sequence: str) -> int:
        """Return how many frames have labels; S9's rows run on after some recordings' labels."""
        rows = map(len, self._views[subject, sequence].values())
        return min(*rows, label_frames(subject, sequence))

    def _checked(self, subject: str, sequence: str) -> _Triangulated:
        """Return the labels of a recording; raise `InputError` unless they can be trusted."""
        where = f"{self.path}: {subject}: {sequence}"
        views = self._views.get((subject, sequence), {})
        if len(views) < _FEWEST_CAMERAS:
            raise InputError(
                f"{where}: seen by {', '.join(views) or 'no camera'}, expected at least "
                f"{_FEWEST_CAMERAS} of {', '.join(CAMERAS)}: joints are triangulated; take the "
                "whole file, or a manifest that excludes the recording"
            )
        result = self._triangulated(subject, sequence, self._frames(subject, sequence))
        if not result.agrees:
            raise InputError(
                f"{where}: its {len(views)} cameras disagree: the joints that fit best project up "
                f"to {result.error.max():.2g} px from joint3d_image, {np.median(result.error):.2g} "
                f"in the median, expected at most {AGREEMENT_PX}; lens, pixels, frames or sources "
                f"are not as this reader takes them to be: {_REMEDY}"
            )
        thigh, (low, high) = float(np.median(thighs(result.joints))), THIGH_MM
        if not low <= thigh <= high:
            raise InputError(
                f"{where}: joint3d_image: the thigh is {thigh:.0f} mm long, expected {low:g} to "
                f"{high:g}: other joints than Human3.6M's 17, or another order; {_REMEDY}"
            )
        if self._universal:
            raise InputError(
                f"{where}: the bones of two subjects have the same lengths, expected each one's "
                "own: labels of the universal skeleton (D3_Positions_mono_universal), which are "
                f"not those that the field evaluates on; {_REMEDY}"
            )
        return result

    def _triangulated(self, subject: str, sequence: str, frames: int) -> _Triangulated:
        """Triangulate the first frames by the first lens that agrees, or the best."""
        views = self._views[subject, sequence]
        pixels = np.stack([view[:frames] for view in views.values()]).astype(np.float64)
        tried = []
        for lens in _LENSES:
            cameras = [replace(camera_of(official().w0, subject, c), model=lens) for c in views]
            joints = triangulate(cameras, pixels)
            error = reprojection_error(cameras, joints, pixels)
            tried.append(_Triangulated(joints, lens, error))
            if tried[-1].agrees:
                return tried[-1]
        return min(tried, key=lambda result: float(np.nan_to_num(result.error.max(), nan=np.inf)))

    @cached_property
    def _universal(self) -> bool:
        """Tell whether two subjects have the same skeleton, by the first pose of each."""
        seen = [key for key, views in self._views.items() if len(views) >= _FEWEST_CAMERAS]
        first = dict(reversed(seen))
        children, parents = np.array(H36M17.bones).T
        bones = []
        for subject, sequence in first.items():
            pose = self._triangulated(subject, sequence, 1).joints[0]
            bones.append(np.linalg.norm(pose[children] - pose[parents], axis=-1))
        return any(np.abs(a - b).max() < _SAME_BONES_MM for a, b in combinations(bones, 2))


def _read(path: Path) -> dict[tuple[str, str], dict[str, _View]]:
    """Return what each camera saw, by subject and recording, sorted; the test split goes first."""
    _, splits = motionbert.read(path, ("joint3d_image",))
    found: dict[Key, _View] = {}
    for _, split in sorted(splits.items()):
        found = _views(split) | found
    views: dict[tuple[str, str], dict[str, _View]] = {}
    for subject, sequence, camera in sorted(found):
        views.setdefault((subject, sequence), {})[camera] = found[subject, sequence, camera]
    return views


def _views(split: motionbert.Split) -> dict[Key, _View]:
    """Return what a split has of each clip; raise `InputError` if columns contradict each other."""
    labels, names = split.points("joint3d_image"), split.cameras
    clips = clip_rows(split.sources, official().frames, CAMERAS)
    for (_, _, camera), rows in clips.items():
        others = {names[row] for row in rows} - {camera} if names else set()
        if others:
            raise InputError(
                f"{split.where}: camera_name of source '{split.sources[rows[0]]}': {min(others)}, "
                f"expected {camera}; the columns do not belong together: {_REMEDY}"
            )
    return {clip: labels[rows, :, :2] for clip, rows in clips.items()}

"""Human3.6M's labels out of the pickle of MotionBERT and its relatives, by triangulation.

``joint3d_image`` of a row is x, y in pixels and a scaled depth. The depth is not used: x, y are the
projections of the joints without noise, and the file has all cameras of a recording, so the joints
are where the rays of three or four cameras meet. Cameras come from the built-in table. How far the
joints then project from the file's own x, y judges all that is assumed on the way: lens, origin of
the pixels, which source is which camera, and that equal rows are equal frames.

The script that LCN (Ci et al., ICCV 2019) published, from whose file MotionBERT's descends,
projects without lens distortion. The two models of distortion are tried as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera, Model
from corruptbench.datasets.checks.plausibility import THIGH_MM, thighs
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.layout import clip_ids
from corruptbench.datasets.human36m.packaged import label_findings
from corruptbench.datasets.human36m.tables import CAMERAS, FPS, SUBJECTS, label_frames, official
from corruptbench.datasets.human36m.toolbox import clip_rows
from corruptbench.errors import InputError
from corruptbench.formats.safe_pickle import load_pickle
from corruptbench.skeleton import H36M17
from corruptbench.triangulation import reprojection_error, triangulate

#: Largest distance of a projected joint from the file's, px. float32 pixels give 0.00005; the two
#: lens models taken for each other give 0.04 even for a person at the middle of the room. Our own
#: choice; 0.01 px is 0.05 mm or so.
AGREEMENT_PX = 0.01
#: From two cameras joints can be had, but hardly judged.
_FEWEST_CAMERAS = 3
_LENSES: tuple[Model, ...] = ("none", "human36m", "opencv")
#: Two people's bones differ by more than this somewhere, mm: our own choice.
_SAME_BONES_MM = 0.5
_SPLITS = ("test", "train")
_NEEDED = ("joint3d_image", "source")
_EXPECTED = "expected MotionBERT's pickle, as h36m_sh_conf_cam_source_final.pkl"
_REMEDY = "use VideoPose3D's data_3d_h36m.npz or the original files"


@dataclass(frozen=True)
class _View:
    """What one camera saw of a recording: all labels of a split, and which rows are its frames."""

    labels: NDArray[np.floating[Any]]
    rows: NDArray[np.intp]

    def pixels(self, frames: int) -> NDArray[np.float64]:
        """(F, 17, 2) px of the first frames."""
        return self.labels[self.rows[:frames], :, :2].astype(np.float64)


@dataclass(frozen=True)
class _Triangulated:
    """Joints (F, 17, 3) world mm, the lens they were found with, and their distances (V, F, 17)."""

    joints: NDArray[np.float64]
    lens: Model
    error: NDArray[np.float64]

    @property
    def agrees(self) -> bool:
        return bool(self.error.max() <= AGREEMENT_PX)  # False for NaN


class MotionBERTHuman36M:
    """Reader of the pickle. Raises `InputError` for all that is amiss."""

    name = "human36m"

    def __init__(self, path: Path) -> None:
        """Reads the whole file and keeps its labels; a clip's are triangulated when it is read."""
        self.path = path
        self._views = _read(path)
        # The four clips of a recording follow one another and share its labels.
        self._recording = lru_cache(maxsize=2)(self._checked)

    def clip_ids(self) -> list[ClipId]:
        """All clips of the official data of the subjects that the file has, sorted."""
        return clip_ids(self.name, self._subjects)

    def load(self, clip_id: ClipId) -> Clip:
        """The clip with its labels; its video is named as a path below the file of labels."""
        subject, sequence = clip_id.subject, clip_id.sequence
        return Clip(
            id=clip_id,
            video=self.path / subject / "Videos" / f"{sequence}.{clip_id.camera}.mp4",
            fps=FPS,
            camera=camera_of(official().w0, subject, clip_id.camera),
            joint_set="h36m17",
            joints=self._recording(subject, sequence).joints,
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Recordings and their lengths, and one recording a subject triangulated."""
        lengths: dict[str, dict[str, int]] = {s: {} for s in self._subjects}
        for subject, sequence in self._views:
            if len(self._views[subject, sequence]) >= _FEWEST_CAMERAS:
                lengths[subject][sequence] = self._frames(subject, sequence)
        yield from label_findings(self.path, lengths, needs)
        for subject, recordings in lengths.items():
            for sequence in list(recordings)[:1]:
                yield self._judged(subject, sequence)

    def _judged(self, subject: str, sequence: str) -> Finding:
        expected, where = f"at most {AGREEMENT_PX} px", str(self.path)
        try:
            result = self._recording(subject, sequence)
        except InputError as error:
            found = str(error).removeprefix(f"{self.path}: ")
            return Finding("missing", subject, "projection", found, expected, _REMEDY, where)
        return Finding(
            "ok", subject, "projection",
            f"{result.error.max():.2g} px between joint3d_image and triangulated joints of "
            f"{sequence}, lens model '{result.lens}'", expected, where=where,
        )  # fmt: skip

    @cached_property
    def _subjects(self) -> list[str]:
        return [s for s in SUBJECTS if any(s == subject for subject, _ in self._views)]

    def _frames(self, subject: str, sequence: str) -> int:
        """How many frames have labels: S9's rows run on after the labels of some recordings."""
        rows = [len(view.rows) for view in self._views[subject, sequence].values()]
        return min(*rows, label_frames(subject, sequence))

    def _checked(self, subject: str, sequence: str) -> _Triangulated:
        """The labels of a recording, or `InputError`."""
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
        views = self._views[subject, sequence]
        cameras = [camera_of(official().w0, subject, name) for name in views]
        return _triangulated(cameras, np.stack([v.pixels(frames) for v in views.values()]))

    @cached_property
    def _universal(self) -> bool:
        """Whether two subjects have one skeleton, by the first pose of each."""
        whole = [key for key, views in self._views.items() if len(views) >= _FEWEST_CAMERAS]
        first = dict(reversed(whole))
        children, parents = np.array(H36M17.bones).T
        bones = []
        for subject, sequence in first.items():
            pose = self._triangulated(subject, sequence, 1).joints[0]
            bones.append(np.linalg.norm(pose[children] - pose[parents], axis=-1))
        return any(np.abs(a - b).max() < _SAME_BONES_MM for a, b in combinations(bones, 2))


def _triangulated(cameras: Sequence[Camera], pixels: NDArray[np.float64]) -> _Triangulated:
    """With the first lens by which V cameras agree on pixels (V, F, 17, 2), or else the best."""
    tried = []
    for lens in _LENSES:
        bent = [replace(camera, model=lens) for camera in cameras]
        joints = triangulate(bent, pixels)
        tried.append(_Triangulated(joints, lens, reprojection_error(bent, joints, pixels)))
        if tried[-1].agrees:
            return tried[-1]
    return min(tried, key=lambda result: float(np.nan_to_num(result.error.max(), nan=np.inf)))


def _read(path: Path) -> dict[tuple[str, str], dict[str, _View]]:
    """Subject and recording to camera to what it saw, sorted."""
    content = load_pickle(path)
    found: dict[tuple[str, str, str], _View] = {}
    for split in _SPLITS:
        columns = content.get(split) if isinstance(content, dict) else None
        if isinstance(columns, dict) and all(name in columns for name in _NEEDED):
            found = _split(f"{path}: {split}", columns) | found
    if not found:
        holds = ", ".join(map(str, content)) if isinstance(content, dict) else "no dictionary"
        raise InputError(
            f"{path}: holds {holds or 'nothing'}; {_EXPECTED}: test and train, of each "
            f"{' and '.join(_NEEDED)}, the latter as 's_09_act_05_subact_02_ca_01'"
        )
    views: dict[tuple[str, str], dict[str, _View]] = {}
    for subject, sequence, camera in sorted(found):
        views.setdefault((subject, sequence), {})[camera] = found[subject, sequence, camera]
    return views


def _split(where: str, columns: dict[str, Any]) -> dict[tuple[str, str, str], _View]:
    labels, sources = columns["joint3d_image"], columns["source"]
    names: Any = columns.get("camera_name")
    count = _length(f"{where}: source", sources)
    if (
        not isinstance(labels, np.ndarray)
        or labels.dtype.kind != "f"
        or labels.shape[:2] != (count, 17)
        or labels.shape[2:] < (2,)
    ):
        raise InputError(
            f"{where}: joint3d_image: {_kind(labels)}, expected floats ({count}, 17, 3): one row "
            f"for each source; {_EXPECTED}"
        )
    clips = clip_rows(map(str, sources))
    if names is not None:
        if _length(f"{where}: camera_name", names) != count:
            raise InputError(
                f"{where}: camera_name: {len(names)} rows, expected {count}, one for each source; "
                f"{_EXPECTED}"
            )
        for (_, _, camera), rows in clips.items():
            others = {str(names[row]) for row in rows} - {camera}
            if others:
                raise InputError(
                    f"{where}: camera_name of source '{sources[rows[0]]}': {min(others)}, expected "
                    f"{camera}; the columns do not belong together: {_REMEDY}"
                )
    return {clip: _View(labels, rows) for clip, rows in clips.items()}


def _length(where: str, column: Any) -> int:
    if not isinstance(column, list | np.ndarray):
        raise InputError(f"{where}: {_kind(column)}, expected a list of texts; {_EXPECTED}")
    return len(column)


def _kind(column: Any) -> str:
    if isinstance(column, np.ndarray):
        return f"{column.dtype} of shape {column.shape}"
    return f"a {type(column).__name__}"

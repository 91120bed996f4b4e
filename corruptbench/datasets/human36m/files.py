"""Where the files of Human3.6M lie, in both trees that people have, and what they are called.

As downloaded, and as extracted by the common fetch scripts::

    S9/MyPoseFeatures/D3_Positions/Walking 1.cdf               S9/Poses_D3_Positions/Walking 1.cdf
    S9/MyPoseFeatures/D3_Positions_mono/Walking 1.54138969.cdf S9/Poses_D3_Positions_mono/...
    S9/MyPoseFeatures/D2_Positions/Walking 1.54138969.cdf      S9/Poses_D2_Positions/...
    S9/Videos/Walking 1.54138969.mp4                           S9/Videos/...
    S9/MySegmentsMat/ground_truth_bb/Walking 1.54138969.mat
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from corruptbench.datasets.base import ClipId
from corruptbench.datasets.human36m.tables import CAMERAS, SUBJECTS, official
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
from corruptbench.nearby import held, refuse_archives, suggest_nearby
from corruptbench.storage import found_at

Kind = Literal["D3_Positions", "D3_Positions_mono", "D2_Positions", "Videos", "ground_truth_bb"]

_FOLDERS: dict[Kind, tuple[str, ...]] = {
    "D3_Positions": ("MyPoseFeatures/D3_Positions", "Poses_D3_Positions"),
    "D3_Positions_mono": ("MyPoseFeatures/D3_Positions_mono", "Poses_D3_Positions_mono"),
    "D2_Positions": ("MyPoseFeatures/D2_Positions", "Poses_D2_Positions"),
    "Videos": ("Videos",),
    "ground_truth_bb": ("MySegmentsMat/ground_truth_bb",),
}
_SUFFIXES: dict[Kind, str] = {"Videos": ".mp4", "ground_truth_bb": ".mat"}  # others: .cdf
#: S1's files alone have names of their own; all others, and the field, use the canonical ones.
_ODD = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}


def action(sequence: str) -> str:
    """Return the class that a recording counts for: its name up to the first space."""
    return sequence.partition(" ")[0]


def clip_ids(dataset: str, present: Iterable[str]) -> list[ClipId]:
    """Return all clips that the official data has of the subjects that are present, sorted."""
    return sorted(
        ClipId(dataset, subject, sequence, camera, action(sequence))
        for subject in present
        for sequence in official().frames[subject]
        for camera in CAMERAS
    )


def stem(subject: str, sequence: str) -> str:
    """Return the official file name of a recording, without camera and suffix."""
    return _renamed(sequence, _ODD) if subject == "S1" else sequence


def canonical(file_stem: str) -> str:
    """Return a recording's name as VideoPose3D has it ("Photo 1" for "TakingPhoto 1")."""
    return _renamed(file_stem, {odd: plain for plain, odd in _ODD.items()})


def _renamed(sequence: str, names: Mapping[str, str]) -> str:
    name = action(sequence)
    return names.get(name, name) + sequence[len(name) :]


def folder(root: Path, subject: str, kind: Kind) -> Path:
    """Return the folder of a kind of files, or where it would be as downloaded."""
    candidates = [root / subject / name for name in _FOLDERS[kind]]
    return next((c for c in candidates if c.is_dir()), candidates[0])


def locate(root: Path, subject: str, kind: Kind, sequence: str, camera: str | None = None) -> Path:
    """Return the file of a recording, by either of its names, or where it should be."""
    ending = (f".{camera}" if camera else "") + _SUFFIXES.get(kind, ".cdf")
    names = (stem(subject, sequence), sequence, _renamed(sequence, _ODD))
    paths = [folder(root, subject, kind) / (name + ending) for name in names]
    return next((p for p in paths if p.is_file()), paths[0])


def label_file(root: Path, clip: ClipId) -> Path:
    """Return the file of a clip's labels, of the camera's space where there is no other folder."""
    world = folder(root, clip.subject, "D3_Positions")
    if not world.is_dir() and folder(root, clip.subject, "D3_Positions_mono").is_dir():
        return locate(root, clip.subject, "D3_Positions_mono", clip.sequence, clip.camera)
    return locate(root, clip.subject, "D3_Positions", clip.sequence)


def in_camera_space(labels: Path) -> bool:
    """Return whether a file of labels is one of the camera's space."""
    return labels.parent.name in {Path(name).name for name in _FOLDERS["D3_Positions_mono"]}


def subjects(root: Path) -> list[str]:
    """Return the subjects that have any of the known folders, in the official order."""
    kinds = [name for names in _FOLDERS.values() for name in names]
    return [s for s in SUBJECTS if any((root / s / name).is_dir() for name in kinds)]


def near_subject(root: Path, subject: str) -> str:
    """Return what is there in place of a missing subject; see `near_miss`."""
    inside = {Path(name).parts[0]: None for names in _FOLDERS.values() for name in names}
    return next(filter(None, (near_miss(root / subject / name) for name in inside)), "")


def check_root(root: Path) -> None:
    """Raise `InputError` unless ``root`` holds subjects; name the right one if it is near."""
    folder = "the folder that holds S9, S11, ..."
    if not root.is_dir():
        refuse_archives(root, folder)
        found = found_at(root, f"no such folder{near_miss(root)}")
        raise InputError(f"{root}: {found}; expected {folder}")
    if subjects(root):
        return
    similar = next(filter(None, (near_subject(root, s) for s in SUBJECTS)), "")
    if not similar:
        suggest_nearby(root, subjects)
        refuse_archives(root, folder)
    found = held(root) or "no subject's folder"
    raise InputError(
        f"{root}: holds {found}{similar}; expected folders such as S9/MyPoseFeatures/D3_Positions "
        "and S9/Videos (as downloaded), or S9/Poses_D3_Positions and S9/Videos (as extracted)"
    )

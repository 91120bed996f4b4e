"""Where the files of HumanEva-I lie below its root. Copies differ in upper and lower case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
from corruptbench.nearby import held, refuse_archives, suggest_nearby
from corruptbench.storage import found_at

_KINDS = ("Image_Data", "Calibration_Data", "Sync_Data", "Mocap_Data")


def child(folder: Path, name: str) -> Path:
    """Return ``folder / name`` in the spelling that is there, or as given where nothing is."""
    path = folder / name
    if path.exists() or not folder.is_dir():
        return path
    return next((p for p in sorted(folder.iterdir()) if p.name.lower() == name.lower()), path)


def check_root(root: Path, subjects: Sequence[str]) -> list[str]:
    """Return the subjects that are there.

    Raises:
        InputError: if there is none; it names the right root if that is near.
    """

    def present(place: Path) -> list[str]:
        return [s for s in subjects if any(child(child(place, s), k).is_dir() for k in _KINDS)]

    folder = "the folder that holds S1, S2, S3"
    if not root.is_dir():
        refuse_archives(root, folder)
    if root.is_file() or root.suffix == ".npz":
        what = "a file" if root.is_file() else "no such file"
        raise InputError(
            f"{root}: {what}; expected the root of HumanEva-I, a folder: labels in one file, "
            "data_3d_humaneva15.npz, belong into it, beside the cameras' Calibration_Data"
        )
    if not root.is_dir():
        raise InputError(
            f"{root}: {found_at(root, f'no such folder{near_miss(root)}')}; expected the root of "
            "HumanEva-I, which holds S1, S2, S3: check the path"
        )
    found = present(root)
    if found:
        return found
    similar = next(filter(None, (near_miss(root / s / "Image_Data") for s in subjects)), "")
    if not similar:
        suggest_nearby(root, present)
        refuse_archives(root, folder)
    other = f": it holds {held(root)}" if held(root) else ""
    raise InputError(
        f"{root}: no folder {' or '.join(subjects)} of HumanEva-I in it{other}{similar}; expected "
        "S1/Image_Data, S1/Calibration_Data and so on"
    )


def subject_file(root: Path, subject: str, folder: str, name: str) -> Path:
    """Return a file such as ``S1/Image_Data/Walking_1_(C1).avi``."""
    return reduce(child, (subject, folder, name), root)


def video_file(root: Path, subject: str, recording: str, camera: str) -> Path:
    """Return the video of a recording by a camera."""
    return subject_file(root, subject, "Image_Data", f"{recording}_({camera}).avi")


def pictures_of(video: Path) -> Path:
    """Return the folder of pictures that some copies have in place of a video."""
    return child(video.parent, video.stem)


def calibration_file(root: Path, subject: str, camera: str) -> Path:
    """Return the calibration of a subject's camera."""
    return subject_file(root, subject, "Calibration_Data", f"{camera}.cal")


def offset_file(root: Path, subject: str, recording: str, stream: str) -> Path:
    """Return the synchronization of a recording's stream."""
    return subject_file(root, subject, "Sync_Data", f"{recording}_({stream}).ofs")


def mocap_file(root: Path, subject: str, name: str) -> Path:
    """Return a file of the motion capture, such as "Walking_1.mat"."""
    return subject_file(root, subject, "Mocap_Data", name)


def converted_file(root: Path, partition: str, subject: str, recording: str) -> Path:
    """Return labels converted by VideoPose3D's ConvertHumanEva.m.

    They are looked for below the root, and in the folder of the official code, where that script
    runs.
    """
    code = sorted(p for p in root.glob("Release_Code*") if p.is_dir())
    names = ("converted_15j", partition, subject, f"{recording}.mat")
    paths = [reduce(child, names, top) for top in (root, *code)]
    return next((p for p in paths if p.is_file()), paths[0])

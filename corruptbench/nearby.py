"""The folder that was meant, where the one that was given is a level off or holds other things."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from corruptbench.errors import InputError

_UP, _DOWN = 4, 2  # levels
#: At most so many entries of a folder are looked at. Our own choice.
_LOOKED_AT = 1000
_VIDEOS = (".mp4", ".avi", ".mov", ".mkv")
_ARCHIVES = (".tgz", ".tar", ".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
#: What files of a folder tell about it, by the ending of their names; the first that fits counts.
_TOLD = {
    "lock.json": "shards of a build",
    "dataset.json": "a data set in open folders",
    ".clips.parquet": "results of evaluations",
    "result.json": "a row of a board",
    ".npz": "arrays of NumPy (.npz)",
    **dict.fromkeys(_VIDEOS, "videos"),
}


def is_data(path: Path) -> bool:
    """Return whether a name is not one that a system leaves beside data, such as ``._x.mp4``."""
    return not path.name.startswith(".") and path.name not in {"__MACOSX", "Thumbs.db"}


def is_build(folder: Path) -> bool:
    """Return whether a folder holds shards, of a build that is finished or not."""
    return (folder / "lock.json").is_file() or (folder / "keypoints").is_dir()


def nearest(place: Path, meant: Callable[[Path], object]) -> Path | None:
    """Return the folder near ``place`` for which ``meant`` is true: above it, or else below.

    Where there is no ``place``, its nearest folder that is there counts as one.
    """
    resolved = Path(os.path.realpath(place))  # Path.resolve() fails on a loop of links
    above = next((p for p in resolved.parents[:_UP] if meant(p)), None)
    if above is not None:
        return above
    start = next((p for p in (place, *place.parents) if p.is_dir()), place)
    near = [] if start == place or not meant(start) else [start]
    return next((p for p in (*near, *_below(start, _DOWN)) if meant(p)), None)


def suggest_nearby(root: Path, meant: Callable[[Path], object]) -> None:
    """Raise `InputError` with the folder for which ``meant`` is true, if one is near."""
    if other := nearest(root, meant):
        raise InputError(f"{root}: holds no subject's folder, but {other} does: give {other}")


def refuse_archives(root: Path, expected: str) -> None:
    """Raise `InputError` if a data set is still packed: ``root`` is an archive, or holds some.

    Args:
        root: the folder of a data set, or what was given for it.
        expected: what it should be, in words.
    """
    if root.is_file() and is_archive(root):
        raise InputError(f"{root}: an archive; unpack it first, and give {expected}")
    packed = [p.name for p in _inside(root) if p.is_file() and is_archive(p)]
    if packed:
        raise InputError(
            f"{root}: holds archives that are not unpacked ({_some(packed)}); unpack "
            f"{'it' if len(packed) == 1 else 'them'} first, and give {expected}"
        )


def is_archive(path: Path) -> bool:
    """Return whether a name ends as that of an archive does."""
    return path.name.lower().endswith(_ARCHIVES)


def held(folder: Path, told: Mapping[str, str] = _TOLD) -> str:
    """Return what a folder holds, such as "results of evaluations (a.clips.parquet)"; or nothing.

    Args:
        folder: may be missing.
        told: what files tell by the endings of their names.
    """
    names = [p.name for p in _inside(folder) if p.is_file()]
    for ending, what in told.items():
        if found := [name for name in names if name.lower().endswith(ending)]:
            return f"{what} ({_some(found)})"
    return ""


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]}, ..."


def _inside(place: Path) -> list[Path]:
    """Return some entries of a folder, sorted; nothing where it cannot be read."""
    with suppress(OSError):
        return sorted(islice(filter(is_data, place.iterdir()), _LOOKED_AT))
    return []


def _below(place: Path, levels: int) -> Iterator[Path]:
    inside = [p for p in _inside(place) if p.is_dir()]
    yield from inside
    if levels > 1:
        for child in inside:
            yield from _below(child, levels - 1)

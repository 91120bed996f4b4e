"""What is there in place of a missing file, under a name that is nearly its own.

Names change on their way: downloads and archives add endings, systems and people change case,
blanks, underscores and the width of characters, and unpacking makes folders within folders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from errno import ELOOP
from functools import lru_cache
from itertools import islice, pairwise
from os.path import splitext
from pathlib import Path

from corruptbench.errors import InputError
from corruptbench.nearby import is_data

_VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".webm", ".wmv"}
_ARCHIVES = {".gz", ".tgz", ".tar", ".zip", ".7z", ".rar", ".bz2", ".xz", ".zst"}
_UNFINISHED = {".part", ".crdownload", ".download", ".tmp", ".filepart", ".partial"}
#: At most so many files are looked at, and compared with so many that are missing in all.
_LOOKED_AT, _COMPARED = 100, 20_000
#: What a second download or a copy of a file is called.
_COPY = re.compile(r"( \(\d+\)| - copy( \(\d+\))?)$")


def require_file(path: Path, expected: str) -> None:
    """Raise `InputError` unless a file is there; ``expected`` is what it is, and what to do."""
    if not path.is_file():
        raise InputError(f"{path}: missing{_in_place(path) or near_miss(path)}; {expected}")


def near_miss(path: Path) -> str:
    """Return what is there in place of a missing path, and what to do, as "; there is ...".

    Empty where nothing similar is there.
    """
    pairs = pairwise([path, *path.parents])
    missing, folder = next((pair for pair in pairs if pair[1].is_dir()), (path, Path()))
    return _link(missing) or _similar(folder, [missing.name], [])


def first_near_miss(folder: Path, missing: Iterable[str], taken: Collection[str]) -> str:
    """Return what is there in place of the first of some missing files that has such a thing.

    Args:
        folder: where they are missing.
        missing: names of files.
        taken: names that are expected there as well, so that they cannot be meant.
    """
    missing = list(missing)
    said = ((name, _in_place(folder / name)) for name in missing)
    name, found = next((pair for pair in said if pair[1]), ("", ""))
    if found:
        return found.replace("; it is", f"; {name!r} is", 1) if len(missing) > 1 else found
    return _similar(folder, missing, taken)


def _in_place(path: Path) -> str:
    """Return what stands under the very name of a missing file, as "; it is ...", or nothing."""
    if path.is_dir():
        return _said(path, path.name) or "; it is a folder, not a file"
    if path.exists() and not path.is_file():
        return "; it is a pipe, a socket or a device, not a file"
    return _link(path)


def _link(path: Path) -> str:
    """Return where a link points to that leads nowhere, as "; it is ...", or nothing."""
    if not path.is_symlink() or path.exists():
        return ""
    target = f"; it is a link to {str(path.readlink())!r}, which "
    try:
        path.stat()
    except OSError as error:
        return target + ("leads back to itself" if error.errno == ELOOP else "is not there")
    return ""


def _similar(folder: Path, missing: Iterable[str], taken: Collection[str]) -> str:
    """Return which name is nearly one of some missing ones, as `first_near_miss` does."""
    with suppress(OSError):
        surplus = sorted(p for p in folder.iterdir() if is_data(p) and p.name not in taken)
        pairs = ((found, name) for name in missing for found in surplus[:_LOOKED_AT])
        return next(filter(None, (_said(*pair) for pair in islice(pairs, _COMPARED))), "")
    return ""


def _said(found: Path, name: str) -> str:
    """Return what to say of a file or folder beside which ``name`` is missing; perhaps nothing."""
    if found.name in (name, found.parent.name) and (found / name).exists():
        return f"; there is {'/'.join((found.name, name))!r}: move it one folder up"
    advice = "" if found.name == name else _advice(_key(found.name), _key(name), name)
    return f"; there is {found.name!r}: {advice}" if advice else ""


def _advice(found: str, wanted: str, name: str) -> str:
    """Return what to do about a name; both are given as `_key` makes them."""
    (stem, ending), (wanted_stem, wanted_ending) = splitext(found), splitext(wanted)
    if ending in _ARCHIVES and _unpacked(found) in (wanted, wanted_stem):
        return "unpack it"
    if ending in _UNFINISHED and stem == wanted:
        return "its download is not finished, fetch it again"
    if wanted in (found, stem, _COPY.sub("", stem) + ending):
        return f"rename it to {name!r}"
    if {ending, wanted_ending} <= _VIDEOS and stem == wanted_stem:
        return f"convert it to {name!r}"
    return ""


@lru_cache(2**14)
def _key(name: str) -> str:
    """Return what a name has in common with those that are nearly the same."""
    visible = (c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    text = re.sub(r"[\s_]+", " ", "".join(visible)).casefold()
    return re.sub(r"\s*\.\s*", ".", text).strip(" .")


def _unpacked(name: str) -> str:
    stem, ending = splitext(name)
    return _unpacked(stem) if ending in _ARCHIVES else name

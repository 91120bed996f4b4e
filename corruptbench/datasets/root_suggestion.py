"""The folder that was meant, when the one that was given is a level too high or too low."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from corruptbench.datasets.near_misses import is_data
from corruptbench.errors import InputError

_UP, _DOWN = 4, 2  # levels


def suggest_nearby(root: Path, meant: Callable[[Path], object]) -> None:
    """Raise `InputError` with the folder for which ``meant`` is true, if one is near.

    The first one above ``root`` is named, or else the first one below it.
    """
    resolved = Path(os.path.realpath(root))  # Path.resolve() fails on a loop of links
    for other in (*resolved.parents[:_UP], *_below(resolved, _DOWN)):
        if meant(other):
            raise InputError(f"{root}: holds no subject's folder, but {other} does: give {other}")


def _below(place: Path, levels: int) -> Iterator[Path]:
    with suppress(OSError):
        inside = sorted(p for p in place.iterdir() if p.is_dir() and is_data(p))
        yield from inside
        if levels > 1:
            for child in inside:
                yield from _below(child, levels - 1)

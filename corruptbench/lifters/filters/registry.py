"""Find the filters: every module of this package that defines ``smoothed``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters import filters

Array = NDArray[np.float64]
#: Keypoints (F, K, 2) px, scores (F, K) and frames per second; returns keypoints (F, K, 2).
Filter = Callable[[Array, Array, float], Array]


@cache
def all_filters() -> dict[str, Filter]:
    """Return name to filter, sorted by name."""
    modules = {m.name: f"{filters.__name__}.{m.name}" for m in iter_modules(filters.__path__)}
    found = {name: import_module(path) for name, path in sorted(modules.items())}
    return {name: m.smoothed for name, m in found.items() if hasattr(m, "smoothed")}


def get(name: str) -> Filter:
    """Return the filter of that name.

    Raises:
        InputError: there is none.
    """
    known = all_filters()
    if name not in known:
        raise InputError(f"no filter '{name}': expected one of {', '.join(known)}", "filter")
    return known[name]

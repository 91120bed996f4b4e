"""Find the filters: every module of this package that defines ``smoothed``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.lifters import filters

Array = NDArray[np.float64]
#: Keypoints (F, K, 2) px, scores (F, K) and frames per second; returns keypoints (F, K, 2).
Filter = Callable[[Array, Array, float], Array]


@cache
def _modules() -> dict[str, ModuleType]:
    modules = {m.name: f"{filters.__name__}.{m.name}" for m in iter_modules(filters.__path__)}
    found = {name: import_module(path) for name, path in sorted(modules.items())}
    return {name: module for name, module in found.items() if hasattr(module, "smoothed")}


def all_filters() -> dict[str, Filter]:
    """Return name to filter, sorted by name."""
    return {name: module.smoothed for name, module in _modules().items()}


def detector_of(name: str) -> str | None:
    """Return the detector whose scores a filter was made for; None for any.

    Raises:
        InputError: there is no filter of that name.
    """
    get(name)
    return getattr(_modules()[name], "DETECTOR", None)


def get(name: str) -> Filter:
    """Return the filter of that name.

    Raises:
        InputError: there is none.
    """
    known = all_filters()
    if name not in known:
        raise InputError(f"no filter '{name}': expected one of {', '.join(known)}", "filter")
    return known[name]

"""Finds the corruptions: every module of this package that defines ``CORRUPTION``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from corruptbench import corruptions
from corruptbench.corruptions.base import Corruption
from corruptbench.corruptions.validation import CorruptionError


@cache
def all_corruptions() -> dict[str, Corruption]:
    """Name to corruption, sorted by family and name."""
    modules = [
        import_module(f"{corruptions.__name__}.{m.name}")
        for m in iter_modules(corruptions.__path__)
    ]
    found = [module.CORRUPTION for module in modules if hasattr(module, "CORRUPTION")]
    return {c.name: c for c in sorted(found, key=lambda c: (c.family, c.name))}


def get(name: str) -> Corruption:
    """The corruption of that name; raises `CorruptionError` that lists the known names."""
    known = all_corruptions()
    if name not in known:
        raise CorruptionError(f"unknown corruption '{name}': expected one of {', '.join(known)}")
    return known[name]

"""Find the corruptions: every module of this package that defines ``CORRUPTION``."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from corruptbench import corruptions
from corruptbench.corruptions.base import Corruption
from corruptbench.corruptions.validation import CorruptionError


class CorruptionSummary(NamedTuple):
    """Name, family and one sentence of a corruption."""

    name: str
    family: str
    sentence: str


class CorruptionList(tuple[CorruptionSummary, ...]):
    """The summaries; printed as a table, one line for each."""

    __slots__ = ()

    def __repr__(self) -> str:
        name, family = (max(len(row[i]) for row in self) for i in (0, 1))
        return "\n".join(f"{c.name:{name}}  {c.family:{family}}  {c.sentence}" for c in self)


@cache
def all_corruptions() -> dict[str, Corruption]:
    """Return name to corruption, sorted by family and name."""
    modules = [
        import_module(f"{corruptions.__name__}.{m.name}")
        for m in iter_modules(corruptions.__path__)
    ]
    found = [module.CORRUPTION for module in modules if hasattr(module, "CORRUPTION")]
    return {c.name: c for c in sorted(found, key=lambda c: (c.family, c.name))}


def list_corruptions() -> CorruptionList:
    """Return name, family and one sentence of every corruption, sorted by family and name."""
    return CorruptionList(
        CorruptionSummary(c.name, c.family, summary(c)) for c in all_corruptions().values()
    )


def summary(corruption: Corruption) -> str:
    """Return the first sentence of a corruption's file."""
    text = inspect.getdoc(import_module(f"{corruptions.__name__}.{corruption.name}")) or ""
    return " ".join(text.partition("\n\n")[0].split())


def get(name: str) -> Corruption:
    """Return the corruption of that name.

    Raises:
        CorruptionError: there is none; the message has the nearest name and lists them all.
    """
    known = all_corruptions()
    if isinstance(name, str) and name in known:
        return known[name]
    alike = "_".join(str(name).lower().replace("-", " ").split())
    near = get_close_matches(alike, known, n=1)
    suggestion = f"did you mean '{near[0]}'? " if near else ""
    raise CorruptionError(
        f"unknown corruption {name!r}: {suggestion}expected one of {', '.join(known)}"
    )

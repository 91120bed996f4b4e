"""Group corruptions by family, in the order in which a page shows them."""

from __future__ import annotations

from collections.abc import Iterable

from corruptbench.corruptions import all_corruptions, list_corruptions

OTHER = "other corruptions"


def family(corruption: str) -> str:
    """Return the family of a corruption, or `OTHER` for one that this software does not have."""
    known = all_corruptions().get(corruption)
    return known.family if known else OTHER


def by_family(corruptions: Iterable[str]) -> dict[str, list[str]]:
    """Group names by family; families and names keep the order of their first appearance."""
    groups: dict[str, list[str]] = {}
    for name in corruptions:
        groups.setdefault(family(name), []).append(name)
    return groups


def sentence(corruption: str) -> str:
    """Return what a corruption is in one sentence, or "" for an unknown one."""
    return next((c.sentence for c in list_corruptions() if c.name == corruption), "")

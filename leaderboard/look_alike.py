"""Names of rows that a reader can take for one another."""

from __future__ import annotations

from collections.abc import Iterable

#: Characters of names that look like others in many fonts, and what stands for them. 0, 1, I and m
#: are the confusable ones of Unicode Technical Standard 39. That separators are one is our own
#: choice. Case is folded first, so i stands for I.
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "m": "rn", "_": "-", ".": "-", "+": "-"})


def skeleton(name: str) -> str:
    """Return a text that is equal for names that look alike.

    Upper and lower case are equal, and so are 0 and O, 1 and l and I, rn and m, and - _ . and +.

    Args:
        name: of a row: letters, digits and . _ + - only.
    """
    return name.casefold().translate(_ALIKE)


def look_alike(name: str, others: Iterable[str]) -> str | None:
    """Return the first of the other names that looks like this one; None if none does."""
    same = skeleton(name)
    return next((other for other in others if other != name and skeleton(other) == same), None)

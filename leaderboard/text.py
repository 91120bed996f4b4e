"""Text of messages and pages: foreign values made safe to print, lists cut short, numbers."""

from __future__ import annotations

from collections.abc import Iterable

_NAMED = 3  # so many items of a list are named; the rest are counted


def printable(text: str) -> str:
    """Return a text in which nothing acts on a terminal or ends the line."""
    return "".join(char if char.isprintable() else "?" for char in text)


def short(value: object) -> str:
    """Return foreign text for a message: printable, on one line, at most 80 characters."""
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= 80 else text[:77] + "..."


def joined(key: Iterable[object]) -> str:
    """Return the parts of a clip's or cell's name with slashes between them, cut as by `short`."""
    return short("/".join(str(part) for part in key))


def listed(texts: Iterable[str]) -> str:
    """Return the first few of the texts and how many more there are."""
    named = list(texts)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, which takes an s in the plural: "1 clip", "2,000 clips"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def between(low: float, high: float) -> str:
    """Return the ends of an interval as text; nothing for the empty interval of a single take."""
    return f"{low:.1f} to {high:.1f}" if low < high else ""


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as text."""
    return f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")

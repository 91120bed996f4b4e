"""Characters of free text that a reader cannot see, so that two texts look the same."""

from __future__ import annotations

import unicodedata

#: Categories of Unicode: controls, formats, surrogates, private use, unassigned, and separators of
#: lines and paragraphs.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
#: What is in the names of the other characters that Unicode calls Default_Ignorable.
_IGNORED = ("VARIATION SELECTOR", "FILLER", "GRAPHEME JOINER", "VOWEL INHERENT")
_JOINERS = "\u200c\u200d"
#: Scripts in which a joiner between two letters changes their form, by the names of their letters.
_JOINING = (
    "ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL",
    "TELUGU", "KANNADA", "MALAYALAM", "SINHALA",
)  # fmt: skip


def unseen(text: str) -> str | None:
    """Return the first character of a text that nobody sees, as in U+200B; None without one.

    The zero-width joiner and non-joiner are permitted between letters of scripts that need them, as
    in Persian and Hindi names.
    """
    if text.isascii() and text.isprintable():
        return None
    for i, char in enumerate(text):
        if _is_unseen(char) and not (char in _JOINERS and _joins(text, i)):
            return f"U+{ord(char):04X}"
    return None


def _is_unseen(char: str) -> bool:
    name = unicodedata.name(char, "")
    return unicodedata.category(char) in _UNSEEN or any(part in name for part in _IGNORED)


def _joins(text: str, place: int) -> bool:
    around = [_script(char) for char in (text[place - 1 : place], text[place + 1 : place + 2])]
    return around[0] == around[1] and around[0] in _JOINING


def _script(char: str) -> str:
    """Return the first word of a letter's name, its script; nothing for no letter."""
    return unicodedata.name(char, "").partition(" ")[0] if char else ""

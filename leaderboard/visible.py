"""Free text that a reader takes for another one: unseen characters, and letters that look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Categories of Unicode: controls, formats, surrogates, private use, unassigned, and separators of
#: lines and paragraphs.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
#: What is in the names of the other characters that Unicode calls Default_Ignorable, and in that of
#: a letter without ink.
_IGNORED = (
    "VARIATION SELECTOR", "FILLER", "GRAPHEME JOINER", "VOWEL INHERENT", "BRAILLE PATTERN BLANK",
)  # fmt: skip
_JOINERS = "\u200c\u200d"
#: Scripts in which a joiner between two letters changes their form, by the names of their letters.
_JOINING = (
    "ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL",
    "TELUGU", "KANNADA", "MALAYALAM", "SINHALA",
)  # fmt: skip
#: So many marks may stand on one letter (Unicode Technical Standard 39, section 5.4). More of them
#: cover the lines above and below.
_MOST_MARKS = 4

#: Scripts that stand in one word beside Latin letters, as in Japanese text, and look like none.
_EAST_ASIAN = frozenset(
    ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO")
)
#: Scripts with letters that look like Latin ones: what an initial may be of.
_ALIKE = frozenset(("LATIN", "GREEK", "CYRILLIC", "CHEROKEE", "ARMENIAN", "COPTIC"))
#: Greek letters of formulas, as in "ΔPose", which look like no Latin letter, and the micro sign.
#: Our own choice.
_FORMULA = frozenset("ΓΔΘΛΞΠΣΦΨΩδθλμξπφψ\u00b5")
#: Other Greek letters of formulas, which begin a word, as in "βVAE". Our own choice.
_BEFORE_CAPITAL = re.compile(r"(?<!\w)[αβγεηω](?=[A-Z])")
#: Kinds of compatibility characters (as in `unicodedata.decomposition`) that are ASCII letters in
#: another look, by what is said of them.
_STYLED, _WIDE = "SPECIAL-FONT", "FULL-WIDTH"
_STYLES = {"<wide": _WIDE} | dict.fromkeys(("<font", "<circle", "<square"), _STYLED)
#: A letter with a dot, such as A., which belongs to the name after it.
_INITIAL = re.compile(r"(?<![\w.])(\w\.)\s+")


def expected_instead(text: str) -> str | None:
    """Return what is expected of a text that a reader can take for another one; None of plain text.

    Refused are characters that nobody sees (`unseen`), words whose letters look like those of
    another script (`mixed`), more marks on a letter than any language has, and text without a
    letter or digit.
    """
    if found := unseen(text):
        return f"no character that nobody sees, such as {found}"
    if word := mixed(text):
        found = " and ".join(script.capitalize() for script in scripts(word))
        return f"plain letters of one script in each word; {word} has {found} letters"
    if not any(char.isalnum() for char in text):
        return "a letter or a digit"
    if _has_many_marks(text):
        return f"at most {_MOST_MARKS} marks on a letter"
    return None


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


def mixed(text: str) -> str | None:
    """Return the first word of a text that mixes letters of several scripts; None without one.

    Such a word can look like another one, as U+0430 of Cyrillic looks like "a". Latin letters may
    stand beside Chinese, Japanese and Korean ones, as at the highly restrictive level of Unicode
    Technical Standard 39, and so may full-width letters. ASCII letters of another width or style,
    such as mathematical bold ones, count as scripts of their own. A styled letter may only stand
    alone. An initial and the name after it count as one word, if both scripts look alike.
    """
    if text.isascii():
        return None
    text = _BEFORE_CAPITAL.sub("", text)
    for word in _words(text.replace(".", " ")):
        if _mixes(set(scripts(word))) or sum(_style(char) == _STYLED for char in word) > 1:
            return word
    for word in _words(_INITIAL.sub(r"\1", text)):
        if len(_ALIKE & set(scripts(word))) > 1:
            return word
    return None


def _mixes(found: set[str]) -> bool:
    east_asian = any(found <= _EAST_ASIAN | {other} for other in ("LATIN", _WIDE))
    return len(found) > 1 and not east_asian


def scripts(word: str) -> list[str]:
    """Return the scripts of the letters of a word, sorted, as Unicode names them."""
    return sorted({script for char in word if (script := _script_of(char))})


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text: letters with their marks, and digits; A. is part of the next."""
    word = ""
    for char in _INITIAL.sub(r"\1", text):
        is_initial = char == "." and bool(word) and word[-2:-1] in ("", ".")
        if unicodedata.category(char)[0] in "LMN" or _style(char) or is_initial:
            word += char
        else:
            yield word
            word = ""
    yield word


def _style(char: str) -> str:
    """Return what is said of an ASCII letter in another look; nothing for other characters."""
    plain = unicodedata.normalize("NFKC", char)
    is_letter = len(plain) == 1 and plain.isascii() and plain.isalpha()
    kind = unicodedata.decomposition(char).partition(">")[0]
    return _STYLES.get(kind, "") if is_letter else ""


def _script_of(char: str) -> str:
    """Return the script of a letter; nothing for what is no letter, and for letters of formulas."""
    if style := _style(char):
        return style
    if char in _FORMULA or not char.isalpha() or unicodedata.category(char) == "Lm":
        return ""
    return _script(unicodedata.normalize("NFKC", char)[0])


def _has_many_marks(text: str) -> bool:
    count = 0
    for char in unicodedata.normalize("NFD", text):
        count = count + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if count > _MOST_MARKS:
            return True
    return False


def _is_unseen(char: str) -> bool:
    name = unicodedata.name(char, "")
    return unicodedata.category(char) in _UNSEEN or any(part in name for part in _IGNORED)


def _joins(text: str, place: int) -> bool:
    around = [_script(char) for char in (text[place - 1 : place], text[place + 1 : place + 2])]
    return around[0] == around[1] and around[0] in _JOINING


def _script(char: str) -> str:
    """Return the first word of a letter's name, its script; nothing for no letter."""
    return unicodedata.name(char, "").partition(" ")[0] if char else ""

"""Say in plain words what a schema refused: the field, what was found, what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from corruptbench.leaderboard.text import counted, short

Context = Mapping[str, Any]

#: By the pattern of a text, of the types in `records`.
_FORMS = {
    r"^[0-9a-f]{64}$": "64 digits of 0-9 and a-f",
    r"^[A-Za-z0-9][A-Za-z0-9._+-]*$": "a name of letters, digits and . _ + -",
    r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}$": "a name of letters, digits and . _ + -, at most 80",
    r"^[A-Za-z0-9_][A-Za-z0-9_ +-]*$": "a name of letters, digits, spaces and _ + -",
    r"^[A-Za-z0-9_][A-Za-z0-9_. +-]*$": "a name of letters, digits, spaces and . _ + -",
    r"^[0-9][0-9A-Za-z.+-]*$": "a version, such as 2.13.0",
    r"^[a-z0-9][a-z0-9-]*$": "a name of small letters, digits and -",
    r"^[a-z0-9-]+:[a-z0-9-]+$": "two names with a colon between them",
}


def _form(context: Context) -> str:
    pattern = context["pattern"]
    if pattern.startswith(r"^[^\x00"):
        return "text on one line, without control characters"
    return _FORMS.get(pattern, f"text that fits {pattern}")


def _bound(words: str, name: str) -> Callable[[Context], str]:
    return lambda context: words.format(f"{context[name]:,g}")


def _length(words: str, name: str, noun: str) -> Callable[[Context], str]:
    return lambda context: f"{words} {counted(context[name], noun)}"


_TABLE, _LIST, _DATE = "a table (names with values)", "a list", "a date, such as 2026-11-28"
_WHOLE, _TRUTH, _UNKNOWN = "a whole number", "true or false", "no field of that name"
#: By the type of an error (https://docs.pydantic.dev/latest/errors/validation_errors/), what was
#: expected: those that the records of the project can raise.
EXPECTED: Mapping[str, str | Callable[[Context], str]] = {
    "missing": "a value", "json_invalid": "a JSON document",
    "extra_forbidden": _UNKNOWN, "unexpected_keyword_argument": _UNKNOWN, "dict_type": _TABLE,
    "model_type": _TABLE, "dataclass_type": _TABLE, "tuple_type": _LIST, "list_type": _LIST,
    "too_short": _length("at least", "min_length", "value"),
    "too_long": _length("at most", "max_length", "value"),
    "string_type": "text", "string_unicode": "text in UTF-8", "path_type": "a path",
    "string_too_short": _length("at least", "min_length", "character"),
    "string_too_long": _length("at most", "max_length", "character"),
    "string_pattern_mismatch": _form,
    "int_type": _WHOLE, "int_parsing": _WHOLE, "int_from_float": _WHOLE,
    "int_parsing_size": "a whole number with fewer digits",
    "float_type": "a number", "float_parsing": "a number", "finite_number": "a finite number",
    "greater_than": _bound("more than {}", "gt"), "greater_than_equal": _bound("{} or more", "ge"),
    "less_than": _bound("less than {}", "lt"), "less_than_equal": _bound("at most {}", "le"),
    "bool_type": _TRUTH, "bool_parsing": _TRUTH,
    "literal_error": lambda context: context["expected"],
    "date_type": _DATE, "date_parsing": _DATE, "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}  # fmt: skip


class Refusal(NamedTuple):
    """One thing that a schema refused.

    Attributes:
        field: its place, with dots; empty for the whole document.
        found: what is there, cut short.
        expected: in words, where they are known; else the text of the error.
    """

    field: str
    found: str
    expected: str


def _found(value: object, kind: str) -> str:
    """Return a value in words; quotes show that "1" is text, where that is why it is refused."""
    is_text = isinstance(value, str) and kind.endswith(("_type", "_parsing"))
    return short(repr(value) if is_text else value)


def refusal(detail: ErrorDetails) -> Refusal:
    """Return an error of pydantic in plain words."""
    place, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    if place[-1:] == ("[key]",):  # the name of an entry, which stands before it
        place = place[:-2]
    field = short(".".join(map(str, place)))
    words = EXPECTED.get(kind)
    if words is None:
        words = detail["msg"].removeprefix("Value error, ").removeprefix("expected ")
    found = {"missing": "nothing", "json_invalid": f"no JSON ({context.get('error')})"}
    return Refusal(
        field,
        found.get(kind) or _found(detail["input"], kind),
        words if isinstance(words, str) else words(context),
    )

"""Wrap sentences at the width of a terminal. A file or pipe has no edge: its lines stay whole."""

from __future__ import annotations

import os
import textwrap
from typing import TextIO

#: Columns of a terminal that does not state its width.
USUAL = 80


def wrapped(text: str, stream: TextIO, hang: int = 2) -> str:
    """Return a text whose lines fit the terminal that a stream leads to, if it does lead to one.

    Words are kept whole, so that paths and addresses can be copied: one that is wider than the
    terminal stands alone in a line.

    Args:
        text: one or more lines.
        stream: where it will be printed.
        hang: number of spaces before a continued line, more than its own line has.
    """
    if not stream.isatty():
        return text
    width = columns(stream)
    return "\n".join(_wrapped(line, width, hang) for line in text.split("\n"))


def columns(stream: TextIO) -> int:
    """Return the width of the terminal that a stream leads to; COLUMNS counts more, as usual."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated):
        return int(stated)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL
    except (OSError, ValueError):
        return USUAL


def _wrapped(line: str, width: int, hang: int) -> str:
    if len(line) <= width:
        return line
    own = len(line) - len(line.lstrip())
    indent = " " * min(own + hang, width // 2)
    return textwrap.fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        replace_whitespace=False, expand_tabs=False,
    )  # fmt: skip

"""Results on stdout: text, a table, or JSON. Notes and progress go to stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from corruptbench.terminal import wrapped

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 80  # columns in which every table fits


def say(text: str) -> None:
    """Print a line of a result."""
    with _named():
        click.echo(text)


def say_text(text: str, hang: int = 2) -> None:
    """Print sentences of a result, which are wrapped at the width of a terminal.

    Args:
        text: one or more lines.
        hang: number of spaces before a continued line.
    """
    say(wrapped(text, sys.stdout, hang))


def say_json(value: Any) -> None:
    """Print a result as JSON, with null for a number that is not finite."""
    say(json.dumps(_finite(value), indent=2, allow_nan=False))


def say_table(table: Any, wide: int = NARROW) -> None:
    """Print a Rich table; ``wide`` is its width in a file, which has no edge to wrap at."""
    console = _console()
    console.width = max(console.width, NARROW if console.is_terminal else wide)
    with _named():
        console.print(table)


def table_width() -> int:
    """Return the columns of the terminal, at least `NARROW`."""
    return max(_console().width, NARROW)


def _console() -> Console:
    from rich.console import Console

    # By itself Rich takes a log file for a terminal when FORCE_COLOR is set.
    terminal = sys.stdout.isatty()
    return Console(force_terminal=terminal, markup=False, highlight=False, emoji=False)


@contextmanager
def _named() -> Iterator[None]:
    """Name standard output in an error of the system."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        error.filename = "standard output"
        raise


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value

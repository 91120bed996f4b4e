"""Suggestions for mistyped words, and the types of options that take a known name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

import click
from click.shell_completion import CompletionItem


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a question such as " Did you mean 'erase'?", or "" if no known word is similar."""
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


class Hint(click.ParamType[str]):
    """Free text for which the shell offers the words that a function lists."""

    name = "text"

    def __init__(self, known: Callable[[], list[str]], *patterns: str) -> None:
        """Call ``known`` only when a word is checked or completed.

        ``patterns`` such as "*.toml" stand for files of the user, which are offered, too.
        """
        self.known, self.patterns = known, patterns

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the words that begin so, or files if there is none."""
        words = [CompletionItem(w) for w in self.known() if w.startswith(incomplete)]
        return words or [CompletionItem(incomplete, type="file")] * bool(self.patterns)


class Name(Hint):
    """One of the names that a function lists, or a text of one of the patterns."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, in whatever case it is written; fail with all names."""
        known = self.known()
        value = {name.lower(): name for name in known}.get(value.lower(), value)
        if value not in known and not any(fnmatchcase(value, p) for p in self.patterns):
            text = f"'{value}' is unknown.{suggestion(value, known)} Expected one of "
            self.fail(f"{text}{', '.join([*known, *self.patterns])}.", param, ctx)
        return value

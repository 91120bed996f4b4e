"""Fenced code blocks of the documentation."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md", "CONTRIBUTING.md", "baselines/README.md", "tools/studio/README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
)  # fmt: skip
LANGUAGES = ("console", "python", "toml", "json", "text")
_FENCE = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, the file that it is the text of, its text."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """Words of each command of a console block, comments left out."""
        text = self.text.replace("\\\n", " ")
        lines = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = (ROOT / page).read_text()
    return [
        Block(page, text.count("\n", 0, m.start()) + 1, m[1], m[2], m[3])
        for m in _FENCE.finditer(text)
    ]


def titled(page: str, title: str) -> str:
    """The text of the file that a page shows."""
    (found,) = (block.text for block in blocks(page) if block.title == title)
    return found

"""Web pages in place of files: what a download leaves behind when its login was lost."""

from __future__ import annotations

from pathlib import Path

#: What to say of one, after the file's name.
FOUND = "a web page (was the login lost during the download?)"


def is_web_page(path: Path) -> bool:
    """Return whether a file begins as HTML or XML does; none of our formats does."""
    with path.open("rb") as stream:
        return stream.read(512).lstrip().startswith(b"<")

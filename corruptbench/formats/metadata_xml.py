"""The text of an element of Human3.6M's ``metadata.xml``. Run this in the sandbox."""

from __future__ import annotations

from xml.etree import ElementTree


def text(path: str, element: str) -> str:
    """Return the text of the first element of that name, "" where there is none.

    Raises:
        ElementTree.ParseError: for a file that is no XML.
    """
    return ElementTree.parse(path).findtext(element) or ""

"""A page in few bytes: a browser reads a large one faster."""

from __future__ import annotations

import re

#: End tags that a browser adds by itself where another such element follows, or the end of the one
#: around it. Source: HTML Living Standard, 13.1.2.4 "Optional tags".
_OPTIONAL = re.compile(r"</(?:td|th|tr|dt|dd)>\s*")


def encoded(html: str) -> bytes:
    """Encode a page as ASCII, without the end tags of cells, rows, terms and descriptions.

    A browser makes the same of it. It keeps ASCII in half the memory.

    Args:
        html: a page whose text is escaped. Each cell, row, term and description is followed by
            another one, or by the end of what it is in. Styles and scripts are ASCII, as they know
            no references to characters.
    """
    return _OPTIONAL.sub("", html).encode("ascii", "xmlcharrefreplace")

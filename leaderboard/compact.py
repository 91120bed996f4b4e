"""A page in few bytes: a browser reads a large one faster."""

from __future__ import annotations

import re

#: End tags that a browser adds by itself where another such element follows, or the end of the one
#: around it. Source: HTML Living Standard, 13.1.2.4 "Optional tags".
_OPTIONAL = re.compile(r"</(?:td|th|tr|dt|dd)>\s*")
#: An attribute whose value needs no quotes, where no slash follows that would become a part of it.
#: Source: the same, 13.1.2.3 "Attributes".
_QUOTED = re.compile(r"""(?<=\s)([\w-]+)="([^\s"'=<>`]+)"(?!/)""")
#: Elements whose text is kept as it is.
_RAW = re.compile(r"(<(?:style|script)\b.*?</(?:style|script)>)", re.DOTALL)


def encoded(html: str) -> bytes:
    """Encode a page as ASCII, without optional end tags and without quotes that it can do without.

    A browser makes the same of it. It keeps ASCII in half the memory.

    Args:
        html: a page whose text is escaped, quotes too. Each cell, row, term and description is
            followed by another one, or by the end of what it is in. Styles and scripts are ASCII,
            as they know no references to characters.
    """
    parts = _RAW.split(html)
    parts[::2] = [_QUOTED.sub(r"\1=\2", _OPTIONAL.sub("", part)) for part in parts[::2]]
    return "".join(parts).encode("ascii", "xmlcharrefreplace")

"""Names of rows that cannot be names of folders everywhere."""

from __future__ import annotations

import re

#: What Windows keeps for devices, in any case and with any extension, and the dot that it removes
#: from the end of a name ("Naming Files, Paths, and Namespaces", learn.microsoft.com).
_NOT_PORTABLE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?|.*\.", re.IGNORECASE)
#: What such a name should be, for messages.
EXPECTED = "a name that every system permits: no dot at its end, and not con, nul or the like"


def is_portable(name: str) -> bool:
    """Tell whether a row of this name can be checked out on every system.

    Args:
        name: of a row: letters, digits and . _ + - only.
    """
    return not _NOT_PORTABLE.fullmatch(name)

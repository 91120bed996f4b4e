"""All numbers of a result, by dotted names."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.aggregate import Summary


def every_number(summary: Summary | Result) -> Iterator[tuple[str, float | str]]:
    """Yield every number and name that is computed from a clips table, with dotted names."""
    for cell in summary.cells:
        yield from leaves(f"cells[{cell.corruption}/{cell.severity}]", cell)
    for field in Summary._fields:
        if field != "cells":
            yield from leaves(field, getattr(summary, field))


def leaves(field: str, value: object) -> Iterator[tuple[str, float | str]]:
    """Yield what is inside records and mappings; nothing for None."""
    if isinstance(value, (BaseModel, dict)):
        for name, part in value.items() if isinstance(value, dict) else value:
            yield from leaves(f"{field}.{name}", part)
    elif isinstance(value, (int, float, str)):
        yield field, value

"""What the page's script needs to compare rows that the page itself does not show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations

from markupsafe import Markup

from corruptbench.leaderboard.comparison.paired import Paired
from corruptbench.leaderboard.schema import Result

#: Decimal places of differences in mm. The page shows one, so more of them decide how it rounds.
_DIGITS = 5


def paired_data(results: Sequence[Result], paired: Paired) -> Markup:
    """Return the paired differences of a section as JSON that can stand in a page.

    ``pairs`` has "0-2": the row at place 2 less that at place 0, as [difference, low, high] for
    each of ``names``. What is not paired is left out.

    Args:
        results: in the order of their places.
        paired: of the whole board.
    """
    found = {
        f"{i}-{j}": differences
        for (i, one), (j, other) in combinations(enumerate(results), 2)
        if (differences := _second_less_first(paired, one.clips_sha256, other.clips_sha256))
    }
    names = list(next(iter(found.values()), {}))
    pairs = {
        key: [[round(part, _DIGITS) for part in differences[name]] for name in names]
        for key, differences in found.items()
    }
    text = json.dumps({"names": names, "pairs": pairs}, separators=(",", ":"))
    return Markup(text.replace("<", r"\u003c"))


def _second_less_first(paired: Paired, first: str, second: str) -> dict[str, Sequence[float]]:
    if (first, second) in paired:
        return dict(paired[first, second])
    turned = paired.get((second, first), {})
    return {name: (-d.difference, -d.high, -d.low) for name, d in turned.items()}

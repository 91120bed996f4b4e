"""Choose the clips whose frames are worth a look."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from corruptbench.leaderboard.clips import CELL_KEY, CLIP_KEY
from corruptbench.leaderboard.standalone import spaced
from corruptbench.report.families import family

KEY = [*CLIP_KEY, *CELL_KEY]
#: Clips of each family of corruptions: our own choice, two rows of three on a wide screen.
OF_EACH = 2


def clip_title(key: Sequence[object]) -> str:
    """Return the clip of a key in words: "S7 washwindow 1, cam4"."""
    return f"{key[0]} {spaced(str(key[1]))}, {key[3]}"


def cell_title(key: Sequence[object]) -> str:
    """Return the cell of a key in words: "shot noise 5"; "clean" without its severity."""
    return f"{spaced(str(key[4]))} {key[5]}" if key[5] else str(key[4])


def worst_cells(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the keys of the worst clips of each family of corruptions, worst family first.

    No two are of the same clip or of the same corruption in one family, as these look alike.

    Args:
        table: the clips table.
        metric: its column of errors, mm.
    """
    corrupted = table[(table["severity"] > 0) & table[metric].notna()]
    ordered = corrupted.sort_values([metric, *KEY], ascending=False, kind="stable")
    families = ordered["corruption"].map(family)
    kept: list[int] = []
    clips: set[tuple[object, ...]] = set()
    for name in families.drop_duplicates():
        taken: set[str] = set()
        for place in ordered.index[families == name]:
            row = ordered.loc[place]
            clip = tuple(row[list(CLIP_KEY)])
            if clip not in clips and row["corruption"] not in taken:
                clips.add(clip)
                taken.add(row["corruption"])
                kept.append(place)
            if len(taken) == OF_EACH:
                break
    return ordered.loc[kept, KEY]

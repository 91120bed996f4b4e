"""Clips as the Human3.6M toolboxes number them: ``s_09_act_05_subact_02_ca_01``.

Actions are numbered as in metadata.xml, not alphabetically, and the number in a recording's name is
not that of the subaction: of the two recordings of an action, the numbered one comes first, or the
lower number, but for a few.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.human36m.layout import action
from corruptbench.datasets.human36m.tables import CAMERAS, official

#: From number 2 on; number 1 is the calibration recording.
_ACTIONS = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "Photo", "Waiting", "Walking", "WalkDog", "WalkTogether",
)  # fmt: skip
#: Where the order is the other one.
_REVERSED = {
    ("S5", "SittingDown"), ("S5", "Photo"), ("S6", "Photo"), ("S7", "SittingDown"), ("S7", "Photo"),
    ("S8", "SittingDown"), ("S9", "SittingDown"), ("S11", "Phoning"), ("S11", "SittingDown"),
}  # fmt: skip


@cache
def recordings(subject: str) -> dict[tuple[int, int], str]:
    """(action number, subaction number) to the canonical name of the recording."""
    found = {}
    for number, name in enumerate(_ACTIONS, 2):
        pair = [s for s in official().frames[subject] if action(s) == name]
        pair.sort(key=lambda s: (s == action(s), s), reverse=(subject, name) in _REVERSED)
        found.update({(number, sub): sequence for sub, sequence in enumerate(pair, 1)})
    return found


def clip_of(source: str) -> tuple[str, str, str] | None:
    """Subject, recording and camera of a source; None if there is no such clip."""
    words = source.split("_")
    if words[::2] != ["s", "act", "subact", "ca"] or not all(w.isdigit() for w in words[1::2]):
        return None
    number, act, sub, camera = map(int, words[1::2])
    subject = f"S{number}"
    known = recordings(subject) if subject in official().frames else {}
    if (act, sub) not in known or not 1 <= camera <= len(CAMERAS):
        return None
    return subject, known[act, sub], CAMERAS[camera - 1]


def clip_rows(sources: Iterable[str]) -> dict[tuple[str, str, str], NDArray[np.intp]]:
    """Of each clip its rows in a table whose rows have these sources.

    The rows of a source are the clip's frames from the first on. Sources of no clip are left out.
    """
    rows: dict[str, list[int]] = {}
    for i, source in enumerate(sources):
        rows.setdefault(source, []).append(i)
    clips = {source: clip_of(source) for source in rows}
    return {clip: np.array(rows[source]) for source, clip in clips.items() if clip is not None}

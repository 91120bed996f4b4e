"""Clips as the Human3.6M toolboxes number them: ``s_09_act_05_subact_02_ca_01``.

Actions are numbered as in metadata.xml, not alphabetically. The number in a recording's name is not
that of the subaction: of the two recordings of an action, the one without a number or with the
lower number comes first, with a few exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: Subject, recording, camera.
Key = tuple[str, str, str]
#: Subject to the canonical names of its recordings ("Walking 1").
Recordings = Mapping[str, Collection[str]]

_SOURCE = re.compile(r"s_(\d+)_act_(\d+)_subact_(\d+)_ca_(\d+)", re.ASCII)
#: From number 2 on; number 1 is the calibration recording.
_ACTIONS = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "Photo", "Waiting", "Walking", "WalkDog", "WalkTogether",
)  # fmt: skip
#: The exceptions: here the other recording comes first.
_REVERSED = {
    ("S5", "SittingDown"), ("S5", "Photo"), ("S6", "Photo"), ("S7", "SittingDown"), ("S7", "Photo"),
    ("S8", "SittingDown"), ("S9", "SittingDown"), ("S11", "Phoning"), ("S11", "SittingDown"),
}  # fmt: skip


def clip_of(source: str, recordings: Recordings, cameras: Sequence[str]) -> Key | None:
    """Return the clip of a source, or None if there is no such clip.

    Args:
        source: such as "s_09_act_05_subact_02_ca_01".
        recordings: all that the data set has.
        cameras: their names in the order of their numbers, which count from 1.
    """
    match = _SOURCE.fullmatch(source)
    if match is None:
        return None
    number, action, subaction, camera = map(int, match.groups())
    subject = f"S{number}"
    if not (2 <= action < 2 + len(_ACTIONS) and 1 <= camera <= len(cameras)):
        return None
    pair = _ordered(subject, _ACTIONS[action - 2], recordings.get(subject, ()))
    if not 1 <= subaction <= len(pair):
        return None
    return subject, pair[subaction - 1], cameras[camera - 1]


def _ordered(subject: str, action: str, recordings: Iterable[str]) -> list[str]:
    """Return the recordings of an action in the order of their subactions."""
    own = [name for name in recordings if name.partition(" ")[0] == action]
    return sorted(own, key=lambda n: (n == action, n), reverse=(subject, action) in _REVERSED)


def clip_rows(
    sources: Iterable[str], recordings: Recordings, cameras: Sequence[str]
) -> dict[Key, NDArray[np.intp]]:
    """Return the rows of each clip in a table whose rows have these sources.

    The rows of a source are the clip's frames from the first on. Sources without a clip are left
    out. See `clip_of` for the other arguments.
    """
    rows: dict[str, list[int]] = {}
    for i, source in enumerate(sources):
        rows.setdefault(source, []).append(i)
    clips = {source: clip_of(source, recordings, cameras) for source in rows}
    return {clip: np.array(rows[source]) for source, clip in clips.items() if clip is not None}

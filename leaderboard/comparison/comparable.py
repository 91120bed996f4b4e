"""Whether two results can be compared, and which field differs if they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

import numpy as np

from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.referee.inspection import Scored
from corruptbench.leaderboard.statistics.wide import Wide
from corruptbench.leaderboard.text import joined, listed, short

#: What must be equal. The digest of the detections can differ by rounding between machines.
_EQUAL = (
    "benchmark.id", "benchmark.version", "benchmark.manifest_sha256", "build.detector",
    "build.weights_sha256", "build.boxes", "build.pixels_sha256", "scoring", "coverage.excluded",
)  # fmt: skip
_REMEDY = "evaluate both lifters on the same shards"


def pair_problems(first: Scored, second: Scored, one: Wide, other: Wide) -> Iterator[Problem]:
    """Yield a problem for each field in which two results differ that must be equal.

    Args:
        first: a result.
        second: the result that the problems name.
        one: the table of the first.
        other: the table of the second.
    """
    yield from _field_problems(first, second)
    yield from _clip_problems(second, one, other)


def _field_problems(first: Scored, second: Scored) -> Iterator[Problem]:
    """Compare what the two results say of benchmark, shards and joints."""
    for field in _EQUAL:
        right, found = (attrgetter(field)(entry.result) for entry in (first, second))
        if found != right:
            expected = f"{short(right)} as in {first.file}"
            yield Problem(second.file, field, short(found), expected, _REMEDY)
            if field.startswith("benchmark"):
                return  # everything else differs, too
    right, found = _joints(first), _joints(second)
    if found != right:
        expected = f"{right} as in {first.file}"
        remedy = "compare lifters that are scored on the same joints"
        yield Problem(second.file, "lifter.scored_joints", str(found), expected, remedy)


def _joints(entry: Scored) -> int | None:
    """Return the number of scored joints; in version 2 it is that of the joint set."""
    return entry.result.lifter.scored_joints or entry.result.scoring.joint_count


def _clip_problems(second: Scored, one: Wide, other: Wide) -> Iterator[Problem]:
    """Compare the clips, cells and frames of two tables."""
    for field, right, found in (
        ("clips", one.clips, other.clips), ("cells", one.cells, other.cells)
    ):  # fmt: skip
        odd: list[tuple[object, ...]] = sorted(set(right) ^ set(found))
        if odd:
            text = f"{len(found)} {field}; in one result only: {listed(map(joined, odd))}"
            yield Problem(second.file, field, text, f"the other's {len(right)}", _REMEDY)
            return
    frames = [wide.columns["frames"][:, 0] for wide in (one, other)]
    for place in np.flatnonzero(frames[0] != frames[1])[:1].tolist():
        text = f"{frames[1][place]:g} for {joined(one.clips[place])}"
        yield Problem(second.file, "column frames", text, f"{frames[0][place]:g}", _REMEDY)

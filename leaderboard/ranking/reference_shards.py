"""Which shards the rows of a benchmark were scored on: detector, weights and pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.reference import reference_for
from corruptbench.leaderboard.schema import Build, Result
from corruptbench.leaderboard.status import is_confirmed

#: How the name of a detector begins that is none: its keypoints are projected labels.
GROUND_TRUTH = "ground-truth:"


class Shards(NamedTuple):
    """What identifies shards.

    The digest of the detections is left out: it can differ by rounding between machines.
    """

    detector: str
    weights_sha256: str
    pixels_sha256: str


def shards(build: Build) -> Shards:
    """Return what identifies the shards of a build."""
    return Shards(build.detector, build.weights_sha256, build.pixels_sha256)


def is_ground_truth(build: Build) -> bool:
    """Tell whether the keypoints are projected labels, and not those of a detector."""
    return build.detector.startswith(GROUND_TRUTH)


def accepted_shards(results: Sequence[Result]) -> frozenset[Shards]:
    """Return the shards whose rows compare: those that the owner of the benchmark built.

    What the owner found out decides. These are the shards of the reference, and where no confirmed
    row has them, those of most confirmed rows, too. So no claimed row puts a confirmed one apart,
    however many there are. Where the owner found nothing out, the number of claimed rows decides,
    and all shards count in a tie. Nobody can know whether that is right: see `is_undecided`.

    Args:
        results: of one table; see `sections.sections`.
    """
    own = _of_owner(results)
    confirmed = [shards(result.build) for result in results if is_confirmed(result)]
    found = _counted(confirmed or [shards(result.build) for result in results], own)
    return found | {own} if own else found


def is_undecided(results: Sequence[Result]) -> bool:
    """Tell whether rows are on different pixels, and nobody knows which ones are right.

    Args:
        results: of one table; see `sections.sections`.
    """
    pixels = {row.build.pixels_sha256 for row in results}
    own = _of_owner(results)
    is_known = any(map(is_confirmed, results)) or (own and own.pixels_sha256 in pixels)
    return len(pixels) > 1 and not is_known


def main_detector(results: Sequence[Result]) -> tuple[str, str]:
    """Return detector and weights of the main table: those of the reference, or of most rows.

    In a tie those of the best row count. Claimed rows decide only where none is confirmed. Rows of
    ground truth are left out where there are others: their tables always have a title.

    Args:
        results: of one benchmark, at least one.
    """
    if owner := reference_for(results[0].benchmark):
        return owner.detector, owner.weights_sha256
    rows = [result for result in results if not is_ground_truth(result.build)] or results
    rows = [row for row in rows if is_confirmed(row)] or rows
    most = _counted([shards(row.build) for row in rows], None)
    best = min(
        (row for row in rows if shards(row.build) in most),
        key=lambda row: (row.errors.corrupted, row.lifter.name),
    )
    return best.build.detector, best.build.weights_sha256


def _of_owner(results: Sequence[Result]) -> Shards | None:
    """Return the shards of the reference, which are of the boxes of the labels."""
    owner = reference_for(results[0].benchmark) if results else None
    if owner is None or results[0].build.boxes:
        return None
    return Shards(owner.detector, owner.weights_sha256, owner.pixels_sha256)


def _counted(found: Sequence[Shards], own: Shards | None) -> frozenset[Shards]:
    """Return the owner's shards if they are there, else those that are most often; all in a tie.

    Pixels do not depend on the detector, so that shards with the owner's pixels come before others.
    """
    if own in found:
        return frozenset(one for one in found if one == own)
    same = [one for one in found if own and one.pixels_sha256 == own.pixels_sha256]
    counted = Counter(same or found)
    most = max(counted.values(), default=0)
    return frozenset(one for one, count in counted.items() if count == most)

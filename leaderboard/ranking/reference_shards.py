"""Which shards the rows of a benchmark were scored on: detector, weights and pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from corruptbench.leaderboard.reference import reference_for
from corruptbench.leaderboard.schema import Build, Result
from corruptbench.leaderboard.status import is_confirmed

#: How the name of a detector begins that is none: its keypoints are projected labels.
GROUND_TRUTH = "ground-truth:"


def shards(build: Build) -> tuple[str, str, str]:
    """Return what identifies the shards: detector, weights and pixels.

    The digest of the detections is left out: it can differ by rounding between machines.
    """
    return build.detector, build.weights_sha256, build.pixels_sha256


def is_ground_truth(build: Build) -> bool:
    """Tell whether the keypoints are projected labels, and not those of a detector."""
    return build.detector.startswith(GROUND_TRUTH)


def accepted_shards(results: Sequence[Result]) -> frozenset[tuple[str, str, str]]:
    """Return the shards whose rows compare: those that the owner of the benchmark built.

    If no row has them, those with the owner's pixels, which do not depend on the detector. Where
    this does not decide, those of most rows, and all of these in a tie: no single row puts another
    one apart. Rows of ground truth are left out where there is any other one, and claimed rows
    where there is one that the owner confirmed.

    Args:
        results: of one benchmark.
    """
    owner = reference_for(results[0].benchmark) if results else None
    if owner:
        own = owner.detector, owner.weights_sha256, owner.pixels_sha256
        if any(shards(result.build) == own for result in results):
            return frozenset([own])
        results = [r for r in results if shards(r.build)[2] == own[2]] or results
    results = [result for result in results if not is_ground_truth(result.build)] or results
    results = [result for result in results if is_confirmed(result)] or results
    counted = Counter(shards(result.build) for result in results)
    most = max(counted.values(), default=0)
    return frozenset(key for key, count in counted.items() if count == most)


def reference_shards(results: Sequence[Result]) -> tuple[str, str, str]:
    """Return the shards of the main table: the `accepted_shards`, in a tie those of the best row.

    Raises:
        ValueError: there is no result.
    """
    if not results:
        raise ValueError("there is no result")
    accepted = accepted_shards(results)
    return shards(min((r for r in results if shards(r.build) in accepted), key=_best_first).build)


def _best_first(result: Result) -> tuple[float, str]:
    return result.errors.corrupted, result.lifter.name

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


def reference_shards(results: Sequence[Result]) -> tuple[str, str, str]:
    """Return the shards that the owner of the benchmark built, if a row has them.

    Otherwise those of most rows; in a tie, those of the best row. Rows of ground truth are left out
    where there is any other one, and claimed rows where there is one that the owner confirmed.

    Raises:
        ValueError: there is no result.
    """
    if not results:
        raise ValueError("there is no result")
    owner = reference_for(results[0].benchmark)
    if owner:
        own = owner.detector, owner.weights_sha256, owner.pixels_sha256
        if any(shards(result.build) == own for result in results):
            return own
    detected = [result for result in results if not is_ground_truth(result.build)]
    results = detected or results
    results = [result for result in results if is_confirmed(result)] or results
    counted = Counter(shards(result.build) for result in results)
    worst_first = sorted(results, key=_best_first, reverse=True)
    best = {shards(row.build): _best_first(row) for row in worst_first}
    return min(counted, key=lambda key: (-counted[key], best[key]))


def _best_first(result: Result) -> tuple[float, str]:
    return result.errors.corrupted, result.lifter.name

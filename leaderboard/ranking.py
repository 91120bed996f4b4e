"""Sort results into tables, and decide which rows are ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.schema import Benchmark, Build, Metric, Result


class Row(NamedTuple):
    """A result with its rank, which is None where it cannot be compared with the ranked rows."""

    rank: int | None
    result: Result
    #: Why it is not ranked, or an empty string.
    apart: str


def by_benchmark(results: Sequence[Result]) -> dict[Benchmark, list[Result]]:
    """Group results by benchmark (id, version, manifest hash); keep the order of rows.

    The benchmarks are sorted by id, and the newest version of each comes first.
    """
    split: dict[Benchmark, list[Result]] = {}
    for result in sorted(results, key=_benchmark_key):
        split.setdefault(result.benchmark, []).append(result)
    return split


def rank(results: Sequence[Result], metric: Metric = "mpjpe") -> list[Row]:
    """Sort results of one benchmark by mean corrupted error, smallest first.

    Rows with a single hypothesis on the reference shards get a rank. Rows on other shards (another
    detector, other weights, other pixels) and best-of-H rows follow, sorted but not ranked.

    Raises:
        ValueError: the results belong to several benchmarks.
    """
    if len({result.benchmark for result in results}) > 1:
        raise ValueError("results of different benchmarks do not share a table")
    if not results:
        return []
    reference = reference_shards(results)
    in_order = [
        (_apart(result, reference), result)
        for result in sorted(results, key=lambda result: _order(result, metric))
    ]
    ranked = [result for apart, result in in_order if not apart]
    rows = [Row(place, result, "") for place, result in enumerate(ranked, 1)]
    return rows + [Row(None, result, apart) for apart, result in in_order if apart]


def shards(build: Build) -> tuple[str, str, str]:
    """Return what identifies the shards: detector, weights and pixels.

    The digest of the detections is left out: it can differ by rounding between machines.
    """
    return build.detector, build.weights_sha256, build.pixels_sha256


def reference_shards(results: Sequence[Result]) -> tuple[str, str, str]:
    """Return the shards of most rows; in a tie, those of the best row.

    Raises:
        ValueError: there is no result.
    """
    if not results:
        raise ValueError("there is no result")
    counted = Counter(shards(result.build) for result in results)
    best = {shards(row.build): _order(row, "mpjpe") for row in sorted(results, key=_worst_first)}
    return min(counted, key=lambda key: (-counted[key], best[key]))


def corruption_names(results: Sequence[Result]) -> list[str]:
    """Return the corruptions of all results, in the order in which the results name them."""
    return list(dict.fromkeys(name for result in results for name in result.mpjpe.corruptions))


def hypotheses(result: Result) -> int:
    """Return how many poses the lifter may give for a frame (contract field ``hypotheses``)."""
    declared = result.lifter.contract.get("hypotheses")
    return declared if isinstance(declared, int) and declared > 1 else 1


def _apart(result: Result, reference: tuple[str, str, str]) -> str:
    if shards(result.build) != reference:
        other_detector = shards(result.build)[:2] != reference[:2]
        return "other detector" if other_detector else "other pixels"
    if hypotheses(result) > 1:
        return f"best of {hypotheses(result)}"
    return ""


def _order(result: Result, metric: Metric) -> tuple[float, str]:
    return getattr(result, metric).corrupted, result.lifter.name


def _worst_first(result: Result) -> tuple[float, str]:
    return -result.mpjpe.corrupted, result.lifter.name


def _benchmark_key(result: Result) -> tuple[str, int, str]:
    benchmark = result.benchmark
    return benchmark.id, -benchmark.version, benchmark.manifest_sha256

"""Sort results into tables, and decide which rows are ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.published import is_unknown
from corruptbench.leaderboard.reference import reference_for
from corruptbench.leaderboard.schema import Benchmark, Build, Result
from corruptbench.leaderboard.status import is_confirmed
from corruptbench.leaderboard.superseding import superseded

#: How the name of a detector begins that is none: its keypoints are projected labels.
GROUND_TRUTH = "ground-truth:"
#: Stands among a lifter's allowed checks where nobody could probe it: only its poses were scored.
UNPROBED = "probes"


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


def by_units(results: Sequence[Result]) -> list[list[Result]]:
    """Split the rows of a benchmark into its sections; none of them is empty.

    The first has the lifters whose poses have a size in mm. The second has those of unknown units,
    which have no MPJPE.
    """
    known = [result for result in results if result.main_metric == "mpjpe"]
    unknown = [result for result in results if result.main_metric != "mpjpe"]
    return [section for section in (known, unknown) if section]


def sections(results: Sequence[Result]) -> list[list[Result]]:
    """Split the rows of a benchmark into those that share a table; none of them is empty.

    Rows on the boxes of the labels come first, then those of each person detector. These are other
    tasks: the person must be found in the corrupted pictures. Each is split by `by_units`.
    """
    names = sorted({boxes_of(result) for result in results})
    return [
        section
        for name in names
        for section in by_units([result for result in results if boxes_of(result) == name])
    ]


def boxes_of(result: Result) -> str:
    """Return the name of the person detector of a row; nothing for the boxes of the labels."""
    boxes = result.build.boxes
    return boxes.detector if boxes else ""


def rank(results: Sequence[Result], metric: Metric | None = None) -> list[Row]:
    """Sort results of one section by mean corrupted error, smallest first.

    Rows that compare with each other get a rank. A claimed row never stands above a row that the
    owner confirmed: verified and re-scored rows come first, by error, then claimed ones, by error.
    The ranks count on.

    Others follow, sorted but not ranked: rows of a benchmark of ours with an unknown manifest (see
    `published`), rows that are superseded, rows on other shards than the reference (another
    detector, other weights, other pixels), rows with fewer joints than the benchmark scores, rows
    that were allowed to fail a check, rows of lifters that were trained on corrupted video, and
    rows of version 2 with the best of several hypotheses.

    Args:
        results: of one benchmark and one section (see `sections`).
        metric: to sort by; by default MPJPE, or P-MPJPE in the section of unknown units.

    Raises:
        ValueError: the results belong to several benchmarks or sections.
    """
    if len({result.benchmark for result in results}) > 1:
        raise ValueError("results of different benchmarks do not share a table")
    if len(by_units(results)) > 1:
        raise ValueError("results with and without known units do not share a table")
    if len({boxes_of(result) for result in results}) > 1:
        raise ValueError("results on other boxes do not share a table")
    if not results:
        return []
    reference = reference_shards(results)
    by, newer = metric or results[0].main_metric, superseded(results)
    in_order = [
        (_apart(result, reference, newer.get(result.lifter.name)), result)
        for result in sorted(results, key=lambda result: _order(result, by))
    ]
    ranked = [result for apart, result in in_order if not apart]
    ranked.sort(key=is_confirmed, reverse=True)
    rows = [Row(place, result, "") for place, result in enumerate(ranked, 1)]
    return rows + [Row(None, result, apart) for apart, result in in_order if apart]


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
    worst_first = sorted(results, key=lambda row: (-row.errors.corrupted, row.lifter.name))
    best = {shards(row.build): _order(row, row.main_metric) for row in worst_first}
    return min(counted, key=lambda key: (-counted[key], best[key]))


def corruption_names(results: Sequence[Result]) -> list[str]:
    """Return the corruptions of all results, in the order in which the results name them."""
    return list(dict.fromkeys(name for result in results for name in result.errors.corruptions))


def failed(result: Result) -> tuple[str, ...]:
    """Return the checks that a lifter failed and that were allowed to fail."""
    return tuple(name for name in result.lifter.allowed or () if name != UNPROBED)


def marks(result: Result) -> str:
    """Return the checks that a lifter failed and that were allowed to fail, as text."""
    return f"failed {', '.join(failed(result))}" if failed(result) else ""


def _unprobed(result: Result) -> str:
    return "could not be probed" if UNPROBED in (result.lifter.allowed or ()) else ""


def _apart(result: Result, reference: tuple[str, str, str], newer: str | None) -> str:
    reasons = (
        "unknown manifest" if is_unknown(result.benchmark) else "",
        f"superseded by {newer}" if newer else "", _other_shards(result, reference),
        _joints(result), marks(result), _unprobed(result), _best_of(result), _trained_on(result),
    )  # fmt: skip
    return ", ".join(reason for reason in reasons if reason)


def _other_shards(result: Result, reference: tuple[str, str, str]) -> str:
    found = shards(result.build)
    if found[:2] != reference[:2]:
        is_apart = is_ground_truth(result.build) and not reference[0].startswith(GROUND_TRUTH)
        return "ground truth, no detections" if is_apart else "other detector"
    return "other pixels" if found != reference else ""


def _joints(result: Result) -> str:
    """Say that a row has fewer joints than the benchmark scores."""
    scored, all_of_them = result.lifter.scored_joints, result.scoring.joint_count
    fewer = scored is not None and all_of_them is not None and scored < all_of_them
    return f"{scored} of {all_of_them} joints" if fewer else ""


def _best_of(result: Result) -> str:
    """Say that the errors of a row of version 2 are those of the best hypothesis.

    In version 3 they are those of the lifter's own pose, and the best one has its own metrics.
    """
    poses = result.lifter.contract.get("hypotheses")
    several = result.schema_version == 2 and isinstance(poses, int) and poses > 1
    return f"best of {poses}" if several else ""


def _trained_on(result: Result) -> str:
    """Say that a lifter was trained on what the benchmark does to it."""
    about = result.lifter.about
    return "trained on corruptions" if about and about.saw_corruptions else ""


def _order(result: Result, metric: Metric) -> tuple[float, str]:
    """Return a key that sorts the best first."""
    corrupted = getattr(result, metric).corrupted
    return -corrupted if METRIC_COLUMNS[metric].grows else corrupted, result.lifter.name


def _benchmark_key(result: Result) -> tuple[str, int, str]:
    benchmark = result.benchmark
    return benchmark.id, -benchmark.version, benchmark.manifest_sha256

"""Sort the rows of a table, and decide which of them are ranked."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.published import is_unknown
from corruptbench.leaderboard.ranking.reference_shards import Shards, accepted_shards, shards
from corruptbench.leaderboard.ranking.sections import sections
from corruptbench.leaderboard.ranking.superseding import superseded
from corruptbench.leaderboard.ranking.twins import excluded
from corruptbench.leaderboard.schema import Benchmark, Result
from corruptbench.leaderboard.status import is_confirmed

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


def rank(results: Sequence[Result], metric: Metric | None = None) -> list[Row]:
    """Sort results of one section by mean corrupted error, smallest first.

    Rows that compare with each other get a rank. A claimed row never stands above a row that the
    owner confirmed: verified and re-scored rows come first, by error, then claimed ones, by error.
    The ranks count on.

    Others follow, sorted in the same way but not ranked, whatever their status: rows of a
    benchmark of ours with an unknown manifest (see `published`), rows that are superseded, rows
    that state what a verified row of another name states (see `twins`), rows on other pixels (see
    `reference_shards.accepted_shards`), rows that were allowed to fail a check, and rows of lifters
    that nobody could probe.

    Args:
        results: of one benchmark and one section (see `sections.sections`).
        metric: to sort by; by default MPJPE, or P-MPJPE in a section of unknown units.

    Raises:
        ValueError: the results belong to several benchmarks or sections.
    """
    if len({result.benchmark for result in results}) > 1:
        raise ValueError("results of different benchmarks do not share a table")
    if len(sections(results)) > 1:
        raise ValueError("results of different sections do not share a table")
    if not results:
        return []
    accepted = accepted_shards(results)
    by, false = metric or results[0].main_metric, _reasons(results)
    in_order = [
        (_apart(result, accepted, false.get(result.lifter.name, ())), result)
        for result in sorted(results, key=lambda result: _order(result, by))
    ]
    ranked = [result for apart, result in in_order if not apart]
    rows = [Row(place, result, "") for place, result in enumerate(ranked, 1)]
    return rows + [Row(None, result, apart) for apart, result in in_order if apart]


def may_be_best(rows: Sequence[Row]) -> frozenset[str]:
    """Return the names of the rows of a table whose numbers can be the best of their columns.

    These are the ranked ones, and no claimed one where one is confirmed: anybody can invent the
    least number of a column.
    """
    ranked = [row.result for row in rows if row.rank is not None]
    confirmed = [result for result in ranked if is_confirmed(result)]
    return frozenset(result.lifter.name for result in confirmed or ranked)


def corruption_names(results: Sequence[Result]) -> list[str]:
    """Return the corruptions of all results, in the order in which the results name them.

    Confirmed rows come first, so that no claimed row moves a column of theirs.
    """
    in_order = sorted(results, key=is_confirmed, reverse=True)
    return list(dict.fromkeys(name for result in in_order for name in result.errors.corruptions))


def failed(result: Result) -> tuple[str, ...]:
    """Return the checks that a lifter failed and that were allowed to fail."""
    return tuple(name for name in result.lifter.allowed or () if name != UNPROBED)


def marks(result: Result) -> str:
    """Return the checks that a lifter failed and that were allowed to fail, as text."""
    return f"failed {', '.join(failed(result))}" if failed(result) else ""


def _unprobed(result: Result) -> str:
    return "could not be probed" if UNPROBED in (result.lifter.allowed or ()) else ""


def _reasons(results: Sequence[Result]) -> dict[str, list[str]]:
    """Return why rows have no rank beside other rows, by name."""
    found: dict[str, list[str]] = {}
    for name, newer in superseded(results).items():
        found.setdefault(name, []).append(f"superseded by {newer}")
    for name, (other, twin) in excluded(results).items():
        found.setdefault(name, []).append(f"states the {twin.found} of {other}, which is verified")
    return found


def _apart(result: Result, accepted: Set[Shards], beside: Sequence[str]) -> str:
    reasons = (
        "unknown manifest" if is_unknown(result.benchmark) else "",
        *beside,
        "" if shards(result.build) in accepted else "other pixels",
        marks(result),
        _unprobed(result),
    )
    return ", ".join(reason for reason in reasons if reason)


def _order(result: Result, metric: Metric) -> tuple[bool, float, str]:
    """Return a key that sorts confirmed rows first, and the best of each kind."""
    corrupted = getattr(result, metric).corrupted
    error = -corrupted if METRIC_COLUMNS[metric].grows else corrupted
    return not is_confirmed(result), error, result.lifter.name


def _benchmark_key(result: Result) -> tuple[str, int, bool, str]:
    """Return a key that sorts unknown manifests behind the published one."""
    one = result.benchmark
    return one.id, -one.version, is_unknown(one), one.manifest_sha256

"""A result of a part of a benchmark: what is missing, and which means are whole."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.frame_runs import listed
from corruptbench.leaderboard import Result
from corruptbench.leaderboard.statistics.wide import CLEAN
from corruptbench.manifest import SEVERITIES, Cell, known_manifests, load_manifest


def is_whole(result: Result) -> bool:
    """Return whether a result has all cells of its benchmark."""
    return result.coverage.n_scored == result.coverage.n_expected


def whole_corruptions(result: Result) -> set[str]:
    """Return the corruptions that the result has at all severities."""
    there = {(cell.corruption, cell.severity) for cell in result.cells}
    names = {name for name, _ in there - {CLEAN}}
    return {n for n in names if is_whole(result) or all((n, s) in there for s in SEVERITIES)}


def missing(result: Result) -> str:
    """Say in one line which cells of the benchmark a result lacks; nothing if it has all."""
    if is_whole(result):
        return ""
    coverage, there = result.coverage, [Cell(c.corruption, c.severity) for c in result.cells]
    expected = round(coverage.cells * coverage.n_expected / coverage.n_scored)
    lacking = _lacking(result, there)
    return (
        f"This is a part of the benchmark, {coverage.cells} of {expected} cells, so there is no "
        f"mean over corruptions{f'. Missing: {lacking}' if lacking else ''}. Build the rest and "
        "evaluate again."
    )


def _lacking(result: Result, there: Sequence[Cell]) -> str:
    """Return the missing cells in words; nothing for a benchmark that is not one of ours."""
    benchmark = result.benchmark
    manifest = load_manifest(benchmark.id) if benchmark.id in known_manifests() else None
    if manifest is None or manifest.sha256 != benchmark.manifest_sha256:
        return ""
    lacks: dict[str, list[str]] = {}
    for cell in manifest.cells:
        if cell not in there:
            lacks.setdefault(cell.corruption, []).append(str(cell.severity))
    return listed(
        [
            name if len(severities) == len(SEVERITIES) else f"{name} {', '.join(severities)}"
            for name, severities in lacks.items()
        ]
    )

"""The protocol of a benchmark's section as text: what a paper must say beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import CLEAN, RESAMPLES
from corruptbench.leaderboard.takes import takes
from corruptbench.leaderboard.text import counted

_ROOTS = {
    "subtract": "errors relative to joint {}: it is subtracted from predictions and labels",
    "as-predicted": "joint {} is subtracted from labels; predictions are taken as they are",
}
_AVERAGES = {
    "actions": "mean over the frames of each action, then over actions",
    "frames": "mean over all frames",
}


def protocol(result: Result, title: str) -> str:
    """Return one line for each part of the protocol, as "part: what it is".

    Args:
        result: of the section, on the shards that its ranked rows share.
        title: of the benchmark.
    """
    return "\n".join(f"{part}: {text}" for part, text in _lines(result, title))


def _lines(result: Result, title: str) -> Iterator[tuple[str, str]]:
    benchmark, build, scoring = result.benchmark, result.build, result.scoring
    root = _ROOTS[scoring.root_rule].format(scoring.root_joint)
    yield "Benchmark", f"{title} ({benchmark.id}, version {benchmark.version})"
    yield "Manifest SHA-256", benchmark.manifest_sha256
    yield "Clips", _clips(result)
    yield "Cells", _cells(result)
    yield "2D keypoints", f"{build.detector}, weights SHA-256 {build.weights_sha256}"
    yield "Boxes of the person", _boxes(result)
    yield "Pixels SHA-256", build.pixels_sha256
    yield "Joints", f"{scoring.joints}; {root}"
    yield "Average of a cell", _AVERAGES[scoring.average]
    yield "Corrupted", "mean over the severities of each corruption, then over corruptions"
    yield "Degradation", "corrupted minus clean"
    yield (
        "Intervals",
        f"95 % percentile bootstrap, {counted(RESAMPLES, 'resample')} of takes "
        "(a sequence with all its cameras); differences of lifters are paired over takes",
    )
    yield "Software", f"corruptbench {result.software.get('corruptbench', 'of unknown version')}"


def _clips(result: Result) -> str:
    coverage = result.coverage
    parts = [counted(coverage.clips, "clip")]
    if count := takes(result):
        parts.append(counted(count, "take"))
    frames = coverage.n_expected // coverage.cells
    parts.append(f"all {counted(frames, 'labeled frame')} in each cell")
    if coverage.excluded:
        parts.append(f"without {', '.join(coverage.excluded)}")
    return ", ".join(parts)


def _cells(result: Result) -> str:
    corrupted = [c for c in result.cells if (c.corruption, c.severity) != CLEAN]
    names = dict.fromkeys(c.corruption for c in corrupted)
    severities = sorted({c.severity for c in corrupted})
    return (
        f"{len(result.cells)}: clean, and {', '.join(names)} at severities "
        f"{', '.join(map(str, severities))} (corruptbench's own strengths)"
    )


def _boxes(result: Result) -> str:
    boxes = result.build.boxes
    if boxes is None:
        return "around the labels"
    return f"{boxes.detector}, weights SHA-256 {boxes.weights_sha256}"

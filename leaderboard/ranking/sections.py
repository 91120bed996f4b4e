"""Split the rows of a benchmark into sections: the tables whose rows compare with each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from corruptbench.leaderboard.published import is_unknown
from corruptbench.leaderboard.ranking.reference_shards import (
    GROUND_TRUTH,
    is_ground_truth,
    main_detector,
)
from corruptbench.leaderboard.schema import Benchmark, Build, Result
from corruptbench.leaderboard.status import is_confirmed

#: Characters of a digest that stand for it in titles.
_BEGIN = 8


class Section(NamedTuple):
    """Rows that share a table.

    Attributes:
        title: what they have in common that the rows of the main table do not have; empty for the
            main table. No two sections of a benchmark have the same title.
        results: one or more, in the order in which they were given.
    """

    title: str
    results: list[Result]


def sections(results: Sequence[Result]) -> list[Section]:
    """Split the rows of a benchmark into those that share a table; the main table comes first.

    A row has another section than the main one for each of these reasons, and their combinations:
    boxes of a person detector, poses of unknown units, another detector, ground truth in place of
    one, fewer joints than the benchmark scores, the best of several hypotheses (only in version 2),
    and training on corrupted video.

    Args:
        results: of one benchmark.
    """
    if not results:
        return []
    main = main_detector(results)
    weights = _names_of_weights(results)
    split: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        split.setdefault(_kind(result, main, weights), []).append(result)
    return [Section(", ".join(filter(None, kind)), split[kind]) for kind in sorted(split)]


def section_of(result: Result, results: Sequence[Result]) -> Section:
    """Return the section of a row.

    Args:
        result: the row.
        results: all rows of the board, with this one.
    """
    same = [other for other in results if other.benchmark == result.benchmark]
    return next(s for s in sections(same) if any(other is result for other in s.results))


def address(benchmark: Benchmark, title: str) -> str:
    """Return a section's name in addresses and on the Hub, which no other section has.

    It has letters, digits, dots, underscores and hyphens. As several titles can have the same
    words, a title with other signs than commas has its digest beside them.

    Args:
        benchmark: of the section.
        title: of the section, see `Section`.
    """
    manifest = benchmark.manifest_sha256[:12] if is_unknown(benchmark) else ""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower())
    digest = "" if re.fullmatch(r"[a-z0-9 ,]*", title) else sha256(title.encode()).hexdigest()[:12]
    parts = (f"{benchmark.id}-v{benchmark.version}", manifest, words, digest)
    return "-".join(filter(None, parts))


def boxes_of(result: Result) -> str:
    """Return the name of the person detector of a row; nothing for the boxes of the labels."""
    boxes = result.build.boxes
    return boxes.detector if boxes else ""


def _names_of_weights(results: Sequence[Result]) -> dict[str, str]:
    """Return how the weights of detectors are named: by the begin of their digest.

    They are named by all of it where others begin so. What a claimed row says of its weights
    changes no name of those that the owner confirmed.
    """
    every = {result.build.weights_sha256 for result in results}
    known = {result.build.weights_sha256 for result in results if is_confirmed(result)}
    names = {}
    for digest in every:
        others = (known if digest in known else every) - {digest}
        is_alike = any(other.startswith(digest[:_BEGIN]) for other in others)
        names[digest] = digest if is_alike else digest[:_BEGIN]
    return names


def _kind(result: Result, main: tuple[str, str], weights: Mapping[str, str]) -> tuple[str, ...]:
    """Return how a row differs from those of the main table, an empty text where it does not.

    Kinds are sorted by these texts, so the main table is the first.
    """
    return (
        f"boxes by {boxes_of(result)}" if boxes_of(result) else "",
        "" if result.main_metric == "mpjpe" else "units unknown",
        _keypoints(result.build, main, weights),
        _joints(result),
        _best_of(result),
        _trained_on(result),
    )


def _keypoints(build: Build, main: tuple[str, str], weights: Mapping[str, str]) -> str:
    """Say whose keypoints the lifter got; nothing for those of the main detector."""
    name = build.detector.removeprefix(GROUND_TRUTH)
    whose = f"{name}, weights {weights[build.weights_sha256]}"
    if is_ground_truth(build):
        truth = "ground truth keypoints"
        return truth if name == "projected" else f"{truth}, {whose}"
    return "" if (build.detector, build.weights_sha256) == main else f"keypoints by {whose}"


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
    return f"best of {poses} hypotheses" if several else ""


def _trained_on(result: Result) -> str:
    """Say that a lifter was trained on what the benchmark does to it."""
    about = result.lifter.about
    return "trained on corruptions" if about and about.saw_corruptions else ""

"""Compare a result with what the owner of a board knows about the benchmark.

The rest of the referee compares a result with its own clips table, which a forger can write too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from corruptbench.leaderboard.look_alike import look_alike
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.records import Record
from corruptbench.leaderboard.schema import Benchmark, Build, Lifter, Result, Scoring
from corruptbench.leaderboard.text import joined, listed, short

#: The columns that identify a clip to the board's owner.
KNOWN_KEY = ("subject", "sequence", "camera")
#: The columns whose values the owner knows.
_COMPARED = ("action", "frames", "run_frames", "acceleration_frames")

_MANIFEST = "build and evaluate with the manifest that this board is for"
_CELLS = "build and score exactly the benchmark's cells"
_CLIPS = "build and score exactly the benchmark's clips, with every labeled frame"
_FILTER = "upgrade corruptbench, or evaluate with a filter that this version knows"
#: mm, the largest error of a root that is subtracted. Our own choice, far above rounding.
_ROOT = 1e-3
_DETECTOR = "build and evaluate with that detector of corruptbench"
_CONTRACT = "upgrade corruptbench, or evaluate the model again with this version"
_SCORING = "evaluate with the scoring that the benchmark's manifest pins"


@dataclass(frozen=True)
class ExpectedClip:
    """What the owner knows of a clip.

    Attributes:
        action: the class that it counts for in means over actions.
        frames: the numbers of frames that may be scored in a cell: a single number where the owner
            knows which frames have labels. A clip with the single number 0 must not be in a result.
        run_frames: how many of these frames are in runs of at least 2; None where it is not known.
        acceleration_frames: likewise of at least 3.
    """

    action: str
    frames: range
    run_frames: int | None = None
    acceleration_frames: int | None = None


@dataclass(frozen=True)
class Expected:
    """What every result of a benchmark must have.

    Attributes:
        benchmark: id and version of the benchmark, and the hash of its frozen manifest.
        cells: (corruption, severity) of each cell, with ("clean", 0).
        scoring: the conventions that the manifest pins.
        excluded: names of recordings and clips that the manifest leaves out.
        clips: what is known of each clip, by (subject, sequence, camera). None where the owner
            cannot know the clips: a result that leaves out clips or frames is then not noticed.
        filters: names of the filters of keypoints that a lifter may have; None: any.
        joints: names of the joints of the scoring's joint set, in order; None: any.
        contract: returns field, found and expected of what is wrong with a lifter's contract, or
            None; None: any contract.
        score_meaning: returns what the scores of a detector mean, by its name, or None for a
            detector that the owner does not know; None: any meaning.
        detectors: names of detectors that the owner knows. No other one looks like them, and
            families of theirs have no other ones but those whose ``score_meaning`` is known.
    """

    benchmark: Benchmark
    cells: tuple[tuple[str, int], ...]
    scoring: Scoring
    excluded: tuple[str, ...]
    clips: Mapping[tuple[str, str, str], ExpectedClip] | None
    filters: Sequence[str] | None = None
    joints: Sequence[str] | None = None
    contract: Callable[[Lifter], tuple[str, str, str] | None] | None = None
    score_meaning: Callable[[str], str | None] | None = None
    detectors: Sequence[str] = ()


def document_problems(file: str, result: Result, expected: Expected) -> Iterator[Problem]:
    """Compare manifest, scoring, filter and cells; with another manifest, nothing else.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result that passes the schema.
        expected: what the board's owner expects.
    """
    wrong = _differences(file, "benchmark", result.benchmark, expected.benchmark, _MANIFEST)
    if problems := list(wrong):
        yield from problems
        return
    yield from _differences(file, "scoring", result.scoring, expected.scoring, _SCORING)
    excluded = result.coverage.excluded
    if excluded != expected.excluded:
        found, right = (listed(names) or "nothing" for names in (excluded, expected.excluded))
        yield Problem(file, "coverage.excluded", found, right, _CLIPS)
    yield from _detector_problems(file, result.build, expected)
    yield from _filter_problems(file, result.lifter, expected.filters)
    yield from _joint_problems(file, result, expected.joints)
    if expected.contract and (fault := expected.contract(result.lifter)):
        field, found, right = fault
        yield Problem(file, f"lifter.{field}", short(found), right, _CONTRACT)
    cells = [(cell.corruption, cell.severity) for cell in result.cells]
    yield from set_problems(file, "cells", cells, expected.cells, _CELLS)


def _detector_problems(file: str, build: Build, expected: Expected) -> Iterator[Problem]:
    """Check the name of the detector, and what its scores mean where the owner knows it."""
    name, known = build.detector, expected.detectors
    right = expected.score_meaning(name) if expected.score_meaning else None
    if right is not None and build.score_meaning != right:
        found = short(build.score_meaning)
        yield Problem(file, "build.score_meaning", found, f"{short(right)}, as it is", _DETECTOR)
    if right is not None:
        return
    if other := look_alike(name, known):
        text = f"a name that does not look like {other}"
        yield Problem(file, "build.detector", short(name), text, _DETECTOR)
    elif family := [other for other in known if _family(other) == _family(name)]:
        text = f"a detector that {_family(name)} has: {listed(family)}"
        yield Problem(file, "build.detector", short(name), text, _DETECTOR)


def _family(detector: str) -> str:
    return detector.partition(":")[0]


def _filter_problems(file: str, lifter: Lifter, known: Sequence[str] | None) -> Iterator[Problem]:
    """Check that a filter is known, and that no row without a filter has the name of one."""
    used, end = lifter.filter, lifter.name.rpartition("+")[2]
    if known is None:
        return
    if used and used not in known:
        yield Problem(file, "lifter.filter", short(used), f"one of {', '.join(known)}", _FILTER)
    if not used and end in known and end != lifter.name:
        expected = f"a name that does not end with +{end}, or that filter"
        yield Problem(file, "lifter.name", lifter.name, expected, "give the row another name")


def _joint_problems(file: str, result: Result, known: Sequence[str] | None) -> Iterator[Problem]:
    """Check the names of joints, and that the root has no error where it is subtracted."""
    if known is None or result.joint_errors is None:
        return
    said = result.joint_errors
    if odd := [name for name in said.clean if name not in known]:
        expected = f"joints of {result.scoring.joints}: {listed(known)}"
        yield Problem(file, "joint_errors.clean", listed(odd), expected, _SCORING)
    root, is_subtracted = result.scoring.root_joint, result.scoring.root_rule == "subtract"
    if not is_subtracted or result.main_metric != "mpjpe" or root >= len(known):
        return
    for joints in (said.clean, said.corrupted, *said.corruptions.values()):
        if (error := joints.get(known[root], 0.0)) > _ROOT:
            expected = "0: it is subtracted from each pose"
            yield Problem(file, f"joint_errors: {known[root]}", f"{error:.4f}", expected, _SCORING)
            return


def clip_problems(file: str, table: pd.DataFrame, expected: Expected) -> Iterator[Problem]:
    """Compare clips and their frames, if the owner knows them.

    Args:
        file: name of the clips table, for the messages.
        table: ``schema.CLIP_COLUMNS``, every clip with the same ``frames`` in all its cells.
        expected: what the board's owner expects.
    """
    if expected.clips is None:
        return
    right = {key: clip for key, clip in expected.clips.items() if any(clip.frames)}
    columns = [c for c in _COMPARED if c in table.columns]
    scored = table[[*KNOWN_KEY, *columns]].drop_duplicates()
    keys = known_keys(scored)
    yield from set_problems(file, "clips", keys, tuple(right), _CLIPS)
    rows = zip(keys, scored.to_dict("records"), strict=True)
    known = [(key, row, right[key]) for key, row in rows if key in right]
    for column in columns:
        wrong = [
            (f"{short(str(row[column]))} for {joined(key)}", text)
            for key, row, clip in known
            if (text := _wanted(clip, column, row[column]))
        ]
        if wrong:
            found, others = (listed(texts) for texts in zip(*wrong, strict=True))
            yield Problem(file, f"column {column}", found, others, _CLIPS)


def _wanted(clip: ExpectedClip, column: str, found: object) -> str:
    """Return what a column of a clip must have, as text; nothing where it has that."""
    right = getattr(clip, column)
    if right is None or found in (right if isinstance(right, range) else (right,)):
        return ""
    return _span(right) if isinstance(right, range) else str(right)


def _differences(
    file: str, name: str, found: Record, right: Record, remedy: str
) -> Iterator[Problem]:
    """Compare two records field by field."""
    for field, value in right:
        stated = getattr(found, field)
        if stated != value:
            yield Problem(file, f"{name}.{field}", short(stated), short(value), remedy)


def known_keys(clips: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return `KNOWN_KEY` of each row."""
    return [
        (str(subject), str(sequence), str(camera))
        for subject, sequence, camera in clips[[*KNOWN_KEY]].itertuples(index=False, name=None)
    ]


def set_problems(
    file: str,
    field: str,
    found: Sequence[tuple[object, ...]],
    right: Sequence[tuple[object, ...]],
    remedy: str,
    owner: str = "benchmark",
) -> Iterator[Problem]:
    """Yield a problem each for what is missing, unknown, and there more than once."""
    counts, known = Counter(found), set(right)
    several = [key for key, count in counts.items() if count > 1]
    missing = [key for key in right if key not in counts]
    unknown = [key for key in counts if key not in known]
    expected = f"the {owner}'s {len(right)}"
    for keys, fault in ((missing, "without"), (unknown, "with"), (several, "more than once")):
        if keys:
            text = f"{len(found)} {field}, {fault} {listed(map(joined, keys))}"
            yield Problem(file, field, text, expected, remedy)


def _span(numbers: range) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"

"""What the owner of a benchmark measured: shards and errors of its reference lifter.

They stand in the folder ``references``, a file for each version of a benchmark. ``python -m
tools.references`` writes them from rows of the board. The file of a version whose manifest is not
part of the package any more also says what the manifest fixed, so that nobody can add to it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from pydantic import Field

from corruptbench.leaderboard.expected import Expected, ExpectedClip
from corruptbench.leaderboard.records import Millimeters, Name, Record, Sha256, SparseRecord, Text
from corruptbench.leaderboard.schema import Benchmark, Result, Scoring


class ReferenceLifter(Record):
    """The model whose errors a reference holds."""

    name: Name
    sha256: Sha256


class ReferenceCell(Record):
    """Mean errors of a cell, mm."""

    corruption: Name
    severity: int = Field(ge=0, le=5)
    mpjpe: Millimeters
    p_mpjpe: Millimeters


class RetiredClip(SparseRecord):
    """A clip of a retired version, see `expected.ExpectedClip`."""

    subject: Text
    sequence: Text
    camera: Text
    action: Text
    frames: int
    run_frames: int
    acceleration_frames: int | None = None


class Retired(Record):
    """What the manifest of a retired version fixed, beside its cells."""

    scoring: Scoring
    excluded: tuple[Text, ...]
    clips: tuple[RetiredClip, ...]


class Reference(SparseRecord):
    """The errors of the reference lifter of a benchmark, on the keypoints of a detector.

    ``weights_sha256`` and ``pixels_sha256`` are those of its shards, see `schema.Build`. Only a
    version without a manifest in the package has ``retired``.
    """

    benchmark: Benchmark
    detector: str
    weights_sha256: Sha256
    pixels_sha256: Sha256
    lifter: ReferenceLifter
    cells: tuple[ReferenceCell, ...]
    retired: Retired | None = None


def file_name(benchmark: Benchmark) -> str:
    """Return the name of the file in ``references`` that a benchmark's reference has."""
    return f"{benchmark.id}-v{benchmark.version}.json"


def reference_for(benchmark: Benchmark) -> Reference | None:
    """Return the reference of a benchmark; None if there is none.

    A benchmark is the same if its manifest has the same hash.
    """
    found = _stored(file_name(benchmark))
    return found if found and found.benchmark == benchmark else None


def retired_expectation(benchmark: Benchmark) -> Expected | None:
    """Return what a retired version of a benchmark expects of its rows; None for other ones.

    A benchmark of that id and version with another manifest is not the same, and the expectation
    says so.
    """
    found = _stored(file_name(benchmark))
    if found is None or found.retired is None:
        return None
    return Expected(
        benchmark=found.benchmark,
        cells=tuple((cell.corruption, cell.severity) for cell in found.cells),
        scoring=found.retired.scoring,
        excluded=found.retired.excluded,
        clips={
            (clip.subject, clip.sequence, clip.camera): ExpectedClip(
                clip.action,
                range(clip.frames, clip.frames + 1),
                clip.run_frames,
                clip.acceleration_frames,
            )
            for clip in found.retired.clips
        },
    )


@cache
def _stored(name: str) -> Reference | None:
    file = resources.files("corruptbench.leaderboard").joinpath("references", name)
    if not file.is_file():
        return None
    return Reference.model_validate_json(file.read_bytes(), strict=True)


def reference_of(result: Result) -> Reference | None:
    """Return the reference of a result's benchmark and detector; None if there is none."""
    found = reference_for(result.benchmark)
    return found if found and found.detector == result.build.detectors else None

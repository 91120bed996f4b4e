"""What the owner of a benchmark measured: shards and errors of its reference lifter.

They stand in the folder ``references``, a file for each version of a benchmark. ``python -m
tools.references`` writes them from rows of the board.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from pydantic import Field

from corruptbench.leaderboard.records import Millimeters, Name, Record, Sha256
from corruptbench.leaderboard.schema import Benchmark, Result


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


class Reference(Record):
    """The errors of the reference lifter of a benchmark, on the keypoints of a detector.

    ``weights_sha256`` and ``pixels_sha256`` are those of its shards, see `schema.Build`.
    """

    benchmark: Benchmark
    detector: str
    weights_sha256: Sha256
    pixels_sha256: Sha256
    lifter: ReferenceLifter
    cells: tuple[ReferenceCell, ...]


def file_name(benchmark: Benchmark) -> str:
    """Return the name of the file in ``references`` that a benchmark's reference has."""
    return f"{benchmark.id}-v{benchmark.version}.json"


@cache
def reference_for(benchmark: Benchmark) -> Reference | None:
    """Return the reference of a benchmark; None if there is none.

    A benchmark is the same if its manifest has the same hash.
    """
    folder = resources.files("corruptbench.leaderboard").joinpath("references")
    file = folder.joinpath(file_name(benchmark))
    if not file.is_file():
        return None
    found = Reference.model_validate_json(file.read_bytes(), strict=True)
    return found if found.benchmark == benchmark else None


def reference_of(result: Result) -> Reference | None:
    """Return the reference of a result's benchmark and detector; None if there is none."""
    found = reference_for(result.benchmark)
    return found if found and found.detector == result.build.detectors else None

"""The mean corruption error (mCE) of a result, against the reference lifter of its benchmark.

The errors of reference lifters stand in the folder ``references``, a file for each version of a
benchmark. ``python -m tools.references`` writes them from rows of the board.
"""

from __future__ import annotations

from importlib import resources

from pydantic import Field

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.numbers import MeanCorruptionError
from corruptbench.leaderboard.records import Millimeters, Name, Record, Sha256
from corruptbench.leaderboard.robustness import relative_to
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
    """The errors of the reference lifter of a benchmark, on the keypoints of a detector."""

    benchmark: Benchmark
    detector: str
    lifter: ReferenceLifter
    cells: tuple[ReferenceCell, ...]


def file_name(benchmark: Benchmark) -> str:
    """Return the name of the file in ``references`` that a benchmark's reference has."""
    return f"{benchmark.id}-v{benchmark.version}.json"


def reference_of(result: Result) -> Reference | None:
    """Return the reference of a result's benchmark and detector; None if there is none.

    A benchmark is the same if its manifest has the same hash.
    """
    folder = resources.files("corruptbench.leaderboard").joinpath("references")
    file = folder.joinpath(file_name(result.benchmark))
    if not file.is_file():
        return None
    found = Reference.model_validate_json(file.read_bytes(), strict=True)
    is_same = found.benchmark == result.benchmark and found.detector == result.build.detectors
    return found if is_same else None


def mean_corruption_error(result: Result) -> MeanCorruptionError | None:
    """Compute the mCE of a result from its cells.

    Returns:
        None without a reference (see `reference_of`), and for a result of version 2, of other cells
        than the reference's, or of fewer joints than the benchmark scores.
    """
    whole = result.lifter.scored_joints == result.scoring.joint_count
    reference = reference_of(result) if whole else None
    if reference is None:
        return None
    metric = result.main_metric
    errors, right = (
        {(cell.corruption, cell.severity): getattr(cell, metric) for cell in cells}
        for cells in (result.cells, reference.cells)
    )
    if errors.keys() != right.keys():
        return None
    found = relative_to(errors, right)
    return MeanCorruptionError(
        reference=reference.lifter.name,
        metric=metric,
        value=found.mce,
        corruptions=found.corruptions,
    )


def mce_text(result: Result, named: str | None = None) -> str:
    """Return the mCE of a result in words, or why it has none.

    Args:
        result: of a lifter.
        named: the reference lifter that its manifest names; None if it names none, and then nothing
            is said about an mCE that is missing.

    Returns:
        Nothing if there is nothing to say.
    """
    if result.mce:
        label = METRIC_COLUMNS[result.mce.metric].label
        return f"{result.mce.value:.1f} % of the {label} of {result.mce.reference}"
    if named and reference_of(result) is None:
        detector = result.build.detectors
        return f"none, since the errors of {named} with {detector} are not known here"
    return ""

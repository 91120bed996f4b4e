"""Gather what a report shows: a result, its clips table, and the files that an evaluation adds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from corruptbench.errors import InputError
from corruptbench.leaderboard import Result
from corruptbench.leaderboard.referee.submission import clips_path, read_clips, read_result
from corruptbench.leaderboard.schema import METRICS
from corruptbench.report import companions
from corruptbench.report.companions import Extract
from corruptbench.report.extremes import KEY, worst_cells
from corruptbench.report.tables import read, table_of
from corruptbench.skeleton import joint_set


@dataclass(frozen=True)
class Evidence:
    """All that a report shows, apart from pictures.

    Attributes:
        result: the record.
        clips: one row for each clip and cell, as in the clips table.
        joints: the same rows, with a column for each joint: its mean error in mm; and
            ``exchanged``. None where the file is missing, as for the next two.
        frames: one row for each frame of the clips in ``worst``, in these cells and clean.
        extracts: successive frames of the worst and the best clips.
        worst: keys of the clips and cells whose frames are shown; see `extremes.worst_cells`.
    """

    result: Result
    clips: pd.DataFrame
    joints: pd.DataFrame | None = None
    frames: pd.DataFrame | None = None
    extracts: tuple[Extract, ...] | None = None
    worst: pd.DataFrame | None = None

    @property
    def metric(self) -> Literal["mpjpe", "p_mpjpe"]:
        """The error that is shown: MPJPE, or P-MPJPE of a lifter whose poses have no scale."""
        return "mpjpe" if self.clips["mpjpe"].notna().any() else "p_mpjpe"

    @property
    def label(self) -> str:
        """The name of `metric`."""
        return "MPJPE" if self.metric == "mpjpe" else "P-MPJPE"

    @property
    def average(self) -> Literal["actions", "frames"]:
        """The rule by which clips are averaged."""
        return self.result.scoring.average


def read_evidence(path: Path) -> Evidence:
    """Read a result, its clips table, and those of the other files that are there.

    Args:
        path: ``NAME.json``. ``NAME.clips.parquet`` must be beside it, or ``clips.parquet`` beside
            a board's ``result.json``. ``NAME.joints.parquet``, ``NAME.frames.parquet`` and
            ``NAME.extracts.parquet`` may be.

    Raises:
        SubmissionError: the file is no result, or the clips table is missing.
        InputError: one of the other files is damaged, or belongs to another evaluation.
    """
    result = read_result(path)
    table = _clips(path, result)
    bare = Evidence(result, table)
    worst = worst_cells(table, bare.metric)
    names, samples = joint_names(result), result.lifter.samples or 1
    return Evidence(
        result,
        table,
        companions.read_joints(beside(path, "joints"), table, bare.metric, names, samples),
        companions.read_frames(beside(path, "frames"), table, bare.metric, worst, samples),
        companions.read_extracts(beside(path, "extracts"), table, names),
        worst,
    )


def _clips(path: Path, result: Result) -> pd.DataFrame:
    """Read the clips table that a result names; partial results have one, too."""
    file = clips_path(path)
    found = hashlib.sha256(read_clips(file, path)).hexdigest()
    if found != result.clips_sha256:
        raise InputError(
            f"{file}: SHA-256 {found[:12]}, {path.name} names a clips table with "
            f"{result.clips_sha256[:12]}; expected the two files of one evaluation"
        )
    return table_of(read(file, [*KEY, "frames", *METRICS]))


def beside(path: Path, kind: str) -> Path:
    """Return the path of a result's file of this kind: "joints", "frames" or "extracts"."""
    return path.with_name(f"{path.stem}.{kind}.parquet")


def joint_names(result: Result) -> tuple[Sequence[str], ...]:
    """Return the joints that a lifter may give, in order: all of the set, or without some.

    A contract may say "h36m17 - neck_nose", which leaves out joints.
    """
    names = joint_set(result.scoring.joints).joints
    text = str(result.lifter.contract.get("joints") or "")
    dropped = {name.strip() for name in text.partition(" - ")[2].split(",")}
    return names, [name for name in names if name not in dropped]

"""Report poses that cannot be scored: an error with their number, and a list in a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.leaderboard import clips
from corruptbench.manifest import Cell
from corruptbench.progress import counted


class RejectedPosesError(InputError):
    """A lifter gave poses that cannot be scored.

    Attributes:
        lifter: its name.
        rows: the rows of the per-clip table (`corruptbench.evaluation.score.COLUMNS`) with a
            rejected pose; their errors in mm are those of the other frames.
    """

    def __init__(self, lifter: str, table: pd.DataFrame) -> None:
        self.lifter = lifter
        self.rows = table[table["rejected"] > 0]
        total = int((table["frames"] + table["rejected"]).sum())
        in_clips = _share(self.rows, table, clips.CLIP_KEY, "clip")
        in_cells = _share(self.rows, table, clips.CELL_KEY, "cell")
        worst = self.rows.nlargest(1, "rejected").iloc[0]
        super().__init__(
            f"{lifter}: cannot score {self.rows['rejected'].sum()} of {counted(total, 'pose')} "
            f"(NaN, infinite or collapsed to a point), in {in_clips} and {in_cells}; most "
            f"({worst['rejected']}) in {worst['subject']}/{worst['sequence']}.{worst['camera']}, "
            f"{Cell(worst['corruption'], worst['severity'])}. A result without them would not be "
            "comparable, so there is none: correct the model"
        )


def _share(rows: pd.DataFrame, table: pd.DataFrame, key: tuple[str, ...], noun: str) -> str:
    some, total = (len(t[[*key]].drop_duplicates()) for t in (rows, table))
    return f"{some} of {counted(total, noun)}"


def rejected_path(folder: Path, lifter: str) -> Path:
    """Return the path of the list of a lifter's rejected poses."""
    return folder / f"{lifter}.rejected.csv"


def save_rejected(error: RejectedPosesError, folder: Path) -> InputError:
    """Write ``<lifter>.rejected.csv`` into ``folder`` and return the error that names it."""
    path = rejected_path(folder, error.lifter)
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        error.rows.to_csv(stream, index=False, lineterminator="\n")
    return InputError(f"{error}. {path} lists them, with the errors of the other frames")

"""The errors of one lifter on one benchmark, as a table and as files."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from corruptbench.leaderboard.schema import Result as ResultRecord


@dataclass(frozen=True, repr=False)
class Result:
    """The errors of one lifter on one benchmark.

    Attributes:
        record: all numbers and what they were measured on, as the leaderboard stores them.
        clips: one row for each clip and cell; errors in mm.
        companions: tables of frames, of joints, and of the worst and best clips.
    """

    record: ResultRecord
    clips: pd.DataFrame
    companions: dict[str, pa.Table] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """Errors by corruption, clean first, in mm; MPJVE in mm per frame.

        A row is the mean over the severities of a corruption; ``corrupted`` is the mean over the
        corruptions. Columns: mpjpe, p_mpjpe, mpjve, and degradation (MPJPE less the clean one).
        """
        import pandas as pd

        from corruptbench.leaderboard.schema import METRICS

        columns: dict[str, dict[str, float | None]] = {}
        for metric in METRICS:
            found = getattr(self.record, metric)
            if found is None:
                continue
            columns[metric] = {
                "clean": found.clean, **found.corruptions, "corrupted": found.corrupted
            }  # fmt: skip
        table = pd.DataFrame(columns)
        table["degradation"] = table[self.record.main_metric] - self.record.errors.clean
        return table.rename_axis("corruption")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the numbers may not mean what they seem, one line each."""
        return tuple(warning.text for warning in self.record.warnings or ())

    def save(self, folder: str | Path = "results") -> Path:
        """Write ``<lifter>.json``, ``<lifter>.clips.parquet`` and the companions.

        The leaderboard takes the first two.

        Returns:
            The path of the JSON file.

        Raises:
            OSError: the folder cannot be written.
        """
        from corruptbench.evaluation.result import save

        return save(self.record, self.clips, Path(folder), self.companions)

    def __repr__(self) -> str:
        """Return the title, the table and the warnings as text."""
        lines = [self._title, self.table.round(1).to_string()]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])

    def _repr_html_(self) -> str:
        """Return the title, the table and the warnings for a notebook."""
        warnings = "".join(f"<p>warning: {escape(text)}</p>" for text in self.warnings)
        return f"<p>{self._title}</p>{self.table.round(1).to_html()}{warnings}"

    @property
    def _title(self) -> str:
        from corruptbench.leaderboard.columns import METRIC_COLUMNS

        benchmark = self.record.benchmark
        return (
            f"{self.record.lifter.name} on {benchmark.id}, version {benchmark.version}: "
            f"{METRIC_COLUMNS[self.record.main_metric].label} {self.record.errors.clean:.1f} mm "
            f"clean, {self.record.errors.corrupted:.1f} mm corrupted"
        )

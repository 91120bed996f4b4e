"""The results of detectors: their numbers for each cell, and their ranking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from corruptbench.files import atomic
from corruptbench.keypoint_evaluation.cell_rows import ALL, KEY, METRICS
from corruptbench.keypoint_evaluation.comparison import CORRECT
from corruptbench.keypoint_evaluation.metrics import Reliability
from corruptbench.keypoint_evaluation.oks import JOINTS
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards.records import BenchmarkRecord, DetectorRecord

#: Metrics of the ranking.
SUMMARY = ("ap", "error", "pck_05", "pck_20", "auroc", "ece")


@dataclass(frozen=True)
class DetectorResult:
    """One detector on one benchmark.

    Attributes:
        name: unique among the detectors that are compared.
        record: of the detector.
        detections_sha256: digest of all detections of the build.
        calibration_sha256: digest of the calibration of its scores; None for raw scores.
        rows: one row for each cell, camera and joint; see `cell_rows.cell_rows`.
        reliability: of all joints on "clean" and on "corrupted" video, see `Reliability`.
    """

    name: str
    record: DetectorRecord
    detections_sha256: str
    calibration_sha256: str | None
    rows: pd.DataFrame
    reliability: dict[str, Reliability]

    @property
    def cells(self) -> pd.DataFrame:
        """The rows of all cameras and joints, by corruption and severity."""
        whole = (self.rows["camera"] == ALL) & (self.rows["joint"] == ALL)
        return self.rows[whole].set_index(["corruption", "severity"])[[*METRICS, "ap"]]

    @property
    def by_corruption(self) -> pd.DataFrame:
        """The mean over the severities of each corruption, clean first."""
        return self.cells.groupby(level=0, sort=False).mean()

    @property
    def clean(self) -> pd.Series[float]:
        """The metrics on clean video."""
        return self.by_corruption.T[CLEAN.corruption]

    @property
    def corrupted(self) -> pd.Series[float]:
        """The mean over the corruptions of `by_corruption`."""
        return self.by_corruption.drop(index=CLEAN.corruption).mean()

    @property
    def mrr(self) -> float:
        """Mean relative robustness, percent: the mean over the cells of corrupted AP / clean AP.

        Each corruption has the same weight. This is rPC of Michaelis et al., Benchmarking
        Robustness in Object Detection (2019). PoseBench (Ma et al., 2024) ranks by a number called
        mRR, whose formula was not at hand. NaN if clean AP is 0.
        """
        clean = float(self.clean["ap"])
        return 100 * float(self.corrupted["ap"]) / clean if clean else float("nan")

    def as_record(self) -> dict[str, Any]:
        """Return the result as plain lists and dictionaries."""
        return {
            "name": self.name,
            "detector": self.record.model_dump(),
            "detections_sha256": self.detections_sha256,
            "calibration_sha256": self.calibration_sha256,
            "mrr": self.mrr,
            "clean": self.clean.to_dict(),
            "corrupted": self.corrupted.to_dict(),
            "corruptions": self.by_corruption.to_dict(orient="index"),
            "reliability": {name: found.as_rows() for name, found in self.reliability.items()},
            "rows": self.rows.to_dict(orient="records"),
        }


@dataclass(frozen=True, repr=False)
class DetectorEvaluation:
    """Several detectors on the same cells of one benchmark.

    Attributes:
        benchmark: that all were built from.
        cells: that all have; nothing else is compared.
        detectors: ranked by AP under corruption, the best first.
        notes: what the comparison leaves out.
    """

    benchmark: BenchmarkRecord
    cells: tuple[Cell, ...]
    detectors: tuple[DetectorResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def ranking(self) -> pd.DataFrame:
        """The detectors by rank: AP, mRR and other metrics on clean and corrupted video.

        Columns are ``mrr`` (percent), and ``clean_`` and ``corrupted_`` with each of `SUMMARY`.
        """
        rows = {
            d.name: {
                "mrr": d.mrr,
                **{f"clean_{name}": d.clean[name] for name in SUMMARY},
                **{f"corrupted_{name}": d.corrupted[name] for name in SUMMARY},
            }
            for d in self.detectors
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("detector")

    @property
    def table(self) -> pd.DataFrame:
        """The rows of all detectors, with the name of the detector in front."""
        return pd.concat(
            [d.rows.assign(detector=d.name) for d in self.detectors], ignore_index=True
        )[["detector", *KEY, *METRICS, "ap"]]

    def save_csv(self, path: Path) -> None:
        """Write `table` as CSV, atomically."""
        with atomic(path) as temporary:
            self.table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")

    def as_record(self) -> dict[str, Any]:
        """Return everything as plain lists and dictionaries; numbers are not rounded."""
        return {
            "benchmark": self.benchmark.model_dump(),
            "joints": list(JOINTS),
            "correct_within": CORRECT,
            "cells": [[c.corruption, c.severity] for c in self.cells],
            "detectors": [d.as_record() for d in self.detectors],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        """Return the ranking and the notes as text."""
        title = f"{self.benchmark.id}, version {self.benchmark.version}: {len(self.cells)} cells"
        return "\n".join([title, self.ranking.round(3).to_string(), *self.notes])

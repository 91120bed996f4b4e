"""Measure how much of a lifter's error its detector makes, by replacing keypoints by better ones.

The lifter is scored on the detections of builds, and on the same detections with the 12 limb joints
(or those far from their label) replaced by the projected labels, or by the detections on clean
video. Nose, eyes, ears and all scores stay: no labels have them. Usage: python -m
benchmarks.detector_study --lifter MODEL --shards SHARDS [--shards MORE] [--severity 3]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import corruptbench as cb
from corruptbench.datasets import Clip
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.score import score
from corruptbench.keypoint_evaluation.metrics import keypoint_error, longer_sides
from corruptbench.leaderboard import summarize
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import limb_joints

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Which limb joints are replaced: those further from the label than a share of the box.

    Attributes:
        beyond: fraction of the longer side of the person's box; 0 for all limb joints, infinite
            for none.
        by: "labels", or "clean": the detections on clean video.
    """

    beyond: float
    by: str = "labels"

    def __str__(self) -> str:
        if np.isinf(self.beyond):
            return "as detected"
        which = f"beyond {self.beyond:g}" if self.beyond else "all"
        return f"{which} by {self.by}"


RULES = (
    Rule(np.inf), Rule(0.2), Rule(0.1), Rule(0.05), Rule(0),
    Rule(0.2, "clean"), Rule(0.1, "clean"), Rule(0.05, "clean"),
)  # fmt: skip


def replaced(
    clip: Clip, found: CellDetections, clean: CellDetections, layout: str, rule: Rule
) -> tuple[CellDetections, NDArray[np.bool_]]:
    """Replace limb joints of a cell.

    Args:
        clip: with labels.
        found: detections of the cell.
        clean: those of the clean cell.
        layout: joint set of both.
        rule: which joints are replaced, and by what.

    Returns:
        The detections, and which of the limb joints were replaced, (F, 12) bool. Joints without a
        detection or a label stay.
    """
    limbs = limb_joints(layout)
    target = clip.keypoints[:, limb_joints(clip.joint_set)]
    points = found.keypoints.copy()
    errors = keypoint_error(points[:, limbs], target, longer_sides(clip.boxes))
    better = target if rule.by == "labels" else clean.keypoints[:, limbs]
    chosen = (errors > rule.beyond) & np.isfinite(better).all(axis=-1)
    points[:, limbs] = np.where(chosen[..., None], better, points[:, limbs])
    return replace(found, keypoints=points), chosen


@dataclass(frozen=True)
class Replaced:
    """Shards whose detections go through a rule; counts the limb joints that it replaces."""

    shards: ShardSet
    cells: Sequence[Cell]
    rule: Rule
    shares: list[float]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shards, name)

    def clips(self) -> Iterator[tuple[Clip, list[CellDetections]]]:
        """Yield each clip with its detections in all cells."""
        layout = self.shards.lock.detector.layout
        for clip, cells in self.shards.clips(self.cells):
            clean = cells[self.cells.index(CLEAN)]
            both = [replaced(clip, d, clean, layout, self.rule) for d in cells]
            self.shares.extend(
                float(chosen.mean()) for d, (_, chosen) in zip(cells, both, strict=True)
                if d.cell != CLEAN
            )  # fmt: skip
            yield clip, [d for d, _ in both]


def errors(lifter: Any, shards: ShardSet, cells: Sequence[Cell], rule: Rule) -> tuple[float, ...]:
    """Return clean and corrupted MPJPE, mm, and the percentage of corrupted joints replaced."""
    given: Any = Replaced(shards, cells, rule, [])
    table = score(LivePoses(lifter), given).drop(columns="rejected")
    found = summarize(table, shards.manifest.scoring.average).mpjpe
    assert found is not None
    return found.clean, found.corrupted, 100 * float(np.mean(given.shares))


@click.command()
@click.option("--lifter", type=click.Path(path_type=Path), required=True)
@click.option("--shards", type=click.Path(path_type=Path), multiple=True, required=True)
@click.option("--severity", type=click.IntRange(1, 5), help="Only this one. Default: all.")
def main(lifter: Path, shards: tuple[Path, ...], severity: int | None) -> None:
    """Print the lifter's errors on the detections of each build, after each rule."""
    loaded = cb.load_lifter(lifter)
    opened = [cb.open_shards(folder) for folder in shards]
    wanted: Callable[[Cell], bool] = lambda c: not severity or c.severity in (0, severity)  # noqa: E731
    print(f"{loaded.contract.name}: MPJPE in mm")
    print("| detector | limb joints replaced | of them | clean | corrupted | degradation |")
    print("|---|---|--:|--:|--:|--:|")
    for shard_set in opened:
        cells = [c for c in shard_set.cells if wanted(c)]
        for rule in RULES:
            clean, corrupted, share = errors(loaded, shard_set, cells, rule)
            print(
                f"| {shard_set.lock.detector.name} | {rule} | {share:.1f} % | {clean:.1f} "
                f"| {corrupted:.1f} | {corrupted - clean:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

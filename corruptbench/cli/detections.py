"""``corruptbench detections``: quality of the 2D detections in shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_table

if TYPE_CHECKING:
    from rich.table import Table

    from corruptbench.evaluation.detections import Quality
    from corruptbench.manifest import Cell


@define(
    "corruptbench detections --shards shards",
    json="an object with benchmark, detector and cells; each cell has corruption, severity, "
    "joints, mean_px, mean_error, median_error, pck, mean_score and auroc",
)
@options.shards
@options.root
@options.manifest_of_shards
@options.as_json
@options.always_quiet
def command(shards: Path, root: Path | None, manifest: str | None, as_json: bool) -> None:
    """Compare the 2D detections with the projected labels, cell by cell."""
    from corruptbench.evaluation.detections import quality
    from corruptbench.shards.shard_set import open_shards

    shard_set = open_shards(shards, root, manifest)
    detector, cells = shard_set.lock.detector.name, quality(shard_set)
    if as_json:
        rows = [{**asdict(cell), **asdict(q)} for cell, q in cells.items()]
        say_json({"benchmark": shard_set.manifest.id, "detector": detector, "cells": rows})
    else:
        say_table(_table(f"{shard_set.manifest.title}: {detector}, 12 limb joints", cells))


def _table(title: str, cells: Mapping[Cell, Quality]) -> Table:
    from rich.table import Table

    from corruptbench.evaluation.detections import THRESHOLD

    table = Table(
        title=title,
        caption="Errors are relative to the height of the person's box. AUROC: the probability "
        "that a correct joint has a higher score than a wrong one.",
    )
    table.add_column("cell", no_wrap=True)
    for head in ("mean px", "mean error", "median error", f"PCK@{THRESHOLD:g}", "score", "AUROC"):
        table.add_column(head, justify="right")
    for cell, q in cells.items():
        table.add_row(
            str(cell), f"{q.mean_px:.1f}", f"{q.mean_error:.3f}", f"{q.median_error:.3f}",
            f"{q.pck:.3f}", f"{q.mean_score:.2f}", f"{q.auroc:.3f}",
        )  # fmt: skip
    return table

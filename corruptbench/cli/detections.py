"""``corruptbench detections``: quality of the 2D detections in shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_table, say_text
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from rich.table import Table

    from corruptbench.agreement.verdict import Agreement
    from corruptbench.evaluation.detections import Quality
    from corruptbench.leaderboard.schema import LabelCheck
    from corruptbench.manifest import Cell


@define(
    "corruptbench detections --shards shards",
    json="an object with benchmark, detector, cells, cameras and labels; each cell has corruption, "
    "severity, joints, mean_px, mean_error, median_error, pck, mean_score, auroc and found_boxes "
    "(the share of frames whose box has an IoU of at least 0.5 with that of the labels); each "
    "camera, and each of the labels (one for each clip), has verdict, error and lag; a camera has "
    "text",
)
@options.shards
@options.root
@options.manifest_of_shards
@options.as_json
@options.always_quiet
def command(shards: AnyPath, root: Path | None, manifest: str | None, as_json: bool) -> None:
    """Compare the 2D detections with the projected labels, by cell, by camera and by clip."""
    from corruptbench.evaluation.detections import quality
    from corruptbench.evaluation.found_boxes import found_boxes
    from corruptbench.evaluation.label_checks import by_camera, label_evidence, rows, warnings_of
    from corruptbench.shards.shard_set import open_shards

    shard_set = open_shards(shards, root, manifest)
    detector, cells = str(shard_set.lock.detector), quality(shard_set)
    boxes = found_boxes(shard_set)
    evidence = label_evidence(shard_set)
    cameras, clips = by_camera(evidence), rows(evidence)
    if as_json:
        record = {
            "benchmark": shard_set.manifest.id,
            "detector": detector,
            "cells": [
                {**asdict(cell), **asdict(q), "found_boxes": boxes[cell]}
                for cell, q in cells.items()
            ],
            "cameras": [_camera(name, found) for name, found in cameras.items()],
            "labels": [row.model_dump(mode="json") for row in clips],
        }
        say_json(record)
        return
    say_table(_table(f"{shard_set.manifest.title}: {detector}, 12 limb joints", cells))
    if shard_set.lock.detector.boxes is not None:
        say_table(_boxes_table(boxes))
    say_table(_labels_table(clips))
    for name, found in cameras.items():
        say_text(f"camera {name}: {found.text}")
    for _, text in warnings_of(evidence):
        say_text(f"warning: {text}")


def _table(title: str, cells: Mapping[Cell, Quality]) -> Table:
    from rich.table import Table

    from corruptbench.evaluation.detections import THRESHOLD

    table = Table(
        title=title,
        caption="Errors are fractions of the longer side of the person's box. AUROC: the "
        "probability that a correct joint has a higher score than a wrong one.",
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


def _boxes_table(cells: Mapping[Cell, float]) -> Table:
    from rich.table import Table

    from corruptbench.evaluation.found_boxes import LEAST_IOU

    table = Table(
        title="Boxes of the person detector",
        caption=f"found: share of frames whose box has an IoU of at least {LEAST_IOU:g} with that "
        "of the labels",
    )
    table.add_column("cell", no_wrap=True)
    table.add_column("found", justify="right")
    for cell, share in cells.items():
        table.add_row(str(cell), f"{share:.3f}")
    return table


def _camera(name: str, found: Agreement) -> dict[str, object]:
    return {
        "camera": name,
        "verdict": found.verdict,
        "error": found.error,
        "lag": found.lag,
        "text": found.text,
    }


def _labels_table(clips: Sequence[LabelCheck]) -> Table:
    from rich.table import Table

    from corruptbench.agreement.words import MEANING

    table = Table(
        title="Labels and the clean detections",
        caption="error: mean distance as a share of the person's height; lag: frames, positive "
        "where the labels are late",
    )
    table.add_column("clip", no_wrap=True)
    for head in ("error", "lag"):
        table.add_column(head, justify="right")
    table.add_column("labels")
    for row in clips:
        table.add_row(
            f"{row.subject}/{row.sequence}.{row.camera}",
            "-" if row.error is None else f"{100 * row.error:.1f} %",
            "-" if row.lag is None else f"{row.lag:+.1f}",
            MEANING[row.verdict],
        )
    return table

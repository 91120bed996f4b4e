"""``corruptbench evaluate-detector``."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_table, say_text
from corruptbench.cli.written_files import check_files

if TYPE_CHECKING:
    from rich.table import Table

    from corruptbench.keypoint_evaluation.results import DetectorEvaluation


@define(
    "corruptbench evaluate-detector shards",
    "corruptbench evaluate-detector shards-lightning shards-thunder --html detectors.html",
    json="an object with benchmark, joints, correct_within, cells, detectors (ranked) and notes; "
    "each detector has name, detector, detections_sha256, calibration_sha256, mrr, clean, "
    "corrupted, corruptions, reliability and rows (one for each cell, camera and joint)",
)
@click.argument("shards", type=options.PATH, nargs=-1, required=True)
@options.root
@options.manifest_of_shards
@click.option(
    "--scores", type=click.Choice(["raw", "calibrated"]), default="raw", show_default=True,
    help="Scores as the detector gives them, or as probabilities.",
)  # fmt: skip
@click.option(
    "--calibration", type=options.PATH, multiple=True, metavar="FILE",
    help="Calibration of a detector's scores; repeatable. Default: the one that comes with the "
    "project.",
)  # fmt: skip
@click.option("--csv", type=options.PATH, metavar="FILE", help="Also write all rows as CSV.")
@click.option("--html", type=options.PATH, metavar="FILE", help="Also write a page with figures.")
@options.as_json
@options.quiet
def command(
    shards: tuple[Path, ...], root: Path | None, manifest: str | None, scores: str,
    calibration: tuple[Path, ...], csv: Path | None, html: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Compare the keypoints of 2D detectors with the labels, and rank the detectors.

    SHARDS are the folders of builds of one benchmark, one for each detector.
    """
    from corruptbench import api
    from corruptbench.keypoint_evaluation.page import write_page

    check_files({"csv": csv, "html": html}, shards)
    found = api.evaluate_detector(
        shards, root=root, manifest=manifest, scores=scores, calibration=calibration,
        progress=not quiet,
    )  # fmt: skip
    if csv:
        found.save_csv(csv)
    if html:
        write_page(found, html)
    if as_json:
        say_json(found.as_record())
        return
    say_table(_ranking(found))
    for detector in found.detectors:
        say_table(_corruptions(found, detector.name))
    say_text(
        "AP: COCO's, of the 12 limb joints. mRR: AP corr. in percent of AP clean.\n"
        "PCK.05, PCK.2: joints within 0.05 and 0.2 of the longer side of the box;\n"
        "visible: PCK.05 of joints that the corruption does not hide. error: mean\n"
        "distance in percent of that side. AUROC, ECE: of the scores, for joints\n"
        "within 0.05.\n"
        "corr.: mean over the corruptions, of each the mean over its severities."
    )
    for note in found.notes:
        say_text(f"note: {note}")
    for path in filter(None, (csv, html)):
        say_text(f"written: {path}")


def _table(title: str, first: str, heads: tuple[str, ...]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title,
                  title_justify="left")  # fmt: skip
    table.add_column(first, overflow="fold", min_width=14)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _ranking(found: DetectorEvaluation) -> Table:
    benchmark = found.benchmark
    heads = (
        "AP\nclean", "AP\ncorr.", "mRR\n", "PCK.05\nclean", "PCK.05\ncorr.", "AUROC\ncorr.",
        "ECE\ncorr.",
    )  # fmt: skip
    columns = (
        "clean_ap", "corrupted_ap", "mrr", "clean_pck_05", "corrupted_pck_05", "corrupted_auroc",
        "corrupted_ece",
    )  # fmt: skip
    table = _table(
        f"{benchmark.id}, version {benchmark.version}: 2D detectors, {len(found.cells)} cells, "
        "percent",
        "detector",
        heads,
    )
    for name, row in found.ranking.iterrows():
        values = (row[c] if c == "mrr" else 100 * row[c] for c in columns)
        table.add_row(str(name), *("-" if isnan(v) else f"{v:.1f}" for v in values))
    return table


def _corruptions(found: DetectorEvaluation, name: str) -> Table:
    detector = next(d for d in found.detectors if d.name == name)
    columns = ("ap", "error", "pck_05", "pck_20", "visible_pck_05", "auroc", "ece")
    heads = ("AP", "error", "PCK.05", "PCK.2", "visible", "AUROC", "ECE")
    digest = detector.calibration_sha256
    scores = f", calibrated scores ({digest[:12]})" if digest else ""
    table = _table(f"{name}, percent{scores}", "corruption", heads)
    for corruption, row in detector.by_corruption.iterrows():
        table.add_row(str(corruption), *(f"{100 * row[c]:.1f}" for c in columns))
    return table

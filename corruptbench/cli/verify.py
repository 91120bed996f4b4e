"""``corruptbench verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_text
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.shards.verify import Comparison


@define(
    "corruptbench verify shards",
    json="an object with shards, row_groups (the number that was checked; one holds the detections "
    "of a clip in a cell), and comparison: null, or with --against an object with row_groups (that "
    "both have), ours and theirs (that only one has), and pixels, occlusion and detections (names "
    "of those that differ)",
)
@click.argument("shards", type=options.SHARDS, default=Path("shards"))
@click.option("--against", type=options.SHARDS, help="The lock.json of another site.")
@options.as_json
@options.always_quiet
def command(shards: AnyPath, against: AnyPath | None, as_json: bool) -> None:
    """Check shards against their lock, and the lock against that of another site.

    A shard holds the detections of one clip. It has a row group for each cell.
    """
    from dataclasses import asdict

    from corruptbench.progress import counted
    from corruptbench.shards.verify import compare, recount

    checked = recount(shards)
    if not as_json:
        say_text(f"{shards}: {counted(checked, 'row group')} verified against lock.json")
    report = compare(shards / "lock.json", against) if against else None
    if as_json:
        comparison = asdict(report) if report else None
        say_json({"shards": str(shards), "row_groups": checked, "comparison": comparison})
    if report and (other := _other(report)):
        raise click.ClickException(
            f"{shards} and {against}: {other}; not the same videos, labels or software"
        )
    if report and not as_json:
        _print(report)


def _other(report: Comparison) -> str:
    """Say what differs that is the same on every machine; nothing if it is the same."""
    found = {"pixels": report.pixels, "occlusion": report.occlusion}
    return " and ".join(
        f"other {what} in {len(names)} of {report.row_groups} row groups (first: {names[0]})"
        for what, names in found.items()
        if names
    )


def _print(report: Comparison) -> None:
    common = report.row_groups
    for what in ("pixels", "occlusion"):
        say_text(f"{what}: the same in all {common} row groups that both have")
    same = common - len(report.detections)
    say_text(f"detections: the same bytes in {same} of {common} row groups")
    if report.ours or report.theirs:
        say_text(f"not compared: {report.ours} row groups only here, {report.theirs} only there")

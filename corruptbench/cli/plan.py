"""``corruptbench plan``."""

from __future__ import annotations

import math
from pathlib import Path

import click

from corruptbench import defaults
from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_text
from corruptbench.defaults import MOST_PARTS

#: Crops per second, where none are given.
_RATES = (100.0, 1000.0, 10000.0)
#: How many times as long a build with boxes of a person detector takes: one process did 87 and 96
#: crops per second without them, and 23 with them (docs/detectors.md).
_SLOWER = 4.0
#: Crops per second of the slowest build that is believed: one in 12 days. Our own choice.
_LEAST = 1e-6


def _finite(
    ctx: click.Context, param: click.Parameter, rates: tuple[float, ...]
) -> tuple[float, ...]:
    """Return rates if they can be: click itself takes "nan" and "inf"."""
    for rate in rates:
        if not _LEAST <= rate < math.inf:
            found = f"{rate:g} is not a rate; expected crops per second, such as 830."
            raise click.BadParameter(found, ctx, param)
    return rates


@define(
    "corruptbench plan --manifest human36m-c --rate 830 --parts 8",
    json="an object with manifest, boxes, clips, cells, frames, exact (false: frames is the most "
    "there can be), crops, bytes, parts, and hours: for each rate (crops/s), those of one part",
)
@options.manifest()
@options.root
@options.severities
@options.corruptions("all of the benchmark")
@options.boxes
@click.option("--rate", type=float, callback=_finite, multiple=True,
              help="Crops per second of one machine, as build shows them with the same --boxes; "
              "repeatable. Default: 100, 1000 and 10000, and a quarter of that with boxes of a "
              "person detector.")  # fmt: skip
@click.option("--parts", type=click.IntRange(1, MOST_PARTS), default=1, show_default=True,
              help="Machines that work at the same time, each with build --part.")  # fmt: skip
@options.as_json
@options.always_quiet
def command(
    manifest: str, root: Path | None, severity: str, corruption: tuple[str, ...], boxes: str,
    rate: tuple[float, ...], parts: int, as_json: bool,
) -> None:  # fmt: skip
    """Say how large a build is, and how long it takes. Nothing is built."""
    from corruptbench.builder.forecast import forecast
    from corruptbench.builder.plan import choose_cells, parse_severities
    from corruptbench.manifest import load_manifest
    from corruptbench.progress import counted, duration, megabytes

    benchmark = load_manifest(manifest)
    cells = choose_cells(benchmark, parse_severities(severity), corruption)
    found = forecast(benchmark, cells, root)
    searched = boxes != defaults.BOXES
    usual = [r / _SLOWER for r in _RATES] if searched else _RATES
    hours = {f"{r:.12g}": found.hours(r, parts) for r in rate or usual}
    if as_json:
        say_json({
            "manifest": benchmark.id, "boxes": boxes, "clips": found.clips, "cells": found.cells,
            "frames": found.frames, "exact": found.is_exact, "crops": found.crops,
            "bytes": found.size, "parts": parts, "hours": hours,
        })  # fmt: skip
        return
    most = "" if found.is_exact else "at most "
    say_text(
        f"{benchmark.title}: {counted(found.clips, 'clip')}, {most}{found.frames:,} labeled frames,"
        f" {counted(found.cells, 'cell')}"
    )
    say_text(f"{most}{found.crops:,} crops, {most}{megabytes(found.size)} of shards")
    if searched:
        say_text(
            f"{boxes} looks at the whole picture of each crop, too: that took {_SLOWER:g} times as "
            "long where it was measured"
        )
    each = f" in each of {parts} parts" if parts > 1 else ""
    for name, value in hours.items():
        say_text(f"at {float(name):,.12g} crops/s: {most}{duration(3600 * value)}{each}")

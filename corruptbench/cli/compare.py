"""``corruptbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_json, say_table

if TYPE_CHECKING:
    from corruptbench.leaderboard import Comparison


@define(
    "corruptbench compare results/a.json results/b.json",
    "corruptbench compare studio-c-v3/videopose3d-27 results/my-lifter.json",
    json="an object with benchmark, version, metric, lifters, takes, comparisons, smallest_p, "
    "notes and pairs; each pair has first, second, mce (of the second, in percent of the first) "
    "and differences with name, first, second, difference, low, high, p, p_holm and verdict",
)
@click.argument("results", nargs=-1, required=True)
@options.board
@options.as_json
@options.always_quiet
def command(results: tuple[str, ...], board: Path, as_json: bool) -> None:
    """Tell whether lifters differ, by paired differences over the same takes.

    RESULTS are two or more result files, or rows of the board: LIFTER, or BENCHMARK-vN/LIFTER.
    """
    from corruptbench.leaderboard import compare, comparison_text, read

    if len(results) < 2:
        raise click.UsageError("one result was given; expected two or more")
    found = compare([read(_path(name, board)) for name in results])
    if as_json:
        say_json(_record(found))
    else:
        say_table(comparison_text(found))


def _path(name: str, board: Path) -> Path:
    """Return the result file that a name stands for."""
    from corruptbench.leaderboard import find

    path = Path(name)
    if path.is_dir() and (path / "result.json").is_file():
        return path / "result.json"
    is_row = not path.exists() or (board / path).is_dir()
    return find(name, board) if is_row else path


def _record(found: Comparison) -> dict[str, Any]:
    return {
        "benchmark": found.benchmark.id,
        "version": found.benchmark.version,
        "metric": found.metric,
        "lifters": found.lifters,
        "takes": found.takes,
        "comparisons": found.comparisons,
        "smallest_p": found.smallest_p,
        "pairs": [
            {
                **pair._asdict(),
                "first": found.lifters[pair.first],
                "second": found.lifters[pair.second],
                "differences": [difference._asdict() for difference in pair.differences],
            }
            for pair in found.pairs
        ],
        "notes": found.notes,
    }

"""``corruptbench leaderboard verify``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say, say_table
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.leaderboard import Disagreement
    from corruptbench.leaderboard.ranking.order import Row

#: So many lines of a table of differences are printed.
_LISTED = 20


@define("corruptbench leaderboard verify my-lifter --model model.pt2 --shards shards")
@click.argument("row")
@click.option("--model", type=options.PATH, metavar="FILE", help="Model of the row.")
@click.option(
    "--predictions", type=options.PATH, metavar="FILE",
    help="Saved poses of the row, in place of its model: the row becomes re-scored.",
)  # fmt: skip
@options.contract_of_poses
@options.shards
@options.board
@options.root
@options.manifest_of_shards
@options.device
@options.time_limit
@options.memory_limit
@options.threads
@options.trust
@options.calibration
@options.quiet
def verify(
    row: str, model: Path | None, predictions: Path | None, contract: Path | None, shards: AnyPath,
    board: Path, root: Path | None, manifest: str | None, device: str, time_limit: float,
    memory_limit: float, threads: int | None, trust: bool, calibration: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Evaluate the model of a row again. If every number agrees, mark the row as verified.

    This is for the owner of a board, on shards of the owner's own build. The model runs as in
    corruptbench evaluate. Exit code 2: something differs, and the row was not changed.
    """
    from corruptbench import api
    from corruptbench.api.confirming import probes_of
    from corruptbench.leaderboard import check, find
    from corruptbench.progress import note

    if (model is None) == (predictions is None):
        raise click.UsageError("Give either --model or --predictions.")
    if contract and not predictions:
        raise click.UsageError("--contract is for --predictions: leave it out.")
    allowed, before = probes_of(check(find(row, board))), _placed(board)
    shard_set = api.open_shards(shards, root, manifest)
    if predictions is not None:
        found = api.rescore_row(
            row, predictions, shard_set, board=board, contract=contract, progress=not quiet
        )
    else:
        assert model is not None
        lifter = api.load_lifter(
            model, device, allow=allowed, time_limit=time_limit, memory_limit=memory_limit,
            threads=threads, trust=trust,
        )  # fmt: skip
        if not (lifter.is_confined or quiet):
            note(
                "this system does not permit namespaces: the model can use the network and write "
                "your files"
            )
        found = api.verify_row(
            row, lifter, shard_set, board=board, calibration=calibration, progress=not quiet
        )
    if isinstance(found, list):
        _say_differences(found)
        differ = "value differs" if len(found) == 1 else "values differ"
        raise click.ClickException(f"{row}: {len(found)} {differ}; the row was not changed")
    say(f"{row}: {found}")
    for path, other in _placed(board).items():
        if other.rank is None and path in before and before[path].rank is not None:
            say(f"{path.name} has no rank any more: {other.apart}")


def _placed(board: Path) -> dict[Path, Row]:
    """Return the rows of a board with their ranks, by their folders."""
    from corruptbench.leaderboard import placed_rows, read_board
    from corruptbench.leaderboard.board.folder import row_path

    rows = placed_rows(read_board(board).results)
    return {row_path(placed.result, board): placed.row for placed in rows}


def _say_differences(found: Sequence[Disagreement]) -> None:
    """Print a table of what differs."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for head in ("what", "on the board", "again"):
        table.add_column(head, overflow="fold")
    for line in found[:_LISTED]:
        table.add_row(*line)
    say_table(table)
    if len(found) > _LISTED:
        say(f"... and {len(found) - _LISTED} more")

"""Find the numbers of a row of a leaderboard again, as its owner does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.api.result import Result
from corruptbench.api.scoring import evaluate, load_lifter, score

if TYPE_CHECKING:
    from corruptbench.leaderboard import Disagreement, Status
    from corruptbench.leaderboard.schema import Result as ResultRecord
    from corruptbench.leaderboard.status import Confirmed
    from corruptbench.lifters.lifter import Lifter
    from corruptbench.shards.shard_set import ShardSet


def verify_row(
    row: str | Path,
    model: str | Path | Lifter,
    shards: ShardSet,
    *,
    board: str | Path,
    device: str = "cpu",
    calibration: str | Path | None = None,
    progress: bool = True,
) -> Status | list[Disagreement]:
    """Evaluate the model of a row again. If all numbers agree, mark the row as verified.

    No number of the row is trusted. Its filter is used, and must then be the same.

    Args:
        row: name of the row: a lifter's, or FOLDER/LIFTER.
        model: path of the exported lifter, or one from `load_lifter`.
        shards: what `open_shards` returned, of your own build.
        board: folder of the board.
        device: "cpu", "cuda" or "cuda:N"; not for a lifter that is loaded already.
        calibration: of the detector's scores, as for `evaluate`.
        progress: whether to show progress on stderr.

    Returns:
        The new status; or what differs, and then the row is as it was.

    Raises:
        InputError: see `evaluate`.
        SubmissionError: there is no such row, or the referee refuses it.
        OSError: the row cannot be written.
    """
    path, result = _whole_row(row, shards, Path(board))
    lifter = (
        load_lifter(model, device, allow=probes_of(result))
        if isinstance(model, (str, Path))
        else model
    )
    used = result.lifter.filter
    again = evaluate(lifter, shards, progress=progress, filter=used, calibration=calibration)
    return confirm_if_equal(path, Path(board), again, "verified")


def rescore_row(
    row: str | Path,
    predictions: str | Path,
    shards: ShardSet,
    *,
    board: str | Path,
    contract: str | Path | None = None,
    progress: bool = True,
) -> Status | list[Disagreement]:
    """Score the saved poses of a row again. If all numbers agree, mark the row as re-scored.

    A row that is verified stays so.

    Args:
        row: name of the row: a lifter's, or FOLDER/LIFTER.
        predictions: what `score` reads.
        shards: what `open_shards` returned, of your own build.
        board: folder of the board.
        contract: as for `score`.
        progress: whether to show progress on stderr.

    Returns:
        The status that the row has now; or what differs, and then the row is as it was.

    Raises:
        InputError: see `score`.
        SubmissionError: there is no such row, or the referee refuses it.
        OSError: the row cannot be written.
    """
    path, _ = _whole_row(row, shards, Path(board))
    again = score(predictions, shards, contract=contract, progress=progress)
    return confirm_if_equal(path, Path(board), again, "re-scored")


def probes_of(row: ResultRecord) -> tuple[str, ...]:
    """Return the probes that a row says its lifter failed, which was allowed."""
    from corruptbench.leaderboard.ranking.order import failed
    from corruptbench.lifters.allowance import BEFORE, DURING

    return tuple(name for name in failed(row) if name in BEFORE + DURING)


def _whole_row(row: str | Path, shards: ShardSet, board: Path) -> tuple[Path, ResultRecord]:
    """Return a row that the referee accepts, and its path: now rather than after the work."""
    from corruptbench.evaluation.expectation import expectation
    from corruptbench.leaderboard import check, find

    path = find(str(row), board)
    return path, check(path, expectation(shards.manifest))


def confirm_if_equal(
    path: Path, board: Path, again: Result, kind: Confirmed
) -> Status | list[Disagreement]:
    """Give a row a status if an evaluation of the owner agrees with it.

    Args:
        path: the row's result.
        board: folder of the board.
        again: what the owner found.
        kind: how it was found.

    Returns:
        The status that the row has now; or what differs, and then the row is as it was.

    Raises:
        SubmissionError: the referee refuses the row, or it cannot supersede the row that it names.
        OSError: the row cannot be written.
    """
    from datetime import UTC, datetime

    import corruptbench
    from corruptbench.leaderboard import Scored, Status, confirm, disagreements, read

    row = read(path)
    found = disagreements(row, Scored("again", again.record, again.clips))
    if found:
        return found
    today = datetime.now(UTC).date()
    status = Status(kind=kind, date=today, version=corruptbench.__version__)
    return confirm(path.parent, board, row.result, status, again.record)

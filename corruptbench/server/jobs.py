"""Check a result, or score predictions, and add the row. Runs in a child process with limits.

An answer to a sender holds means over cells. What an error says of the labels, of the folders of
the server, or of the shards goes to the owner only.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corruptbench.errors import InputError
from corruptbench.evaluation.expectation import expectation
from corruptbench.evaluation.result import ImpossibleErrorsError
from corruptbench.leaderboard import SubmissionError, as_row, check, standing, submit
from corruptbench.leaderboard.board.folder import RESULT_FILE
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.problem import LISTED
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Lifter
from corruptbench.leaderboard.status import kind_of
from corruptbench.manifest import Manifest
from corruptbench.server.benchmarks import Benchmark, benchmarks
from corruptbench.server.rounding import rounded, rounded_problem
from corruptbench.server.settings import Settings, load_settings
from corruptbench.server.submissions import FILES, LONGEST


def work(folder: str, upload: str, kind: str, name: str | None) -> dict[str, Any]:
    """Return the outcome of a submission: its state, the answer, and the reason.

    Args:
        folder: of the server.
        upload: folder of the files.
        kind: "result" or "predictions".
        name: for the row; None for that of the lifter.

    Raises:
        InputError: the server cannot do it; this is not the fault of the sender.
    """
    settings = load_settings(Path(folder))
    if not Path(upload).is_dir():
        raise InputError(f"{upload}: the files of the submission are gone")
    if not settings.board_folder.is_dir():  # such as a network file system that is not mounted
        raise InputError(f"{settings.board_folder}: the board is gone; start the server again")
    try:
        row = _ADD[kind](settings, Path(upload), name)
    except SubmissionError as error:
        return _refused(settings, Path(upload), error.problems)
    except _RefusedError as error:
        return _refused(settings, Path(upload), error.args)
    return {"state": "accepted", "answer": _answer(row), "reason": _place(row)}


class _RefusedError(Exception):
    """The sender can repair this; each argument is a problem, whose text is in words."""


def _refused(settings: Settings, upload: Path, problems: Sequence[object]) -> dict[str, Any]:
    """Return the outcome of a refusal, as long as a person can read, whatever was sent."""
    listed = map(str, problems[:LISTED])
    texts = [_without_folders(text, settings, upload)[:LONGEST] for text in listed]
    if len(problems) > LISTED:
        texts.append(f"and {len(problems) - LISTED:,} more problems")
    return {"state": "refused", "answer": {"problems": texts}, "reason": texts[0].splitlines()[0]}


def _without_folders(text: str, settings: Settings, upload: Path) -> str:
    """Return a text without the folders of this machine."""
    for folder in (upload, settings.board_folder, settings.folder):
        text = text.replace(f"{folder}/", "")
    return text


def _add_result(settings: Settings, upload: Path, name: str | None) -> Path:
    path = upload / FILES["result"]["result"]
    result = read_result(path)
    benchmark = result.benchmark.id
    host, manifest = _hosted(settings, benchmark)
    if not host.results:
        raise _RefusedError(f"{benchmark}: results are not taken here; send the predictions")
    if result.supersedes is not None:
        raise _RefusedError(f"supersedes: found {result.supersedes}; ask the owner of the board")
    return _added(settings, path, manifest, name)


def _add_predictions(settings: Settings, upload: Path, name: str | None) -> Path:
    from corruptbench import api
    from corruptbench.api.confirming import confirm_if_equal
    from corruptbench.evaluation.predictions import read_footer

    path = upload / FILES["predictions"]["predictions"]
    try:
        record, _ = read_footer(path)
    except InputError as error:
        raise _RefusedError(str(error)) from None
    host, manifest = _hosted(settings, record.benchmark.id)
    if host.shards is None:
        raise _RefusedError(
            f"{record.benchmark.id}: predictions are not scored here; send the result"
        )
    root = None if host.root is None else settings.path(host.root)
    shards = api.open_shards(settings.path(host.shards), root, settings.manifest(host))
    try:
        scored = api.score(path, shards, progress=False)
    except InputError as error:
        raise _for_sender(error, path, record.lifter) from None
    with tempfile.TemporaryDirectory() as folder:
        saved = scored.save(folder)
        try:
            check(saved, expectation(manifest))
        except SubmissionError as error:  # what was found is of single clips
            raise _RefusedError(
                *(f"{p.field}: expected {p.expected}" for p in error.problems)
            ) from None
        try:
            row = _added(settings, saved, manifest, name)
        except SubmissionError as error:  # it quotes scores with all their digits
            raise _RefusedError(*map(rounded_problem, error.problems)) from None
    confirm_if_equal(row / RESULT_FILE, settings.board_folder, scored, "re-scored")
    return row


def _for_sender(error: InputError, path: Path, lifter: Lifter) -> _RefusedError | InputError:
    """Return what the sender is told, if an error is about the sender's file, else the error.

    Such an error begins with the file or the name of the lifter. A name has no slash. What is about
    labels or shards begins with a clip or a folder, which has one.
    """
    if isinstance(error, ImpossibleErrorsError):  # which has a number that follows from labels
        return _RefusedError("the errors are beyond what a result can hold; correct the units")
    names = (lifter.name, str(lifter.contract.get("name")))
    if str(error).startswith((str(path), *(f"{name}: " for name in names if "/" not in name))):
        return _RefusedError(str(error))
    return error


_ADD = {"result": _add_result, "predictions": _add_predictions}


def _hosted(settings: Settings, benchmark: str) -> Benchmark:
    """Return the benchmark of that id; raise `_RefusedError` if it is not hosted."""
    found = benchmarks(settings)
    if benchmark not in found:
        raise _RefusedError(
            f"benchmark {benchmark} is not hosted here; expected one of {', '.join(found)}"
        )
    return found[benchmark]


def _added(settings: Settings, json_path: Path, manifest: Manifest, name: str | None) -> Path:
    """Add a row, and return its folder.

    Nothing is added to what a row says: whoever has a result of a board could say it in the name of
    its authors.
    """
    if standing(as_row(read_result(json_path), name=name), settings.board_folder) == "more":
        raise _RefusedError(
            "the row is there, and says less of its lifter; ask the owner of the board to add to it"
        )
    return submit(json_path, settings.board_folder, expectation(manifest), None, name)


def _answer(row: Path) -> dict[str, Any]:
    """Return what the sender is told of a row: means over cells, and warnings about the lifter."""
    result = read_result(row / RESULT_FILE)
    numbers = result.model_dump(include={*map(str, METRIC_COLUMNS), "cells"}, exclude_none=True)
    warnings = [w.text for w in result.warnings or () if not w.name.startswith("labels-")]
    told = {"row": _place(row), "status": kind_of(result), "warnings": warnings}
    return {**told, **rounded(numbers)}


def _place(row: Path) -> str:
    return f"{row.parent.name}/{row.name}"

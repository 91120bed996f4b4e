"""Write the errors of reference lifters from rows of the board: ``python -m tools.references``."""

from __future__ import annotations

from pathlib import Path

from corruptbench.files import atomic
from corruptbench.leaderboard.reference import Reference, file_name
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.submission import read_result

BOARD = Path(__file__).parents[1] / "leaderboard/results"
FOLDER = BOARD.with_name("references")
#: The row of each benchmark's reference lifter.
ROWS = ("studio-c-v3/videopose3d-27",)


def stored(row: str) -> Result:
    """Return the result of a row of the board."""
    return read_result(BOARD / row / "result.json")


def text(result: Result) -> str:
    """Return the file that makes a result the reference of its benchmark."""
    fields = {"corruption", "severity", "mpjpe", "p_mpjpe"}
    reference = Reference.model_validate(
        {
            "benchmark": result.benchmark.model_dump(),
            **result.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
            "lifter": result.lifter.model_dump(include={"name", "sha256"}),
            "cells": [cell.model_dump(include=fields) for cell in result.cells],
        }
    )
    return reference.model_dump_json(indent=1) + "\n"


if __name__ == "__main__":
    for result in map(stored, ROWS):
        with atomic(FOLDER / file_name(result.benchmark)) as temporary:
            temporary.write_text(text(result), encoding="utf-8")

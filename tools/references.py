"""Write the references of benchmarks, and their list: ``python -m tools.references``.

A reference has the errors of a row of the board.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from corruptbench.files import atomic
from corruptbench.leaderboard import published
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.reference import Reference, RetiredClip, file_name
from corruptbench.leaderboard.schema import Benchmark, Result
from corruptbench.manifest import known_manifests, load_manifest

BOARD = Path(__file__).parents[1] / "leaderboard/results"
FOLDER = BOARD.with_name("references")
#: The row of each benchmark's reference lifter, and those of versions without a manifest here.
CURRENT, RETIRED = ("studio-c-v3/videopose3d-27",), ("studio-c-v2/videopose3d-27",)
ROWS = (*CURRENT, *RETIRED)


def stored(row: str) -> Result:
    """Return the result of a row of the board."""
    return read_result(BOARD / row / "result.json")


def text(row: str) -> str:
    """Return the file that makes a row the reference of its benchmark."""
    result = stored(row)
    retired = {
        "scoring": result.scoring.model_dump(),
        "excluded": result.coverage.excluded,
        "clips": clips(row),
    }
    found = reference(result, retired if row in RETIRED else None)
    return found.model_dump_json(indent=1) + "\n"


def reference(result: Result, retired: dict[str, object] | None = None) -> Reference:
    """Return the reference that a result makes, with what its retired manifest fixed."""
    fields = {"corruption", "severity", "mpjpe", "p_mpjpe"}
    return Reference.model_validate(
        {
            "benchmark": result.benchmark.model_dump(),
            **result.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
            "lifter": result.lifter.model_dump(include={"name", "sha256"}),
            "cells": [cell.model_dump(include=fields) for cell in result.cells],
            "retired": retired,
        }
    )


def clips(row: str) -> list[dict[str, object]]:
    """Return the clips of a row, which are the same in all its cells."""
    table = pd.read_parquet(BOARD / row / "clips.parquet")
    columns = [name for name in RetiredClip.model_fields if name in table]
    return table[columns].drop_duplicates().to_dict("records")


def benchmarks() -> str:
    """Return the list of all published benchmarks."""
    manifests = [load_manifest(name) for name in known_manifests()]
    present = {Benchmark(id=m.id, version=m.version, manifest_sha256=m.sha256) for m in manifests}
    return published.text(frozenset(present | {stored(row).benchmark for row in RETIRED}))


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.references", description=__doc__).parse_args()
    for row in ROWS:
        with atomic(FOLDER / file_name(stored(row).benchmark)) as temporary:
            temporary.write_text(text(row), encoding="utf-8")
    with atomic(FOLDER.with_name(published.FILE_NAME)) as temporary:
        temporary.write_text(benchmarks(), encoding="utf-8")

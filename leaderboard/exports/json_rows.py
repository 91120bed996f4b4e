"""The rows of a board as JSON: nested as in a result, with rank and reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.problem import LISTED
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.ranking.superseding import author_key, rows_by_authors
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import CLAIMED


def benchmarks(rows: Sequence[Placed]) -> list[dict[str, Any]]:
    """Return an object for each benchmark: its id, version, and rows as of `rows_of`."""
    board = [placed.result for placed in rows]
    return [
        {
            "benchmark": benchmark.id,
            "version": benchmark.version,
            "rows": rows_of(list(group), board),
        }
        for benchmark, group in groupby(rows, lambda placed: placed.result.benchmark)
    ]


def rows_of(rows: Sequence[Placed], board: Sequence[Result]) -> list[dict[str, Any]]:
    """Return rows of a board as JSON types, in their order."""
    counts = rows_by_authors(board)
    return [_record(placed, counts.get(author_key(placed.result))) for placed in rows]


def as_json(rows: Sequence[Placed]) -> str:
    """Return `benchmarks` as text, one row in each line."""
    return f"[{','.join(map(_lines, benchmarks(rows)))}]\n"


def _lines(benchmark: dict[str, Any]) -> str:
    head = _text({key: value for key, value in benchmark.items() if key != "rows"})
    lines = ",\n".join(_text(row) for row in benchmark["rows"])
    return f'{head[:-1]},"rows":[\n{lines}\n]}}'


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _record(placed: Placed, author_rows: int | None) -> dict[str, Any]:
    result, boxes = placed.result, placed.result.build.boxes
    return {
        "section": placed.section,
        "rank": placed.row.rank,
        "note": placed.row.apart,
        "lifter": result.lifter.name,
        "status": result.model_dump(mode="json").get("status", {"kind": CLAIMED}),
        "supersedes": result.supersedes,
        "superseded_by": placed.superseded_by,
        "author_rows": author_rows,
        "same_as": placed.same_as[:LISTED],
        "detector": result.build.detector,
        "boxes": boxes.detector if boxes else "labels",
        "units": "mm" if result.main_metric == "mpjpe" else "none",
        "hypotheses": result.lifter.hypotheses,
        "filter": result.lifter.filter,
        "about": result.lifter.model_dump(mode="json").get("about"),
        **result.model_dump(include={*map(str, METRIC_COLUMNS)}),
    }

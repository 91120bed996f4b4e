"""Files for the Hugging Face Hub: a benchmark's ``eval.yaml`` and models' ``.eval_results``.

Their fields are those of https://huggingface.co/docs/hub/eval-results, as of August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from corruptbench.leaderboard.board.folder import folder_name
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.ranking.sections import address
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import MEANINGS, kind_of

#: The Hub must have it in its list of evaluation frameworks.
FRAMEWORK = "corruptbench"
#: The numbers of a row that have a leaderboard, each a task.
PARTS = ("corrupted", "clean")

#: Name of a data set repository on the Hub: its owner, and its own name.
_REPOSITORY = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_DESCRIPTION = (
    "Robustness of 2D-to-3D human pose lifters: mean joint errors in mm on the 2D keypoints that a "
    "detector finds in corrupted video. Lower is better."
)


def hub_files(rows: Sequence[Placed], repository: str) -> dict[str, bytes]:
    """Return the files by their path: ``dataset/eval.yaml``, ``models/NAME/.eval_results/*.yaml``.

    What is below ``dataset`` belongs into the repository of the benchmark, and what is below
    ``models/NAME`` into that of the lifter. A model has a file for each benchmark in which it is
    ranked. Rows without a rank have none, because the Hub would rank them.

    Args:
        rows: of a board.
        repository: of the benchmark on the Hub, a data set: "owner/name".

    Raises:
        SubmissionError: the repository has no such name.
    """
    check_repository(repository)
    return {"dataset/eval.yaml": _yaml(benchmark_record(rows))} | {
        _path(placed.result): _yaml(row_records(placed, repository))
        for placed in rows
        if placed.row.rank is not None
    }


def check_repository(repository: str) -> None:
    """Raise `SubmissionError` unless a text can be the name of a repository."""
    if not re.fullmatch(_REPOSITORY, repository):
        problem = Problem(
            "the export",
            "repository",
            repository,
            "owner/name of a data set on the Hugging Face Hub",
            "give the name of the repository, without https://huggingface.co/datasets/",
        )
        raise SubmissionError("the repository", [problem])


def benchmark_record(rows: Sequence[Placed]) -> dict[str, Any]:
    """Return the content of ``eval.yaml``, with a task for each table of the board and part."""
    tasks = dict.fromkeys(task_id(placed, part) for placed in rows for part in PARTS)
    return {
        "name": "corruptbench",
        "description": _DESCRIPTION,
        "evaluation_framework": FRAMEWORK,
        "tasks": [{"id": task} for task in tasks],
    }


def row_records(placed: Placed, repository: str) -> list[dict[str, Any]]:
    """Return the content of a row's file: an entry for each number of `PARTS`."""
    return [
        {
            "dataset": {"id": repository, "task_id": task_id(placed, part)},
            "value": getattr(placed.result.errors, part),
            "notes": _notes(placed.result),
        }
        for part in PARTS
    ]


def task_id(placed: Placed, part: str) -> str:
    """Return the name of a leaderboard on the Hub, by benchmark, table, metric and part."""
    result = placed.result
    section = address(result.benchmark, placed.section)
    return "-".join([section, result.main_metric.replace("_", "-"), part])


def _path(result: Result) -> str:
    return f"models/{result.lifter.name}/.eval_results/{folder_name(result)}.yaml"


def _notes(result: Result) -> str:
    metric, benchmark, kind = METRIC_COLUMNS[result.main_metric], result.benchmark, kind_of(result)
    parts = (
        f"{metric.label} in {metric.unit}, lower is better",
        f"{kind}: {MEANINGS[kind]}",
        f"{benchmark.id}, version {benchmark.version}, manifest {benchmark.manifest_sha256[:12]}",
        f"detector {result.build.detectors}",
        f"lifter {result.lifter.name}, SHA-256 {result.lifter.sha256}",
    )
    return "; ".join(parts)


def _yaml(record: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    text: str = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()

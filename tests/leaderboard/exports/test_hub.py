"""Files for the Hugging Face Hub, held to the fields that its documentation lists."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from corruptbench.leaderboard import Result, SubmissionError, placed_rows, rank
from corruptbench.leaderboard.exports.hub import hub_files
from tests.leaderboard.conftest import (
    BOXES,
    HOSTILE,
    clip_table_3,
    digest,
    document,
    row,
    without_units,
)

REPOSITORY = "someone/corruptbench"
#: Of huggingface/hub-docs, eval_results.yaml and docs/hub/eval-results.md, August 2026: fields and
#: whether they are required.
ENTRY = {
    "dataset": True, "value": True, "verifyToken": False, "date": False, "source": False,
    "notes": False,
}  # fmt: skip
DATASET = {"id": True, "task_id": True, "revision": False}
BENCHMARK = {"name": True, "description": True, "evaluation_framework": True, "tasks": True}
TASK = {"id": True, "config": False, "split": False}


def check(record: dict[str, Any], fields: dict[str, bool]) -> None:
    assert record.keys() <= fields.keys()
    assert {name for name, required in fields.items() if required} <= record.keys()


def read(results: list[Result]) -> dict[str, Any]:
    files = hub_files(placed_rows(results), REPOSITORY)
    return {path: yaml.safe_load(content) for path, content in files.items()}


def test_the_files_have_the_documented_fields(results: list[Result]) -> None:
    files = read(results)
    benchmark = files.pop("dataset/eval.yaml")
    check(benchmark, BENCHMARK)
    for task in benchmark["tasks"]:
        check(task, TASK)
    tasks = [task["id"] for task in benchmark["tasks"]]
    assert tasks == ["toy-c-v1-mpjpe-corrupted", "toy-c-v1-mpjpe-clean"]
    assert files.keys() == {f"models/{r.lifter.name}/.eval_results/toy-c-v1.yaml" for r in results}
    for entries in files.values():
        for entry in entries:
            check(entry, ENTRY)
            check(entry["dataset"], DATASET)
            assert entry["dataset"]["id"] == REPOSITORY
        assert [entry["dataset"]["task_id"] for entry in entries] == tasks


def test_the_values_are_those_of_the_row(results: list[Result]) -> None:
    files = read(results)
    for result in results:
        entries = files[f"models/{result.lifter.name}/.eval_results/toy-c-v1.yaml"]
        assert [e["value"] for e in entries] == [result.mpjpe.corrupted, result.mpjpe.clean]
        for part in (
            "MPJPE in mm, lower is better",
            "claimed: numbers of",
            "movenet:thunder",
            result.lifter.sha256,
        ):
            assert part in entries[0]["notes"]


def test_a_row_without_a_rank_has_no_file(odd: list[Result]) -> None:
    assert [ranked.rank for ranked in rank(odd)] == [1, 2, None]
    assert len([path for path in read(odd) if path.startswith("models/c/")]) == 0


def test_boxes_and_unknown_units_are_tasks_of_their_own() -> None:
    known, unknown = clip_table_3(1), without_units(2)
    build = {**document(known, "")["build"], "boxes": BOXES}
    lifter = {**document(unknown, "")["lifter"], "contract": {"units": "none"}}
    results = [
        Result.model_validate(document(known, digest("a"), name="a", build=build)),
        Result.model_validate(document(unknown, digest("b"), name="b", lifter=lifter)),
    ]
    files = read(results)
    assert {task["id"] for task in files["dataset/eval.yaml"]["tasks"]} == {
        f"toy-c-v1-boxes-by-movenet-multipose-6fef705531a4-mpjpe-{part}"
        for part in ("corrupted", "clean")
    } | {f"toy-c-v1-units-unknown-p-mpjpe-{part}" for part in ("corrupted", "clean")}
    assert "models/a/.eval_results/toy-c-v1-boxes-movenet-multipose.yaml" in files


def test_a_hostile_text_is_text() -> None:
    """The name of a detector is the only free text; it comes from a file of a submitter."""
    result = row("a", 40, build={"detector": HOSTILE})
    (entries,) = (value for path, value in read([result]).items() if path.startswith("models"))
    assert f"detector {HOSTILE};" in entries[0]["notes"]


@pytest.mark.parametrize(
    "name", ["corruptbench", "a/b/c", "https://huggingface.co/datasets/a/b", "../x", "a/..", "a/ b"]
)
def test_what_is_no_repository_is_refused(results: list[Result], name: str) -> None:
    with pytest.raises(SubmissionError, match="owner/name"):
        hub_files(placed_rows(results), name)


def test_the_hubs_own_reader_takes_them(results: list[Result]) -> None:
    """Runs where huggingface_hub is installed, which is larger than what it would prove."""
    hub = pytest.importorskip("huggingface_hub")
    for path, entries in read(results).items():
        if path.startswith("models"):
            found = hub.parse_eval_result_entries(entries)
            assert hub.eval_result_entries_to_yaml(found) == entries

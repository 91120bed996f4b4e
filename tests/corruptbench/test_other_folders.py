"""Folders a level above or below the one that is meant, folders of other things, and archives."""

from __future__ import annotations

from pathlib import Path

import pytest

from corruptbench.nearby import nearest
from tests.docs.blocks import ROOT

MODEL = ROOT / "baselines/videopose3d-27.pt2"
#: Files that make a project of a user: only their names count here.
PROJECT = (
    "build/shards/lock.json", "build/shards/keypoints/lab/S1/a.parquet", "lab/dataset.json",
    "lab/videos/S1/a.mp4", "results/mine.json", "results/mine.clips.parquet",
    "board/lab-c-v1/mine/result.json", "h36m/S9/Videos/a.mp4", "he/S1/Image_Data/a.avi",
    "lifted/cells/data_2d_lab_clean.npz", "films/a.mp4", "packed/data.tgz",
)  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    for name in PROJECT:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [f"evaluate {MODEL} --shards", "verify", "detections --shards"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("build", ("there are shards in build/shards",)),
        ("build/shards/keypoints", ("there are shards in", "build/shards")),
        ("build/shards/keypoints/lab", ("there are shards in", "build/shards")),
        ("shards", ("no such folder", "there are shards in build/shards")),
        ("build/shards/lock.json", ("a file", "give its folder, build/shards")),
        ("results", ("holds results of evaluations (mine.clips.parquet)",)),
        ("films", ("holds videos (a.mp4)",)),
        ("lab", ("holds a data set in open folders (dataset.json)",)),
        ("empty", ("neither lock.json nor keypoints/",)),
    ],
)
def test_other_folders_than_shards(command, given, said, cli):
    done = cli(*command.split(), given)
    assert done.code == 2
    assert all(words in done.err for words in said), done.err
    assert "expected" in done.err or "give that folder" in done.err


def test_an_unfinished_build_is_no_other_folder(project, cli):
    (project / "build/shards/lock.json").unlink()
    done = cli("verify", "build/shards")
    assert "run the build again, it resumes" in done.err


@pytest.mark.parametrize("command", ["show", "check", "export --out o", "render --out o.html"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (".", ("no rows, and there is a board in board", "give board")),
        ("board/lab-c-v1", ("the rows of one benchmark", "give {}/board")),
        ("board/lab-c-v1/mine", ("the folder of one row", "give {}/board")),
        ("nothing", ("there is a board in board",)),
    ],
)
def test_other_folders_than_a_board(command, given, said, project, cli):
    done = cli("leaderboard", *command.split(), "--board", given)
    assert done.code == 2
    assert all(words.format(project) in done.err for words in said), done.err


@pytest.mark.usefixtures("project")
def test_a_folder_without_rows_is_called_what_it_is(cli):
    done = cli("leaderboard", "show", "--board", "results")
    assert "no results yet; it holds results of evaluations (mine.clips.parquet)" in done.err


def test_no_row_is_added_beside_a_board(cli, tmp_path):
    row = ROOT / "leaderboard/results/studio-c-v3/videopose3d-27/result.json"
    inner = tmp_path / "board"
    (inner / "some-v1/mine").mkdir(parents=True)
    (inner / "some-v1/mine/result.json").touch()
    done = cli("submit", row, "--board", tmp_path)
    assert done.code == 2
    assert f"give {inner}" in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["board"]


@pytest.mark.parametrize(
    ("dataset", "given", "said"),
    [
        ("folder", ".", ("no dataset.json in it", "there is one in lab")),
        ("folder", "lab/videos/S1", ("no dataset.json in it", "there is one in {}/lab")),
        ("studio", "films", ("no dataset.json in it", "holds videos (a.mp4)")),
        ("human36m", ".", ("give h36m",)),
        ("human36m", "h36m/S9/Videos", ("give {}/h36m",)),
        ("human36m", "results", ("holds results of evaluations",)),
        ("humaneva", "he/S1", ("give {}/he",)),
        ("humaneva", "build/shards", ("holds shards of a build",)),
    ],
)
def test_other_folders_than_a_root(dataset, given, said, project, cli):
    (project / "films/lab").mkdir()  # an empty folder suggests nothing
    if given == "films":
        (project / "lab/dataset.json").unlink()
    done = cli("data", "check", dataset, "--root", given)
    assert done.code == 2
    assert all(words.format(project) in done.err for words in said), done.err


@pytest.mark.parametrize("dataset", ["folder", "studio", "human36m", "humaneva"])
@pytest.mark.parametrize("name", ["data.tgz", "data.tar", "data.ZIP", "data.7z", "two words.zip"])
def test_archives_that_are_not_unpacked(dataset, name, cli, tmp_path):
    path = tmp_path / "root" / name
    path.parent.mkdir()
    path.touch()
    for root, found in ((path, "an archive"), (path.parent, f"not unpacked ({name})")):
        done = cli("data", "check", dataset, "--root", root)
        assert done.code == 2
        assert found in done.err
        assert "unpack it first, and give the folder that holds" in done.err


def test_an_unpacked_folder_beside_its_archive_is_named(project, cli):
    (project / "lab").rename(project / "packed/data")
    done = cli("data", "check", "folder", "--root", "packed")
    assert "there is one in packed/data" in done.err


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lifted", "there are some in lifted/cells"),
        ("results", "it holds results of evaluations"),
        ("empty", "there is no .npz in it"),
    ],
)
def test_other_folders_than_predictions(given, said, cli, drawn_shards, mini, mini_manifest):
    words = ("--shards", drawn_shards.folder, "--root", mini, "--manifest", mini_manifest)
    done = cli("score", given, *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [("report",), ("submit",)])
def test_a_folder_of_results_and_a_clips_table_name_the_result(command, cli):
    assert "give a result in it: results/mine.json" in cli(*command, "results").err
    done = cli(*command, "results/mine.clips.parquet")
    assert "a clips table" in done.err
    assert "give results/mine.json" in done.err


def test_a_loop_of_links_and_a_folder_that_cannot_be_read_suggest_nothing(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "a")
    assert nearest(tmp_path / "a", lambda place: (place / "lock.json").is_file()) is None


@pytest.mark.parametrize(
    ("words", "site"),
    [
        ("build --manifest human36m-c --severity 3", "vision.imar.ro/human3.6m"),
        ("build --manifest humaneva-i-c", "humaneva.is.tue.mpg.de"),
        ("data check human36m", "vision.imar.ro/human3.6m"),
    ],
)
def test_a_licensed_set_without_a_root_says_where_it_is_from(words, site, cli):
    done = cli(*words.split())
    assert done.code == 2
    assert "is licensed, and does not come with this software" in done.err
    assert site in done.err
    assert "evaluate" not in done.err
    assert f"option --root: corruptbench {words} --root ROOT" in done.err


@pytest.mark.parametrize("command", ["report", "submit"])
def test_a_model_is_no_result(command, cli):
    done = cli(command, MODEL)
    assert done.code == 2
    assert "found a model, expected the result of an evaluation" in done.err
    assert "give the .json file that evaluate wrote" in done.err


def test_the_lock_of_another_site_is_a_file(drawn_shards, cli):
    folder = drawn_shards.folder
    done = cli("verify", folder, "--against", folder)
    assert f"expected a lock: give {folder / 'lock.json'}" in done.err

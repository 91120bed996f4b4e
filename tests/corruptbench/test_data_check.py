"""`corruptbench data check`: what it finds, where it says so, and with which exit code."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from corruptbench.datasets import humaneva
from corruptbench.datasets.humaneva import HumanEva
from tests.fixtures import folder, human36m
from tests.fixtures import humaneva as eva


def findings(cli, *words):
    """Exit code and the JSON's records, as (level, subject, what) -> record."""
    done = cli("data", "check", *words, "--json")
    assert not done.err
    records = json.loads(done.out)
    return done.code, records


def bad(records):
    return {(r["level"], r["subject"], r["what"]) for r in records if r["level"] != "ok"}


@pytest.fixture
def mine(mini, tmp_path):
    """A copy of the miniature folder set that a test may spoil."""
    return shutil.copytree(mini, tmp_path / "data")


def test_whole_folder(mini, cli):
    code, records = findings(cli, "folder", "--root", mini)
    assert code == 0
    assert not bad(records)
    assert set(records[0]) == {
        "level", "subject", "what", "found", "expected", "remedy", "where",
    }  # fmt: skip
    said = {(r["subject"], r["what"]): r["found"] for r in records}
    assert said["A1", "labels"] == "2 sequences, 43 frames"  # 20 and 23
    assert said["A2", "labels"] == "1 sequences, 20 frames"
    assert said["A1", "videos"] == "4 videos"


def test_missing_video(mine, cli):
    (mine / "videos/A1/sway_1.cam2.mp4").unlink()
    done = cli("data", "check", "folder", "--root", mine)
    assert done.code == 2
    lines = done.out.strip().splitlines()
    assert any("missing" in line and "sway_1.cam2.mp4" in line for line in lines)
    assert lines[-1] == "folder: 5 ok, 0 differs, 1 missing"
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A1", "videos")}


def test_subjects_can_be_chosen(mine, cli):
    (mine / "videos/A1/sway_1.cam2.mp4").unlink()
    code, records = findings(cli, "folder", "--root", mine, "--subject", "A2")
    assert code == 0
    assert {r["subject"] for r in records} == {"A2"}
    done = cli("data", "check", "folder", "--root", mine, "--subject", "A3")
    assert done.code == 2
    assert "--subject A3: expected one of A1, A2" in done.err


def test_labels_only(mine, cli):
    shutil.rmtree(mine / "videos/A2")
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 1
    assert bad(records) == {("differs", "A2", "videos")}
    (about,) = [r for r in records if r["level"] == "differs"]
    assert about["found"] == "labels only"
    assert "only evaluated" in about["remedy"]


def test_neither_labels_nor_videos(mine, cli):
    """Then nothing of the subject is of use: its videos are missing too."""
    shutil.rmtree(mine / "videos/A2")
    (mine / "labels/A2.parquet").unlink()
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A2", "labels"), ("missing", "A2", "videos")}


@pytest.mark.parametrize(
    ("factor", "said"), [(0.001, "0.42 (metres?)"), (0.2, "84 (pixels?)"), (np.nan, "no frame")]
)
def test_units(factor, said, mine, cli):
    still = np.repeat(folder.STANDING[None], 20, axis=0) * factor
    folder.write_labels(mine / "labels/A2.parquet", {"step_1": still})
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 1
    assert bad(records) == {("differs", "A2", "units")}
    assert any(said in r["found"] for r in records)


def test_lists_that_do_not_agree(mine, cli):
    """A sequence without labels cannot be used; labels of an unlisted sequence are not used."""
    still = np.repeat(folder.STANDING[None], 20, axis=0)
    folder.write_labels(mine / "labels/A1.parquet", {"step_1": still})
    folder.write_labels(mine / "labels/A2.parquet", {"step_1": still, "spin_1": still})
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A1", "labels"), ("differs", "A2", "labels")}
    said = {(r["subject"], r["what"]): r["found"] for r in records}
    assert said["A1", "labels"].endswith("not sway_1")
    assert said["A2", "labels"].endswith("besides spin_1")
    assert said["A2", "units"] == "a thigh of 420 mm"  # hip at z 900, knee at 480


def test_videos_that_do_not_fit(mine, cli):
    videos = mine / "videos/A1"
    frames = [np.full((96, 128, 3), 90, dtype=np.uint8)] * 30
    folder.write_video(videos / "step_1.cam1.mp4", frames)  # another size
    shutil.copy(videos / "step_1.cam2.mp4", videos / "sway_1.cam2.mp4")  # 22 frames of 23
    (videos / "sway_1.cam1.mp4").write_text("<html>")
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    spoilt = {r["where"].rpartition("/")[2]: r for r in records if r["level"] == "missing"}
    assert set(spoilt) == {"step_1.cam1.mp4", "sway_1.cam2.mp4", "sway_1.cam1.mp4"}
    assert spoilt["step_1.cam1.mp4"]["found"] == "30 frames of 128x96"
    assert spoilt["sway_1.cam2.mp4"]["found"] == "22 frames of 128x128"
    assert spoilt["sway_1.cam2.mp4"]["expected"] == "at least 23 frames of 128x128"
    assert "no readable video" in spoilt["sway_1.cam1.mp4"]["found"]


def test_embedded_set(cli):
    """Training subjects have labels only; all of the test subjects is there."""
    code, records = findings(cli, "studio")
    assert code == 1
    assert bad(records) == {("differs", f"S{n}", "videos") for n in range(1, 6)}
    assert findings(cli, "studio", "--subject", "S6", "--subject", "S7")[0] == 0


@pytest.mark.parametrize("name", ["folder", "human36m", "humaneva"])
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_root_that_is_none(name, words, tmp_path, cli):
    done = cli("data", "check", name, "--root", tmp_path / "nowhere", *words)
    assert done.code == 2
    assert "nowhere: no such folder" in done.err
    assert not done.out


def test_unknown_data_set(tmp_path, cli):
    done = cli("data", "check", "h37m", "--root", tmp_path)
    assert done.code == 2
    assert "unknown data set 'h37m'" in done.err


def test_human36m(tmp_path, cli):
    human36m.write_dataset(tmp_path, videos=("S9",))
    words = ("human36m", "--root", tmp_path, "--subject", "S9")
    (_, before) = findings(cli, *words)
    name = "Greeting.55011271.mp4"
    assert not any(name in r["where"] + r["found"] for r in before if r["level"] == "missing")
    (tmp_path / "S9/Videos" / name).write_text("<html>")
    code, after = findings(cli, *words)
    assert code == 2
    assert {r["subject"] for r in after} == {"", "S9"}
    (spoilt,) = [r for r in after if r["where"].endswith(name) and r["level"] == "missing"]
    assert spoilt["what"] == "videos"
    assert name in cli("data", "check", *words).out
    (tmp_path / "S9/Videos/Directions 1.54138969.mp4").unlink()
    code, after = findings(cli, *words)
    assert code == 2
    counts = [
        next(r for r in records if r["what"] == "videos" and r["where"].endswith("S9/Videos"))
        for records in (before, after)
    ]
    assert [c["level"] for c in counts] == ["missing", "missing"]  # of 30 recordings 2 are there
    assert [c["found"].partition(";")[0] for c in counts] == ["8 files", "7 files"]


def test_humaneva(tmp_path, monkeypatch, cli):
    eva.write_dataset(tmp_path)

    def opened(root):
        return HumanEva(root, eva.RECORDINGS, eva.positions())

    monkeypatch.setattr(humaneva, "open_root", opened)
    words = ("humaneva", "--root", tmp_path)
    code, records = findings(cli, *words)
    assert code == 0
    assert {r["subject"] for r in records} == {"S1", "S2"}
    eva.write_offsets(tmp_path / "S1/Sync_Data", eva.RECORDINGS[0], late=4.0)
    code, records = findings(cli, *words)
    assert code == 1
    assert bad(records) == {("differs", "S1", "synchronisation")}
    (tmp_path / "S2/Image_Data/Walking_1_(C2).avi").unlink()
    done = cli("data", "check", *words)
    assert done.code == 2
    assert "S2/Image_Data/Walking_1_(C2).avi" in done.out

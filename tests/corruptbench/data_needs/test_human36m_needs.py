"""`data check` of copies of Human3.6M that lack files, or have others."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from corruptbench.datasets.human36m import tables
from corruptbench.video import probe
from tests.corruptbench.data_needs.conftest import brief
from tests.fixtures import human36m

POSES = human36m.DOWNLOADED["D3_Positions"]


def test_human36m_without_what_is_not_needed(h36m, check, cli):
    """No training subject, and nothing of the recording that the benchmark leaves out."""
    assert check("human36m", "--root", h36m) == (0, [])
    done = cli("data", "check", "human36m", "--root", h36m)
    lines = done.out.splitlines()
    training = [line for line in lines if "not there; not needed" in line and "subject" in line]
    assert [re.search(r"S\d+", line)[0] for line in training] == ["S1", "S5", "S6", "S7", "S8"]
    videos = next(line for line in lines if "S11" in line and "videos" in line)
    assert "116 files; not there and not needed: " in videos
    assert "120 files, 116 of them needed" in videos
    assert any("236 needed" in line and "those of human36m-c " in line for line in lines)


@pytest.mark.parametrize(("sequence", "level"), [("Walking", "missing"), ("Directions", "differs")])
def test_human36m_damaged_files(sequence, level, h36m, check):
    """What is not needed cannot be missing, and videos that are not needed are not opened."""
    labels = h36m / "S11" / POSES / f"{sequence}.cdf"
    videos = [h36m / "S11/Videos" / f"{sequence}.{c}.mp4" for c in tables.CAMERAS]
    for path in (labels, *videos):
        path.write_text("<html>log in</html>")
    _, records = check("human36m", "--root", h36m)
    damaged = [r for r in records if r["where"].endswith((".cdf", ".mp4"))]
    spoilt = {labels, *videos} if level == "missing" else {labels}
    assert {r["where"] for r in damaged} == {str(p) for p in spoilt}
    assert {r["level"] for r in damaged} == {level}


@pytest.mark.parametrize(
    ("lost", "manifest", "code", "found"),
    [
        ("S9/Videos/Greeting.55011271.mp4", "human36m-c", 2, {("missing", "S9", "videos")}),
        ("S9/Videos/Greeting.55011271.mp4", "human36m-c-unshifted", 0, set()),
        (f"S9/{POSES}/Waiting 1.cdf", "human36m-c-unshifted", 0, set()),
        (
            f"S9/{POSES}/Walking 1.cdf", "human36m-c-unshifted", 2,
            {("missing", "S9", "poses"), ("differs", "S9", "labeled frames")},
        ),
    ],
)  # fmt: skip
def test_human36m_by_manifest(lost, manifest, code, found, h36m, check):
    (h36m / lost).unlink()
    done, records = check("human36m", "--root", h36m, "--manifest", manifest)
    assert (done, brief(records)) == (code, found)
    assert all(h36m.joinpath(lost).name in r["found"] for r in records if r["level"] == "missing")


def test_human36m_without_a_needed_subject(h36m, check):
    shutil.rmtree(h36m / "S11")
    code, records = check("human36m", "--root", h36m, "--manifest", "human36m-c")
    assert code == 2
    assert brief(records) == {("missing", "", "clips"), ("missing", "S11", "subject")}


def test_human36m_with_part_of_a_subject_that_is_not_needed(h36m, check):
    human36m.write_official(h36m, {"S5": {"Photo": tables.label_frames("S5", "Photo")}})
    code, records = check("human36m", "--root", h36m)
    assert code == 1
    assert brief(records) == {("differs", "S5", "poses"), ("differs", "S5", "videos")}
    assert records[0]["expected"] == "30 files, none of them needed"


def test_human36m_pictures_of_another_camera(h36m, check, monkeypatch):
    """Cameras of other heights, swapped: nothing can be built from such videos."""
    true = probe.probe

    def swapped(path):
        header = true(path)
        return replace(header, size=(1000, 2002 - header.size[1]))

    monkeypatch.setattr(probe, "probe", swapped)
    code, records = check("human36m", "--root", h36m)
    assert code == 2
    assert len(records) == 236
    of = {r["where"].rpartition("/")[2]: r for r in records if r["subject"] == "S9"}
    name = "Walking.54138969.mp4"
    assert of[name]["found"] == f"{tables.video_frames('S9', 'Walking', '54138969')} frames of " + (
        "1000x1000"
    )
    assert "frames of 1000x1002" in of[name]["expected"]

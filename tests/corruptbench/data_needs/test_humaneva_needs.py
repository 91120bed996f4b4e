"""`data check` of copies of HumanEva-I that lack files, or have others."""

from __future__ import annotations

import json
import re
import shutil
from importlib.resources import files

import pytest

from tests.corruptbench.data_needs.conftest import brief


def test_humaneva_with_the_27_videos_only(humaneva, check, cli):
    assert check("humaneva", "--root", humaneva) == (0, [])
    records = json.loads(cli("data", "check", "humaneva", "--root", humaneva, "--json").out)
    assert records[0]["found"] == "27 needed"
    (videos,) = [r for r in records if (r["subject"], r["what"]) == ("S2", "videos")]
    assert videos["found"].startswith("9 files; not there and not needed: ThrowCatch_1_(C1).avi, ")
    assert videos["expected"] == "15 files, 9 of them needed"
    labels = [r["found"] for r in records if (r["subject"], r["what"]) == ("S2", "labels")]
    assert len(labels) == 3 + 1
    assert labels[-1].startswith("Walking_1 Train, Jog_1 Train, ThrowCatch_1 Validate, ...: not")


def lose(name):
    return lambda root: (root / name).unlink()


def write(name, text):
    return lambda root: (root / name).write_text(text)


@pytest.mark.parametrize(
    ("spoil", "code", "found", "words"),
    [
        (
            lose("S2/Image_Data/Jog_1_(C3).avi"), 2, ("missing", "S2", "videos"),
            r"8 files; not Jog_1_\(C3\)\.avi; not there and not needed: ThrowCatch",
        ),
        (
            write("S2/Image_Data/Jog_1_(C3).avi", "<html>"), 2, ("missing", "S2", "videos"),
            "no readable video",
        ),
        (write("S2/Image_Data/Gestures_1_(C3).avi", "<html>"), 0, None, None),
        # S1 Walking starts at frame 82 of C1; frame 590 of its clock ends Validate, 1203 Train
        (
            write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 589)), 2,
            ("missing", "S1", "videos"), "^670 frames",
        ),
        (
            write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 590)), 1,
            ("differs", "S1", "videos"), "^671 frames",
        ),
        (write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 1203)), 0, None, None),
        (
            lose("S3/Calibration_Data/C2.cal"), 2, ("missing", "S3", "cameras"), "^C2: missing",
        ),
        (
            lose("converted_15j/Validate/S3/Box_1.mat"), 2, ("missing", "S3", "labels"),
            "Box_1 Validate: .*no 3D labels",
        ),
        (
            lose("S3/Sync_Data/Box_1_(BW4).ofs"), 1, ("differs", "S3", "synchronization"),
            "Box_1: 6 .ofs files",
        ),
    ],
)  # fmt: skip
def test_humaneva_lacks_or_has_otherwise(spoil, code, found, words, humaneva, check):
    spoil(humaneva)
    done, records = check("humaneva", "--root", humaneva)
    assert (done, brief(records)) == (code, {found} if found else set())
    assert all(re.search(words, r["found"]) for r in records)


def test_humaneva_pictures_in_place_of_videos(humaneva, check):
    for path in (humaneva / "S1/Image_Data").glob("*.avi"):
        path.unlink()
        path.with_suffix("").mkdir()
    code, records = check("humaneva", "--root", humaneva)
    assert (code, brief(records)) == (2, {("missing", "S1", "videos")})
    assert "folders of pictures with ffmpeg" in records[0]["remedy"]


def test_humaneva_neither_labels_nor_videos(humaneva, check):
    shutil.rmtree(humaneva / "S2/Image_Data")
    shutil.rmtree(humaneva / "converted_15j/Validate/S2")
    code, records = check("humaneva", "--root", humaneva)
    assert code == 2
    assert brief(records) == {("missing", "S2", "videos"), ("missing", "S2", "labels")}


def test_humaneva_by_manifest(humaneva, tmp_path, check):
    """Two cameras of one action of two subjects: a third camera, another subject may lack."""
    manifest = tmp_path / "own.toml"
    text = files("corruptbench.manifests").joinpath("humaneva-i-c.toml").read_text()
    for old, new in (
        ('id = "humaneva-i-c"', 'id = "own-c"'),
        (', "S3"]', "]"), (', "C3"]', "]"), (', "Jog_1_Validate", "Box_1_Validate"]', "]"),
        (', "Jog", "Box"]', "]"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)
    words = ("humaneva", "--root", humaneva, "--manifest", manifest)
    shutil.rmtree(humaneva / "S3")
    (humaneva / "S1/Calibration_Data/C3.cal").unlink()
    shutil.rmtree(humaneva / "converted_15j/Validate/S3")
    assert check(*words) == (0, [])
    (humaneva / "S1/Sync_Data/Box_1_(BW4).ofs").unlink()
    (humaneva / "S2/Calibration_Data/C3.cal").write_text("<html>")
    code, records = check(*words)
    assert code == 1
    assert brief(records) == {("differs", "S1", "synchronization"), ("differs", "S2", "cameras")}

"""Files under names that are nearly the wanted ones, and names and texts of odd machines."""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corruptbench.datasets import ClipId, open_dataset
from corruptbench.datasets.humaneva import HumanEva
from corruptbench.datasets.near_misses import first_near_miss, near_miss, require_file
from corruptbench.errors import InputError
from tests.fixtures import human36m, humaneva
from tests.fixtures.folder import FRAMES

# -- what is there in place of a missing file ------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "there", "said"),
    [
        ("S9/Videos", "s9/Videos", "'s9': rename it to 'S9'"),
        ("Walking 1.cdf", "Walking_1.cdf", "'Walking_1.cdf': rename it to 'Walking 1.cdf'"),
        ("Walking 1.cdf", "Walking  1.cdf", "rename it to 'Walking 1.cdf'"),
        ("Walking 1.cdf", "Walking 1 .cdf", "rename it to 'Walking 1.cdf'"),
        ("Walking 1.cdf", "Walking 1.cdf ", "'Walking 1.cdf ': rename it to 'Walking 1.cdf'"),
        ("Walking 1.cdf", "Walking\N{NO-BREAK SPACE}1.cdf", "rename it to 'Walking 1.cdf'"),
        ("Walking 1.cdf", "Walking 1\N{ZERO WIDTH SPACE}.cdf", r"\u200b"),
        ("S9", "\N{FULLWIDTH LATIN CAPITAL LETTER S}\N{FULLWIDTH DIGIT NINE}", "rename it to 'S9'"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}", "rename it"),
        ("x.mp4", "x.MP4", "'x.MP4': rename it to 'x.mp4'"),
        ("x.mp4", "x.mp4.mp4", "'x.mp4.mp4': rename it to 'x.mp4'"),
        ("dataset.json", "dataset.json.txt", "'dataset.json.txt': rename it to 'dataset.json'"),
        ("x.cdf", "x (1).cdf", "'x (1).cdf': rename it to 'x.cdf'"),
        ("x.cdf", "x - Copy.cdf", "'x - Copy.cdf': rename it to 'x.cdf'"),
        ("x.mp4", "x.avi", "'x.avi': convert it to 'x.mp4'"),
        ("x 1.mp4", "X_1.MOV", "'X_1.MOV': convert it to 'x 1.mp4'"),
        ("Walking 1.cdf", "Walking 1.cdf.gz", "'Walking 1.cdf.gz': unpack it"),
        ("Walking 1.cdf", "Walking 1.zip", "'Walking 1.zip': unpack it"),
        ("S9/Videos", "S9.tar.gz", "'S9.tar.gz': unpack it"),
        ("x.npz", "x.npz.crdownload", "its download is not finished, fetch it again"),
        ("x.npz", "x.npz.part", "its download is not finished, fetch it again"),
        ("S9/Videos", "S9/S9/Videos", "'S9/Videos': move it one folder up"),
        ("Videos/x.mp4", "Videos/Videos/x.mp4", "'Videos/x.mp4': move it one folder up"),
        ("x.mp4", "x.mp4/x.mp4", "'x.mp4/x.mp4': move it one folder up"),
    ],
)
def test_near_misses(wanted, there, said, tmp_path):
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert said in near_miss(tmp_path / wanted)
    assert near_miss(tmp_path / wanted).startswith("; there is ")


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("x.mp4", "._x.mp4"),
        ("x.mp4", ".DS_Store"),
        ("x.mp4", "__MACOSX/x.mp4"),
        ("Walking 1.cdf", "Walking 2.cdf"),
        ("Walking 1.cdf", "Walking 11.cdf"),
        ("Walking.cdf", "Walking.54138969.cdf"),
        ("x.cdf", "x.mat"),
        ("x.cdf", "x.mp4"),
        ("S1", "S11"),
    ],
)
def test_other_names_are_no_near_misses(wanted, there, tmp_path):
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert near_miss(tmp_path / wanted) == ""


def test_what_stands_in_place_of_a_file(tmp_path):
    """Under its very name, so that nobody looks for a file that is listed."""
    (tmp_path / "gone.mp4").symlink_to("disk2/gone.mp4")
    (tmp_path / "one.mp4").symlink_to("two.mp4")
    (tmp_path / "two.mp4").symlink_to("one.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "twice.mp4/twice.mp4").mkdir(parents=True)
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, said in (
        ("gone.mp4", "; it is a link to 'disk2/gone.mp4', which is not there"),
        ("one.mp4", "; it is a link to 'two.mp4', which leads back to itself"),
        ("folder.mp4", "; it is a folder, not a file"),
        ("twice.mp4", "; there is 'twice.mp4/twice.mp4': move it one folder up"),
        ("pipe.mp4", "; it is a pipe, a socket or a device, not a file"),
    ):
        assert first_near_miss(tmp_path, [name], [name]) == said
        among = first_near_miss(tmp_path, ["other.mp4", name], [name])
        assert among == said.replace("it is", f"'{name}' is")
        with pytest.raises(InputError, match=f"missing{said}; expected a video"):
            require_file(tmp_path / name, "expected a video")


def test_a_link_to_nowhere(tmp_path):
    (tmp_path / "S9").symlink_to(tmp_path / "disk2/S9")
    for path in (tmp_path / "S9", tmp_path / "S9/Videos/x.mp4"):
        assert f"; it is a link to '{tmp_path}/disk2/S9', which is not there" == near_miss(path)


def test_a_name_that_is_wanted_itself_is_not_meant(tmp_path):
    (tmp_path / "sway 1.mp4").touch()
    assert first_near_miss(tmp_path, ["sway_1.mp4"], [])
    assert first_near_miss(tmp_path, ["sway_1.mp4"], ["sway 1.mp4"]) == ""


# -- in the data sets ------------------------------------------------------------------------------

WALKING = ClipId("human36m", "S11", "Walking 1", "54138969", "Walking")


@pytest.fixture
def h36m(tmp_path):
    return human36m.write_dataset(tmp_path / "h36m", videos=())


def findings(dataset):
    return {(f.level, f.subject, f.what): f.found for f in dataset.check() if f.level != "ok"}


def test_human36m(h36m):
    poses = h36m / "S11/MyPoseFeatures/D3_Positions"
    (poses / "Walking 1.cdf").rename(poses / "Walking_1.cdf")
    said = r"Walking 1\.cdf: missing; there is 'Walking_1\.cdf': rename it to 'Walking 1\.cdf'; exp"
    with pytest.raises(InputError, match=said):
        open_dataset("human36m", h36m).load(WALKING)
    (h36m / "S9").rename(h36m / "s9")
    (h36m / "S1").rename(h36m / "inner")
    (h36m / "S1").mkdir()
    (h36m / "inner").rename(h36m / "S1/S1")
    found = findings(open_dataset("human36m", h36m))
    assert "there is 'Walking_1.cdf': rename it" in found["missing", "S11", "poses"]
    assert found["missing", "S9", "subject"] == "not there; there is 's9': rename it to 'S9'"
    assert "move it one folder up" in found["missing", "S1", "subject"]


def test_human36m_with_no_subject_in_its_own_name(h36m):
    for subject in ("S1", "S9", "S11"):
        (h36m / subject).rename(h36m / subject.lower())
    with pytest.raises(InputError, match=r"no subject's folder; there is 's1': rename it to 'S1';"):
        open_dataset("human36m", h36m)
    with pytest.raises(InputError, match=r"no such folder; there is 'h36m': rename it to 'H36M'"):
        open_dataset("human36m", h36m.with_name("H36M"))


def test_what_macos_leaves_behind_is_no_data(h36m, tmp_path):
    """An archive made there holds __MACOSX/S9/Videos/._x.mp4 beside the data."""
    (tmp_path / "top/__MACOSX/S9/Videos").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no subject's folder; expected"):
        open_dataset("human36m", tmp_path / "top")
    (tmp_path / "top/._Poses_D3_Positions_S9.tgz").touch()
    with pytest.raises(InputError, match="holds no subject's folder; expected"):
        open_dataset("human36m", tmp_path / "top")
    place = h36m / "S11/MyPoseFeatures/D3_Positions"
    (place / "._Walking 1.cdf").touch()
    (place / ".DS_Store").touch()
    dataset = open_dataset("human36m", h36m)
    assert len(dataset.load(WALKING).joints)
    poses = next(f for f in dataset.check() if (f.subject, f.what) == ("S11", "poses"))
    assert "2 files" in poses.found or poses.where.endswith(".cdf")


def test_human36m_videos(h36m):
    videos = h36m / "S11/Videos"
    videos.mkdir()
    for ending, said in ((".MP4", "rename it to"), (".avi", "convert it to")):
        path = videos / f"Walking 1.54138969{ending}"
        path.touch()
        clip = open_dataset("human36m", h36m).load(WALKING)
        with pytest.raises(InputError, match=rf"missing; there is '{path.name}': {said}"):
            clip.require_video()
        path.unlink()


def test_humaneva(tmp_path):
    root = humaneva.write_dataset(tmp_path / "eva")
    shutil.rmtree(root / "S2")
    (root / "S2.zip").touch()
    calibration = root / "S1/Calibration_Data"
    (calibration / "C1.cal").rename(calibration / "C1.cal.txt")
    shutil.move(
        root / "converted_15j/Train/S1/Box_1.mat", root / "converted_15j/Train/S1/Box 1.mat"
    )
    video = root / "S1/Image_Data/Box_1_(C2).avi"
    video.rename(video.with_suffix(".mp4"))
    dataset = HumanEva(root, humaneva.RECORDINGS, humaneva.positions())
    found = findings(dataset)
    assert found["missing", "S2", "subject"] == "not there; there is 'S2.zip': unpack it"
    assert "C1: missing; there is 'C1.cal.txt'" in found["missing", "S1", "cameras"]
    assert "there is 'Box 1.mat': rename it to 'Box_1.mat'" in found["missing", "S1", "labels"]
    assert "there is 'Box_1_(C2).mp4': convert it" in found["missing", "S1", "videos"]


@pytest.fixture
def mine(mini, tmp_path):
    return shutil.copytree(mini, tmp_path / "data")


def test_folder(mine):
    video = mine / "videos/A1/step_1.cam1.mp4"
    video.rename(video.with_suffix(".wmv"))
    (mine / "labels/A2.parquet").rename(mine / "labels/a2.Parquet")
    found = findings(open_dataset("folder", mine))
    said = "there is 'step_1.cam1.wmv': convert it to 'step_1.cam1.mp4'"
    assert said in found["missing", "A1", "videos"]
    assert "there is 'a2.Parquet': rename it" in found["missing", "A2", "labels"]
    (mine / "dataset.json").rename(mine / "Dataset.json")
    with pytest.raises(InputError, match=r"no dataset\.json in it; there is 'Dataset\.json': rena"):
        open_dataset("folder", mine)


# -- texts of other editors ------------------------------------------------------------------------


def test_a_byte_order_mark(mine, tmp_path):
    path = mine / "dataset.json"
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes().replace(b"\n", b"\r\n"))
    assert open_dataset("folder", mine).clip_ids()
    root = humaneva.write_dataset(tmp_path / "eva")
    for path in (*root.rglob("*.cal"), *root.rglob("*.ofs")):
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert findings(HumanEva(root, humaneva.RECORDINGS, humaneva.positions())) == {}


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("latin-1", "another encoding")],
)
def test_other_encodings(encoding, said, mine):
    path = mine / "dataset.json"
    record = json.loads(path.read_text())
    record["licence"] = "\N{COPYRIGHT SIGN} Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich"
    path.write_bytes(json.dumps(record, ensure_ascii=False).encode(encoding))
    with pytest.raises(InputError, match=rf"dataset\.json: text in {said}, expected UTF-8: save"):
        open_dataset("folder", mine)
    path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    assert open_dataset("folder", mine).clip_ids()


# -- folders whose names are no UTF-8 --------------------------------------------------------------


@pytest.fixture
def odd(tmp_path):
    """A folder of a name as a Latin-1 machine left it."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller"))
    try:
        path.mkdir()
    except OSError:
        pytest.skip("this file system takes no such names")
    return path


def test_folder_in_an_odd_folder(odd, mini):
    root = shutil.copytree(mini, odd / "data")
    dataset = open_dataset("folder", root)
    assert len(dataset.load(dataset.clip_ids()[0]).joints) == FRAMES
    assert findings(dataset) == {}


def test_human36m_in_an_odd_folder(odd):
    root = human36m.write_dataset(odd / "h36m", videos=())
    dataset = open_dataset("human36m", root)
    clip = dataset.load(WALKING)
    assert clip.published_boxes().shape == (len(clip.joints), 4)
    human36m.write_metadata(root / "metadata.xml")
    assert len(open_dataset("human36m", root).load(WALKING).joints)


def test_humaneva_in_an_odd_folder(odd):
    root = humaneva.write_dataset(odd / "eva")
    assert findings(HumanEva(root, humaneva.RECORDINGS, humaneva.positions())) == {}


def test_packed_labels_in_an_odd_folder(odd):
    path = odd / "data_3d_h36m.npz"
    poses = (human36m.poses(10) / 1000).astype("float32")
    with path.open("wb") as stream:
        np.savez(stream, positions_3d={"S9": {"Greeting": poses}})
    assert len(open_dataset("human36m", path).clip_ids()) == 120


# -- what the package loads ------------------------------------------------------------------------


def test_no_decoder_is_loaded_with_the_data_sets():
    """Evaluation reads labels only; a machine that evaluates may lack what FFmpeg needs."""
    code = (
        "import sys\n"
        "from corruptbench.datasets import folder, human36m, humaneva, studio\n"
        "print('av' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_licensed_cameras_and_joints(mini, tmp_path):
    """A data set says these itself; the names of its classes are nobody's business."""
    root = humaneva.write_dataset(tmp_path / "eva")
    eva = HumanEva(root, humaneva.RECORDINGS, humaneva.positions())
    h36m = open_dataset("human36m", human36m.write_dataset(tmp_path / "h36m", videos=()))
    own, studio = open_dataset("folder", mini), open_dataset("studio", None)
    assert [d.licensed for d in (eva, h36m, own, studio)] == [True, True, False, False]
    assert [len(d.cameras) for d in (eva, h36m, own, studio)] == [3, 4, 0, 0]
    assert [d.joints for d in (eva, h36m, own, studio)] == ["humaneva15", *["h36m17"] * 3]


def test_no_option_of_the_command_line_in_the_librarys_messages():
    """They make no sense in a notebook."""
    root = Path(__file__).parents[2]
    found = {
        (path.relative_to(root).as_posix(), option)
        for name in ("corruptbench", "corruptions", "detectors", "leaderboard")
        for path in (root / name).rglob("*.py")
        if root / "corruptbench/cli" not in path.parents
        for option in re.findall(r"(?<![-\w])--[a-z]{3,}", path.read_text(encoding="utf-8"))
    }
    commands = {  # what these files say with options are whole commands, no messages
        "corruptbench/api/scoring.py": {  # as recorded
            "--shards",
            "--device",
            "--contract",
            "--format",
            "--filter",
            "--calibration",
        },
        "detectors/npm.py": {option for path, option in found if path == "detectors/npm.py"},
    }
    assert not [(path, o) for path, o in found if o not in commands.get(path, ())]

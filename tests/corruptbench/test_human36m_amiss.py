"""Human3.6M that is incomplete or damaged: what the reader says, and what a check finds."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from corruptbench.datasets import ClipId, Needs, open_dataset
from corruptbench.datasets.human36m import poses, tables
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from tests.fixtures import human36m as fixture

GREETING = ClipId("human36m", "S9", "Greeting", "54138969", "Greeting")
WORLD = "S9/MyPoseFeatures/D3_Positions/Greeting.cdf"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """As downloaded, with the videos of S9; do not write to it."""
    return fixture.write_dataset(tmp_path_factory.mktemp("whole"), videos=("S9",))


@pytest.fixture
def root(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "data")


def load(root, clip=GREETING):
    return open_dataset("human36m", root).load(clip)


@pytest.mark.parametrize("inside", ["S9", "S9/MyPoseFeatures", "S9/MyPoseFeatures/D3_Positions"])
def test_root_too_low(whole, inside):
    with pytest.raises(InputError, match=f"--root should be {re.escape(str(whole))}$"):
        open_dataset("human36m", whole / inside)


@pytest.mark.parametrize("above", ["", "one", "one/two"])
def test_root_too_high(whole, tmp_path, above):
    inner = tmp_path / "top" / above / "h36m"
    inner.parent.mkdir(parents=True, exist_ok=True)
    inner.symlink_to(whole)
    if above == "one/two":  # too far to look for
        with pytest.raises(InputError, match="no subject's folder; expected folders such as S9/"):
            open_dataset("human36m", tmp_path / "top")
    else:
        with pytest.raises(InputError, match=f"--root should be {re.escape(str(inner))}$"):
            open_dataset("human36m", tmp_path / "top")


def test_no_root(tmp_path):
    with pytest.raises(InputError, match="needs --root"):
        open_dataset("human36m", None)
    with pytest.raises(InputError, match="no such folder"):
        open_dataset("human36m", tmp_path / "nowhere")
    (tmp_path / "Poses_D3_Positions_S9.tgz").touch()
    with pytest.raises(InputError, match=r"archives \(Poses_D3_Positions_S9.tgz, ...\): unpack"):
        open_dataset("human36m", tmp_path)


def test_a_missing_subject(root):
    shutil.rmtree(root / "S11")
    dataset = open_dataset("human36m", root)
    with pytest.raises(InputError, match=r"no S11; it has S1, S9: is the root complete"):
        load_manifest("human36m-c").select(dataset.clip_ids())
    with pytest.raises(InputError, match=r"S11/.*/Walking 1\.cdf: missing"):
        dataset.load(ClipId("human36m", "S11", "Walking 1", "54138969", "Walking"))


def test_a_missing_recording_is_not_passed_over(root):
    """An incomplete copy gives an error, never a benchmark with fewer clips."""
    dataset = open_dataset("human36m", root)
    chosen = load_manifest("human36m-c").select(dataset.clip_ids())
    absent = next(c for c in chosen if (c.subject, c.sequence) == ("S9", "Directions"))
    with pytest.raises(InputError, match=r"S9/.*/Directions\.cdf: missing"):
        dataset.load(absent)


def test_missing_camera(root):
    shutil.rmtree(root / "S9/MyPoseFeatures/D3_Positions")
    mono = root / "S9/MyPoseFeatures/D3_Positions_mono"
    (mono / "Greeting.54138969.cdf").unlink()
    with pytest.raises(InputError, match=r"mono/Greeting\.54138969\.cdf: missing"):
        load(root)


def test_a_web_page(root):
    (root / WORLD).write_text("\n<!DOCTYPE html><html><title>Log in</title></html>")
    with pytest.raises(InputError, match=r"Greeting\.cdf: a web page \(was the login lost"):
        load(root)
    (root / WORLD).write_bytes(b"\x1f\x8b\x08 some archive")
    with pytest.raises(InputError, match=r"Greeting\.cdf: no CDF file"):
        load(root)


@pytest.mark.parametrize("packed", [0, 6])
def test_truncated_poses(root, packed):
    """Wherever the file ends too soon, it is named; nothing else is ever read from it."""
    path = root / WORLD
    fixture.write_cdf(path, fixture.poses(10, 10), packed)
    data = path.read_bytes()
    for size in [0, 3, 4, 8, 20, *range(50, len(data), 211), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(InputError, match=r"Greeting\.cdf: .*again"):
            load(root)
        with pytest.raises(InputError, match=r"Greeting\.cdf: .*again"):
            poses.frames(path)
    path.write_bytes(data)
    assert len(load(root).joints) == poses.frames(path) == 10


def test_other_shapes_and_units(root):
    world = fixture.poses(10)
    fixture.write_cdf(root / WORLD, world / 1000)
    with pytest.raises(InputError, match=r"thigh is 0\.428 long \(metres\?\), expected 250 to 650"):
        load(root)
    fixture.write_cdf(root / WORLD, np.zeros_like(world))
    with pytest.raises(InputError, match="thigh is 0 long, expected"):
        load(root)
    fixture.write_cdf(root / WORLD, world[..., :2])
    with pytest.raises(InputError, match=r"Pose: 1x10x64 numbers .* expected 1xFRAMESx96"):
        load(root)
    fixture.write_cdf(root / WORLD, world[:, :26])
    with pytest.raises(InputError, match="Pose: 1x10x78 numbers"):
        load(root)


def test_damaged_boxes(root):
    folder = root / "S9/MySegmentsMat/ground_truth_bb"
    clip = load(root)
    path = folder / "Greeting.54138969.mat"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"Greeting\.54138969\.mat: damaged"):
        clip.published_boxes()
    path.write_text("<html>")
    with pytest.raises(InputError, match=r"Greeting\.54138969\.mat: damaged, or no box file"):
        clip.published_boxes()
    fixture.write_masks(path, [(1, 1, 2, 2)] * 9, (1000, 1002))
    with pytest.raises(InputError, match="9 masks, expected at least 10"):
        clip.published_boxes()
    path.unlink()
    with pytest.raises(InputError, match=r"Greeting\.54138969\.mat: missing"):
        clip.published_boxes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html><p>log in</html>", "cannot be read"),
        ("<a><w0>[1 2 3]</w0></a>", "w0: 3 numbers, expected 300"),
        ("<a><w0>[1 2 x]</w0></a>", "cannot be read"),
        ("<a></a>", "w0: 0 numbers, expected 300"),
    ],
)
def test_damaged_metadata(root, text, message):
    (root / "metadata.xml").write_text(text)
    with pytest.raises(InputError, match=rf"metadata\.xml: .*{message}"):
        load(root)
    (found,) = [f for f in open_dataset("human36m", root).check() if f.what == "cameras"]
    assert found.level == "missing"
    assert message in found.found


def official_files(root, subject="S11"):
    """All of a subject's pose files at official lengths."""
    frames = {n: v[0] for n, v in tables.official().frames[subject].items()}
    return fixture.write_official(root, {subject: frames})


def findings(root, subject, what, level=None):
    return [
        f
        for f in open_dataset("human36m", root).check()
        if (f.subject, f.what) == (subject, what) and level in (None, f.level)
    ]


def test_check_of_complete_poses(tmp_path):
    root = official_files(tmp_path)
    (poses_found,) = findings(root, "S11", "poses")
    assert (poses_found.level, poses_found.found) == ("ok", "30 files")
    (frames,) = findings(root, "S11", "labelled frames")
    assert (frames.level, frames.found) == ("ok", "58244 for each camera")
    assert findings(root, "S9", "subject")[0].level == "missing"
    (cameras,) = findings(root, "", "cameras")
    assert (cameras.level, cameras.found) == ("ok", "the built-in table")
    # the empty videos are named one by one
    (root / "S11/Videos/Directions.54138969.mp4").unlink()
    bad = findings(root, "S11", "videos", "missing")
    assert len(bad) == 119 + 1
    assert sum("no readable video" in f.found for f in bad) == 119
    assert (bad[-1].found, bad[-1].expected) == (
        "119 files; not Directions.54138969.mp4", "120 files",
    )  # fmt: skip


def test_check_of_what_is_amiss(root):
    place = root / "S9/MyPoseFeatures/D3_Positions"
    (place / "Walking.cdf").write_text("<html>")
    fixture.write_cdf(place / "Walking 1.cdf", fixture.poses(2446))
    (bad,) = [f for f in findings(root, "S9", "poses") if f.where.endswith("Walking.cdf")]
    assert (bad.level, bad.found[:10]) == ("missing", "a web page")
    short = findings(root, "S9", "poses", "differs")
    assert {f.where.rpartition("/")[2] for f in short} == {"Directions 1.cdf", "Greeting.cdf"}
    assert {(f.found, f.expected) for f in short} >= {("10 frames", "1447 frames")}
    summary = findings(root, "S9", "poses")[-1]
    assert (summary.level, summary.expected) == ("missing", "30 files")
    assert summary.found == "4 files; not Directions.cdf, Discussion 1.cdf, Discussion 2.cdf, ..."
    (frames,) = findings(root, "S9", "labelled frames")
    assert (frames.level, frames.found) == ("differs", f"{2446 + 9 + 10} for each camera")
    assert frames.expected == str(317_668 // 4)


def test_check_of_units(root):
    """One recording of each subject is read, as a clip's labels would be."""
    hip, knee = fixture.poses(9, 9)[:, [1, 2]].swapaxes(0, 1)
    thigh = np.median(np.linalg.norm(hip - knee, axis=1))
    (good,) = findings(root, "S9", "units")
    assert (good.level, good.found) == ("ok", f"a thigh of {thigh:.0f} mm in Directions 1")
    for folder in ("D3_Positions", "D3_Positions_mono"):
        for path in (root / "S9/MyPoseFeatures" / folder).glob("Directions 1*"):
            fixture.write_cdf(path, fixture.poses(9, 9) / 1000)
        (bad,) = findings(root, "S9", "units")
        assert bad.level == "missing"
        assert f"{thigh / 1000:.3g} long (metres?)" in bad.found
        shutil.rmtree(root / "S9/MyPoseFeatures" / folder)


def test_check_of_units_reads_what_is_needed(root):
    fixture.write_cdf(root / WORLD, fixture.poses(9, 9) / 1000)
    for sequence, level in (("Greeting", "missing"), ("Directions 1", "ok")):
        needs = Needs(lambda c, s=sequence: (c.subject, c.sequence) == ("S9", s), lambda _: False)
        found = open_dataset("human36m", root).check(needs)
        (units,) = [f for f in found if (f.subject, f.what) == ("S9", "units")]
        assert units.level == level


def test_check_of_videos_without_labels(root):
    """Then they must be as long as the official labels are."""
    (root / WORLD).unlink()
    level = {f.where.rpartition("/")[2]: f.level for f in findings(root, "S9", "videos")}
    assert level["Greeting.54138969.mp4"] == "missing"
    assert level["Directions 1.54138969.mp4"] == "differs"


def test_check_of_videos(root):
    videos = root / "S9/Videos"
    shutil.copy(videos / "Greeting.55011271.mp4", videos / "Greeting.54138969.mp4")
    data = (videos / "Greeting.58860488.mp4").read_bytes()
    (videos / "Greeting.58860488.mp4").write_bytes(data[: len(data) // 2])
    shutil.copy(videos / "Directions 1.60457274.mp4", videos / "Greeting.60457274.mp4")
    fixture.write_cdf(root / WORLD, fixture.poses(11))
    found = {f.where.rpartition("/")[2]: f for f in findings(root, "S9", "videos")}
    assert found["Greeting.54138969.mp4"].level == "missing"  # another size
    assert "13 frames of 1000x1000" in found["Greeting.54138969.mp4"].found
    assert "of 1000x1002" in found["Greeting.54138969.mp4"].expected
    assert "no readable video" in found["Greeting.58860488.mp4"].found
    assert found["Greeting.60457274.mp4"].level == "missing"  # 10 frames for 11 labels
    assert found["Greeting.55011271.mp4"].level == "differs"  # usable, not the official length
    assert found["Greeting.55011271.mp4"].expected.startswith("2902 frames of 1000x1000")


def test_check_of_the_projection(root):
    """Cameras and labels that do not belong together are found by the published 2D labels."""
    (good,) = findings(root, "S9", "projection")
    assert good.level == "ok"
    path = root / "S9/MyPoseFeatures/D2_Positions/Directions 1.58860488.cdf"
    wrong = poses.read(path, 64)
    fixture.write_cdf(path, (wrong + 0.05).astype(np.float32))
    (bad,) = findings(root, "S9", "projection")
    assert bad.level == "differs"
    assert bad.found.startswith("0.05 px")


def test_check_of_other_cameras(root):
    values = fixture.numbers()
    values[51] += 30  # S9's first camera stands 30 mm elsewhere
    fixture.write_metadata(root / "metadata.xml", values)
    (cameras,) = findings(root, "", "cameras")
    assert (cameras.level, "other numbers than" in cameras.found) == ("differs", True)
    assert findings(root, "S9", "projection")[0].level == "differs"
    assert findings(root, "S11", "projection")[0].level == "ok"


def test_check_of_names_and_camera_space(root):
    folder = root / "S1/MyPoseFeatures/D3_Positions"
    assert not findings(root, "S1", "names")
    (folder / "WalkingDog.cdf").rename(folder / "WalkDog.cdf")
    (renamed,) = findings(root, "S1", "names")
    assert (renamed.level, renamed.found, renamed.expected) == (
        "differs", "WalkDog.cdf", "WalkingDog.cdf",
    )  # fmt: skip
    shutil.rmtree(root / "S9/MyPoseFeatures/D3_Positions")
    (frames,) = findings(root, "S9", "labelled frames")
    assert "camera space only" in frames.found
    (summary,) = [f for f in findings(root, "S9", "poses") if f.level == "missing"]
    assert summary.expected == "120 files"

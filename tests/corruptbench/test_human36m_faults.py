"""Human3.6M that is incomplete or damaged: what the reader says, and what a check finds."""

from __future__ import annotations

import re
import shutil

import av
import numpy as np
import pytest

from corruptbench.datasets import ClipId, Needs, open_dataset
from corruptbench.datasets.human36m import poses, tables
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from tests.fixtures import human36m as fixture
from tests.fixtures.folder import write_video

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
    with pytest.raises(InputError, match=f"give {re.escape(str(whole))}$"):
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
        with pytest.raises(InputError, match=f"give {re.escape(str(inner))}$"):
            open_dataset("human36m", tmp_path / "top")


def test_no_root(tmp_path):
    with pytest.raises(InputError, match=r"is licensed, .* and give the root"):
        open_dataset("human36m", None)
    with pytest.raises(InputError, match="no such folder"):
        open_dataset("human36m", tmp_path / "nowhere")
    for name in ("data_3d_h36m.npz", "h36m_sh_conf_cam_source_final.pkl"):
        with pytest.raises(InputError, match=rf"{name}: no such file; expected data_3d.*check the"):
            open_dataset("human36m", tmp_path / name)
    (tmp_path / "Poses_D3_Positions_S9.tgz").touch()
    with pytest.raises(InputError, match=r"not unpacked \(Poses_D3_Positions_S9.tgz\); unpack it"):
        open_dataset("human36m", tmp_path)


def test_a_missing_subject(root):
    shutil.rmtree(root / "S11")
    dataset = open_dataset("human36m", root)
    with pytest.raises(InputError, match=r"no S11; it has S1, S9: "):
        load_manifest("human36m-c").select(dataset.clip_ids())
    with pytest.raises(InputError, match=r"S11/.*/Walking 1\.cdf: missing"):
        dataset.load(ClipId("human36m", "S11", "Walking 1", "54138969", "Walking"))


def test_a_missing_recording_is_not_passed_over(root):
    """An incomplete copy gives an error, never a benchmark with fewer clips."""
    dataset = open_dataset("human36m", root)
    chosen = load_manifest("human36m-c").select(dataset.clip_ids())
    absent = next(c for c in chosen if (c.subject, c.sequence) == ("S9", "Directions"))
    with pytest.raises(InputError, match=r"S9/.*/Directions\.cdf: missing; .*: fetch or unpack it"):
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
    with pytest.raises(InputError, match=r"thigh is 0\.428 long \(meters\?\), expected 250 to 650"):
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
    with pytest.raises(InputError, match=r"Greeting\.54138969\.mat: cannot be read"):
        clip.published_boxes()
    path.write_text("<html>")
    with pytest.raises(
        InputError,
        match=r"Greeting\.54138969\.mat: cannot be read .* expected MATLAB v7\.3 with Masks",
    ):
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
        ("<a><w0>[1 2 3]</w0></a>", "w0: 3 finite numbers, expected 300"),
        ("<a><w0>[1 2 x]</w0></a>", "cannot be read"),
        (f"<a><w0>[{'1 ' * 299}nan]</w0></a>", "w0: 299 finite numbers, expected 300"),
        (f"<a><w0>[{'1 ' * 299}-inf]</w0></a>", "w0: 299 finite numbers, expected 300"),
        ("<a></a>", "w0: 0 finite numbers, expected 300"),
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
    (frames,) = findings(root, "S11", "labeled frames")
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
    (frames,) = findings(root, "S9", "labeled frames")
    assert (frames.level, frames.found) == ("differs", f"{2446 + 9 + 10} for each camera")
    assert frames.expected == str(317_668 // 4)


def thigh_of(frames):
    hip, knee = fixture.poses(frames, frames)[:, [1, 2]].swapaxes(0, 1)
    return np.median(np.linalg.norm(hip - knee, axis=1))


def test_check_of_units(root):
    """All files are read, as the labels of their clips would be; each fault is one finding."""
    thighs = f"a thigh of {thigh_of(9):.0f} to {thigh_of(10):.0f} mm"
    hips = "hips 0.90 to 0.90 m above the floor"
    (good,) = findings(root, "S9", "units")
    assert (good.level, good.found) == ("ok", f"{thighs}, {hips}, in 2 files")
    place = root / "S9/MyPoseFeatures"
    fixture.write_cdf(place / "D3_Positions/Greeting.cdf", fixture.poses(10, 10) / 1000)
    bad, good = findings(root, "S9", "units")
    assert (bad.level, bad.where.rpartition("/")[2]) == ("missing", "Greeting.cdf")
    assert f"{thigh_of(10) / 1000:.3g} long (meters?)" in bad.found
    assert good.found.endswith("in 1 files")
    shutil.rmtree(place / "D3_Positions")
    (good,) = findings(root, "S9", "units")
    assert (good.level, good.found) == ("ok", f"{thighs}, {hips}, in 8 files")
    for path in place.glob("D3_Positions_mono/*"):
        fixture.write_cdf(path, fixture.poses(9, 9) / 1000)
    assert [f.level for f in findings(root, "S9", "units")] == ["missing"] * 8


def test_camera_space_in_place_of_the_world(root):
    """The thigh is as long there as anywhere."""
    place = root / "S9/MyPoseFeatures"
    seen = place / "D3_Positions_mono/Greeting.54138969.cdf"
    shutil.copy(seen, root / WORLD)
    said = r"Greeting\.cdf: Pose: the hips are at z = \S+ m in the median, expected -0\.2 to 2 m"
    guess = r".*\(camera space\? D3_Positions_mono\?\); use the original"
    with pytest.raises(InputError, match=said + guess):
        load(root)
    (bad, _) = findings(root, "S9", "units")
    assert (bad.level, bad.where) == ("missing", str(root / WORLD))
    fixture.write_cdf(seen, poses.read(seen).reshape(-1, 32, 3) - [0, 2500, 0])
    shutil.rmtree(place / "D3_Positions")
    with pytest.raises(InputError, match=r"mono/Greeting.*the hips are at z = .*of this camera\?"):
        load(root)


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


def test_check_of_a_video_that_does_not_state_its_length(root):
    path = root / "S9/Videos/Greeting.55011271.mp4"
    with av.open(str(path)) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    write_video(path, pictures, movflags="+frag_keyframe+empty_moov+delay_moov")
    (found,) = [f for f in findings(root, "S9", "videos") if f.where == str(path)]
    assert (found.level, found.found) == ("differs", f"{len(pictures)} frames of 1000x1000")
    assert found.expected.startswith("2902 frames of 1000x1000")
    write_video(path, [p[:-2] for p in pictures], movflags="+frag_keyframe+empty_moov+delay_moov")
    (found,) = [f for f in findings(root, "S9", "videos") if f.where == str(path)]
    assert (found.level, found.found) == ("missing", f"{len(pictures)} frames of 1000x998")


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


def test_check_of_the_projection_in_camera_space(root):
    """Of a subject that has only D3_Positions_mono, it is that which is projected.

    The universal skeleton (D3_Positions_mono_universal) in its place has a person's size and
    stands on the floor; that it is another's, here by a tenth, only the pictures' labels tell.
    """
    place = root / "S9/MyPoseFeatures"
    shutil.rmtree(place / "D3_Positions")
    (good,) = findings(root, "S9", "projection")
    assert good.level == "ok"
    assert "projected D3_Positions_mono of Directions 1" in good.found
    for name in fixture.CAMERAS:
        path = place / f"D3_Positions_mono/Directions 1.{name}.cdf"
        joints = poses.read(path).reshape(-1, 32, 3)
        fixture.write_cdf(path, joints[:, :1] + (joints - joints[:, :1]) * 1.1)
    assert findings(root, "S9", "units")[0].level == "ok"
    (bad,) = findings(root, "S9", "projection")
    assert bad.level == "differs"
    assert float(bad.found.split()[0]) > 5


def test_check_of_a_projection_that_is_no_number(root):
    """Behind a camera, or by labels that are none: NaN is not less than any limit."""
    path = root / "S9/MyPoseFeatures/D2_Positions/Directions 1.55011271.cdf"
    flat = poses.read(path, 64)
    flat[:, 0] = np.nan
    fixture.write_cdf(path, flat.astype(np.float32))
    (bad,) = findings(root, "S9", "projection")
    assert bad.level == "differs"
    assert bad.found.startswith("no number of px (behind a camera?) between D2_Positions")


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
    (frames,) = findings(root, "S9", "labeled frames")
    assert "camera space only" in frames.found
    (summary,) = [f for f in findings(root, "S9", "poses") if f.level == "missing"]
    assert summary.expected == "120 files"

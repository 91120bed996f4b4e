"""Contact sheets and side-by-side videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from corruptbench.builder.render import Crop, loose_renderer
from corruptbench.corruptions import ClipInfo, Region
from corruptbench.datasets import open_dataset
from corruptbench.detectors.crops import extract, resize, square_crop
from corruptbench.files import sha256_of_file
from corruptbench.manifest import Cell, load_manifest
from corruptbench.preview.scene import Scene, scene_of_clip
from corruptbench.video.person_track import NOBODY
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import write_video
from tests.fixtures.folder import FRAMES, cameras, motion, write_manifest

# Pixels: a header of two lines, without skeletons one; below it rows of tiles with a line each.
LINE, TILE, MARGIN = 26, 240, 6
ROW, COLUMN = LINE + TILE + MARGIN, TILE + 2 * MARGIN


def tile(sheet, row, column, lines=2):
    y, x = lines * LINE + row * ROW + LINE, column * COLUMN + MARGIN
    return sheet[y : y + TILE, x : x + TILE].astype(int)


@pytest.fixture
def preview(mini, mini_manifest, cli):
    """Runs ``preview`` on a clip of the miniature benchmark."""

    def run(out, *words, clip="A1/sway_1.cam2"):
        return cli(
            "preview", clip, "--root", mini, "--manifest", mini_manifest, "--out", out, *words
        )

    return run


@pytest.mark.detector
def test_sheet_of_a_clip(tmp_path, preview):
    out = tmp_path / "sheet.png"
    done = preview(out, "--severity", "1,5")
    assert done.code == 0, done.err
    assert f"frame {(FRAMES + 3) // 2} of mini/A1/sway_1.cam2" in done.out
    sheet = cv2.imread(str(out))[..., ::-1]
    assert sheet.shape == (2 * LINE + 2 * ROW, 3 * COLUMN, 3)
    legend = sheet[LINE : 2 * LINE].reshape(-1, 3).tolist()
    assert [255, 140, 0] in legend, "no orange word for the left side"
    assert [0, 200, 255] in legend, "no blue word for the right side"
    assert sheet[:LINE].max() > 200, "no name in the header"
    assert np.array_equal(tile(sheet, 0, 0), tile(sheet, 1, 0)), "clean comes first in each row"


@pytest.mark.detector
def test_a_tile_is_the_detectors_crop(mini, tmp_path, preview):
    out = tmp_path / "sheet.png"
    done = preview(out, "--severity", 1, "--frame", 4, "--no-skeleton", clip="A2/step_1.cam1")
    assert done.code == 0, done.err
    rig = cameras(128)["cam1"]
    points = rig.project(rig.world_to_camera(motion(FRAMES, 1)))[4]
    square = square_crop([*points.min(axis=0), *points.max(axis=0)], 1.25)
    frame = list(decode(mini / "videos/A2/step_1.cam1.mp4"))[4]
    sheet = cv2.imread(str(out))[..., ::-1]
    assert sheet.shape == (LINE + 2 * ROW, 2 * COLUMN, 3)
    assert np.array_equal(tile(sheet, 0, 0, lines=1), resize(extract(frame, *square), TILE))


@pytest.mark.detector
def test_video_of_a_clip(tmp_path, preview):
    out = tmp_path / "side.mp4"
    words = ("--severity", "1,5", "--corruption", "gaussian_noise")
    done = preview(out, *words)
    assert done.code == 0, done.err
    assert f"{FRAMES + 3} frames of mini/A1/sway_1.cam2" in done.out
    frames = list(decode(out))
    assert len(frames) == FRAMES + 3, "one for each label, although the video has two more"
    assert frame_rate(out) == 50
    # frame for frame it shows what the sheet of that frame shows
    for t in (0, 9, FRAMES + 2):
        assert preview(tmp_path / "one.png", *words, "--frame", t).code == 0
        one = cv2.imread(str(tmp_path / "one.png"))[..., ::-1]
        assert frames[t].shape == one.shape
        clean = [np.abs(tile(f, 0, 0) - tile(one, 0, 0)).mean() for f in frames]
        assert int(np.argmin(clean)) == t
        assert clean[t] < 4
    mild, strong = (np.abs(tile(frames[9], 0, i) - tile(frames[9], 0, 0)).mean() for i in (1, 2))
    assert 3 < mild < strong


@pytest.mark.detector
def test_any_video(mini, tmp_path, cli):
    source = mini / "videos/A2/step_1.cam2.mp4"
    words = ("--corruption", "erase", "--severity", "2,4")
    assert cli("preview", source, *words, "--frame", 7, "--out", tmp_path / "a.png").code == 0
    sheet = cv2.imread(str(tmp_path / "a.png"))
    assert sheet.shape == (2 * LINE + ROW, 3 * COLUMN, 3)
    done = cli("preview", source, *words, "--out", tmp_path / "a.mp4")
    assert done.code == 0, done.err
    frames = list(decode(tmp_path / "a.mp4"))
    assert (len(frames), frames[7].shape) == (FRAMES + 2, sheet.shape)
    assert np.abs(frames[7].astype(int) - sheet[..., ::-1]).mean() < 4


@pytest.mark.detector
def test_a_video_without_a_person_is_shown_whole(tmp_path, cli):
    source, out = tmp_path / "empty.mp4", tmp_path / "side.mp4"
    write_video(source, [np.full((48, 96, 3), 90, dtype=np.uint8)] * 3, Fraction(30000, 1001))
    done = cli("preview", source, "--corruption", "brightness", "--severity", 5, "--out", out)
    assert done.code == 0, done.err
    assert frame_rate(out) == Fraction(30000, 1001)
    frames = list(decode(out))
    assert len(frames) == 3
    for frame in frames:
        shown = tile(frame, 0, 0)[4:-4, 4:-4].mean(axis=2)
        # twice as wide as high, in a square: black above and below, and no skeleton drawn
        assert shown[:50].max() < 8
        assert shown[182:].max() < 8
        assert np.abs(shown[62:170] - 90).max() < 8
        assert tile(frame, 0, 1)[65:175].mean() > 110


@pytest.fixture
def glimpse(mini, tmp_path):
    """A video of 12 frames, in which a person is in view in frames 0 to 3 only."""
    frames = list(decode(mini / "videos/A2/step_1.cam2.mp4"))[:4]
    write_video(
        path := tmp_path / "in.mp4", frames + [np.full_like(frames[0], 90)] * 8, Fraction(25)
    )
    return path


@pytest.mark.detector
def test_a_sheet_of_the_nearest_frame_with_a_person(glimpse, tmp_path, cli):
    words = ("--corruption", "erase", "--severity", 1, "--out", tmp_path / "a.png")
    done = cli("preview", glimpse, *words)
    assert done.code == 0
    (lost,) = done.err.splitlines()
    assert lost.startswith("in.mp4: nobody is found in 8 of 12 frames (4-11): ")
    assert "frame 3 of in.mp4" in done.out
    done = cli("preview", glimpse, *words, "--frame", 9)  # asked for: as the .mp4 shows it
    assert done.code == 0
    wanted = "no person visible in frame 9; the nearest frame with one is 3"
    assert done.err.splitlines() == [lost, wanted]
    shown = tile(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], 0, 0)
    assert np.abs(shown - 90).max() < 8


@pytest.mark.detector
def test_a_sheet_without_a_person_is_of_the_whole_picture(tmp_path, cli):
    source, out = tmp_path / "empty.mp4", tmp_path / "a.png"
    write_video(source, [np.full((48, 96, 3), 90, dtype=np.uint8)] * 3, Fraction(25))
    done = cli("preview", source, "--corruption", "brightness", "--severity", 5, "--out", out)
    assert (done.code, done.out.split(":")[0]) == (0, "frame 1 of empty.mp4")
    assert done.err == f"empty.mp4: {NOBODY}; the whole picture is shown\n"
    shown = tile(cv2.imread(str(out))[..., ::-1], 0, 0)
    assert shown[:56].max() == 0
    assert np.abs(shown[62:170] - 90).max() < 8


@pytest.mark.detector
def test_a_corruption_that_the_benchmark_does_not_have(mini, tmp_path, preview):
    words = ("--severity", "1,5", "--corruption", "impulse_noise", "--corruption", "erase")
    done = preview(tmp_path / "a.png", *words, "--no-skeleton", "--frame", 4)
    assert done.code == 0, done.err
    sheet = cv2.imread(str(tmp_path / "a.png"))[..., ::-1]
    assert sheet.shape == (LINE + 2 * ROW, 3 * COLUMN, 3)
    assert (
        np.abs(tile(sheet, 0, 2, lines=1) - tile(sheet, 0, 0, lines=1)).mean() > 2
    )  # of a small person
    # the benchmark's own is what it was without the other
    assert preview(tmp_path / "b.png", "--no-skeleton", "--frame", 4).code == 0
    own = cv2.imread(str(tmp_path / "b.png"))[..., ::-1]
    assert np.array_equal(tile(own, 0, 5, lines=1), tile(sheet, 1, 2, lines=1))
    # the other is keyed by the content of the file, as for a video of no benchmark
    manifest = load_manifest(str(write_manifest(tmp_path / "m.toml")))
    clip = open_dataset("folder", mini).load(
        next(c for c in open_dataset("folder", mini).clip_ids() if str(c).endswith("sway_1.cam2"))
    )
    cell = Cell("impulse_noise", 5)
    scene = scene_of_clip(clip, [cell], manifest)
    loose = loose_renderer(cell, scene.info, sha256_of_file(clip.video))
    window = list(decode(clip.video))
    whole = scene.info.whole
    assert np.array_equal(scene.renderers[cell](window, 4, whole), loose(window, 4, whole))


def test_options_of_a_benchmark_with_a_video(mini, mini_manifest, tmp_path, cli):
    source, out = mini / "videos/A1/sway_1.cam2.mp4", tmp_path / "x.png"
    for option, value in (("--root", mini), ("--manifest", mini_manifest)):
        done = cli("preview", source, option, value, "--out", out)
        assert done.code == 2
        assert f"{option} {value}: {source} is a video file, which needs no benchmark" in done.err
    assert not list(tmp_path.glob("*.png"))


def square(x):
    return Crop(x, 0, 4, Region(x, 0, x + 4, 4))


@pytest.mark.parametrize(
    ("seen", "shown"),
    [([None, 1, None, None, 5], [1, 1, 1, 1, 5]), ([3, None], [3, 3]), ([None, None], [0, 0])],
)
def test_frames_without_a_person_show_the_last_place(seen, shown):
    info = ClipInfo(len(seen), 16, 16, 25.0, np.full((len(seen), 4), np.nan))
    squares = [None if x is None else square(x) for x in seen]
    scene = Scene("x", Path("x.mp4"), 0, info, squares, {})
    assert scene.nearest(0) == (
        None if seen == [None, None] else [x is None for x in seen].index(0)
    )
    assert [v.x0 for v in scene.views] == shown
    if seen == [None, None]:
        assert {(v.side, v.inside) for v in scene.views} == {(16, info.whole)}


@pytest.mark.detector
def test_bad_words(mini, tmp_path, preview):
    for out, words, message in (
        ("x.jpg", (), "x.jpg: suffix '.jpg'; expected .png (one frame) or .mp4 (all)"),
        ("x", (), "suffix ''"),
        ("x.mp4", ("--frame", 3), "--frame 3"),
        ("x.png", ("--frame", 99), f"frame 99: mini/A1/sway_1.cam2 has frames 0 to {FRAMES + 2}"),
        ("x.png", ("--corruption", "fog"), "'fog'"),
    ):
        done = preview(tmp_path / out, *words)
        assert (done.code, message in done.err) == (2, True), done.err
    done = preview(tmp_path / "x.mp4", clip="A9/x.cam1")
    assert done.code == 2
    assert "neither a video file nor a clip of mini-c" in done.err
    assert not list(tmp_path.iterdir())
    source = mini / "videos/A1/sway_1.cam2.mp4"
    before = source.read_bytes()
    for clip in (source, "A1/sway_1.cam2"):
        assert "the same file" in preview(source, clip=clip).err
    assert source.read_bytes() == before
    (tmp_path / "x.png").mkdir()
    assert "x.png: a folder; expected the name of a file" in preview(tmp_path / "x.png").err
    assert "x.mp4: cannot be written: " in preview(source / "x.mp4").err


def test_clips_are_listed(mini, mini_manifest, cli):
    done = cli("clips", "--root", mini, "--manifest", mini_manifest)
    assert done.code == 0
    assert done.out.split() == [
        "A1/step_1.cam1", "A1/step_1.cam2", "A1/sway_1.cam1", "A1/sway_1.cam2",
        "A2/step_1.cam1", "A2/step_1.cam2",
    ]  # fmt: skip
    assert "h37m" in cli("clips", "--manifest", "h37m").err

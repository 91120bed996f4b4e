"""Videos with several people: whom `corrupt` and `preview` follow, and what they say."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from corruptbench.builder.render import loose_renderer
from corruptbench.cli.person import notes
from corruptbench.corruptions import ClipInfo
from corruptbench.datasets.studio import EMBEDDED
from corruptbench.detectors import load
from corruptbench.detectors.crops import resize
from corruptbench.manifest import Cell
from corruptbench.video.person_search import squares
from corruptbench.video.person_track import PersonTrack, track
from corruptbench.video.probe import look_at
from corruptbench.video.reader import decode
from corruptbench.video.timing import Timing
from corruptbench.video.writer import write_video

SIDE, FRAMES = 256, 12
LEFT, RIGHT = (126.0, 130.0), (367.0, 120.0)  # on the people of `couple`
BLANK = np.full((SIDE, SIDE, 3), 90, dtype=np.uint8)
DARKNESS = ("--corruption", "darkness", "--severity", 1)


def actor(name, count=FRAMES):
    """The first frames of an embedded clip, (count, 256, 256, 3)."""
    frames = islice(decode(EMBEDDED / f"videos/{name}.mp4"), count)
    return [resize(frame, SIDE) for frame in frames]


@pytest.fixture(scope="module")
def couple(tmp_path_factory):
    """Two people side by side, one in each half of 512x256 px."""
    left, right = actor("S6/directing_traffic_1.cam1"), actor("S7/walking_1.cam2")
    return film(tmp_path_factory.mktemp("couple") / "in.mp4", beside(left, right))


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    """One person in the left half, in the last frames another one in the right half."""
    left, right = actor("S6/directing_traffic_1.cam1"), actor("S7/walking_1.cam2")
    shown = [*beside(left[:8], [BLANK] * 8), *beside([BLANK] * 4, right[8:])]
    return film(tmp_path_factory.mktemp("exchanged") / "in.mp4", shown)


def beside(left, right):
    return [np.hstack(pair) for pair in zip(left, right, strict=True)]


def film(path, frames):
    write_video(path, frames, Fraction(50), 12)
    return path


def centers(path, person=None):
    boxes = track(look_at(path), load("movenet:lightning"), person).info.boxes
    return (boxes[:, 0] + boxes[:, 2]) / 2


@pytest.mark.detector
def test_the_point_chooses(couple):
    left, right = centers(couple, LEFT), centers(couple, RIGHT)
    assert np.nanmax(left) < SIDE < np.nanmin(right)
    assert np.isfinite(left).all()
    assert np.isfinite(right).all()


@pytest.mark.detector
def test_one_who_is_gone_is_not_exchanged(exchanged):
    where = centers(exchanged, LEFT)
    assert np.isfinite(where).tolist() == [True] * 8 + [False] * 4
    late = centers(exchanged, RIGHT)  # the first frame in which somebody is there
    assert np.isfinite(late).tolist() == [False] * 8 + [True] * 4


@pytest.mark.detector
def test_an_exchange_is_said(exchanged, tmp_path, cli):
    said = f"{exchanged}: the followed person may change at frame 8 (0.16 s): see --person"
    done = cli("corrupt", exchanged, tmp_path / "a.mp4", *DARKNESS)
    assert (done.code, said in done.err) == (0, True), done.err
    assert "nobody" not in done.err
    done = cli("corrupt", exchanged, tmp_path / "a.mp4", *DARKNESS, "--quiet")
    assert (done.code, done.err) == (0, "")
    done = cli("preview", exchanged, *DARKNESS, "--out", tmp_path / "a.png")
    assert (done.code, "in.mp4: the followed person may change at frame 8" in done.err) == (0, True)
    done = cli("corrupt", exchanged, tmp_path / "a.mp4", *DARKNESS, "--person", "128,128")
    assert (done.code, "nobody is found in 4 of 12 frames (8-11): " in done.err) == (0, True)
    assert "may change" not in done.err


@pytest.mark.detector
def test_a_cut_is_said(tmp_path):
    parts = actor("S6/directing_traffic_1.cam1", 8), actor("S7/running_1.cam2", 8)
    path = film(tmp_path / "in.mp4", [*parts[0], *parts[1]])
    assert track(look_at(path), load("movenet:lightning")).changes == [8]


@pytest.mark.detector
def test_a_point_where_nobody_is(couple, tmp_path, cli):
    for point, said in (
        ("5,5", "nobody is found at 5,5 in any frame; expected x,y of a point on a person"),
        ("513,5", "the point 513,5 is outside of the picture of 512x256 px"),
        ("5", "'5' is not a point; expected x,y in px"),
        ("5,x", "'5,x' is not a point"),
        ("5,-1", "'5,-1' is not a point"),
        ("5,nan", "'5,nan' is not a point"),
        ("1,2,3", "'1,2,3' is not a point"),
    ):
        done = cli("corrupt", couple, tmp_path / "a.mp4", *DARKNESS, "--person", point)
        assert (done.code, said in done.err) == (2, True), done.err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def boxes(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("frame,x0,y0,x1,y1\n" + "".join(f"{t},300,40,380,220\n" for t in range(3, 12)))
    return path


def test_boxes_need_no_detector(couple, boxes, tmp_path, cli, monkeypatch):
    monkeypatch.setattr("corruptbench.detectors.load", lambda *_: pytest.fail("it is loaded"))
    words = ("--corruption", "mask", "--severity", 5, "--boxes", boxes)
    done = cli("corrupt", couple, out := tmp_path / "a.mp4", *words, "--crf", 0)
    assert done.code == 0, done.err
    assert "nobody is found in 3 of 12 frames (0-2): mask and erase cover nothing" in done.err
    changed = [(a != b).any(axis=2) for a, b in zip(decode(out), decode(couple), strict=True)]
    assert [c.any() for c in changed] == [False] * 3 + [True] * 9
    assert not any(c[:, :SIDE].any() for c in changed), "the person of the boxes is on the right"
    done = cli("preview", couple, *words, "--no-skeleton", "--out", tmp_path / "a.png")
    assert done.code == 0, done.err
    assert "in.mp4: nobody is found in 3 of 12 frames (0-2): " in done.err


@pytest.mark.detector
def test_a_preview_of_boxes_has_skeletons(couple, boxes, tmp_path, cli):
    words = (couple, *DARKNESS, "--boxes", boxes, "--frame", 5)
    assert cli("preview", *words, "--out", tmp_path / "a.png").code == 0
    assert cli("preview", *words, "--no-skeleton", "--out", tmp_path / "b.png").code == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_faults_of_boxes_come_before_the_pass(couple, boxes, tmp_path, cli):
    out = tmp_path / "a.mp4"
    done = cli("corrupt", couple, out, *DARKNESS, "--boxes", boxes, "--person", "1,2")
    assert (done.code, f"--person 1,2: --boxes {boxes} says where" in done.err) == (2, True)
    with boxes.open("a") as stream:
        stream.write("12,300,40,380,220\n")
    for command, words in (("corrupt", (out,)), ("preview", ("--no-skeleton", "--out", out))):
        done = cli(command, couple, *words, *DARKNESS, "--boxes", boxes)
        assert done.code == 2
        assert "boxes.csv: line 11, frame: 12, expected 0 to 11, as the video has 12" in done.err
    boxes.write_text("frame,x0,y0,x1,y1\n3,300,40,x,220\n")
    done = cli("corrupt", couple, out, *DARKNESS, "--boxes", boxes)
    assert (done.code, "boxes.csv: line 2, x1: 'x', expected a number" in done.err) == (2, True)
    assert not out.exists()


def test_a_clip_of_a_benchmark_has_labels(mini, mini_manifest, tmp_path, cli):
    words = ("--root", mini, "--manifest", mini_manifest, "--out", tmp_path / "a.png")
    for option, value in (("--person", "1,2"), ("--boxes", "boxes.csv")):
        done = cli("preview", "A1/sway_1.cam2", *words, option, value)
        assert done.code == 2
        assert f"{option} {value}: mini/A1/sway_1.cam2 is a clip of a benchmark" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["erase", "mask", "occluder", "truncation"])
def test_corruptions_by_the_person_need_no_joints(name):
    """Boxes with frames that show nobody are enough; `notes` says what happens in those."""
    boxes = np.full((60, 4), np.nan)
    boxes[20:50] = [10, 8, 30, 60]
    frames = list(np.random.default_rng(0).integers(0, 256, (60, 64, 64, 3), dtype=np.uint8))
    info = ClipInfo(60, 64, 64, 25.0, boxes)
    render = loose_renderer(Cell(name, 5), info, "x")
    shown = [render(frames, t, info.whole) for t in range(60)]
    changed = [bool((a != b).any()) for a, b in zip(shown, frames, strict=True)]
    assert any(changed[20:50])
    assert any(changed[:20] + changed[50:]) == (name in ("occluder", "truncation"))


def said(boxes, fps=50):
    info = ClipInfo(len(boxes), 100, 100, float(fps), np.array(boxes, dtype=float))
    return list(notes(PersonTrack(info, Timing(Fraction(fps)))))


def test_what_is_said():
    here, there, nobody = [10, 10, 30, 60], [60, 10, 90, 60], [np.nan] * 4
    assert said([here] * 5) == []
    (only,) = said([nobody, here, nobody, nobody, here, nobody, here, nobody])
    assert only.startswith("nobody is found in 5 of 8 frames (0, 2-3, 5 and 1 more): ")
    (only,) = said([here, there, here, there, here])
    assert only.startswith(
        "the followed person may change 4 times, at frames 1 (0.02 s), 2 (0.04 s), 3 (0.06 s) and "
        "1 more: "
    )
    assert len(said([nobody, here, there])) == 2
    assert said([nobody] * 3)[0].startswith("no person was found")


def test_squares_of_many_sizes():
    found = list(squares(np.zeros((90, 160, 3), np.uint8), 20, 70))
    sides = [side for _, _, side in found]
    assert (min(sides), max(sides), len(sides)) == (20, 320, 9)
    assert all(abs(x0 + side / 2 - 20) <= 1 >= abs(y0 + side / 2 - 70) for x0, y0, side in found)

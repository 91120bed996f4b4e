"""Videos, labels and cameras that are not what they are declared to be: said or refused."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.datasets import ClipId, Finding, open_dataset
from corruptbench.datasets.checks.dataset import _tolerated
from corruptbench.video.reader import decode
from tests.corruptbench.conftest import build_arguments
from tests.corruptbench.test_data_check import bad, change, findings
from tests.fixtures import folder
from tests.fixtures.loose import remux, write_loose

CLIP = "videos/A1/step_1.cam1.mp4"


def pictures(root, more=0):
    frames = list(decode(root / CLIP))[: folder.FRAMES]
    return frames + frames[-1:] * more


def at(rate, **options):
    """Write the clip again at another rate, or otherwise."""

    def spoil(root):
        frames = pictures(root)
        write_loose(root / CLIP, frames, rate=rate, **options)

    return spoil


def shown_at(*frames, jitter=0.0, rate=50, pause=0.0):
    """Show each frame at the place of its number, a little early or late, and after a pause."""

    def spoil(root):
        chance = np.random.default_rng(0).uniform(-jitter, jitter, len(frames))
        chance[len(frames) // 2 :] += pause
        seconds = [
            Fraction(t) / rate + Fraction(c + 0.1) for t, c in zip(frames, chance, strict=True)
        ]
        write_loose(root / CLIP, pictures(root, len(frames) - 8), rate=50, seconds=seconds)

    return spoil


def without(count, *dropped):
    return [t for t in range(count) if t not in dropped]


def cut(root):
    whole = write_loose(root / "whole.mp4", pictures(root)[:8], rate=50)
    remux(whole, root / CLIP, start=Fraction(2, 50))
    whole.unlink()


def cut_behind(root):
    """The labels fit, but what the file holds before them is hidden."""
    whole = write_loose(root / "whole.mp4", pictures(root, 10), rate=50)
    remux(whole, root / CLIP, start=Fraction(3, 50))
    whole.unlink()


def longer(root):
    write_loose(root / CLIP, pictures(root)[:8] * 11, rate=50)


@pytest.mark.parametrize(
    ("spoil", "level", "said"),
    [
        (at(60), "missing", "60 frames per second"),
        (at(500), "missing", "500 frames per second"),
        (at(51), "missing", "51 frames per second"),
        (shown_at(*without(16, 9)), "differs", "but 1 frame is missing in between, the first aft"),
        (
            shown_at(*without(16, 4, 12)),
            "differs",
            "50 frames per second, but 2 frames are missing",
        ),
        (shown_at(*without(16, 8), jitter=0.004), "differs", "1 frame is missing in between"),
        (
            shown_at(*range(16), pause=0.03),
            "differs",
            "missing in between, the first after frame 7",
        ),
        (
            shown_at(*without(16, 9), rate=60),
            "missing",
            "frames per second, but 1 frame is missing",
        ),
        (shown_at(0, 1, 2, 3, 4.4, 5.8, 7.2, 7.8, 8.4, 9, 10), "differs", "unevenly: up to"),
        (cut, "missing", "6 frames of 128x128, 2 more are hidden by an edit list"),
        (cut_behind, "differs", "an edit list hides 3 of its 18 frames"),
        (longer, "differs", "80 frames more than its 8 labels"),
        (at(50, turn=(90, False)), "missing", "has a rotation tag"),
        (at(50, options={"flags": "+ildct+ilme"}), "differs", "it is interlaced"),
        (at(50, pixels="yuv420p10le", transfer=16), "differs", "high dynamic range (PQ)"),
        (at(50, pixel=Fraction(16, 15)), "differs", "pixels are 1.067 times as wide as high"),
    ],
)
def test_a_video_that_is_not_what_is_declared(spoil, level, said, mine, cli):
    spoil(mine)
    _, records = findings(cli, "folder", "--root", mine)
    assert {(s, w) for _, s, w in bad(records)} == {("A1", "videos")}
    found = [r for r in records if r["level"] != "ok"]
    assert any(said in r["found"] for r in found if r["level"] == level), found
    assert all(r["remedy"] and r["expected"] for r in found)


@pytest.mark.parametrize("jitter", [0.002, 0.004])
def test_jitter_is_silent(jitter, mine, cli):
    shown_at(*range(16), jitter=jitter)(mine)
    assert not bad(findings(cli, "folder", "--root", mine)[1])


def test_the_remedy_for_a_wrong_rate_works(mine, cli):
    """The rate is stated anew without encoding, by the factor that the message names."""
    at(60)(mine)
    _, records = findings(cli, "folder", "--root", mine)
    (remedy,) = [r["remedy"] for r in records if r["level"] == "missing"]
    factor = float(remedy.partition("-itsscale ")[2].split()[0])
    remux(mine / CLIP, mine / "again.mp4", slower=factor)
    (mine / "again.mp4").replace(mine / CLIP)
    assert findings(cli, "folder", "--root", mine)[0] == 0


def labels(root, spoil):
    joints = folder.motion(folder.FRAMES, 1)
    spoil(joints)
    folder.write_labels(root / "labels/A2.parquet", {"step_1": joints})


def wild(joints):
    joints[3, 13] += (1e5, 0, 0)


def jump(joints):
    joints[4] += (0, 0, 300)


def frames_without(joints):
    joints[:, 2] = np.nan


def away(joints):
    joints += (0, 0, 9000)


@pytest.mark.parametrize(
    ("spoil", "level", "what", "said"),
    [
        (wild, "missing", "motion", "left_wrist is 100 m from hip in frame 3"),
        (jump, "differs", "motion", "hip jumps: in frame 4"),
        (frames_without, "missing", "labels", "none of its 8 labels is valid"),
        (away, "missing", "cameras", "nobody is in its pictures"),
    ],
)
def test_labels_that_cannot_be_right(spoil, level, what, said, mine, cli):
    labels(mine, spoil)
    _, records = findings(cli, "folder", "--root", mine)
    assert {(s, w) for _, s, w in bad(records)} == {("A2", what)}
    assert any(said in r["found"] for r in records if r["level"] == level)


@pytest.mark.parametrize(
    ("values", "level", "said"),
    [
        ({"focal_length": [12.0, 12.0]}, "missing", "field of view 159 x 159 degrees"),
        ({"focal_length": [1600.0, 1600.0]}, "missing", "field of view 4.58 x 4.58 degrees"),
        ({"focal_length": [1300.0, 1300.0]}, "differs", "px tall (4"),
        ({"focal_length": [25.0, 25.0]}, "differs", "px tall (8% of the picture)"),
    ],
)
def test_cameras_that_cannot_be_right(values, level, said, mine, cli):
    change(mine, "cam1", **values)
    _, records = findings(cli, "folder", "--root", mine)
    found = [r for r in records if r["level"] != "ok"]
    assert {(r["level"], r["what"]) for r in found} == {(level, "cameras")}
    assert all(said in r["found"] for r in found), found
    assert len([r for r in records if r["what"] == "cameras"]) == 2 * 2, "one row per camera"


def test_the_verdict(mine, mini_manifest, cli):
    words = ("data", "check", "folder", "--root", mine, "--manifest", mini_manifest)
    assert cli(*words).out.splitlines()[-1] == "folder: can be built"
    longer(mine)
    assert cli(*words).out.splitlines()[-1] == "folder: can be built, but read what differs (1)"
    at(60)(mine)
    last = cli(*words).out.splitlines()[-1]
    assert last.startswith("folder: cannot be built: A1: videos: 60 frames per second (expected 50")
    shutil.rmtree(mine / "videos")
    assert (
        "cannot be built: A1: videos: labels only (expected labels and videos), and 1 more"
        in cli(*words).out
    )


def same_video(root):
    shutil.copy(root / CLIP, root / CLIP.replace("cam1", "cam2"))


def linked_video(root):
    other = root / CLIP.replace("cam1", "cam2")
    other.unlink()
    other.symlink_to(root / CLIP)


def same_labels(root):
    joints = folder.motion(folder.FRAMES, 0)
    folder.write_labels(root / "labels/A1.parquet", {"step_1": joints, "sway_1": joints})


def same_camera(root):
    record = json.loads((root / "dataset.json").read_text())
    change(root, "cam2", **record["cameras"]["cam1"])


@pytest.mark.parametrize(
    ("spoil", "what", "said"),
    [
        (same_video, "videos", "step_1.cam1.mp4 and step_1.cam2.mp4 have the same content"),
        (linked_video, "videos", "step_1.cam1.mp4 and step_1.cam2.mp4 have the same content"),
        (same_labels, "labels", "step_1 and sway_1 have the same content"),
        (same_camera, "cameras", "cam1 and cam2 have the same content"),
    ],
)
def test_what_is_given_twice(spoil, what, said, mine, cli):
    spoil(mine)
    _, records = findings(cli, "folder", "--root", mine)
    assert any((r["level"], r["what"], r["found"]) == ("differs", what, said) for r in records), (
        records
    )


def boxes(change_boxes):
    def spoil(root):
        path = root / "labels/A2.parquet"
        dataset = open_dataset("folder", root)
        table = pq.read_table(path)
        for name in ("cam1", "cam2"):
            clip = dataset.load(ClipId("mini", "A2", "step_1", name, "step"))
            column = change_boxes(clip.boxes).astype(np.float32).ravel()
            table = table.append_column(f"box.{name}", pa.FixedSizeListArray.from_arrays(column, 4))
        pq.write_table(table, path)

    return spoil


@pytest.mark.parametrize(
    ("change_boxes", "said"),
    [
        (lambda b: b, None),
        (lambda b: b + (-4, -8, 4, 2), None),
        (lambda b: b + (40, 0, 40, 0), "0% of the joints"),
        (lambda b: b / 2, "of the joints lie in them"),
        (lambda b: b[:, [1, 0, 3, 2]], "of the joints lie in them"),
        (lambda b: np.tile([0.0, 0, 128, 128], (len(b), 1)), "times as tall"),
        (lambda b: np.where(np.arange(len(b))[:, None] > 1, np.nan, b), "none in 6 of 8 frames"),
    ],
)
def test_boxes_are_around_the_labels(change_boxes, said, mine, cli):
    boxes(change_boxes)(mine)
    _, records = findings(cli, "folder", "--root", mine)
    found = [r["found"] for r in records if r["level"] != "ok"]
    assert len(found) == (0 if said is None else 2), found
    assert all(said in text and ": box.cam" in text for text in found)


@pytest.mark.parametrize("values", [[5.0, 0, 0, 0, 0], [-20.0, 0, 0, 0, 0], [0, 0, 0, 0, 1e300]])
def test_a_lens_that_folds_over(values, mine, cli):
    change(mine, "cam1", model="opencv", distortion=values)
    _, records = findings(cli, "folder", "--root", mine)
    found = [r for r in records if r["what"] == "cameras" and "cam1" in r["found"]]
    assert found
    assert all(r["level"] != "ok" for r in found)


def test_official_labels_are_no_error():
    """Nobody can correct them: what is odd in them is said, and the build goes on."""
    bad = Finding(level="missing", subject="S1", what="motion", found="a jump", expected="none")
    assert _tolerated(bad).level == "differs"
    empty = Finding(level="missing", subject="S1", what="labels", found="none", expected="some")
    assert _tolerated(empty).level == "missing"


@pytest.mark.detector
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (at(60), "60 frames per second; expected 50 frames per second"),
        (cut, "6 frames of 128x128, 2 more are hidden by an edit list; expected at least 8"),
        (lambda root: labels(root, wild), "left_wrist is 100 m from hip in frame 3"),
        (lambda root: change(root, "cam2", focal_length=[12.0, 12.0]), "field of view 159 x 159"),
    ],
)
def test_a_build_refuses_what_cannot_be_right(spoil, said, mine, mini_manifest, tmp_path, cli):
    """Before any work, and it leaves nothing."""
    spoil(mine)
    done = cli(*build_arguments(mine, mini_manifest, tmp_path / "out"))
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.detector
def test_a_build_says_what_looks_wrong_and_what_it_will_take(mine, mini_manifest, tmp_path, cli):
    longer(mine)
    words = build_arguments(mine, mini_manifest, tmp_path / "out", "--corruption", "erase")
    done = cli(*words, "--severity", 1, "--workers", 1)
    assert done.code == 0, done.err
    first, note, size = done.err.splitlines()[:3]
    assert first.endswith("6 clips, 6 to build (108 crops), 1 worker")
    assert "80 frames more than its 8 labels" in note
    assert size.startswith("54 frames; at least ")
    assert "MB are free)" in size or "GB are free)" in size
    again = cli(*words, "--severity", 1, "--workers", 1)
    assert "about" not in again.err, "nothing is to be built"
    assert "80 frames more" in again.err


@pytest.mark.detector
def test_a_build_of_other_labels_or_rate_starts_again(mine, mini_manifest, tmp_path, cli):
    """What decides pixels is in the fingerprint: the rate, and the labels that place a cover."""
    words = build_arguments(mine, mini_manifest, tmp_path / "out", "--corruption", "erase")
    words = [*words, "--severity", 1, "--workers", 1]
    assert "6 to build" in cli(*words).err
    assert "0 to build" in cli(*words).err
    path = mine / "dataset.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"fps": 50.25}))
    assert "6 to build" in cli(*words).err


@pytest.mark.detector
def test_a_stream_without_a_rate_is_said(tmp_path, cli):
    source = write_loose(tmp_path / "a.mjpeg", pictures_of(3), "mjpeg", "yuvj420p", rate=60)
    done = cli("corrupt", source, tmp_path / "out.mp4", "--corruption", "brightness")
    assert done.code == 0, done.err
    assert "does not state when its frames are shown" in done.err


def pictures_of(count):
    return [np.full((48, 64, 3), 60 + 20 * t, dtype=np.uint8) for t in range(count)]


@pytest.mark.detector
@pytest.mark.parametrize("command", ["corrupt", "preview"])
def test_pictures_of_other_kinds_are_said_of_any_video(command, tmp_path, cli):
    source = write_loose(tmp_path / "tv.mp4", pictures_of(3), options={"flags": "+ildct+ilme"})
    out = tmp_path / "out.mp4"
    words = (source, out) if command == "corrupt" else (source, "--out", out)
    done = cli(command, *words, "--corruption", "brightness")
    assert done.code == 0, done.err
    assert "tv.mp4: it is interlaced" in done.err
    assert "interlaced" not in cli(command, *words, "--corruption", "brightness", "--quiet").err

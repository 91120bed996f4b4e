"""Videos of no benchmark: tracking and corrupted copies."""

from __future__ import annotations

import shutil
from fractions import Fraction
from importlib import import_module

import av
import numpy as np
import pytest

from corruptbench.detectors import load
from corruptbench.video.person_track import NOBODY, track
from corruptbench.video.probe import look_at
from corruptbench.video.reader import decode, decode_timed, frame_rate
from corruptbench.video.timing import Timing, timing_of
from corruptbench.video.writer import write_video
from tests.fixtures.folder import FRAMES, cameras, motion
from tests.fixtures.loose import write_loose


def noise(count, height, width, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(count)]


def grey(count, level=90):
    return [np.full((64, 64, 3), level, dtype=np.uint8)] * count


def rms(found, wanted):
    """Root of the mean squared error of each channel (3,), levels of 255."""
    wrong = np.stack(list(found)).astype(int) - np.stack(list(wanted))
    return np.sqrt((wrong**2).mean(axis=(0, 1, 2)))


@pytest.mark.parametrize(
    ("count", "height", "width"), [(12, 48, 64), (12, 39, 63), (1, 40, 41), (2, 1, 1)]
)
@pytest.mark.parametrize("uneven", [False, True])
def test_rate_factor_0_gives_back_the_very_bytes(tmp_path, count, height, width, uneven):
    frames, path = noise(count, height, width), tmp_path / "a.mp4"
    times = [Fraction(t * t, 30) for t in range(count)] if uneven else None
    write_video(path, frames, Fraction(30000, 1001), 0, times)
    assert [f.tobytes() for f in decode(path)] == [f.tobytes() for f in frames]


def test_other_rate_factors_lose_color_noise(tmp_path):
    """And keep what is flat: the figures of docs/data.md are of this kind."""
    path = tmp_path / "a.mp4"
    flat = [np.full((40, 64, 3), color, dtype=np.uint8) for color in noise(12, 1, 3)[0][0]]
    for crf in (1, 12):
        write_video(path, flat, Fraction(25), crf)
        assert rms(decode(path), flat).max() < 3
        write_video(path, colorful := noise(3, 48, 64), Fraction(25), crf)
        assert rms(decode(path), colorful).min() > 20
        with av.open(str(path)) as container:
            assert container.streams.video[0].pix_fmt == "yuv420p"


def test_encoding_keeps_the_rate(tmp_path):
    for crf in (0, 12):
        write_video(tmp_path / "a.mp4", grey(12), Fraction(30000, 1001), crf)
        assert frame_rate(tmp_path / "a.mp4") == Fraction(30000, 1001)


S = Fraction(1)


@pytest.mark.parametrize(
    ("stated", "shown", "timing"),
    [
        (25 * S, [S / 25, S * 2 / 25, S * 3 / 25], Timing(25 * S)),
        (30 * S, [0 * S, S * 33 / 1000, S * 67 / 1000, S / 10], Timing(30 * S)),  # whole ms
        (1000 * S, [0 * S, S / 50, S / 25], Timing(50 * S)),  # the container states nonsense
        (None, [0 * S, S / 50, S / 25], Timing(50 * S)),
        (25 * S, [3 * S, 4 * S, 6 * S], Timing(S * 2 / 3, (0 * S, S, 3 * S))),
        (24 * S, [None, None], Timing(24 * S)),
        (None, [None, None], Timing(25 * S, lost=True)),
        (24 * S, [0 * S, S, S], Timing(24 * S, lost=True)),
        (24 * S, [0 * S, 2 * S, S], Timing(24 * S, lost=True)),
        (None, [7 * S], Timing(25 * S)),
    ],
)
def test_when_frames_are_shown(stated, shown, timing):
    assert timing_of(stated, shown) == timing


@pytest.mark.detector
def test_the_person_is_followed(mini):
    path = mini / "videos/A1/step_1.cam1.mp4"
    info = track(look_at(path), load("movenet:lightning")).info
    rig = cameras(128)["cam1"]
    points = rig.project(rig.world_to_camera(motion(FRAMES, 0)))
    true = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    assert (info.frames, info.width, info.height, info.fps) == (FRAMES + 2, 128, 128, 50.0)
    assert np.nanmedian(np.abs(info.boxes[:FRAMES] - true)) < 8


@pytest.mark.detector
def test_a_person_stored_lying_is_seen_upright(mini, tmp_path, cli):
    frames = [f[:120] for f in decode(mini / "videos/A1/step_1.cam1.mp4")]
    lying = [np.rot90(f, -1) for f in frames]
    turned = write_loose(tmp_path / "turned.mp4", lying, turn=(90, False))
    info = track(look_at(turned), load("movenet:lightning")).info
    assert (info.height, info.width) == (120, 128)
    plain = track(look_at(write_loose(tmp_path / "a.mp4", frames)), load("movenet:lightning"))
    assert np.nanmedian(np.abs(info.boxes - plain.info.boxes)) < 3
    out = tmp_path / "out.mp4"
    done = cli("corrupt", turned, out, "--corruption", "brightness", "--severity", 1, "--crf", 0)
    assert done.code == 0, done.err
    shown = list(decode(out))  # it has no tag any more
    assert [f.shape for f in shown] == [(120, 128, 3)] * (FRAMES + 2)
    for a, b in zip(shown, frames, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.95


@pytest.mark.detector
def test_nobody_in_view(tmp_path, cli):
    path = tmp_path / "empty.mp4"
    write_video(path, grey(3), Fraction(25))
    assert np.isnan(track(look_at(path), load("movenet:lightning")).info.boxes).all()
    words = ("--corruption", "erase", "--severity", 5)
    done = cli("corrupt", path, tmp_path / "out.mp4", *words)
    assert (done.code, f"empty.mp4: {NOBODY}" in done.err) == (0, True)


@pytest.mark.detector
def test_corrupt_keeps_the_frame_count_and_is_reproducible(mini, tmp_path, cli):
    source = mini / "videos/A1/step_1.cam1.mp4"
    words = ("--corruption", "gaussian_noise", "--severity", 5, "--crf", 0)
    for name in ("a.mp4", "b.MP4"):
        assert cli("corrupt", source, tmp_path / name, *words).code == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.MP4").read_bytes()
    clean, noisy = list(decode(source)), list(decode(tmp_path / "a.mp4"))
    assert len(clean) == len(noisy) == FRAMES + 2
    assert all(np.abs(a.astype(int) - b).mean() > 10 for a, b in zip(clean, noisy, strict=True))


@pytest.mark.detector
def test_noise_is_keyed_by_content_not_by_name(tmp_path, cli):
    def corrupted(source):
        words = ("--corruption", "gaussian_noise", "--crf", 0)
        assert cli("corrupt", source, tmp_path / "out.mp4", *words).code == 0
        return np.stack(list(decode(tmp_path / "out.mp4"))).astype(int)

    for camera, level in (("cam1", 90), ("cam2", 92)):
        (tmp_path / camera).mkdir()
        write_video(tmp_path / camera / "video.mp4", grey(3, level), Fraction(25), 0)
    shutil.copy(tmp_path / "cam1/video.mp4", tmp_path / "another.mp4")
    one, two = (corrupted(tmp_path / camera / "video.mp4") for camera in ("cam1", "cam2"))
    assert abs(np.corrcoef((one - 90).ravel(), (two - 92).ravel())[0, 1]) < 0.05
    assert np.array_equal(one, corrupted(tmp_path / "another.mp4"))


@pytest.mark.parametrize(("late", "even"), [(0, True), (1, True), (3, False)])
def test_times_that_are_uneven_by_more_than_rounding(late, even):
    shown = [Fraction(t, 25) for t in range(6)]
    shown[3] += Fraction(late, 1000)
    found = timing_of(Fraction(25), shown)
    assert found.rate == 25
    assert found.times == (None if even else tuple(shown))


@pytest.mark.detector
@pytest.mark.parametrize("name", ["in.mp4", "in.webm"])
def test_uneven_frames_keep_their_times(tmp_path, cli, name):
    seconds = [Fraction(t, 100) for t in (0, 10, 13, 30, 33, 70)]
    codec = "libvpx-vp9" if name == "in.webm" else "libx264"
    source = write_loose(tmp_path / name, grey(6), codec, seconds=seconds)
    for crf in (0, 12):
        out = tmp_path / "out.mp4"
        done = cli("corrupt", source, out, "--corruption", "darkness", "--crf", crf)
        assert done.code == 0, done.err
        assert "frame times are preserved, durations use 7.143 frames per second" in done.err
        assert [time for _, time in decode_timed(out)] == seconds
        with av.open(str(out)) as container:  # the last frame stays for the average of the others
            assert container.duration / av.time_base == pytest.approx(0.7 + 0.14, abs=0.001)
    done = cli("preview", source, "--corruption", "darkness", "--out", tmp_path / "side.mp4")
    assert done.code == 0, done.err
    assert [time for _, time in decode_timed(tmp_path / "side.mp4")] == seconds


@pytest.mark.detector
def test_what_is_not_copied_is_said(tmp_path, cli):
    loud = write_loose(tmp_path / "in.mp4", grey(6), sound=True, pixel=Fraction(4, 3))
    out = tmp_path / "out.mp4"
    done = cli("corrupt", loud, out, "--corruption", "darkness")
    assert done.code == 0, done.err
    assert "in.mp4: sound is not copied" in done.err
    assert "in.mp4: pixels are 1.333 times as wide as high" in done.err
    with av.open(str(out)) as container:
        assert [s.type for s in container.streams] == ["video"]
    done = cli("corrupt", out, tmp_path / "again.mp4", "--corruption", "darkness")
    said = [line for line in done.err.splitlines() if line.startswith(str(out))]
    assert said == [f"{out}: {NOBODY}"]


@pytest.mark.detector
@pytest.mark.parametrize(
    ("name", "codec", "pixels", "count"),
    [
        ("one.mp4", "libx264", "yuv420p", 1),
        ("one.webm", "libvpx-vp9", "yuv420p", 1),
        ("deep.mp4", "libx264", "yuv420p10le", 4),
        ("grey.mkv", "libx264", "gray", 4),
        ("xvid.avi", "mpeg4", "yuv420p", 4),
        ("jpeg.avi", "mjpeg", "yuvj420p", 4),
        ("stream.h264", "libx264", "yuv420p", 4),
    ],
)
def test_sources_of_many_kinds(tmp_path, cli, name, codec, pixels, count):
    source = write_loose(tmp_path / name, grey(count), codec, pixels)
    done = cli("corrupt", source, tmp_path / "out.mp4", "--corruption", "brightness", "--crf", 0)
    assert done.code == 0, done.err
    assert len(list(decode(tmp_path / "out.mp4"))) == count
    assert frame_rate(tmp_path / "out.mp4") == 25


@pytest.mark.detector
def test_pictures_that_change_their_size(tmp_path, cli):
    parts = [noise(3, 48, 64), noise(3, 64, 48)]
    joined = b"".join(write_loose(tmp_path / "part.h264", p).read_bytes() for p in parts)
    (tmp_path / "in.h264").write_bytes(joined)
    done = cli("corrupt", tmp_path / "in.h264", tmp_path / "out.mp4", "--corruption", "erase")
    assert done.code == 2
    assert "pictures are 64x48 up to frame 2, then 48x64" in done.err


@pytest.fixture
def no_pass(monkeypatch):
    """Whatever looks for a person fails: bad words are to be found before that."""

    def never(*arguments):  # noqa: ARG001
        raise AssertionError("the long pass began")

    monkeypatch.setattr("corruptbench.detectors.load", never)


def said_once(done, message):
    assert done.code == 2, done
    assert message in done.err
    assert done.err.count("\n") == 1, done.err


def test_bad_words(tmp_path, cli, no_pass):  # noqa: ARG001
    source = tmp_path / "in.mp4"
    write_video(source, grey(3), Fraction(25))
    (tmp_path / "page.mp4").write_text("<html>please log in</html>")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(source)
    out, erase = tmp_path / "o.mp4", ("--corruption", "erase")
    before = sorted(tmp_path.rglob("*")), source.read_bytes()
    for words, message in (
        ((source, tmp_path / "o.avi", *erase), "suffix '.avi'; expected .mp4"),
        ((source, source, *erase), "the same file"),
        ((source, tmp_path / "link.mp4", *erase), "the same file"),
        ((source, tmp_path / "folder.mp4", *erase), "folder.mp4: a folder; expected the name of a"),
        ((source, tmp_path, *erase), ": a folder; expected the name of a file, .mp4"),
        ((source, source / "o.mp4", *erase), "in.mp4/o.mp4: cannot be written: "),
        ((source, out, "--corruption", "fog"), "--corruption': 'fog' is unknown. Expected one of "),
        ((source, out, *erase, "--severity", 6), "--severity': 6 is not in the range 1<=x<=5"),
        ((source, out, *erase, "--severity", "1-5"), "--severity': '1-5' is not a valid integer"),
        ((tmp_path / "no.mp4", out, *erase), "no.mp4: missing; expected a video file"),
        ((tmp_path / "folder.mp4", out, *erase), "folder.mp4: a folder; expected a video file"),
        ((tmp_path / "page.mp4", out, *erase), "page.mp4: a web page"),
        ((tmp_path / "empty.mp4", out, *erase), "empty.mp4: empty; expected a video file"),
    ):
        said_once(cli("corrupt", *words), message)
    assert (sorted(tmp_path.rglob("*")), source.read_bytes()) == before


@pytest.mark.detector
def test_a_target_is_replaced_as_a_whole(tmp_path, cli):
    good, bad, out = tmp_path / "good.mp4", tmp_path / "bad.mp4", tmp_path / "out.mp4"
    write_video(good, noise(20, 64, 64), Fraction(25))
    bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    out.write_bytes(b"of another run")
    assert cli("corrupt", bad, out, "--corruption", "erase").code == 2
    assert out.read_bytes() == b"of another run"
    assert cli("corrupt", good, out, "--corruption", "erase").code == 0
    assert len(list(decode(out))) == 20
    assert {p.name for p in tmp_path.iterdir()} == {"good.mp4", "bad.mp4", "out.mp4"}


@pytest.mark.detector
@pytest.mark.parametrize("command", ["corrupt", "preview"])
def test_ctrl_c_promises_nothing(tmp_path, cli, monkeypatch, command):
    source, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    write_video(source, grey(40), Fraction(25))

    def interrupt(meter, units, note=""):  # noqa: ARG001
        meter.done += units
        if meter.done == 35:
            assert list(tmp_path.glob(".*.part")), "in the middle of writing"
            raise KeyboardInterrupt

    monkeypatch.setattr("corruptbench.progress.Meter.advance", interrupt)
    words = (source, out) if command == "corrupt" else (source, "--out", out)
    done = cli(command, *words, "--corruption", "erase")
    assert done.code == 130
    assert "interrupted; nothing was written" in done.err
    assert list(tmp_path.iterdir()) == [source]


def test_ctrl_c_in_what_resumes_and_what_does_not(tmp_path, cli, monkeypatch):
    def interrupt(*arguments):  # noqa: ARG001
        raise KeyboardInterrupt

    # A module that is imported while a name is replaced would keep the replacement forever.
    for module in ("manifest", "shards.shard_set", "cli.train", "cli.clips", "builder.runner"):
        import_module(f"corruptbench.{module}")
    for words, called, said in (
        (["build"], "manifest.load_manifest", "interrupted; the same command resumes"),
        (
            ["train", "videopose3d"],
            "shards.shard_set.open_shards",
            "interrupted; the same command resumes",
        ),
        (["clips"], "manifest.load_manifest", "interrupted"),
    ):
        monkeypatch.setattr(f"corruptbench.{called}", interrupt)
        monkeypatch.chdir(tmp_path)
        assert (done := cli(*words)).code == 130
        assert done.err.strip() == said

from __future__ import annotations

import gc
from fractions import Fraction

import av
import numpy as np
import pytest

from corruptbench.errors import InputError
from corruptbench.video.probe import look_at
from corruptbench.video.reader import Window, decode, decode_timed, frame_rate, windows
from tests.fixtures.folder import write_video
from tests.fixtures.loose import write_loose


def numbered(count, size=48):
    """Frames that tell their number by their grey level."""
    return [np.full((size, size, 3), 40 + 8 * i, dtype=np.uint8) for i in range(count)]


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, numbered(20))
    return path


def level(frame):
    return round((float(frame.mean()) - 40) / 8)


def test_no_frame_is_dropped_or_repeated(video):
    assert [level(f) for f in decode(video)] == list(range(20))


@pytest.mark.parametrize("reach", [0, 1, 3, 30])
@pytest.mark.parametrize("frames", [1, 2, 7, 20])
def test_windows_hold_the_neighbours(video, reach, frames):
    seen = []
    for t, window in enumerate(windows(video, frames, (48, 48), reach)):
        near = range(max(0, t - reach), min(frames, t + reach + 1))
        assert [level(window[i]) for i in near] == list(near)
        seen.append(t)
    assert seen == list(range(frames))


def test_colors_are_kept(tmp_path):
    """Flat colors come back but for rounding, and none is darker or brighter on the whole."""
    draw = np.random.default_rng(1)
    greys = [np.full((48, 48, 3), v, dtype=np.uint8) for v in range(0, 256, 15)]
    colors = [
        np.broadcast_to(draw.integers(30, 225, 3, dtype=np.uint8), (48, 48, 3)) for _ in range(40)
    ]
    path = tmp_path / "flat.mp4"
    write_video(path, [np.ascontiguousarray(f) for f in greys + colors])
    found = np.array([f[20, 20] for f in decode(path)], dtype=float)
    wanted = np.array([f[20, 20] for f in greys + colors], dtype=float)
    assert np.abs(found - wanted)[: len(greys)].max() <= 1.5
    assert np.abs((found - wanted).mean(axis=0)).max() < 0.7


def test_memory_is_bounded_by_the_reach():
    window = Window(2)
    for i in range(100):
        window.append(np.full((1, 1, 3), i, dtype=np.uint8))
    assert len(window._frames) == 5
    with pytest.raises(IndexError):
        window[94]


@pytest.mark.parametrize("turn", [None, (90, False)])
def test_decoded_pictures_are_let_go(tmp_path, turn):
    """At once: they are large, and the collector of reference cycles looks at numbers only."""
    path = write_loose(tmp_path / "a.mp4", numbered(20), turn=turn)
    gc.collect()
    gc.disable()
    try:
        large = []
        for _ in decode(path, upright=True):
            held = (o for o in gc.get_objects() if type(o) is av.VideoFrame)
            large.append(sum(frame.width > 2 for frame in held))
    finally:
        gc.enable()
    assert len(large) == 20
    assert max(large) <= 5


def test_fewer_frames_than_labels(video):
    with pytest.raises(InputError, match="20 frames, expected at least 21"):
        list(windows(video, 21, (48, 48), 0))


def test_another_picture_size(video):
    with pytest.raises(InputError, match="48x48, the camera's are 100x50"):
        next(windows(video, 5, (50, 100), 0))


@pytest.mark.parametrize("keep", [100, 0.5, 0.8])
def test_truncated_file(video, keep):
    data = video.read_bytes()
    video.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(InputError, match=r"clip\.mp4: .*(truncated|damaged)"):
        list(windows(video, 20, (48, 48), 0))


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95, 0.99])
def test_truncated_file_with_its_index_in_front(tmp_path, keep):
    path = tmp_path / "clip.mp4"
    draw = np.random.default_rng(0)
    noise = [draw.integers(0, 255, (48, 48, 3), dtype=np.uint8) for _ in range(20)]
    write_video(path, noise, movflags="faststart")
    assert len(list(decode(path))) == 20
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(InputError, match=r"clip\.mp4: .*(truncated|damaged)"):
        list(windows(path, 20, (48, 48), 0))


def test_missing_and_foreign_files(tmp_path):
    (tmp_path / "page.mp4").write_text("<html>please log in</html>")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello\n" * 200)  # to FFmpeg that is a film of a terminal
    (tmp_path / "folder.mp4").mkdir()
    for name, message in (
        ("nowhere.mp4", "nowhere.mp4: missing; expected a video file"),
        ("page.mp4", "page.mp4: (no video, or a truncated one|a web page)"),
        ("empty.mp4", "empty.mp4: empty; expected a video file"),
        ("notes.txt", "notes.txt: text; expected a video file"),
        ("folder.mp4", "folder.mp4: a folder; expected a video file"),
    ):
        for read in (lambda path: next(decode(path)), frame_rate, look_at):
            with pytest.raises(InputError, match=message):
                read(tmp_path / name)


QUARTERS = np.zeros((32, 48, 3), dtype=np.uint8)
QUARTERS[:16, :24], QUARTERS[:16, 24:], QUARTERS[16:, :24] = (200, 40, 40), (40, 200, 40), 220

#: Degrees counterclockwise, and mirrored before that, to what a player shows.
TURNS = {
    (90, False): np.rot90,
    (-90, False): lambda p: np.rot90(p, -1),
    (180, False): lambda p: p[::-1, ::-1],
    (0, True): lambda p: p[:, ::-1],
    (180, True): lambda p: p[::-1],
}


@pytest.mark.parametrize("turn", TURNS)
def test_pictures_are_turned_as_a_player_does(tmp_path, turn):
    stored = next(decode(write_loose(tmp_path / "plain.mp4", [QUARTERS] * 3)))
    path = write_loose(tmp_path / "turned.mp4", [QUARTERS] * 3, turn=turn)
    shown = next(decode(path, upright=True))
    assert np.array_equal(shown, TURNS[turn](stored))
    assert shown.flags.c_contiguous
    upright = windows(path, 3, shown.shape[:2], 1, upright=True)
    assert np.array_equal(next(upright)[0], shown)
    # a benchmark's labels refer to stored pictures: whether they fit is not guessed
    for refused in (decode(path), windows(path, 3, (32, 48), 0)):
        with pytest.raises(InputError, match=r"turned\.mp4: .*tag.* remove it if the labels"):
            next(refused)


def test_a_tag_that_turns_nothing_or_by_any_angle(tmp_path):
    path = write_loose(tmp_path / "askew.mp4", [QUARTERS] * 3, turn=(30, False))
    with pytest.raises(InputError, match=r"30 degrees.*multiple of 90"):
        next(decode(path, upright=True))
    path = write_loose(tmp_path / "same.mkv", [QUARTERS] * 3, turn=(0, False))
    assert np.array_equal(next(decode(path)), next(decode(path, upright=True)))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx-vp9"), ("a.mkv", "libx264")]
)
def test_frames_tell_when_they_are_shown(tmp_path, name, codec):
    seconds = [Fraction(t, 100) for t in (0, 10, 13, 30, 33, 70)]
    path = write_loose(tmp_path / name, [QUARTERS] * 6, codec, seconds=seconds)
    assert [time for _, time in decode_timed(path)] == seconds
    even = write_loose(tmp_path / "a.avi", [QUARTERS] * 6)
    assert [time for _, time in decode_timed(even)] == [None] * 6

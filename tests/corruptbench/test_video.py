from __future__ import annotations

import numpy as np
import pytest

from corruptbench.build.video import Window, decode, windows
from corruptbench.errors import InputError
from tests.fixtures.folder import write_video


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


def test_colours_are_kept(tmp_path):
    """Flat colours come back but for rounding, and none is darker or brighter on the whole."""
    draw = np.random.default_rng(1)
    greys = [np.full((48, 48, 3), v, dtype=np.uint8) for v in range(0, 256, 15)]
    colours = [
        np.broadcast_to(draw.integers(30, 225, 3, dtype=np.uint8), (48, 48, 3)) for _ in range(40)
    ]
    path = tmp_path / "flat.mp4"
    write_video(path, [np.ascontiguousarray(f) for f in greys + colours])
    found = np.array([f[20, 20] for f in decode(path)], dtype=float)
    wanted = np.array([f[20, 20] for f in greys + colours], dtype=float)
    assert np.abs(found - wanted)[: len(greys)].max() <= 1.5
    assert np.abs((found - wanted).mean(axis=0)).max() < 0.7


def test_memory_is_bounded_by_the_reach():
    window = Window(2)
    for i in range(100):
        window.append(np.full((1, 1, 3), i, dtype=np.uint8))
    assert len(window._frames) == 5
    with pytest.raises(IndexError):
        window[94]


def test_fewer_frames_than_labels(video):
    with pytest.raises(InputError, match="20 frames, expected at least 21"):
        list(windows(video, 21, (48, 48), 0))


def test_another_picture_size(video):
    with pytest.raises(InputError, match="48x48, the camera's are 100x50"):
        next(windows(video, 5, (50, 100), 0))


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.8])
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
    with pytest.raises(InputError, match="missing"):
        next(decode(tmp_path / "nowhere.mp4"))
    page = tmp_path / "page.mp4"
    page.write_text("<html>please log in</html>")
    with pytest.raises(InputError, match="cannot be decoded"):
        next(decode(page))

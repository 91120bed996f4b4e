"""Videos of no benchmark: tracking and corrupted copies."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corruptbench.build.encode import write_video
from corruptbench.build.track import facts_of_video
from corruptbench.build.video import decode, frame_rate
from corruptbench.errors import InputError
from detectors import load
from tests.fixtures.folder import cameras, motion


def test_encoding_keeps_frames_rate_and_colours(tmp_path):
    draw = np.random.default_rng(0)
    frames = [np.full((40, 64, 3), draw.integers(20, 235, 3), dtype=np.uint8) for _ in range(12)]
    path = tmp_path / "a.mp4"
    assert write_video(path, frames, Fraction(30000, 1001), crf=0) == 12
    assert frame_rate(path) == Fraction(30000, 1001)
    found = list(decode(path))
    assert len(found) == 12
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(found, frames, strict=True)) <= 3
    odd = [np.ascontiguousarray(f[:39, :63]) for f in frames]
    write_video(path, odd, Fraction(25), crf=0)
    assert next(decode(path)).shape == (39, 63, 3)


@pytest.mark.detector
def test_the_person_is_followed(mini):
    path = mini / "videos/A1/step_1.cam1.mp4"
    facts = facts_of_video(path, load("movenet:lightning"))
    rig = cameras(128)["cam1"]
    points = rig.project(rig.world_to_camera(motion(20, 0)))
    true = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    assert (facts.frames, facts.width, facts.height, facts.fps) == (22, 128, 128, 50.0)
    assert np.nanmedian(np.abs(facts.boxes[:20] - true)) < 8


@pytest.mark.detector
def test_nobody_in_view(tmp_path, cli):
    path = tmp_path / "empty.mp4"
    write_video(path, [np.full((64, 64, 3), 90, dtype=np.uint8)] * 3, Fraction(25))
    assert np.isnan(facts_of_video(path, load("movenet:lightning")).boxes).all()
    done = cli("preview", path, "--out", tmp_path / "p.png")
    assert done.code == 2
    assert "nobody is in view" in done.err
    words = ("--corruption", "erase", "--severity", 5)
    assert cli("corrupt", path, tmp_path / "out.mp4", *words).code == 0


@pytest.mark.detector
def test_corrupt_keeps_the_frame_count_and_is_reproducible(mini, tmp_path, cli):
    source = mini / "videos/A1/step_1.cam1.mp4"
    words = ("--corruption", "gaussian_noise", "--severity", 5, "--crf", 0)
    for name in ("a.mp4", "b.mp4"):
        assert cli("corrupt", source, tmp_path / name, *words).code == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    clean, noisy = list(decode(source)), list(decode(tmp_path / "a.mp4"))
    assert len(clean) == len(noisy) == 22
    assert all(np.abs(a.astype(int) - b).mean() > 10 for a, b in zip(clean, noisy, strict=True))


@pytest.mark.detector
def test_bad_words(mini, tmp_path, cli):
    source = mini / "videos/A1/step_1.cam1.mp4"
    for words, message in (
        ((source, tmp_path / "o.avi", "--corruption", "erase"), "expected .mp4"),
        ((source, source, "--corruption", "erase"), "the same file"),
        ((source, tmp_path / "o.mp4", "--corruption", "fog"), "unknown corruption 'fog'"),
        ((tmp_path / "no.mp4", tmp_path / "o.mp4", "--corruption", "erase"), "no.mp4: missing"),
        ((source, tmp_path / "o.mp4", "--corruption", "erase", "--severity", 6), "--severity"),
    ):
        done = cli("corrupt", *words)
        assert (done.code, message in done.err) == (2, True), done.err
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="not a readable video"):
        frame_rate(mini / "dataset.json")

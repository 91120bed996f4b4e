"""Facts of videos, held against what decoding gives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corruptbench.video.probe import probe
from corruptbench.video.reader import decode
from tests.fixtures.loose import RATE, remux, write_loose


def pictures(count, size=(48, 64)):
    draw = np.random.default_rng(0)
    base = draw.integers(0, 255, (*size, 3), dtype=np.uint8)
    return [np.roll(base, 3 * t, axis=1) for t in range(count)]


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "libx264", "yuv420p"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("b.avi", "mjpeg", "yuvj420p"),
        ("a.h264", "libx264", "yuv420p"),
    ],
)
def test_counts_are_those_of_decoding(tmp_path, name, codec, pixels):
    path = write_loose(tmp_path / name, pictures(30), codec, pixels)
    facts = probe(path)
    assert facts.frames == len(list(decode(path))) == 30
    assert (facts.size, facts.cut, facts.pixel) == ((64, 48), 0, 1)
    assert (facts.timing.rate, facts.timing.times, facts.timing.lost) == (RATE, None, False)
    assert not list(facts.oddities())


def test_frames_that_an_edit_list_hides(tmp_path):
    """A cut without encoding starts at a key frame, and hides what is before its start."""
    whole = write_loose(tmp_path / "whole.mp4", pictures(40))
    path = remux(whole, tmp_path / "cut.mp4", start=Fraction(10, RATE), end=Fraction(30, RATE))
    facts = probe(path)
    assert (facts.frames, facts.cut) == (len(list(decode(path))), 10)
    assert facts.frames == 20
    assert any("hides 10 of its 30 frames" in text for text in facts.oddities())


def test_frames_without_the_pictures_that_they_refer_to(tmp_path):
    """Between its first key frame and the pictures before it an open group cannot be decoded."""
    options = {"x265-params": "keyint=10:min-keyint=10:bframes=4:open-gop=1:log-level=none"}
    whole = write_loose(tmp_path / "a.mkv", pictures(40), "libx265", options=options)
    path = remux(whole, tmp_path / "b.mkv", drop=11)
    facts = probe(path)
    assert facts.frames == len(list(decode(path))) < 29


@pytest.mark.parametrize("rate", [24, 60])
def test_rate_of_a_stream_without_container(tmp_path, rate):
    """FFmpeg makes up 25 frames per second where a stream states nothing."""
    timing = probe(write_loose(tmp_path / "a.h264", pictures(5), rate=rate)).timing
    assert (timing.rate, timing.lost) == (rate, False)
    assert probe(write_loose(tmp_path / "a.mjpeg", pictures(5), "mjpeg", "yuvj420p")).timing.lost


def test_times_that_are_not_even(tmp_path):
    seconds = [Fraction(t, RATE) for t in range(30) if not 10 <= t < 14]
    timing = probe(write_loose(tmp_path / "a.mp4", pictures(26), seconds=seconds)).timing
    assert timing.rate == pytest.approx(25 * RATE / 29)
    assert timing.unevenness > 2
    assert [float(t) for t in timing.times] == pytest.approx([float(s) for s in seconds], abs=1e-3)


def test_pictures_of_other_kinds(tmp_path):
    interlaced = {"flags": "+ildct+ilme"}
    path = write_loose(tmp_path / "tv.mp4", pictures(5, (64, 64)), options=interlaced)
    assert probe(path).interlaced
    for number, name in ((16, "PQ"), (18, "HLG")):
        path = write_loose(tmp_path / "hdr.mp4", pictures(5), pixels="yuv420p10le", transfer=number)
        assert probe(path).transfer == name
        assert any(name in text for text in probe(path).oddities())
    path = write_loose(tmp_path / "dv.mp4", pictures(5), pixel=Fraction(16, 15), sound=True)
    facts = probe(path)
    assert (facts.pixel, facts.sound, list(facts.oddities())) == (Fraction(16, 15), True, [])
    assert probe(write_loose(tmp_path / "turned.mp4", pictures(5), turn=(90, False))).turned

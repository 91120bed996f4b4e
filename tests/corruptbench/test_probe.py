"""Facts of videos, held against what decoding gives."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from corruptbench.video.probe import probe
from corruptbench.video.reader import decode
from corruptbench.video.timing import timing_of
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
    assert timing.usual == pytest.approx(RATE, rel=0.001)
    assert timing.lateness(RATE) == pytest.approx([0] * 10 + [4] * 16, abs=0.05)
    assert [float(t) for t in timing.times] == pytest.approx([float(s) for s in seconds], abs=1e-3)


def without(source, target, frames):
    """The same packets but some, at the times that they had."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        for t, packet in enumerate(p for p in given.demux(stream) if p.size):
            if t not in frames:
                packet.stream = copy
                made.mux(packet)
    return target


@pytest.mark.parametrize("dropped", [{10}, {1, 20, 21}])
def test_an_avi_counts_the_frames_that_were_dropped(tmp_path, dropped):
    whole = write_loose(tmp_path / "whole.avi", pictures(30), "mjpeg", "yuvj420p")
    path = without(whole, tmp_path / "a.avi", dropped)
    facts = probe(path)
    assert facts.frames == len(list(decode(path))) == 30 - len(dropped)
    assert facts.timing.times == tuple(Fraction(t, RATE) for t in range(30) if t not in dropped)


def test_an_avi_with_frames_that_refer_to_later_ones(tmp_path):
    """Its packets are numbered in the order of decoding."""
    path = write_loose(tmp_path / "a.avi", pictures(30), options={"bf": "3"})
    timing = probe(path).timing
    assert (timing.rate, timing.times, timing.lost) == (RATE, None, False)


@pytest.mark.parametrize("rate", [24, 50, 60, 240])
def test_the_usual_rate_of_rounded_times(rate):
    """A median step of whole milliseconds is wrong by up to some percent."""
    seconds = [Fraction(round(1000 * t / rate), 1000) for t in range(200) if t != 120]
    assert timing_of(None, seconds).usual == pytest.approx(rate, rel=0.005)


def write_two(path, second, disposition):
    """Write two streams of 5 frames and 1 frame."""
    with av.open(str(path), "w") as made:
        streams = [made.add_stream(codec, rate=RATE) for codec in ("libx264", second)]
        streams[1].disposition = disposition
        for stream in streams:
            stream.height, stream.width = 48, 64
            stream.pix_fmt = "rgb24" if stream.name == "png" else "yuv420p"
        for stream, count in zip(streams, (5, 1), strict=True):
            for picture in pictures(count):
                made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            made.mux(stream.encode())
    return path


def test_two_streams(tmp_path):
    """A cover picture is none."""
    two = probe(write_two(tmp_path / "a.mkv", "libx264", Disposition.default))
    assert ["holds 2 video streams" in text for text in two.oddities()] == [True]
    cover = probe(write_two(tmp_path / "a.mp4", "png", Disposition.attached_pic))
    assert (cover.frames, list(cover.oddities())) == (5, [])


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
    late = remux(path, tmp_path / "late.mkv", start=Fraction(-1))
    assert probe(late).start == pytest.approx(1, abs=0.1)
    assert any("shown 1.0" in text for text in probe(late).oddities())
    full = write_loose(tmp_path / "full.avi", pictures(5), "mjpeg", "yuvj420p")
    assert (probe(full).full_range, facts.full_range) == (True, False)
    assert probe(write_loose(tmp_path / "turned.mp4", pictures(5), turn=(90, False))).turned

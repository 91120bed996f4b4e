"""Pictures have the bytes of swscale, also those that we convert ourselves."""

import av
import numpy as np
import pytest

from corruptbench.video.color_conversion import ColorConversion, by_swscale
from tests.fixtures.loose import write_loose


def noise(draw, size, pixels, colorspace, color_range):
    frame = av.VideoFrame(*size, pixels)
    for plane in frame.planes:
        plane.update(draw.integers(0, 256, plane.buffer_size).astype(np.uint8))
    frame.colorspace, frame.color_range = colorspace, color_range
    return frame


@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize("colorspace", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("size", [(2, 2), (34, 66), (65, 34), (34, 65), (320, 202)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le"])
def test_the_bytes_are_those_of_swscale(pixels, size, colorspace, color_range):
    draw, convert = np.random.default_rng(0), ColorConversion()
    for _ in range(3):
        frame = noise(draw, size, pixels, colorspace, color_range)
        expected = by_swscale(frame)
        assert np.array_equal(convert(frame), expected)


@pytest.mark.parametrize("colorspace", [1, 2, 5, 6])
def test_usual_pictures_are_converted_by_us(colorspace):
    convert = ColorConversion()
    convert(noise(np.random.default_rng(0), (64, 48), "yuv420p", colorspace, 1))
    assert None not in convert.ways.values()


def test_kinds_of_pictures_in_a_video_are_kept_apart():
    draw, convert = np.random.default_rng(0), ColorConversion()
    for colorspace in (1, 5, 1, 5, 9, 1):
        frame = noise(draw, (64, 48), "yuv420p", colorspace, 1)
        expected = by_swscale(frame)
        assert np.array_equal(convert(frame), expected)
    assert len(convert.ways) == 3


def test_interlaced_pictures_of_a_video_are_kept_apart(tmp_path):
    """A recorder may change from one to the other. Each field then has color of its own."""
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(3)]
    parts = [
        write_loose(tmp_path / f"{kind}.h264", pictures, options={"x264-params": kind}).read_bytes()
        for kind in ("interlaced=0", "interlaced=1")
    ]
    mixed = tmp_path / "mixed.h264"
    mixed.write_bytes(b"".join(parts + parts))
    convert, kinds = ColorConversion(), []
    with av.open(mixed) as container:
        for frame in container.decode(video=0):
            kinds.append(frame.interlaced_frame)
            expected = by_swscale(frame)
            assert np.array_equal(convert(frame), expected)
    assert kinds == ([False] * 3 + [True] * 3) * 2


@pytest.mark.parametrize(
    ("name", "codec", "site"), [("a.mp4", "libx264", (4, 2)), ("a.mpg", "mpeg1video", (3, 3))]
)
def test_color_samples_lie_where_the_codec_says(tmp_path, name, codec, site):
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(6)]
    convert = ColorConversion()
    with av.open(write_loose(tmp_path / name, pictures, codec=codec)) as container:
        for frame in container.decode(video=0):
            expected = by_swscale(frame)
            assert np.array_equal(convert(frame), expected)
    assert [way[1] for way in convert.ways.values()] == [site]


def test_the_test_picture_does_not_reach_what_the_decoder_needs(tmp_path):
    """Later pictures are predicted from the first one, whose pixels are overwritten."""
    draw = np.random.default_rng(0)
    still = draw.integers(0, 256, (48, 64, 3)).astype(np.uint8)
    path = write_loose(tmp_path / "a.mp4", [still] * 6, codec="libx264")
    convert = ColorConversion()
    with av.open(path) as container, av.open(path) as untouched:
        pairs = zip(container.decode(video=0), untouched.decode(video=0), strict=True)
        assert all(np.array_equal(convert(frame), by_swscale(other)) for frame, other in pairs)

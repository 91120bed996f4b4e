"""Frames of an MPEG-4 avi, such as HumanEva-I's, are counted as the file does."""

from __future__ import annotations

import numpy as np

from corruptbench.video.reader import decode, windows
from tests.fixtures import humaneva as fixture


def grey(count):
    return [np.full((48, 64, 3), 40 + 8 * i, dtype=np.uint8) for i in range(count)]


def levels(path):
    return [round((float(f.mean()) - 40) / 8) for f in decode(path)]


def kind(packet):
    return "IPB"[packet[packet.index(b"\0\0\1\xb6") + 4] >> 6]


def empty(time):
    """A frame that holds no picture: a VOP that is "not coded" (ISO 14496-2)."""
    bits = f"0101{time % 60:06b}100111"  # P, time, marker, vop_coded = 0, padding
    return b"\0\0\1\xb6" + int(bits, 2).to_bytes(2, "big")


def packed(packets):
    """B-frames as DivX and XviD pack them: with the frame before, an empty frame in their place."""
    start = packets[0].index(b"\0\0\1\xb2")
    end = packets[0].index(b"\0\0\1", start + 4)
    out = [packets[0][:start] + b"\0\0\1\xb2DivX503b1393p" + packets[0][end:]]
    for packet in packets[1:]:
        if kind(packet) == "B":
            out[-1] += packet
            out.append(empty(0))
        else:
            out.append(packet)
    return out


def test_avi_frames_are_counted_as_the_file_does(tmp_path):
    """Plain, with B-frames, with packed ones; and with empty frames, which repeat a picture."""
    path, all_of_them = tmp_path / "x.avi", list(range(20))
    plain, with_b = fixture.encode_mpeg4(grey(20)), fixture.encode_mpeg4(grey(20), 1)
    assert [kind(p) for p in with_b[:4]] == ["I", "P", "B", "P"]
    for chunks in (plain, with_b, packed(with_b)):
        fixture.write_avi(path, chunks, (64, 48))
        assert len(chunks) == 20
        assert levels(path) == all_of_them
        window = next(iter(windows(path, 3, (48, 64), 0, 16)))
        assert round((float(window[0].mean()) - 40) / 8) == 16
    repeated = [0, 0, 0, 0, 1, 2, 3, 3, *range(4, 20)]
    holes = [empty(1), empty(2), empty(3)]
    fixture.write_avi(path, [plain[0], *holes, *plain[1:4], empty(7), *plain[4:]], (64, 48))
    assert levels(path) == repeated
    for chunks in (with_b, packed(with_b)):
        fixture.write_avi(path, [chunks[0], *holes, *chunks[1:]], (64, 48))
        assert levels(path) == [0, 0, 0, *all_of_them]

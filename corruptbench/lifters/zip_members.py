"""ZIP archives of models, checked as a whole before any other reader sees them.

Two readers of one archive can see two contents: a second directory at its end, a local header that
differs from the directory, a name that occurs twice. Torch's reader is not Python's. What passes
these checks reads in one way only.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from corruptbench.errors import InputError

#: Torch stores its members as they are. An archive that was packed again unpacks to about twice its
#: size (weights hardly shrink). Our own choice: four times, and 16 MiB for small models' texts.
MOST_UNPACKED = 4
FREE_BYTES = 16 << 20
#: Torch's reader cuts off names of 512 bytes and more.
LONGEST_NAME = 500
#: Our own choice. A transformer of 32 layers has 398 members.
MOST_MEMBERS = 100_000
_AGAIN = "copy or export it again"
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_SIZE, _END_64_SIZE, _LOCATOR_SIZE = 22, 56, 20
_LOCAL_SIZE = 30
_DESCRIPTOR = 24  # bytes after a member's data, at most
_BLOCK = 1 << 20


@contextmanager
def opened(stream: IO[bytes], where: str) -> Iterator[zipfile.ZipFile]:
    """Give a ZIP archive whose directory, names, sizes and checksums are in order.

    Args:
        stream: of the archive, seekable.
        where: its name in messages.

    Raises:
        InputError: it is truncated, damaged, ambiguous, encrypted, or unpacks to too much.
    """
    size = stream.seek(0, 2)
    directory = _directory_start(stream, size, where)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{where}: a damaged ZIP archive ({error}); {_AGAIN}") from None
    with archive:
        _check_names(archive, where)
        _check_sizes(archive, size, where)
        _check_layout(archive, stream, directory, where)
        _check_sums(archive, where)
        yield archive


def _at(stream: IO[bytes], place: int, count: int) -> bytes:
    stream.seek(max(place, 0))
    return stream.read(count)


def _directory_start(stream: IO[bytes], size: int, where: str) -> int:
    """Return where the directory starts, as every reader finds it."""
    end = size - _END_SIZE
    last = _at(stream, end, _END_SIZE)
    if not last.startswith(_END) or len(last) < _END_SIZE:
        raise InputError(
            f"{where}: a ZIP archive without its end: it was cut off, or something follows it; "
            f"{_AGAIN}"
        )
    length, offset, comment = struct.unpack_from("<IIH", last, 12)
    locator = _at(stream, end - _LOCATOR_SIZE, _LOCATOR_SIZE)
    if locator.startswith(_LOCATOR_64):
        end -= _LOCATOR_SIZE + _END_64_SIZE
        wide = _at(stream, end, _END_64_SIZE).ljust(_END_64_SIZE)
        length, offset = struct.unpack_from("<QQ", wide, 40)
        if not wide.startswith(_END_64) or struct.unpack_from("<Q", locator, 8) != (end,):
            comment = 1
    if comment or offset + length != end:
        raise InputError(f"{where}: a ZIP archive with two directories or a comment; {_AGAIN}")
    return end - int(length)


def _check_names(archive: zipfile.ZipFile, where: str) -> None:
    seen: set[str] = set()
    if len(archive.infolist()) > MOST_MEMBERS:
        raise InputError(f"{where}: more than {MOST_MEMBERS} members, as no model has; {_AGAIN}")
    for info in archive.infolist():
        name = info.orig_filename
        # Torch's reader does not tell capital letters from small ones.
        if name.lower() in seen:
            raise InputError(f"{where}: two members are named '{name}'; {_AGAIN}")
        seen.add(name.lower())
        parts = name.removesuffix("/").split("/")
        odd = not name.isprintable() or "\\" in name or len(name.encode()) > LONGEST_NAME
        if odd or not {"", ".", ".."}.isdisjoint(parts):
            raise InputError(
                f"{where}: the member name {name[:80]!r} leaves the archive or is no plain name; "
                "do not open this file otherwise, get another one from its makers"
            )
        if info.flag_bits & 1:
            raise InputError(f"{where}: member '{name}' is encrypted; save it without a password")


def _check_sizes(archive: zipfile.ZipFile, size: int, where: str) -> None:
    unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > MOST_UNPACKED * size + FREE_BYTES:
        raise InputError(
            f"{where}: {size} bytes that unpack to {unpacked}; torch stores models unpacked, so "
            f"this is not what it wrote; export it again"
        )


def _check_layout(archive: zipfile.ZipFile, stream: IO[bytes], directory: int, where: str) -> None:
    """Check that members follow one another, and have the same header in both places."""
    place, slack = 0, 0
    for info in sorted(archive.infolist(), key=lambda i: i.header_offset):
        header = _at(stream, info.header_offset, _LOCAL_SIZE).ljust(_LOCAL_SIZE)
        mark, flags, method, crc, name_size, more = struct.unpack("<4s2xHH4xI8xHH", header)
        name = stream.read(name_size)
        coding = "utf-8" if info.flag_bits & 0x800 else "cp437"
        written = info.orig_filename.encode(coding)
        same = (mark, name, method) == (b"PK\x03\x04", written, info.compress_type)
        if not same or (not flags & 8 and crc != info.CRC) or (flags ^ info.flag_bits) & 0x809:
            raise InputError(f"{where}: member '{info.filename}' has two headers; {_AGAIN}")
        if not place <= info.header_offset <= place + slack:
            raise InputError(f"{where}: bytes between or under its members; {_AGAIN}")
        place = info.header_offset + _LOCAL_SIZE + name_size + more + info.compress_size
        slack = _DESCRIPTOR
    if not place <= directory <= place + slack:
        raise InputError(f"{where}: bytes between its members and its directory; {_AGAIN}")


def _check_sums(archive: zipfile.ZipFile, where: str) -> None:
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{where}: member '{info.filename}' is packed as torch cannot read it")
        try:
            with archive.open(info) as member:
                while member.read(_BLOCK):
                    pass
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
            raise InputError(
                f"{where}: member '{info.filename}' is damaged (its checksum differs); {_AGAIN}"
            ) from None

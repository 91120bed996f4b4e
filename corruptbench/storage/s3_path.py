"""Paths in S3: the part of `pathlib.Path` that a build needs, for the objects of a bucket.

An object is whole or absent: S3 shows it when its upload is complete. Folders are the beginnings
of names up to a slash, so they are not made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from corruptbench.errors import InputError
from corruptbench.storage.s3_connection import Connection, explained, file_system

#: What is expected, for errors.
FORM = "expected s3://bucket/prefix as text, such as s3://my-bucket/studio-c"


def without_query(text: str) -> str:
    """Return a URI without its options and without credentials before an "@", for errors."""
    text = text.partition("?")[0]
    return f"s3://...@{text.rpartition('@')[2]}" if "@" in text else text


def wrong_form(text: str) -> str:
    """Say why a text that begins with "s3:" is no path in S3."""
    rest = text[len("s3:") :].partition("?")[0]
    if not text.startswith("s3:"):
        return "the scheme has capital letters"
    if not rest.strip("/"):
        return "it names no bucket"
    if len(rest) - len(rest.lstrip("/")) != 2:
        return "two slashes belong between s3: and the bucket"
    return "it holds a #" if "#" in rest else "a part of it is . or .."


@dataclass(frozen=True, order=True)
class S3Path:
    """The place of an object, or of all objects whose names begin with it and a slash.

    Attributes:
        bucket: name of the bucket.
        key: name below it, without slashes at its ends; "" is the bucket itself.
        connection: how the bucket is reached.
    """

    bucket: str
    key: str
    connection: Connection = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> S3Path:
        """Return the path of ``s3://bucket/prefix``, with options as in pyarrow's URIs.

        They are ``endpoint_override``, ``scheme`` and ``region``, for example
        ``s3://bucket/prefix?endpoint_override=localhost:9000&scheme=http``.

        Raises:
            InputError: there is no bucket or another option; or there are credentials, which
                belong into the environment.
        """
        found = urlsplit(text)
        if "@" in found.netloc:
            raise InputError(
                "s3://...@...: credentials in a path end up in logs; set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, and give s3://bucket/prefix"
            )
        names = [name for name in unquote(found.path).split("/") if name]
        if not found.netloc or {".", ".."} & set(names) or found.fragment:
            raise InputError(f"{without_query(text)}: {wrong_form(text)}; {FORM}")
        return cls(found.netloc, "/".join(names), Connection.parse(found.query))

    def __str__(self) -> str:
        return f"s3://{self._place}"

    def __truediv__(self, name: str) -> S3Path:
        return replace(self, key=f"{self.key}/{name}".strip("/"))

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> S3Path:
        """The folder that it lies in."""
        return replace(self, key=self.key.rpartition("/")[0])

    def check(self) -> None:
        """Check that there is such a bucket and that it can be listed.

        Raises:
            StorageError: it cannot.
        """
        self._listed(recursive=False)

    def exists(self) -> bool:
        """Tell whether there is such an object; see `is_file`."""
        return self.is_file()

    def is_file(self) -> bool:
        """Tell whether there is such an object.

        Raises:
            StorageError: the bucket cannot be reached, or refuses.
        """
        with self._explained():
            return bool(self._files.get_file_info(self._place).is_file)

    def is_dir(self) -> bool:
        """Tell whether objects lie below.

        Raises:
            StorageError: there is no such bucket, it cannot be reached, or it refuses.
        """
        return bool(self._listed(recursive=False))

    def glob(self, pattern: str) -> Iterator[S3Path]:
        """Yield the objects in this folder whose name fits a pattern."""
        return self._fitting(pattern, recursive=False)

    def rglob(self, pattern: str) -> Iterator[S3Path]:
        """Yield the objects in this folder and below whose last name fits a pattern."""
        return self._fitting(pattern, recursive=True)

    def _fitting(self, pattern: str, recursive: bool) -> Iterator[S3Path]:
        for info in self._listed(recursive):
            if info.is_file and fnmatchcase(info.base_name, pattern):
                yield replace(self, key=info.path.removeprefix(f"{self.bucket}/"))

    def _listed(self, recursive: bool) -> list[Any]:
        from pyarrow.fs import FileSelector

        with suppress(FileNotFoundError), self._explained():
            return list(self._files.get_file_info(FileSelector(self._place, recursive=recursive)))
        return []

    @contextmanager
    def open(self, mode: str = "rb") -> Iterator[BufferedReader]:  # noqa: ARG002
        """Open the object for reading; only what is read is transferred."""
        with self._explained(), self._files.open_input_file(self._place) as stream:
            yield cast("BufferedReader", stream)  # it has the same methods

    def read_bytes(self) -> bytes:
        """Return the content of the object."""
        with self.open() as stream:
            return stream.read()

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        try:
            with self._explained():
                self._files.delete_file(self._place)
        except FileNotFoundError:
            if not missing_ok:
                raise

    @contextmanager
    def uploaded(self) -> Iterator[Path]:
        """Give a path of this machine; what is written there becomes the object on success.

        The file lies in the folder for temporary files (TMPDIR), and is removed.

        Raises:
            StorageError: the bucket cannot be reached, or refuses. The object is as before.
        """
        with TemporaryDirectory(prefix="corruptbench.") as folder:
            file = Path(folder) / "object"
            yield file
            self._write(file.read_bytes())

    def _write(self, content: bytes) -> None:
        """Write the object.

        To close a stream of pyarrow makes an object of what was written so far. So nothing may fail
        between the beginning of the upload and its last byte: it is one call, of which errors come
        to light when the stream is closed. `pyarrow.fs.copy_files` does not report these.
        """
        with self._explained(), self._files.open_output_stream(self._place, None) as stream:
            stream.write(content)

    @property
    def _place(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def _files(self) -> Any:
        return file_system(self.connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(str(self), self.bucket, self.connection):
            yield

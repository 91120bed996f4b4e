"""Where a build lies: in a folder of this machine, or in S3."""

from __future__ import annotations

from pathlib import Path

from corruptbench.errors import InputError
from corruptbench.storage.s3_path import FORM, S3Path, without_query, wrong_form

AnyPath = Path | S3Path

__all__ = ["AnyPath", "S3Path", "any_path", "found_at", "local_path"]


def found_at(path: AnyPath, missing: str = "no such file") -> str:
    """Say what is at a path, for an error that expected something else there.

    Args:
        path: as it was given.
        missing: words for nothing.
    """
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "a device or pipe" if path.exists() else missing


def any_path(value: str | AnyPath) -> AnyPath:
    """Return a path of this machine, or of S3 for text such as "s3://bucket/prefix".

    Raises:
        InputError: the text names another storage, no bucket, or an option that S3 does not have.
    """
    if isinstance(value, S3Path):
        return value
    text = str(value)
    if isinstance(value, str) and text.startswith("s3://"):
        return S3Path.parse(text)
    if text.lower().startswith("s3:"):
        raise InputError(f"{without_query(text)}: {wrong_form(text)}; {FORM}")
    return local_path(value)


def local_path(value: str | Path) -> Path:
    """Return a path of this machine.

    Raises:
        InputError: the text is a URL.
    """
    scheme, mark, _ = str(value).partition(":/")
    is_url = str(value).startswith(f"{scheme}://") and scheme.isalnum()
    if mark and (is_url or scheme.lower() == "s3"):
        raise InputError(
            f"{scheme}://...: found a URL, expected a path of this machine; only shards can lie "
            "elsewhere, in s3://bucket/prefix"
        )
    return Path(value)

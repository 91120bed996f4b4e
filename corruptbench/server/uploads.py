"""Uploads: read from a request with limits, kept as a folder of files until they are worked on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from fastapi import HTTPException, Request
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from corruptbench.files import sync_folder
from corruptbench.server.settings import Limits
from corruptbench.server.submissions import FILES, Kind, Upload, folder_name, hold, needed_folders

_EXPECTED = "expected the files result and clips, or the file predictions, as multipart/form-data"
_MODELS = (".pt", ".pt2", ".pth", ".ckpt", ".onnx", ".safetensors")
_NO_MODELS = (
    "this server takes no models and runs none: evaluate the model yourself, save its predictions, "
    "and send these"
)


async def read_form(request: Request, limits: Limits) -> FormData:
    """Return the fields of a request. Files larger than 1 MB are on disk while they arrive.

    Raises:
        HTTPException: 413 for too many bytes, 408 for too long a time, 400 for no such form.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(400, f"no form; {_EXPECTED}")
    stated = request.headers.get("content-length", "0")
    if not stated.isdigit() or int(stated) > limits.upload_bytes:
        raise _too_large(limits)
    body = _limited(request.stream(), limits)
    parser = MultiPartParser(request.headers, body, max_files=2, max_fields=1)
    try:
        async with asyncio.timeout(limits.upload_seconds):
            return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, f"{error.message}; {_EXPECTED}") from None
    except UnicodeError:  # the sender chooses the encoding, from all that Python has
        raise HTTPException(400, f"the form is not in its encoding; {_EXPECTED}") from None
    except TimeoutError:
        text = f"the upload took more than {limits.upload_seconds:g} s; use a faster connection"
        raise HTTPException(408, text) from None


async def _limited(
    stream: AsyncGenerator[bytes, None], limits: Limits
) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > limits.upload_bytes:
            raise _too_large(limits)
        yield chunk


def _too_large(limits: Limits) -> HTTPException:
    return HTTPException(
        413, f"too large: expected at most {limits.upload_mb:g} MB; ask the owner for more"
    )


@contextmanager
def written(form: FormData, folder: Path) -> Iterator[tuple[Upload, Path]]:
    """Write the files of a form to disk; give what they are, and the folder that they are in.

    The folder is for `settle`. It is removed at the end if it is still there.

    Args:
        form: of `read_form`.
        folder: of all uploads.

    Raises:
        HTTPException: 400 for other fields, or for a model.
        OSError: they cannot be written.
    """
    kind, files = _files(form)
    name = form.get("name")
    if name is not None and not (isinstance(name, str) and _is_name(name)):
        raise HTTPException(400, "name: expected the name of a row, 1 to 80 printable characters")
    with TemporaryDirectory(prefix=".", dir=folder, ignore_cleanup_errors=True) as temporary:
        new = Path(temporary) / "files"
        new.mkdir()
        digests = [_copy(files[field].file, new / path) for field, path in FILES[kind].items()]
        text = "\n".join((kind, str(name or ""), *digests))
        yield Upload(kind, hashlib.sha256(text.encode()).hexdigest(), name or None), new


def settle(new: Path, folder: Path, token: int, digest: str) -> None:
    """Give written files their place, in the transaction that puts them into the queue."""
    place = folder / folder_name(token, digest)
    if place.is_dir():  # they are the same: of one that failed, or of a crash
        os.utime(place)
    else:
        os.replace(new, place)
        sync_folder(folder)


def take_back(engine: Engine, folder: Path, token: int, digest: str) -> None:
    """Remove settled files that are in no queue. Without the database, they stay for a day.

    Another request may be putting the same files into the queue. Wait for it first.
    """
    name = folder_name(token, digest)
    with suppress(DBAPIError), engine.begin() as database:
        hold(database, token)
        if name not in needed_folders(database):
            shutil.rmtree(folder / name, ignore_errors=True)


def _is_name(text: str) -> bool:
    """Tell whether a database can store a text; the name of a row has fewer characters."""
    return 0 < len(text) <= 80 and text.isprintable()


def _files(form: FormData) -> tuple[Kind, dict[str, UploadFile]]:
    """Return the kind of the files of a form, and the files by their fields."""
    files = {name: f for name, f in form.multi_items() if not isinstance(f, str)}
    for name, file in files.items():
        if name == "model" or (file.filename or "").lower().endswith(_MODELS):
            raise HTTPException(400, _NO_MODELS)
    sent = sorted(name for name, _ in form.multi_items())
    for kind, fields in FILES.items():
        if files.keys() == fields.keys() and sent in (sorted(fields), sorted([*fields, "name"])):
            return kind, files
    raise HTTPException(400, f"found {', '.join(sent) or 'nothing'}; {_EXPECTED}")


def _copy(file: BinaryIO, path: Path) -> str:
    """Write a file to disk; return its SHA-256."""
    sha256 = hashlib.sha256()
    file.seek(0)
    with path.open("wb") as target:
        while chunk := file.read(2**20):
            sha256.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return sha256.hexdigest()

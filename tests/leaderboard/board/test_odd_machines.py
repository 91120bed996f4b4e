"""File systems, encodings and folder names that are not as one expects."""

from __future__ import annotations

import errno
import os
import stat
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from corruptbench.leaderboard import Result, check, load, render, submit
from corruptbench.leaderboard.atomic import atomic
from tests.leaderboard.conftest import Make


@pytest.mark.parametrize("code", [errno.EBADF, errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_folders(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    sync = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        sync(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    submit(make(), tmp_path / "board", None)
    assert len(load(tmp_path / "board")) == 1
    assert render([], tmp_path / "page.html").stat().st_size


def test_a_full_disk_is_told_with_the_path(tmp_path: Path) -> None:
    path = tmp_path / "new" / "row"
    with pytest.raises(OSError, match="No space") as caught, atomic(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)
    assert not path.parent.exists()


def test_a_byte_order_mark_in_a_result(make: Make, tmp_path: Path) -> None:
    path = make()
    path.write_bytes(BOM_UTF8 + path.read_bytes())
    submit(path, tmp_path / "board", None)
    assert load(tmp_path / "board") == [check(path)]


def test_a_folder_whose_name_is_not_utf8(make: Make, tmp_path: Path, results: list[Result]) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    path = make()
    path.parent.rename(folder)
    submit(folder / path.name, folder / "board", None)
    assert len(load(folder / "board")) == 1
    assert render(results, folder / "page.html").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_target_that_cannot_be_replaced_is_named(tmp_path: Path) -> None:
    """As a file that is mounted on its own."""
    path = tmp_path / "page.html"
    (path / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="irectory") as caught:
        render([], path)
    assert caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]

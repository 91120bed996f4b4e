"""The folder of an export: what is in it, and that it is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corruptbench.leaderboard import Result, SubmissionError, placed_rows
from corruptbench.leaderboard.exports.badge import badge
from corruptbench.leaderboard.exports.downloads import export_files, write_export
from tests.leaderboard.conftest import BOXES, clip_table_3, digest, document


def read(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_folder_holds_every_file(results: list[Result], tmp_path: Path) -> None:
    files = export_files(placed_rows(results), {"toy-c": "Toy-C"}, "someone/toy")
    write_export(files, tmp_path / "new" / "out")
    assert read(tmp_path / "new" / "out") == files
    tables = {f"toy-c-v1/toy-c-v1.{e}" for e in ("csv", "json", "parquet", "tex", "bib")}
    badges = {f"toy-c-v1/badges/{r.lifter.name}.svg" for r in results}
    assert {path for path in files if path.startswith("toy-c-v1")} == tables | badges
    for placed in placed_rows(results):
        path = f"toy-c-v1/badges/{placed.result.lifter.name}.svg"
        assert files[path] == badge(placed, "Toy-C").encode()


def test_rows_of_one_name_on_other_boxes_have_folders_of_their_own() -> None:
    table = clip_table_3()
    boxed = {**document(table, "")["build"], "boxes": BOXES}
    results = [
        Result.model_validate(document(table, digest("x"), **more))
        for more in ({}, {"build": boxed})
    ]
    files = export_files(placed_rows(results), {})
    for folder in ("toy-c-v1", "toy-c-v1-boxes-movenet-multipose"):
        assert f"{folder}/badges/baseline.svg" in files
        assert f"{folder}/{folder}.csv" in files


def test_nothing_is_replaced(results: list[Result], tmp_path: Path) -> None:
    kept = tmp_path / "out" / "mine.txt"
    kept.parent.mkdir()
    kept.touch()
    for out in (kept.parent, kept):
        with pytest.raises(SubmissionError, match="new folder"):
            write_export(export_files(placed_rows(results), {}), out)
    assert read(tmp_path) == {"out/mine.txt": b""}


def test_an_empty_folder_is_filled(results: list[Result], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    files = export_files(placed_rows(results), {})
    write_export(files, tmp_path / "out")
    assert read(tmp_path / "out") == files


def test_a_failure_leaves_nothing(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_export(export_files(placed_rows(results), {}), tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []

"""What others can take from a board: tables, citations, badges and files for the Hub."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.board.folder import folder_name
from corruptbench.leaderboard.exports.badge import badge
from corruptbench.leaderboard.exports.bibtex import as_bibtex
from corruptbench.leaderboard.exports.flat import as_csv, as_parquet
from corruptbench.leaderboard.exports.hub import hub_files
from corruptbench.leaderboard.exports.json_rows import as_json
from corruptbench.leaderboard.exports.markup import as_latex
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.placed import Placed


class Download(NamedTuple):
    """A file to take from the page.

    Attributes:
        name: of the file.
        label: of its format, for people.
        media_type: of its content.
        content: its bytes.
    """

    name: str
    label: str
    media_type: str
    content: bytes

    @property
    def address(self) -> str:
        """The file as an address that needs no server."""
        return f"data:{self.media_type};base64,{b64encode(self.content).decode()}"


def downloads(rows: Sequence[Placed]) -> dict[str, list[Download]]:
    """Return the tables and citations of each folder of rows, by its name."""
    split: dict[str, list[Placed]] = {}
    for placed in rows:
        split.setdefault(folder_name(placed.result), []).append(placed)
    return {folder: _files(folder, group) for folder, group in split.items()}


def export_files(
    rows: Sequence[Placed], titles: Mapping[str, str], repository: str | None = None
) -> dict[str, bytes]:
    """Return all files of an export by their path below its folder.

    A folder for each folder of rows holds its tables and citations, and ``badges/NAME.svg`` for
    each row.

    Args:
        rows: of a board.
        titles: of benchmarks by their id, for the badges. Without one the id is shown.
        repository: the benchmark's data set on the Hugging Face Hub ("owner/name"). With it there
            is a folder ``hugging-face``, see `hub.hub_files`.

    Raises:
        SubmissionError: the repository has no such name.
    """
    every = downloads(rows)
    files = {f"{folder}/{d.name}": d.content for folder, found in every.items() for d in found}
    for placed in rows:
        benchmark, name = placed.result.benchmark.id, placed.result.lifter.name
        path = f"{folder_name(placed.result)}/badges/{name}.svg"
        files[path] = badge(placed, titles.get(benchmark, benchmark)).encode()
    hub = hub_files(rows, repository) if repository else {}
    return files | {f"hugging-face/{path}": content for path, content in hub.items()}


def write_export(files: Mapping[str, bytes], out: Path) -> None:
    """Write files into a new folder, which appears whole or not at all.

    Args:
        files: by their path below the folder.
        out: the folder; it may exist if it is empty.

    Raises:
        SubmissionError: the folder holds something, or is a file.
        OSError: it cannot be written.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        found = "a file" if out.is_file() else "a folder that holds something"
        remedy = "name another one, or remove it first"
        problem = Problem(str(out), "folder", found, "a new folder, or an empty one", remedy)
        raise SubmissionError(f"the export {out}", [problem])
    with atomic(out) as new:
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)


def _files(name: str, rows: Sequence[Placed]) -> list[Download]:
    """Return the files of rows that share a folder of this name."""
    parquet = "application/vnd.apache.parquet"
    return [
        Download(f"{name}.csv", "CSV", "text/csv", as_csv(rows).encode()),
        Download(f"{name}.json", "JSON", "application/json", as_json(rows).encode()),
        Download(f"{name}.parquet", "Parquet", parquet, as_parquet(rows)),
        Download(f"{name}.tex", "LaTeX", "text/x-tex", as_latex(rows).encode()),
        Download(f"{name}.bib", "BibTeX", "text/x-bibtex", as_bibtex(rows).encode()),
    ]

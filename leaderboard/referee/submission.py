"""Read the two files of a submission, with limits on their size."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from corruptbench.leaderboard.columns import SCHEMA_VERSIONS
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import listed, short
from corruptbench.leaderboard.validation import refusal

JSON_LIMIT = 2_000_000  # bytes
CLIPS_LIMIT = 20_000_000  # bytes
#: Values of the document, and problems of its schema that are told. Our own choice: a row has about
#: 2,000 values. Each wrong value costs some kB, so that those of 2 MB would take gigabytes.
MOST_VALUES, MOST_PROBLEMS = 100_000, 1000

RERUN = "run 'corruptbench evaluate' again and submit the two files without changes"

#: What files are that people take for a result, by their endings.
_OTHER = {
    **dict.fromkeys((".pt2", ".pt", ".pth", ".onnx"), "a model"), ".parquet": "a table",
    ".html": "a page", ".npz": "arrays of NumPy", ".toml": "a contract or a manifest",
}  # fmt: skip

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_UPGRADE = "upgrade corruptbench, or evaluate the model again with this version"


def clips_path(json_path: Path) -> Path:
    """Return the path of the clips table of a result.

    ``name.json`` has ``name.clips.parquet`` beside it; a board's ``result.json`` has
    ``clips.parquet``.
    """
    path = json_path.with_name(f"{json_path.stem}.clips.parquet")
    on_board = json_path.with_name("clips.parquet")
    if json_path.name == "result.json" and not path.exists() and on_board.exists():
        return on_board
    return path


def read_result(json_path: Path) -> Result:
    """Read the result in ``json_path``; check only its size and schema.

    Raises:
        SubmissionError: the file is missing, too big, not JSON, of another schema version, or
            breaks the schema.
    """
    _refuse_other(json_path)
    data, file = read_json(json_path).removeprefix(BOM_UTF8), json_path.name
    values = sum(map(data.count, (b",", b"[", b"{")))  # each one but the first follows one of these
    if values > MOST_VALUES:
        problem = Problem(file, "values", f"{values:,}", f"at most {MOST_VALUES:,}", RERUN)
        raise SubmissionError(str(json_path), [problem])
    try:
        document = _JSON.validate_json(data)
    except ValidationError as error:
        _, found, expected = refusal(error.errors(include_url=False)[0])
        problem = Problem(file, "document", found, expected, RERUN)
        raise SubmissionError(str(json_path), [problem]) from error
    version = document.get("schema_version", "none") if isinstance(document, dict) else "none"
    if type(version) is not int or version not in SCHEMA_VERSIONS:
        expected = f"{' or '.join(map(str, SCHEMA_VERSIONS))} (what this software reads)"
        problem = Problem(file, "schema_version", short(version), expected, _UPGRADE)
        raise SubmissionError(str(json_path), [problem])
    try:
        return Result.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise SubmissionError(str(json_path), _schema_problems(file, error)) from error


def _refuse_other(path: Path) -> None:
    """Refuse a file of another kind that people take for a result, and name the result if known."""
    found, expected = _OTHER.get(path.suffix), "the result of an evaluation"
    remedy = "give the .json file that evaluate wrote"
    if path.name.endswith("clips.parquet"):
        name = path.name.removesuffix("clips.parquet") + "json"
        beside = path.with_name("result.json" if name == "json" else name)
        found, expected = "a clips table", f"the result beside it, {beside.name}"
        remedy = f"give {beside}: the clips table is read with it"
    if found and path.is_file():
        raise SubmissionError(str(path), [Problem(path.name, "file", found, expected, remedy)])


def read_json(json_path: Path) -> bytes:
    """Return the bytes of a result.

    Raises:
        SubmissionError: the file is missing or too big.
    """
    return _read(json_path, JSON_LIMIT, json_path)


def read_clips(path: Path, json_path: Path) -> bytes:
    """Return the bytes of the clips table of a result.

    Raises:
        SubmissionError: the file is missing or too big.
    """
    return _read(path, CLIPS_LIMIT, json_path)


def _schema_problems(file: str, error: ValidationError) -> list[Problem]:
    details = error.errors(include_url=False)[:MOST_PROBLEMS]
    return [_schema_problem(file, detail) for detail in details]


def _schema_problem(file: str, detail: ErrorDetails) -> Problem:
    if not detail["loc"] and "ctx" in detail:  # of a validator of `Result`, which names the field
        field, _, expected = str(detail["ctx"]["error"]).partition(": expected ")
        return Problem(file, field, _found(detail["input"], field), expected, RERUN)
    field, found, expected = refusal(detail)
    return Problem(file, field or "document", found, expected, RERUN)


def _found(document: Any, field: str) -> str:
    """Return the text of what is in a field with a dotted name."""
    for part in field.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return "nothing" if document is None else short(document)


def _inside(path: Path) -> str:
    """Return what to do where a folder stands for a result: name the results in it."""
    results = sorted(p for p in path.glob("*.json") if clips_path(p).is_file())
    if results:
        return f"give a result in it: {listed(map(str, results))}"
    return "give the .json file that evaluate wrote"


def _read(path: Path, limit: int, json_path: Path) -> bytes:
    """Return the bytes of ``path``, reading at most ``limit`` of them."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            found = "a folder" if path.is_dir() else "no regular file"
            problem = Problem(path.name, "file", found, "a file", _inside(path))
            raise SubmissionError(str(json_path), [problem])
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        remedy = "keep the JSON file and its .clips.parquet in one folder: submit both"
        problem = Problem(path.name, "file", error.strerror or "no file", "a file", remedy)
        raise SubmissionError(str(json_path), [problem]) from error
    if len(data) > limit:
        found = f"more than {limit / 1e6:g} MB"
        problem = Problem(path.name, "size", found, f"at most {limit / 1e6:g} MB", RERUN)
        raise SubmissionError(str(json_path), [problem])
    return data

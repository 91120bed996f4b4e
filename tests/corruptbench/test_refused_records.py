"""Whatever stands in a field of a record, the refusal is in plain words."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import corruptbench
from corruptbench.errors import COMPLETE, InputError, first_problem
from corruptbench.leaderboard import records as of_results
from corruptbench.leaderboard.validation import EXPECTED, refusal
from corruptbench.manifest import Manifest, load_manifest
from corruptbench.records import Record

#: Values that fit few fields: of other types, too long, too large, of other forms.
ODD = [
    None, True, 1, -1, 10**6, 10**20, 1.5, -1e30, 1e30, "", "x", "x" * 2000, "\0", "2026-13-01",
    "2026-01-01T01:00:00", "1" * 5000, [], [1], ["x", None], [[1]], [{}], ["x"] * 1100, {},
    {"a": 1}, {"\0": 1}, {"a": {}}, {"a": [None]}, {f"k{i}": 1 for i in range(60)},
]  # fmt: skip
#: Beside these, types of errors with a text of our own.
OWN = {COMPLETE, "form", "unseen", "size", "value_error"}
#: Its records are made for the page, and no file is read as them. Tests have records, too.
NOT_READ = ("corruptbench.leaderboard.page", "tests")
#: Words of pydantic.
RAW = re.compile(
    r"Input |should (be|have|match)|[Ff]ield required|valid |\bstr\b|constrained|\[key"
)


def all_records() -> list[type[BaseModel]]:
    """The records that files are read as."""
    root = Path(corruptbench.__path__[0])
    for path in sorted(p for p in root.glob("*/**/*.py") if "Record)" in p.read_text()):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        importlib.import_module(name)
    found, waiting = set(), [Record, of_results.Record]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found |= {child for child in children if not child.__module__.startswith(NOT_READ)}
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


RECORDS = all_records()


def errors(kind: type[BaseModel], document: dict[str, Any]) -> Iterator[ValidationError]:
    """The errors of a document as it is read from TOML, from JSON, and strictly."""
    text = json.dumps(document)
    for read in (
        lambda: kind.model_validate(document),
        lambda: kind.model_validate_json(text),
        lambda: kind.model_validate_json(text, strict=True),
    ):
        try:
            read()
        except ValidationError as error:
            yield error


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_odd_values_are_refused_in_plain_words(kind):
    for field in (*kind.model_fields, "odd_key"):
        for value in ODD:
            for error in errors(kind, {field: value}):
                assert len(first_problem(error)) < 1000
                for detail in error.errors(include_url=False)[:20]:
                    assert detail["type"] in EXPECTED.keys() | OWN, detail
                    where, found, expected = refusal(detail)
                    assert not RAW.search(f"{where} {expected}"), (where, expected)
                    assert max(map(len, (where, found))) <= 80


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "one"}, "version: found 'one', expected a whole number"),
        ({"version": 0}, "version: found 0, expected 1 or more"),
        ({"title": 3}, "title: found 3, expected text"),
        ({"clips": {"subjects": []}}, "clips.subjects: found [], expected at least 1 value"),
        ({"clips": {}}, "clips.subjects: found nothing, expected a value"),
        ({"crop": {"boxes": "mine", "padding": 1.2}},
         "crop.boxes: found mine, expected 'ground-truth' or 'published'"),
        ({"crop": {"boxes": "published", "padding": 9}},
         "crop.padding: found 9, expected at most 3"),
        ({"crop": 1}, "crop: found 1, expected a table (names with values)"),
        ({"id": "My Id"}, "id: found My Id, expected a name of small letters, digits and -"),
        ({"titel": "x"}, "titel: unknown key; did you mean title?"),
    ],
)  # fmt: skip
def test_what_is_told(change, words):
    manifest = load_manifest("studio-c").model_dump()
    with pytest.raises(InputError) as error:
        Manifest.checked(manifest | change, "my.toml")
    assert str(error.value) == f"my.toml: {words}"


def test_what_is_no_json():
    with pytest.raises(
        InputError, match=r"x: the file: found no JSON \(EOF.*\), expected a JSON document; y"
    ):
        Manifest.parse("{", "x", "y")

"""leaderboard/result.schema.json is what the records say."""

from __future__ import annotations

import json

from tools import result_schema


def test_the_file_is_up_to_date():
    written = result_schema.FILE.read_text(encoding="utf-8")
    assert written == result_schema.text(), "run: python -m tools.result_schema"


def test_it_is_a_strict_schema_of_both_versions():
    schema = json.loads(result_schema.text())
    assert schema["properties"]["schema_version"]["enum"] == [2, 3]
    records = [schema, *schema["$defs"].values()]
    assert all(r["additionalProperties"] is False for r in records if r["type"] == "object")
    assert all(r.get("description") for r in records)

"""docs/results.md names every field of a result and every column of its clips table."""

from __future__ import annotations

import json
import re

from corruptbench.leaderboard.columns import CLIP_COLUMNS_3
from tests.docs.blocks import ROOT
from tools import result_schema

PAGE = (ROOT / "docs/results.md").read_text(encoding="utf-8")
#: Fields that warnings and label checks have; docs/lifters.md and docs/data.md tell them.
ELSEWHERE = {"LabelCheck", "ResultWarning", "Interval"}


def test_every_field_is_named():
    schema = json.loads(result_schema.text())
    records = {**schema["$defs"], "Result": schema}
    fields = {f for name, r in records.items() if name not in ELSEWHERE for f in r["properties"]}
    named = {part for word in re.findall(r"`([\w.]+)`", PAGE) for part in word.split(".")}
    assert fields - named == set()
    assert set(CLIP_COLUMNS_3) - named == set()

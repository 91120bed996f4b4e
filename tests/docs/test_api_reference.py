"""docs/api.md is what the docstrings say."""

from __future__ import annotations

import corruptbench as cb
from tools import api_reference


def test_the_page_is_up_to_date():
    written = api_reference.PAGE.read_text(encoding="utf-8")
    assert written == api_reference.page(), "run: python -m tools.api_reference"


def test_every_public_name_is_on_the_page():
    page = api_reference.page()
    for name in cb.__all__:
        assert f"\n### {name}\n" in page


def test_an_alias_is_one_line():
    page = api_reference.page()
    assert "\n### Frame\n\n`Frame`: (H, W, 3) uint8 RGB\n" in page
    assert "See Also" not in page
    assert "flatiter" not in page


def test_sections_become_lists():
    doc = "Do it.\n\nArgs:\n    a: one,\n        more.\n    b: two.\n\nReturns:\n    It.\n"
    assert api_reference._markdown(doc) == (
        "Do it.\n\n**Args**\n\n- `a`: one,\n  more.\n- `b`: two.\n\n**Returns**\n\nIt.\n"
    )

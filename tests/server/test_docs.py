"""The page about the server says what is true."""

from __future__ import annotations

import re

from corruptbench.server.settings import Limits, load_settings
from tests.docs.blocks import ROOT, titled


def test_the_defaults_of_the_page(tmp_path):
    """The first file of settings has all limits, with their defaults."""
    text = (ROOT / "docs/server.md").read_text()
    first = re.search(r'```toml title="board-server/server.toml"\n(.*?)```', text, re.DOTALL)[1]
    (tmp_path / "server.toml").write_text(first)
    assert load_settings(tmp_path).limits == Limits()
    assert all(f"\n{name} = " in first for name in Limits.model_fields)


def test_the_url_of_the_page(tmp_path):
    (tmp_path / "server.toml").write_text(titled("docs/server.md", "server.toml"))
    assert load_settings(tmp_path).database == "postgresql://board@db.example.org/board"

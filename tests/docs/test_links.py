"""Links and pictures of the documentation lead somewhere."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks

HOME = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]
RAW = HOME.replace("github.com", "raw.githubusercontent.com")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _anchors(text: str) -> set[str]:
    """GitHub's anchors of the headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}


def _prose(page: str) -> str:
    text = (ROOT / page).read_text()
    for block in blocks(page):
        text = text.replace(block.text, "")
    return text


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_links(page):
    for link in _LINK.findall(_prose(page)):
        inside = re.sub(f"^({HOME}/blob/main|{RAW}/main)/", "/", link)
        if inside.startswith("http"):
            continue
        path, _, anchor = inside.partition("#")
        base = ROOT if path.startswith("/") else (ROOT / page).parent
        target = base / path.lstrip("/") if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in _anchors(target.read_text()), f"{page}: {link}"


def test_the_readme_is_read_on_pypi_too():
    links = _LINK.findall(_prose("README.md"))
    assert all(link.startswith("https://") for link in links)
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_every_page_is_in_the_index():
    index = set(_LINK.findall((ROOT / "docs/index.md").read_text()))
    assert {p.name for p in (ROOT / "docs").glob("*.md")} - {"index.md"} <= index

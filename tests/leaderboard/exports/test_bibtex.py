"""BibTeX entries, read again by a parser that counts braces as BibTeX does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from corruptbench.leaderboard import Result, placed_rows
from corruptbench.leaderboard.exports.bibtex import MONTHS, SOFTWARE, as_bibtex
from tests.leaderboard.conftest import HOSTILE, row

CITATION = Path(__file__).parents[3] / "CITATION.cff"


def parse(text: str) -> dict[str, dict[str, str]]:
    """Fields by key. A value is a macro of a month, or text in braces that are balanced."""
    entries: dict[str, dict[str, str]] = {}
    for entry in re.findall(r"^@\w+\{.*?^\}$", text, re.S | re.M):
        head, *lines, end = entry.splitlines()
        key = re.fullmatch(r"@(misc|software|inproceedings)\{([^\s,{}#%\\\"~]+),", head)
        assert key is not None
        assert end == "}"
        fields = entries[key[2]] = {}
        for line in lines:
            name, value = re.fullmatch(r"  ([a-z]+) = (.*),", line).groups()
            fields[name] = value if value in MONTHS else unbraced(value)
    assert len(entries) == text.count("\n@") + 1
    return entries


def unbraced(value: str) -> str:
    depth = 0
    for place, char in enumerate(value):
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth > 0 or place == len(value) - 1
    assert depth == 0
    return value[1:-1]


def said(**about: str) -> Result:
    return row("my_lifter", 40, lifter={"about": about})


def test_a_row_is_cited_with_paper_venue_and_numbers() -> None:
    about = {"paper": "arXiv:2312.06797v2", "venue": "CVPR & more", "date": "2024-06-17"}
    result = said(authors="Trung-Hieu Hoang, Mona Zehni and Minh N. Do", **about)
    entry = parse(as_bibtex(placed_rows([result])))["toy-c-v1:my_lifter"]
    assert entry == {
        "author": "Trung-Hieu Hoang and Mona Zehni and Minh N. Do",
        "title": r"{my\_lifter}",
        "howpublished": r"CVPR \& more",
        "year": "2024",
        "month": "jun",
        "eprint": "2312.06797v2",
        "archiveprefix": "arXiv",
        "note": f"MPJPE {result.mpjpe.clean:.1f} mm clean, {result.mpjpe.corrupted:.1f} mm "
        "corrupted; toy-c, version 1, rank 1, claimed",
    }


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("A. B. Čech; Ludwig van Beethoven", "A. B. Čech and Ludwig van Beethoven"),
        ("Ada Lovelace & Alan Turing et al.", "Ada Lovelace and Alan Turing and others"),
        ("Lovelace, A., Turing, A.", "{Lovelace, A., Turing, A.}"),
        ("Lovelace A, Turing A", "{Lovelace A, Turing A}"),
        ("Ada Lovelace, Jr.", "{Ada Lovelace, Jr.}"),
        ("The corruptbench developers", "{The corruptbench developers}"),
        ("OpenPose", "{OpenPose}"),
    ],
)
def test_names_are_split_only_where_that_is_certain(text: str, authors: str) -> None:
    assert (
        parse(as_bibtex(placed_rows([said(authors=text)])))["toy-c-v1:my_lifter"]["author"]
        == authors
    )


@pytest.mark.parametrize(
    ("paper", "fields"),
    [
        ("doi:10.1109/X_1.(2)", {"doi": "10.1109/X_1.(2)"}),
        ("https://example.org/a_b?c=%7E#d", {"url": "https://example.org/a_b?c=%7E#d"}),
    ],
)
def test_addresses_are_kept_as_they_are(paper: str, fields: dict[str, str]) -> None:
    entry = parse(as_bibtex(placed_rows([said(paper=paper)])))["toy-c-v1:my_lifter"]
    assert {**entry, **fields} == entry
    assert not {"author", "year", "month"} & entry.keys()


def test_nothing_that_authors_write_acts(odd: list[Result]) -> None:
    entry = parse(as_bibtex(placed_rows(odd)))["toy-c-v1:c"]
    for text in (entry["author"], entry["howpublished"]):
        plain = re.sub(r"\\text(\w+)\{\}", lambda m: f"<{m[1]}>", text)
        assert not re.search(r"(?<!\\)[&%$#_~^{}]|\\[^&%$#_]", plain.strip("{}"))
        assert "漢 🙂" in text
    assert HOSTILE.count("{") == entry["howpublished"].count(r"\textbraceleft{}")
    assert "not ranked: other pixels" in entry["note"]


def test_rows_of_which_nothing_is_said_have_no_entry(results: list[Result]) -> None:
    entries = parse(as_bibtex(placed_rows(results)))
    assert list(entries) == ["corruptbench", "hoang2024robustness"]
    assert entries["hoang2024robustness"]["eprint"] == "2312.06797"


def test_the_software_is_cited_as_the_citation_file_says() -> None:
    file = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    assert {
        "author": f"{{{file['authors'][0]['name']}}}",
        "title": f"{{{file['title']}}}",
        "year": str(file["date-released"].year),
        "month": MONTHS[file["date-released"].month - 1],
        "version": file["version"],
        "url": file["repository-code"],
    } == SOFTWARE

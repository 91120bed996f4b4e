"""BibTeX entries: the rows of a board, the software, and the paper whose benchmark it follows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from corruptbench.leaderboard.board.folder import folder_name
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.exports.markup import LATEX
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import kind_of

#: BibTeX counts braces even where a backslash stands before them.
_TEXT = {**LATEX, "{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
#: A given name and a surname of more than an initial.
_PERSON = re.compile(r"(?!The )[^\W\d_]\S* .*\S{2}")

#: BibTeX's macros.
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

#: As CITATION.cff has it. A test compares them.
SOFTWARE = {
    "author": "{The corruptbench developers}",
    "title": "{corruptbench: a robustness benchmark for 2D-to-3D human pose lifters}",
    "year": "2026",
    "month": "nov",
    "version": "0.1.0",
    "url": "https://github.com/corruptbench/corruptbench",
}
#: Authors, title and venue of arXiv:2312.06797.
SOURCE = {
    "author": "Hoang, Trung-Hieu and Zehni, Mona and Phan, Huy and Vo, Duc Minh and Do, Minh N.",
    "title": "{Improving the Robustness of 3D Human Pose Estimation: A Benchmark and Learning from "
    "Noisy Input}",
    "booktitle": "CVPR Workshops",
    "year": "2024",
    "eprint": "2312.06797",
    "archiveprefix": "arXiv",
}


def as_bibtex(rows: Sequence[Placed]) -> str:
    """Return an entry for each row whose authors or paper are known, then `SOFTWARE` and `SOURCE`.

    The key of a row is the benchmark's and the lifter's name: ``studio-c-v3:NAME``. Its entry is
    of the row, not of the paper: its title is the lifter's name, and its note says the numbers.
    """
    cited = [_row_entry(placed) for placed in rows if _is_said(placed.result)]
    source = _entry("inproceedings", "hoang2024robustness", SOURCE)
    return "\n".join([*cited, software_entry(), source])


def software_entry() -> str:
    """Return the entry of the software."""
    return _entry("software", "corruptbench", SOFTWARE)


def _is_said(result: Result) -> bool:
    about = result.lifter.about
    return about is not None and bool(about.authors or about.paper)


def _row_entry(placed: Placed) -> str:
    about = placed.result.lifter.about
    assert about is not None
    year, _, rest = (about.date or "").partition("-")
    fields = {
        "author": _authors(about.authors) if about.authors else "",
        "title": f"{{{_escaped(placed.result.lifter.name)}}}",
        "howpublished": _escaped(about.venue or ""),
        "year": year,
        "month": MONTHS[int(rest[:2]) - 1] if rest else "",
        **_address(about.paper or ""),
        "note": _escaped(_numbers(placed)),
    }
    key = f"{folder_name(placed.result)}:{placed.result.lifter.name}"
    return _entry("misc", key, {name: value for name, value in fields.items() if value})


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """Return an entry. The names of months are macros, which stand without braces."""
    values = {n: value if n == "month" else f"{{{value}}}" for n, value in fields.items()}
    lines = [f"  {name} = {value}," for name, value in values.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _authors(text: str) -> str:
    """Return names as BibTeX separates them: "A B, C D and E F" becomes "A B and C D and E F".

    A text that cannot be split without doubt, such as "Hoang, T., Zehni, M." or "The developers",
    is kept as it is, as one name in braces.
    """
    text, others = re.subn(r",? et al\.?$", "", text)
    names = [name.strip() for name in re.split(r"[,;]| and | & ", text) if name.strip()]
    if not names or not all(map(_PERSON.fullmatch, names)):
        return f"{{{_escaped(text)}}}" + (" and others" if others else "")
    return " and ".join([*map(_escaped, names), *(["others"] if others else [])])


def _address(paper: str) -> dict[str, str]:
    """Return the fields of a paper. Its form leaves nothing that would need an escape."""
    kind, _, rest = paper.partition(":")
    if kind == "arXiv":
        return {"eprint": rest, "archiveprefix": "arXiv"}
    return {"doi": rest} if kind == "doi" else {"url": paper}


def _numbers(placed: Placed) -> str:
    result, error = placed.result, placed.result.errors
    mean = METRIC_COLUMNS[result.main_metric]
    section = f" ({placed.section})" if placed.section else ""
    return (
        f"{mean.label} {error.clean:.1f} {mean.unit} clean, {error.corrupted:.1f} {mean.unit} "
        f"corrupted; {result.benchmark.id}, version {result.benchmark.version}{section}, "
        f"{placed.rank_or_reason}, {kind_of(result)}"
    )


def _escaped(text: str) -> str:
    return "".join(_TEXT.get(char, char) for char in text)

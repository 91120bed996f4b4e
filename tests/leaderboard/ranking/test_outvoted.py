"""However many claimed rows there are, they do not move, unrank or mark a row of the owner."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from corruptbench.leaderboard import Result, placed_rows, rank
from corruptbench.leaderboard.exports.markup import as_latex, as_markdown
from corruptbench.leaderboard.page.columns import columns
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.page.table_view import table_rows
from corruptbench.leaderboard.ranking import reference_shards
from corruptbench.leaderboard.ranking.notes import UNDECIDED
from corruptbench.leaderboard.ranking.order import corruption_names
from corruptbench.leaderboard.reference import Reference, ReferenceLifter
from tests.leaderboard.conftest import BOXES, clip_table, clip_table_3, digest, document
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_status import RESCORED, VERIFIED
from tests.leaderboard.test_table import printed

FORGED = {"pixels_sha256": digest("forged")}
OTHER = {"detector": "other:net", "weights_sha256": "0123abcd" * 8}
TRUE = {"detector": "ground-truth:projected", "weights_sha256": digest("")}
SAME = {"about": {"authors": "A. Author"}}
#: What claimed rows say.
LIES: dict[str, dict[str, Any]] = {
    "other pixels": {"build": FORGED},
    "another detector": {"build": OTHER},
    "weights that begin alike": {"build": {**OTHER, "weights_sha256": "0123abcd" + "f" * 56}},
    "another detector on other pixels": {"build": {**OTHER, **FORGED}},
    "ground truth": {"build": TRUE},
    "the owner's pixels": {},
    "boxes": {"build": {"boxes": BOXES}},
    "boxes on other pixels": {"build": {"boxes": BOXES, **FORGED}},
    "the authors' next row": {"lifter": SAME, "supersedes": "sure-0"},
}
#: Of rows that the owner confirmed.
BUILDS: dict[str, dict[str, Any]] = {
    "the owner's": {},
    "another detector": OTHER,
    "other pixels": {"pixels_sha256": digest("rounded")},
    "boxes": {"boxes": BOXES, "pixels_sha256": digest("rounded")},
    "ground truth": TRUE,
}


@cache
def fields(level: float) -> dict[str, Any]:
    return document(clip_table_3(level=level), digest("clips"))


def row(name: str, level: float, status: dict[str, str] | None = None, **changes: Any) -> Result:
    own = {"lifter": {"name": name, "sha256": digest(name), **changes.pop("lifter", {})}, **changes}
    own |= {"status": status} if status else {}
    known = fields(level)
    return Result.model_validate(
        known | {k: known[k] | v if k in known else v for k, v in own.items()}
    )


def places(results: list[Result]) -> dict[str, object]:
    """Table, rank, reason and successor of each row that the owner confirmed."""
    rows = [one for one in placed_rows(results) if one.result.status]
    return {o.result.lifter.name: (o.section, *o.row, o.superseded_by) for o in rows}


@pytest.fixture(params=[True, False], ids=["reference", "no reference"])
def reference(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's reference, or none."""
    build = row("any", 40).build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"})
    owner = Reference(
        benchmark=row("any", 40).benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        **build,
    )
    found = owner if request.param else None
    monkeypatch.setattr(reference_shards, "reference_for", lambda _: found)


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("lie", LIES)
def test_claimed_rows_change_nothing_of_confirmed_ones(lie: str, build: str) -> None:
    """Their table and its title, their rank, and why they have none."""
    sure = [
        row(f"sure-{i}", 40 + i, status, build=BUILDS[build], lifter=SAME)
        for i, status in enumerate((VERIFIED, RESCORED))
    ]
    before = places(sure)
    assert [place[1] for place in before.values()] == [1, 2]
    for count in (1, 5):
        forged = [row(f"forged-{i}", 1 + i, **LIES[lie]) for i in range(count)]
        assert places([*forged, *sure]) == places([*sure, *forged]) == before


def test_claimed_rows_do_not_decide_a_tie_of_confirmed_ones() -> None:
    """Of two detectors, one of which a claimed row has, too, with the least errors."""
    sure = [row("a", 40, VERIFIED), row("b", 41, VERIFIED, build=OTHER)]
    forged = row("f", 1, build=OTHER)
    assert places([*sure, forged]) == places(sure)


def test_a_claimed_row_does_not_move_columns() -> None:
    turned = clip_table(corruptions={"gaussian_noise": 0.5, "erase": 1.4, "camera_shake": 1.0})
    forged = Result.model_validate(document(turned, digest("f"), name="f"))
    sure = row("sure", 40, VERIFIED)
    assert corruption_names([forged, sure]) == corruption_names([sure])


def best(results: list[Result]) -> list[str]:
    """Names of the rows that have bold numbers, which are the same in all forms."""
    placed = placed_rows(results)
    markdown = [line for line in as_markdown(placed).splitlines() if "**" in line]
    latex = [line for line in as_latex(placed).splitlines() if "textbf" in line]
    places = {result.lifter.name: place for place, result in enumerate(results)}
    shown = columns(corruption_names(results), {})
    lines = table_rows("mpjpe", rank(results), places, shown)
    page = [line.name for line in lines if any(number.best for number in line.numbers)]
    names = [line.split("|")[2].strip() for line in markdown]
    assert [line.split("&")[1].strip() for line in latex] == names == page
    return names


def test_a_claimed_row_is_not_the_best_of_a_column() -> None:
    """Anybody can invent the least number. Among claimed rows alone the least one is told."""
    assert best([row("sure", 40, VERIFIED), row("f", 1)]) == ["sure"]
    assert best([row("b", 40), row("f", 1)]) == ["f"]


def forms(results: list[Result]) -> list[str]:
    placed = placed_rows(results)
    return [
        " ".join(printed(results).split()),
        words(html(results)),
        as_markdown(placed),
        as_latex(placed),
    ]


def ranks(results: list[Result]) -> list[int | None]:
    return [one.row.rank for one in placed_rows(results)]


def test_it_is_told_where_nobody_knows() -> None:
    """Two forged rows outvote a claimed one. All forms of the board say what that means."""
    honest, forged = row("a", 40), [row(name, 1, build=FORGED) for name in ("f", "g")]
    assert ranks([honest, *forged]) == [1, 2, None]
    assert all(UNDECIDED in text for text in forms([honest, *forged]))
    sure = row("a", 40, VERIFIED)
    for known in ([honest], forged, [sure, *forged]):
        assert not any(UNDECIDED in text for text in forms(known))


def test_what_is_told_is_true_in_a_tie() -> None:
    """Rows on all pixels are ranked then, and none of them are those of most rows."""
    tie = [row("a", 40), row("f", 1, build=FORGED)]
    assert ranks(tie) == [1, 2]
    assert all("ranked only if no other pixels have more rows" in text for text in forms(tie))


@pytest.mark.parametrize(
    "changes",
    [{"benchmark": {"id": "studio-c"}}, {"lifter": {"allowed": ["sides"]}}],
    ids=["unknown manifest", "failed"],
)
def test_nothing_is_told_where_no_row_is_ranked(changes: dict[str, Any]) -> None:
    rows = [row("a", 40, **changes), row("f", 1, build=FORGED, **changes)]
    assert ranks(rows) == [None, None]
    assert not any(UNDECIDED in text for text in forms(rows))


def test_nothing_is_to_be_told_where_the_reference_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest, forged = row("a", 40), row("f", 1, build=FORGED)
    owner = Reference(
        benchmark=honest.benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        **honest.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
    )
    monkeypatch.setattr(reference_shards, "reference_for", lambda _: owner)
    assert UNDECIDED not in printed([honest, forged])

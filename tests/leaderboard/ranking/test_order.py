from __future__ import annotations

import pytest

from corruptbench.leaderboard import Result, by_benchmark, rank
from corruptbench.leaderboard.published import published
from corruptbench.leaderboard.ranking import reference_shards as of_owner
from corruptbench.leaderboard.ranking.reference_shards import main_detector
from corruptbench.leaderboard.ranking.sections import address
from corruptbench.leaderboard.reference import Reference, ReferenceLifter
from tests.leaderboard.conftest import clip_table, digest, document


def result(name: str, level: float, seed: int = 0, **changes: object) -> Result:
    table = clip_table(seed, level=level)
    return Result.model_validate(document(table, digest(name), name=name, **changes))


OTHER = {"detector": "other:net", "weights_sha256": digest("other")}


def test_sorts_by_mean_corrupted_error(results: list[Result]) -> None:
    rows = rank(results)
    errors = [row.result.mpjpe.corrupted for row in rows]
    assert errors == sorted(errors)
    assert [row.rank for row in rows] == [1, 2, 3, 4]


def test_each_metric_has_its_own_order(results: list[Result]) -> None:
    errors = [row.result.mpjve.corrupted for row in rank(results, "mpjve")]
    assert errors == sorted(errors)


def test_other_pixels_are_told_from_another_detector() -> None:
    rows = rank(
        [result("a", 40), result("b", 41), result("c", 30, build={"pixels_sha256": digest("x")})]
    )
    assert rows[2].apart == "other pixels"


def test_rounding_of_detections_keeps_rows_comparable() -> None:
    rows = rank([result("a", 40), result("b", 41, build={"detections_sha256": digest("x")})])
    assert [row.rank for row in rows] == [1, 2]


def test_the_main_detector_is_the_most_used_then_that_of_the_best() -> None:
    a, b, c = result("a", 40), result("b", 45), result("c", 30, build=OTHER)
    assert main_detector([a, b, c]) == ("movenet:thunder", digest("weights"))
    assert main_detector([a, c]) == main_detector([c, a]) == tuple(OTHER.values())


def test_one_row_of_other_pixels_unranks_no_other() -> None:
    """However good its numbers are."""
    honest, forged = result("honest", 40), result("f", 1, build={"pixels_sha256": digest("x")})
    found = [(row.result.lifter.name, row.rank, row.apart) for row in rank([honest, forged])]
    assert found == [("f", 1, ""), ("honest", 2, "")]


def test_the_owners_pixels_count_for_every_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = result("honest", 40, build=OTHER)
    build = {**OTHER, "pixels_sha256": digest("forged")}
    forged = [result(name, 30, build=build) for name in ("f", "g")]
    owner = Reference(
        benchmark=honest.benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        detector="movenet:thunder",
        weights_sha256=digest("weights"),
        pixels_sha256=honest.build.pixels_sha256,
    )
    monkeypatch.setattr(of_owner, "reference_for", lambda _: owner)
    assert [(row.result.lifter.name, row.rank) for row in rank([honest, *forged])] == [
        ("honest", 1), ("f", None), ("g", None)
    ]  # fmt: skip


def test_an_unknown_manifest_never_comes_before_the_published_one() -> None:
    known = next(one for one in published() if one.id == "studio-c" and one.version == 3)
    forged = {**known.model_dump(), "manifest_sha256": "0" * 64}
    rows = [result("f", 1, benchmark=forged), result("a", 40, benchmark=known.model_dump())]
    assert list(by_benchmark(rows)) == [known, rows[0].benchmark]
    assert len({address(row.benchmark, "") for row in rows}) == 2


def test_benchmarks_never_share_a_table() -> None:
    a, b = result("a", 40), result("b", 45, benchmark={"version": 2})
    with pytest.raises(ValueError, match="do not share a table"):
        rank([a, b])
    assert [[r.lifter.name for r in rows] for rows in by_benchmark([a, b]).values()] == [
        ["b"],  # the newest version first
        ["a"],
    ]


def test_forged_pixels_cannot_unrank_honest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two forged rows are more than one honest row, and the owner's shards count still."""
    honest = result("honest", 40)
    forged = [result(name, 30, build={"pixels_sha256": digest("forged")}) for name in ("f", "g")]
    owner = Reference(
        benchmark=honest.benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        **honest.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
    )
    assert rank([honest, *forged])[-1].apart == "other pixels"
    monkeypatch.setattr(of_owner, "reference_for", lambda _: owner)
    rows = rank([honest, *forged])
    assert [(row.result.lifter.name, row.rank) for row in rows] == [
        ("honest", 1), ("f", None), ("g", None)
    ]  # fmt: skip
    assert [row.rank for row in rank(forged)] == [1, 2]  # nobody is left whom they could unrank

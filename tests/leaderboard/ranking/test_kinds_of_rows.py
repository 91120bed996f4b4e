"""How ranking, table and page show each kind of row: versions, units, joints, poses, marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corruptbench.leaderboard import Result, rank
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.ranking.sections import sections
from tests.leaderboard.conftest import (
    BOXES,
    clip_table,
    clip_table_3,
    digest,
    document,
    without_units,
)
from tests.leaderboard.page.test_page import parse, words
from tests.leaderboard.test_table import printed

SPREAD = ["spread"]
NO_UNITS = {"contract": {"units": "none"}}


def row(name: str, table: Any, **lifter: Any) -> Result:
    return Result.model_validate(document(table, digest(name), name=name, lifter=lifter))


@pytest.fixture(scope="module")
def kinds() -> dict[str, Result]:
    """One row of each kind; the better its name's letter, the better its errors."""
    rows = [
        row("old", clip_table(0, level=50)),
        row("new", clip_table_3(0, level=45)),
        row("poses", clip_table_3(0, level=40, without=SPREAD), hypotheses=20),
        row("j16", clip_table_3(0, level=35), scored_joints=16),
        row("marked", clip_table_3(0, level=30), allowed=["sides", "lag"]),
        row("scaleless", without_units(0, level=25), **NO_UNITS),
        row("shapeless", without_units(0, level=35), **NO_UNITS),
    ]
    return {result.lifter.name: result for result in rows}


def ranks(results: Sequence[Result]) -> list[tuple[str, int | None, str]]:
    return [(found.result.lifter.name, found.rank, found.apart) for found in rank(results)]


def test_each_kind_has_a_table_of_its_own(kinds: dict[str, Result]) -> None:
    split = sections([*kinds.values()])
    assert [(section.title, ranks(section.results)) for section in split] == [
        (
            "",
            [
                ("poses", 1, ""),  # by the lifter's own pose, not by its best
                ("new", 2, ""),
                ("old", 3, ""),
                ("marked", None, "failed sides, lag"),
            ],
        ),
        ("16 of 17 joints", [("j16", 1, "")]),
        ("units unknown", [("scaleless", 1, ""), ("shapeless", 2, "")]),
    ]
    with pytest.raises(ValueError, match="different sections"):
        rank([*kinds.values()])


def on_boxes(name: str, **how: Any) -> Result:
    table = clip_table_3(0, **how)
    return Result.model_validate(document(table, digest(name), name=name, build={"boxes": BOXES}))


def test_rows_on_the_boxes_of_a_person_detector_have_a_section_of_their_own() -> None:
    rows = [on_boxes("b", level=30), row("a", clip_table_3(0)), on_boxes("a", level=60)]
    labels, detected = sections(rows)
    assert ranks(labels.results) == [("a", 1, "")]
    assert detected.title == "boxes by movenet:multipose"
    assert ranks(detected.results) == [("b", 1, ""), ("a", 2, "")]
    text = printed(rows)
    assert text.count("toy-c, version 1: MPJPE") == 2
    assert text.count("boxes by movenet:multipose") == 1
    page = words(html(rows))
    assert "toy-c, boxes by movenet:multipose" in page
    assert "movenet:thunder, boxes by movenet:multipose" in page


def test_boxes_are_left_out_of_a_result_on_those_of_the_labels() -> None:
    assert "boxes" not in row("a", clip_table_3(0)).model_dump_json()
    assert on_boxes("a").model_dump()["build"]["boxes"] == BOXES
    old = document(clip_table(0), digest("a"), build={"boxes": BOXES})
    with pytest.raises(ValueError, match=r"build\.boxes: expected no value in version 2"):
        Result.model_validate(old)


@pytest.mark.parametrize("name", ["../up", "labels", "a:b/c", ""])
def test_the_name_of_a_person_detector_can_be_part_of_a_path(name: str) -> None:
    changed = {"boxes": {**BOXES, "detector": name}}
    with pytest.raises(ValueError, match=r"boxes\.detector"):
        Result.model_validate(document(clip_table_3(0), digest("a"), build=changed))


def test_all_reasons_are_named() -> None:
    other = {"pixels_sha256": digest("other")}
    both = document(clip_table_3(), digest("b"), name="b", build=other,
                    lifter={"allowed": ["lag", "probes"]})  # fmt: skip
    rows = [row("a", clip_table()), row("c", clip_table()), Result.model_validate(both)]
    assert ranks(rows)[-1] == ("b", None, "other pixels, failed lag, could not be probed")


def test_a_share_that_grows_ranks_the_largest_first() -> None:
    tables = [clip_table_3(k).assign(pck=50.0 + 10 * k) for k in range(3)]
    found = rank([row(f"r{k}", table) for k, table in enumerate(tables)], "pck")
    assert [r.result.lifter.name for r in found] == ["r2", "r1", "r0"]


def test_the_table_shows_each_kind(kinds: dict[str, Result]) -> None:
    text = printed([*kinds.values()])
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    known, unknown = text.split("P-MPJPE in mm, lower is better\nunits unknown")
    assert "marked ‡" in known
    assert "‡: failed a probe, which was allowed" in known
    assert "† marked: failed sides, lag, not ranked" in known
    assert "MPJPE in mm, lower is better\n16 of 17 joints\n" in known
    assert "not ranked" not in known.split("16 of 17 joints")[1]
    best = kinds["poses"].best_mpjpe
    assert best is not None
    line = f"poses MPJPE best of 20, mm {best.clean:.1f} {best.corrupted:.1f}"
    alone = " ".join(known.split()).split("of several poses")[1]
    assert line in alone
    assert "new MPJPE" not in alone
    assert "scaleless" not in known
    assert unknown.index("scaleless") < unknown.index("shapeless")
    assert f"{kinds['scaleless'].p_mpjpe.corrupted:.1f}" in unknown
    assert "P-MPJPE" not in unknown


def test_poses_that_could_not_be_probed_failed_nothing() -> None:
    poses = row("poses", clip_table_3(), allowed=["probes"])
    assert ranks([poses]) == [("poses", None, "could not be probed")]
    for text in (printed([poses]), words(html([poses]))):
        assert "could not be probed" in text
        assert "failed probe" not in text.lower()
        assert "failed check" not in text.lower()
        assert "failed a probe" not in text.lower()


def test_samples_are_told() -> None:
    one, five = (row(f"r{n}", clip_table_3(), samples=n) for n in (1, 5))
    assert "r5: mean over 5 samples" in printed([one, five])
    assert "r1: mean" not in printed([one, five])
    assert words(html([one, five])).count("M parameters, 5 samples") >= 1


def test_a_filter_is_told_and_has_a_rank() -> None:
    plain = row("mine", clip_table_3())
    smooth = row("mine+one_euro", clip_table_3(level=30), filter="one_euro")
    assert ranks([plain, smooth]) == [("mine+one_euro", 1, ""), ("mine", 2, "")]
    assert "mine+one_euro: filtered: one_euro" in printed([plain, smooth])
    text = words(html([plain, smooth]))
    assert "1.23 M parameters, filtered: one_euro" in text
    assert "keypoints filtered: one_euro" in text
    assert "filtered" not in printed([plain]) + words(html([plain]))


def test_calibrated_scores_are_told() -> None:
    sha256 = "ab" * 32
    calibrated = {"contract": {"scores": "calibrated"}, "calibration_sha256": sha256}
    plain, sure = row("mine", clip_table_3()), row("sure", clip_table_3(level=30), **calibrated)
    assert "sure: scores calibrated: abababababab" in printed([plain, sure])
    assert f"calibration of scores {sha256}" in words(html([plain, sure]))
    assert "calibra" not in printed([plain]) + words(html([plain]))


def test_a_filter_is_of_version_3() -> None:
    with pytest.raises(ValueError, match=r"lifter\.filter: expected no value in version 2"):
        row("mine+one_euro", clip_table(), filter="one_euro")


def test_a_table_of_unknown_units_alone(kinds: dict[str, Result]) -> None:
    text = printed([kinds["scaleless"]])
    assert text.startswith("toy-c, version 1: P-MPJPE in mm, lower is better\nunits unknown\n")


def test_the_page_shows_each_kind(kinds: dict[str, Result]) -> None:
    page = html([*kinds.values()])
    reader, text = parse(page), words(page)
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert page.count('<section class="benchmark"') == 3
    assert page.count('<table class="ranking">') == 3 + 3 + 2
    assert "toy-c, units unknown" in text
    assert "ranked by P-MPJPE" in text
    assert "† failed sides, lag" in text
    assert "toy-c, 16 of 17 joints" in text
    assert 'id="toy-c-v1-16-of-17-joints"' in page
    assert 'title="failed sides, lag; allowed by its submitter"' in page
    alone = text.split("20 hypotheses metric clean corrupted degradation")[1].split("Robustness")[0]
    assert "P-MPJPE best of 20, mm" in alone
    assert "N-MPJPE" not in alone
    assert text.count("best of 20") == alone.count("best of 20") == 2
    assert "scored joints 16" in text


def test_the_page_tells_every_number_of_version_3(kinds: dict[str, Result]) -> None:
    result = kinds["new"]
    text = words(html([result]))
    for error, digits in (
        (result.n_mpjpe, 1), (result.acceleration, 2), (result.pck, 1), (result.auc, 1),
        (result.bone_error, 1), (result.bone_deviation, 1),
    ):  # fmt: skip
        assert error is not None
        assert f"{error.clean:.{digits}f} {error.corrupted:.{digits}f}" in text
    found, hidden = result.robustness, result.occlusion
    assert found is not None
    assert hidden is not None
    for number in (
        found.area,
        found.worse,
        found.worst.error,
        hidden.mean.hidden,
        hidden.mean.free,
    ):
        assert f"{number:.1f}" in text
    assert f"{hidden.mean.recovery:.2f}" in text
    bounds = hidden.mean_intervals
    assert bounds is not None
    assert bounds.recovery is not None
    assert f"{bounds.recovery.low:.2f} to {bounds.recovery.high:.2f}" in text
    assert f"{hidden.mean.not_recovered:.1f}" in text
    assert "not recovered, % of covers" in text
    assert "hypotheses" not in text
    assert result.p_mpjpe_intervals is not None
    assert f"{result.p_mpjpe_intervals.clean.low:.1f}" in text


def test_a_nested_contract_is_told_in_words() -> None:
    contract = {"normalize": {"mean": [0.25] * 34, "units": "px"}, "size": [1, 2], "flip": True}
    text = words(html([row("a", clip_table_3(), contract=contract)]))
    assert "normalize mean: 34 numbers; units: px" in text
    assert "size 1, 2" in text
    assert "flip yes" in text

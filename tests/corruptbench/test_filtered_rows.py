"""A filter before a lifter: what the lifter sees, and how its row says so."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.evaluation.groups import groups
from corruptbench.evaluation.live import LivePoses
from corruptbench.leaderboard import clips
from corruptbench.leaderboard.referee.agreement import agreement_problems
from corruptbench.leaderboard.schema import Result
from corruptbench.lifters.filtered import filtered
from corruptbench.lifters.lift import lift
from tests.corruptbench.conftest import contract
from tests.fixtures.lifters import python_lifter

FILTERS = ["learned_confidence", "median_confidence", "one_euro", "savitzky_golay"]


def flat(x):
    """x, y, and the score or 0 as a pose."""
    x = x[:, 4:-4] if x.shape[1] > 9 else x[:, 4:5]
    return torch.nn.functional.pad(x, (0, 3 - x.shape[-1]))


@pytest.fixture(scope="module")
def lifter():
    return python_lifter(contract(units="none"), flat)


@pytest.fixture(scope="module")
def plain(drawn_shards, lifter):
    return cb.evaluate(lifter, drawn_shards, progress=False)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filtered_row_is_a_row_of_its_own(name, drawn_shards, lifter, plain, tmp_path):
    path = tmp_path / "p.parquet"
    found = cb.evaluate(lifter, drawn_shards, filter=name, progress=False, save_predictions=path)
    record = found.record
    assert (record.lifter.name, record.lifter.filter) == (f"tiny+{name}", name)
    assert record.lifter.contract["name"] == "tiny"
    assert record.command.endswith(f" --filter {name}")
    assert record.p_mpjpe.corrupted != plain.record.p_mpjpe.corrupted
    assert found.save(tmp_path).name == f"tiny+{name}.json"
    assert Result.model_validate_json((tmp_path / f"tiny+{name}.json").read_bytes()) == record

    scored = cb.score(path, drawn_shards, progress=False)
    assert clips.to_parquet(scored.clips) == clips.to_parquet(found.clips)
    assert scored.record.lifter == record.lifter


def test_without_a_filter_the_result_has_no_new_field(plain, tmp_path):
    written = json.loads(plain.save(tmp_path).read_text())
    assert "filter" not in json.dumps(written["lifter"]) + written["command"]
    assert written["lifter"]["name"] == "tiny"


def test_the_lifter_sees_filtered_keypoints_and_the_scores_as_they_were(drawn_shards):
    lifter = python_lifter(contract(units="none", channels="xyc"), flat)
    found = LivePoses(lifter, "one_euro").poses(groups(drawn_shards))
    group, live = next((group, x) for group, cell, x in found if cell == 1)
    found.close()
    tracks = group.tracks(1)
    by_hand = lift(lifter, [filtered(t, "one_euro") for t in tracks])
    bare = lift(lifter, tracks)
    expected = np.concatenate([x.poses for x in by_hand], axis=1)
    unfiltered = np.concatenate([x.poses for x in bare], axis=1)
    assert np.array_equal(live.poses, expected)
    assert np.array_equal(live.poses[..., 2], unfiltered[..., 2])
    assert not np.allclose(live.poses[..., :2], unfiltered[..., :2])


def test_what_cannot_be_is_refused_before_the_run(drawn_shards, lifter):
    with pytest.raises(InputError, match="no filter 'mean'"):
        cb.evaluate(lifter, drawn_shards, filter="mean", progress=False)
    long = python_lifter(contract(units="none", name="a" * 80), flat)
    with pytest.raises(InputError, match="shorter name"):
        cb.evaluate(long, drawn_shards, filter="one_euro", progress=False)


def test_predictions_of_another_filter_are_not_overwritten(drawn_shards, lifter, tmp_path):
    path = tmp_path / "p.parquet"
    for _ in range(2):  # the same again is written
        cb.evaluate(lifter, drawn_shards, progress=False, save_predictions=path)
    with pytest.raises(InputError, match=r"another filter \(none, this is one_euro\)"):
        cb.evaluate(lifter, drawn_shards, filter="one_euro", progress=False, save_predictions=path)


@pytest.mark.parametrize(("changes", "is_right"), [
    ({"filter": "mean"}, False),
    ({"name": "tiny+mean", "filter": None}, True),
    ({"name": "tiny+mean", "filter": "mean"}, True),  # what the names are, the board's owner says
], ids=["plain name", "a plain lifter may have a plus", "unknown"])  # fmt: skip
def test_the_name_says_the_filter(changes, is_right, plain):
    document = plain.record.model_dump(mode="json")
    document["lifter"] |= changes
    found = [*agreement_problems("r.json", Result.model_validate(document))]
    assert [problem.field for problem in found] == ([] if is_right else ["lifter.name"])


@pytest.mark.detector
def test_from_the_command_line_to_the_board(
    mini, mini_manifest, mini_full, tiny_lifter, tmp_path, cli
):
    board = ("--board", tmp_path / "board")
    words = (tiny_lifter, "--shards", mini_full, "--root", mini, "--manifest", mini_manifest,
             "--out", tmp_path)  # fmt: skip
    name = "tiny+median_confidence"
    for more in ((), ("--filter", "median_confidence")):
        done = cli("evaluate", *words, *more)
        assert done.code == 0, done.err
    assert f"{name}: filtered: median_confidence" in done.out
    assert f"result: {tmp_path / name}.json" in done.out
    for row in ("tiny", name):
        done = cli("submit", tmp_path / f"{row}.json", *board, "--manifest", mini_manifest)
        assert done.code == 0, done.err
    rows = json.loads(cli("leaderboard", "show", *board, "--json").out)[0]["rows"]
    assert {row["lifter"]: row["filter"] for row in rows} == {
        "tiny": None, name: "median_confidence"
    }  # fmt: skip
    assert sorted(row["rank"] for row in rows) == [1, 2]
    compared = cli("compare", tmp_path / "tiny.json", tmp_path / f"{name}.json")
    assert compared.code == 0, compared.err
    assert f"{name}: filtered: median_confidence" in compared.out
    report = cli("report", tmp_path / f"{name}.json", "--out", tmp_path / "r.html")
    assert report.code == 0, report.err
    assert "filtered: median_confidence" in (tmp_path / "r.html").read_text()

    unknown = tmp_path / "tiny+mean.json"
    record = json.loads((tmp_path / f"{name}.json").read_text())
    record["lifter"] |= {"name": "tiny+mean", "filter": "mean"}
    unknown.write_text(json.dumps(record))
    (tmp_path / "tiny+mean.clips.parquet").write_bytes(
        (tmp_path / f"{name}.clips.parquet").read_bytes()
    )
    done = cli("submit", unknown, *board, "--manifest", mini_manifest)
    assert done.code == 2
    assert "lifter.filter" in done.err
    assert "expected one of learned_confidence, median_confidence, one_euro" in done.err
    done = cli("evaluate", *words, "--filter", "one_eruo")
    assert done.code == 2
    assert "Did you mean 'one_euro'?" in done.err

"""The page of a result: its parts, its numbers, what is missing, what is refused, what is safe."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.cli import main
from corruptbench.errors import InputError
from corruptbench.leaderboard import Result, summarize
from corruptbench.leaderboard.numbers import MeanCorruptionError
from corruptbench.report import averages
from corruptbench.report.averages import means
from corruptbench.report.body import kept_bones
from corruptbench.report.evidence import read_evidence
from corruptbench.report.page import html
from corruptbench.report.pictures import Pictures
from corruptbench.report.timelines import thinned
from corruptbench.skeleton import H36M17
from tests.docs.blocks import ROOT
from tests.leaderboard.conftest import OF_SEVERAL, clip_table_3, document
from tests.report.conftest import FRAMES, write, write_frames, write_joints

STORED = ROOT / "leaderboard/results/studio-c-v3/videopose3d-27/result.json"


def run(*words: object) -> int:
    try:
        main(["report", *map(str, words)])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def page_of(path) -> str:
    return html(read_evidence(path), Pictures(reason="No pictures: none were asked for."))


def test_every_part_is_there(page):
    assert page.count('class="body"') == 2 + 3  # clean, corrupted, and each corruption
    assert page.count('class="curves"') == 3
    assert page.count('class="timeline"') == 3  # one of each family: the worst clip has it once
    assert page.count('class="cover"') >= 1
    assert page.count('class="movie"') == 2
    assert page.count('class="missing"') == 4  # no script, no pictures (twice), no occlusion
    assert "By action" in page
    assert "By camera" not in page  # there is only one


def test_means_are_those_of_the_result(table, whole, page):
    for average in ("actions", "frames"):
        summary = summarize(table, average)
        for metric, weight in (("mpjpe", "frames"), ("mpjve", "run_frames")):
            cells = means(table, metric, weight, average)
            found = {key: cells[key] for key in cells.index}
            assert found == pytest.approx(
                {(c.corruption, c.severity): getattr(c, metric) for c in summary.cells}, rel=1e-12
            )
            aggregate = getattr(summary, metric)
            assert averages.corrupted(cells) == pytest.approx(aggregate.corrupted, rel=1e-12)
            assert averages.by_corruption(cells) == pytest.approx(aggregate.corruptions, rel=1e-12)
    assert f"<strong>{whole.result.mpjpe.clean:.1f}</strong>" in page
    assert f"<td>{whole.result.p_mpjpe.corrupted:.1f}</td>" in page


def test_means_of_a_part_are_those_of_its_clips(table):
    walking = means(table, "mpjpe", "frames", "actions", ["action"]).xs("walk", level="action")
    alone = summarize(table[table["action"] == "walk"], "actions")
    assert averages.corrupted(walking) == pytest.approx(alone.mpjpe.corrupted, rel=1e-12)


class Seen(HTMLParser):
    """Counts tags, and collects handlers and addresses."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.bad: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.bad.append(f"{tag} {name}")
            if name in ("src", "href", "xlink:href") and not value.startswith(("#", "data:")):
                self.bad.append(f"{tag} {name}={value}")


HOSTILE = '</script><img src=x onerror="alert(1)">\u2028<b style=x>'


def test_names_are_shown_and_never_run(table, page, tmp_path):
    spoiled = table.assign(
        sequence=table["sequence"].str.replace("walk-0", HOSTILE),
        camera="'\"><script>alert(2)</script>",
        action=table["action"].str.replace("walk", "{{ 7 * 7 }}<i>"),
    )
    warnings = [{"name": "lag", "text": '<script>alert("3")</script> & so on'}]
    plain = Seen(page)
    page = page_of(
        write(tmp_path, spoiled, warnings=warnings, command=HOSTILE.replace("\u2028", ""))
    )
    seen = Seen(page)
    assert not seen.bad
    assert not {"img", "b", "i"} & set(seen.tags)
    assert seen.tags.count("script") == plain.tags.count("script")
    assert "{{ 7 * 7 }}" in page
    assert "&lt;script&gt;alert(&#34;3&#34;)" in page


def test_the_policy_forbids_all_but_the_pages_own(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src &#39;none&#39;" in policy
    assert "img-src data:" in policy
    assert "unsafe" not in policy


def test_equal_input_gives_equal_bytes(result, tmp_path):
    outs = [tmp_path / "a.html", tmp_path / "b.html"]
    assert [run(result, "--out", out) for out in outs] == [0, 0]
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_stored_row_has_a_line_for_each_missing_part(tmp_path, capsys):
    out = tmp_path / "row.html"
    assert run(STORED, "--out", out) == 0
    assert str(out) in capsys.readouterr().out
    page = out.read_text()
    assert page.count('class="curves"') == 8
    assert page.count("corruptbench evaluate</code> writes it") == 4
    assert "the clips table does not have them" in page
    assert "--shards" in page


@pytest.mark.parametrize("kind", ["joints", "frames", "extracts"])
def test_a_missing_file_leaves_out_its_part_only(result, kind):
    result.with_name(f"mine.{kind}.parquet").unlink()
    page = page_of(result)
    assert f"no file of {kind} beside the result" in page
    marks = {"joints": 'class="body"', "frames": 'class="timeline"', "extracts": 'class="movie"'}
    for other, mark in marks.items():
        assert (mark in page) == (other != kind)


def spoil_json(path):
    path.write_text("[]")


def spoil_clips(path):
    path.with_name("mine.clips.parquet").unlink()


def spoil_joints(path):
    path.with_name("mine.joints.parquet").write_bytes(b"PAR1 no")


def exchange_clips(path):
    table = pd.read_parquet(path.with_name("mine.clips.parquet"))
    table["mpjpe"] += 1
    table.to_parquet(path.with_name("mine.clips.parquet"))


def other_joints(path):
    table = pd.read_parquet(path.with_name("mine.clips.parquet"))
    write_joints(path.with_name("mine.joints.parquet"), table.assign(mpjpe=table["mpjpe"] + 1))


def fewer_joints(path):
    table = pd.read_parquet(path.with_name("mine.clips.parquet"))
    write_joints(path.with_name("mine.joints.parquet"), table, joints=15)


def fewer_frames(path):
    file = path.with_name("mine.frames.parquet")
    pd.read_parquet(file).query("frame < 9").to_parquet(file)


def without_column(path):
    file = path.with_name("mine.extracts.parquet")
    pq.write_table(pq.read_table(file).drop_columns("target"), file)


def foreign_clip(path):
    file = path.with_name("mine.extracts.parquet")
    table = pq.read_table(file)
    place = table.column_names.index("camera")
    pq.write_table(table.set_column(place, "camera", pa.array(["other"] * len(table))), file)


def numbers_as_text(path):
    file = path.with_name("mine.joints.parquet")
    table = pq.read_table(file)
    place = table.column_names.index("error")
    pq.write_table(table.set_column(place, "error", pa.array(["1"] * len(table))), file)


SPOILED = {
    spoil_json: "mine.json", spoil_clips: "mine.clips.parquet",
    exchange_clips: "mine.clips.parquet", spoil_joints: "mine.joints.parquet",
    other_joints: "mine.joints.parquet", fewer_joints: "mine.joints.parquet",
    fewer_frames: "mine.frames.parquet", without_column: "mine.extracts.parquet",
    foreign_clip: "mine.extracts.parquet", numbers_as_text: "mine.joints.parquet",
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda f: f.__name__)
def test_bad_input_is_refused_by_name(result, tmp_path, capsys, spoil):
    spoil(result)
    out = tmp_path / "new" / "page.html"
    assert run(result, "--out", out) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert SPOILED[spoil] in said
    assert not out.parent.exists()


def test_an_error_beyond_float16_is_drawn_at_its_greatest(table, tmp_path):
    places = table["corruption"] == "erase"
    path = write(tmp_path, table.assign(mpjpe=table["mpjpe"].where(~places, 90_000.0)))
    frames = read_evidence(path).frames
    assert frames["error"].max() == np.finfo(np.float16).max
    assert "inf" not in "".join(re.findall(r'points="([^"]*)"', page_of(path)))


def test_a_clip_may_have_one_labeled_frame_that_is_not_its_first(table, tmp_path):
    short, table = table["sequence"] == "walk-0", table.copy()
    table.loc[short, ["frames", "run_frames", "mpjve"]] = 1, 0, np.nan
    table.loc[short, "mpjpe"] += 500  # it is among the worst
    path = write(tmp_path, table)
    file = path.with_name("mine.frames.parquet")
    rows = pd.read_parquet(file)
    rows.loc[rows["sequence"] == "walk-0", "frame"] = 5
    rows.to_parquet(file)
    assert "in frame 5." in page_of(path)


def test_options_that_say_nothing_are_refused(result, tmp_path):
    assert run(result, "--root", tmp_path, "--out", tmp_path / "page.html") == 2
    assert run(result, "--out", result) == 2


def test_a_lifter_may_leave_out_a_joint(table, tmp_path):
    changes = {"lifter": {"contract": {"joints": "h36m17 - neck_nose"}}}
    evidence = read_evidence(write(tmp_path, table, joints=16, **changes))
    assert "neck_nose" not in evidence.joints
    assert len(evidence.extracts[0].joints) == 16
    assert ("thorax", "head") in kept_bones(H36M17, evidence.extracts[0].joints)
    assert "h36m17 - neck_nose" in html(evidence, Pictures())


def test_the_files_of_a_stochastic_lifter_are_those_of_its_first_sample(tmp_path):
    """Their errors differ from the means over samples in the clips table. Their frames do not."""
    several = [metric for metric in OF_SEVERAL if metric != "spread"]
    table = clip_table_3(without=several).assign(frames=FRAMES, run_frames=FRAMES)
    path = write(tmp_path, table, lifter={"samples": 3})
    first = table.assign(mpjpe=1.1 * table["mpjpe"])
    write_joints(tmp_path / "mine.joints.parquet", first)
    write_frames(tmp_path / "mine.frames.parquet", first)
    evidence = read_evidence(path)
    assert evidence.joints is not None
    assert evidence.frames is not None
    assert "mean over 3 samples; occlusion, joints, time and poses are of the first" in html(
        evidence, Pictures()
    )
    fewer_frames(path)
    with pytest.raises(InputError, match="does not belong to the result"):
        read_evidence(path)


def test_a_probe_that_was_allowed_to_fail_is_said(whole):
    lifter = whole.result.lifter.model_copy(update={"allowed": ("batch",)})
    result = whole.result.model_copy(update={"lifter": lifter})
    assert "“batch” fails" in html(replace(whole, result=result), Pictures())


def test_a_filter_is_said(whole, page):
    lifter = whole.result.lifter.model_copy(update={"filter": "one_euro"})
    result = whole.result.model_copy(update={"lifter": lifter})
    assert "filtered: one_euro" in html(replace(whole, result=result), Pictures())
    assert "filtered" not in page


def test_poses_without_scale_are_shown_by_p_mpjpe(whole):
    empty = replace(whole, clips=whole.clips.assign(mpjpe=np.nan, mpjve=np.nan))
    page = html(empty, Pictures())
    assert f"<strong>{whole.result.p_mpjpe.clean:.1f}</strong>" in page
    assert "after the best rotation" in page
    assert "MPJVE" not in page


def test_errors_under_cover_are_shown_where_they_are_known(whole):
    result, table = of_version_3()
    page = html(replace(whole, result=result, clips=table), Pictures())
    assert page.count('class="curves"') == 3 + 4
    part = page[page.index('aria-label="Means over severities"') :]
    found = result.occlusion
    for name, errors in (("all", found.mean), ("erase", found.corruptions["erase"])):
        cells = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', part)[1]
        values = errors.model_dump()
        recovery = f"{values.pop('recovery'):.2f}"
        wanted = [f"{value:.1f}" for value in values.values()]
        assert re.findall(r"<td>(.*?)</td>", cells) == [*wanted[:-1], recovery, wanted[-1]]
    bounds = found.mean_intervals.not_recovered
    assert "not recovered, % of covers" in part
    assert f"<td>{bounds.low:.1f} to {bounds.high:.1f}</td></tr>" in part


def test_several_hypotheses_have_a_table_of_their_own(whole):
    result, table = of_version_3(without=["spread"], lifter={"hypotheses": 20})
    page = html(replace(whole, result=result, clips=table), Pictures())
    alone = page[page.index('aria-label="20 hypotheses"') : page.index('aria-label="Robustness"')]
    error = result.best_mpjpe
    assert f"MPJPE best of 20, mm</th><td>{error.clean:.1f}</td><td>{error.corrupted:.1f}" in alone
    assert "MPJPE mean of 20, mm" in alone
    assert page.count("best of 20") == alone.count("best of 20") == 2


def test_robustness_and_mce_are_shown(whole):
    result, table = of_version_3()
    mce = MeanCorruptionError(reference="other", metric="mpjpe", value=123.4, corruptions={})
    named = result.model_copy(update={"mce": mce})
    page = html(replace(whole, result=named, clips=table), Pictures())
    assert "mCE: MPJPE in percent of that of other</th><td>123.4 %</td>" in page
    assert f"<td>{result.robustness.area:.1f}</td>" in page


def of_version_3(without=OF_SEVERAL, **changes):
    table = clip_table_3(without=without)
    return Result.model_validate(document(table, "0" * 64, **changes)), table


def test_the_numbers_of_a_clip_come_back_from_the_page(whole, page):
    extract = whole.extracts[0]
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(found[1])
    packed = np.frombuffer(base64.b64decode(data["target"]), "<i2").reshape(FRAMES, 17, 3)
    assert np.abs(packed - extract.target).max() <= 0.5
    points = np.frombuffer(base64.b64decode(data["keypoints"]), "<i2").reshape(FRAMES, 17, 2)
    assert (points[0] == data["missing"]).all()
    assert ((points[1:] >= 0) & (points[1:] <= data["side"])).all()


def test_a_long_line_keeps_its_peaks():
    values = np.zeros(10_000)
    values[[17, 5_001, 9_999]] = 5, -7, 9
    kept = thinned(values, 400)
    assert {17, 5_001, 9_999} <= set(kept.tolist())
    assert len(kept) <= 400
    assert (np.diff(kept) > 0).all()

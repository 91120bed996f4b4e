"""Detectors against labels: which joints are scored, every number by loops, the ranking."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from statistics import fmean as mean

import numpy as np
import pandas as pd
import pytest

import corruptbench as cb
from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.keypoint_evaluation.comparison import compare
from corruptbench.keypoint_evaluation.fit import fit_calibration
from corruptbench.keypoint_evaluation.oks import COCO_SIGMAS, JOINTS
from corruptbench.keypoint_evaluation.page import html
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import COCO17, JOINT_SETS, limb_joints
from tests.corruptbench.test_oks import plain_ap
from tests.fixtures.browser import overflows, tab_stops, violations
from tests.fixtures.export_shards import write_shards


@pytest.fixture(scope="module")
def two_builds(mini, mini_manifest, tmp_path_factory):
    """Folders of a good and a bad detector, named so that the names are in the other order."""
    folder, manifest = tmp_path_factory.mktemp("detectors"), load_manifest(str(mini_manifest))
    for name, spread in (("z-good", 1), ("a-bad", 2)):
        write_shards(
            open_dataset("folder", mini), manifest, folder / name, name=name, spread=spread
        )
    return [folder / "a-bad", folder / "z-good"]


@pytest.fixture(scope="module")
def found(two_builds, mini, mini_manifest):
    return cb.evaluate_detector(two_builds, root=mini, manifest=mini_manifest, progress=False)


def joints_of(clip, cell, layout="coco17"):
    """Each scored joint: frame, name, error, score, hidden and OKS term, by loops over names."""
    labels = JOINT_SETS[clip.joint_set].joints
    for f, box in enumerate(clip.boxes):
        side, area = max(box[2] - box[0], box[3] - box[1]), (box[2] - box[0]) * (box[3] - box[1])
        for name in JOINTS:
            j, k = labels.index(name), JOINT_SETS[layout].joints.index(name)
            x, y = clip.keypoints[f, j]
            if not (0 <= x < clip.camera.width and 0 <= y < clip.camera.height):
                continue
            away = math.dist((x, y), cell.keypoints[f, k].tolist())
            away = math.inf if math.isnan(away) else away
            sigma = COCO_SIGMAS[COCO17.joints.index(name)]
            term = math.exp(-(away**2) / (2 * 0.53 * area * (2 * sigma) ** 2))
            hidden = bool(int(cell.hidden_joints[f]) >> j & 1)
            yield f, name, float(away / side), float(cell.scores[f, k]), hidden, term


def collected(folder, mini, manifest, cell, camera=None):
    """All scored joints of a cell, with clip and frame; and the scores of each frame's joints."""
    rows, frames = [], {}
    for clip, (d,) in open_shards(folder, mini, str(manifest)).clips([cell]):
        if camera in (None, clip.id.camera):
            rows += [((str(clip.id), f), *rest) for f, *rest in joints_of(clip, d)]
            limbs = d.scores[:, limb_joints("coco17")]
            frames |= {(str(clip.id), f): mean(row.tolist()) for f, row in enumerate(limbs)}
    return rows, frames


@pytest.mark.parametrize(
    ("corruption", "severity", "camera", "joint"),
    [("clean", 0, "all", "all"), ("erase", 3, "cam2", "all"), ("erase", 1, "cam1", "left_wrist")],
)
def test_a_row_by_loops(
    corruption, severity, camera, joint, found, two_builds, mini, mini_manifest
):
    of = None if camera == "all" else camera
    rows, frames = collected(two_builds[0], mini, mini_manifest, Cell(corruption, severity), of)
    if joint != "all":
        rows = [row for row in rows if row[1] == joint]
    errors = [row[2] for row in rows]
    table = found.table.set_index(["detector", "corruption", "severity", "camera", "joint"])
    row = table.loc[("a-bad", corruption, severity, camera, joint)]
    assert row["joints"] == len(rows)
    assert row["missed"] == pytest.approx(sum(map(math.isinf, errors)) / len(rows))
    assert row["hidden"] == pytest.approx(mean(r[4] for r in rows))
    assert row["error"] == pytest.approx(mean(e for e in errors if math.isfinite(e)), rel=1e-5)
    assert row["pck_05"] == pytest.approx(mean(e <= 0.05 for e in errors))
    assert row["pck_20"] == pytest.approx(mean(e <= 0.2 for e in errors))
    visible = [e <= 0.05 for e, r in zip(errors, rows, strict=True) if not r[4]]
    assert row["visible_pck_05"] == pytest.approx(mean(visible))
    assert row["score"] == pytest.approx(mean(r[3] for r in rows))
    good = [r[3] for r in rows if r[2] <= 0.05]
    bad = [r[3] for r in rows if r[2] > 0.05]
    pairs = mean((a > b) + (a == b) / 2 for a in good for b in bad)
    assert row["auroc"] == pytest.approx(pairs)
    if joint == "all":
        terms = pd.DataFrame(rows).groupby(0)[5].mean()
        expected = plain_ap(terms.tolist(), [frames[key] for key in terms.index])
        assert row["ap"] == pytest.approx(expected, abs=1e-6)
    else:
        assert math.isnan(row["ap"])


def test_detectors_are_ranked_by_ap_under_corruption(found):
    ranking = found.ranking
    assert ranking.index.tolist() == ["z-good", "a-bad"]
    for detector in found.detectors:
        whole = detector.cells["ap"]
        corrupted = (whole["erase", 1] + whole["erase", 3]) / 2
        assert ranking.loc[detector.name, "corrupted_ap"] == pytest.approx(corrupted)
        expected = 100 * corrupted / whole["clean", 0]
        assert ranking.loc[detector.name, "mrr"] == pytest.approx(expected)
    assert found.cells == (CLEAN, Cell("erase", 1), Cell("erase", 3))
    assert not found.notes
    counts = found.detectors[0].reliability["corrupted"].counts.sum()
    assert counts == found.detectors[0].cells["joints"][["erase"]].sum()


def one_frame(mini, mini_manifest, two_builds):
    shard_set = open_shards(two_builds[0], mini, str(mini_manifest))
    clip, (cell,) = next(shard_set.clips([CLEAN]))
    return clip, cell


def test_joints_outside_the_picture_are_not_scored(mini, mini_manifest, two_builds):
    clip, cell = one_frame(mini, mini_manifest, two_builds)
    whole = compare(clip, cell, "coco17")
    assert whole.scored.all()
    assert np.isinf(whole.errors[2]).all()  # nothing was detected there
    assert whole.oks[2] == 0
    low = clip.keypoints[..., 1].max() - 1  # the lowest ankles are cut off
    cut = replace(clip, camera=replace(clip.camera, height=int(low)))
    part = compare(cut, cell, "coco17")
    target = clip.keypoints[:, limb_joints("h36m17")]
    assert 0 < (~part.scored).sum() < part.scored.size / 2
    assert (part.scored == (target[..., 1] < int(low))).all()
    assert part.errors[part.scored] == pytest.approx(whole.errors[part.scored])


def test_frames_without_a_joint_in_the_picture_are_left_out(mini, mini_manifest, two_builds):
    clip, cell = one_frame(mini, mini_manifest, two_builds)
    joints = clip.joints.copy()
    joints[1, 3] = np.nan  # no box without all joints
    assert len(compare(replace(clip, joints=joints), cell, "coco17").oks) == len(clip.joints) - 1


def test_a_detector_of_the_labels_joint_set_has_the_same_joints(mini, mini_manifest, two_builds):
    clip, cell = one_frame(mini, mini_manifest, two_builds)
    joints = limb_joints("coco17"), limb_joints("h36m17")
    keypoints, scores = (
        np.full((len(clip.joints), 17, 2), 7, np.float32),
        np.zeros_like(cell.scores),
    )
    keypoints[:, joints[1]] = cell.keypoints[:, joints[0]]
    scores[:, joints[1]] = cell.scores[:, joints[0]]
    other = CellDetections(
        cell.cell, keypoints, scores, cell.boxes, cell.hidden, cell.hidden_joints, "0" * 64
    )
    a, b = compare(clip, cell, "coco17"), compare(clip, other, "h36m17")
    assert (a.oks == b.oks).all()
    assert (a.scores == b.scores).all()


def test_builds_of_other_pixels_are_refused(two_builds, mini_shards, mini, mini_manifest):
    with pytest.raises(InputError, match="its pixels differ"):
        cb.evaluate_detector(
            [two_builds[0], mini_shards], root=mini, manifest=mini_manifest, progress=False
        )


def test_labels_in_place_of_a_detector_are_refused(drawn_shards):
    detector = drawn_shards.lock.detector.model_copy(update={"name": "ground-truth:projected"})
    labels = replace(drawn_shards, lock=drawn_shards.lock.model_copy(update={"detector": detector}))
    for function in (lambda: cb.evaluate_detector(labels), lambda: fit_calibration([labels])):
        with pytest.raises(InputError, match="holds the labels in place of detections"):
            function()


def test_the_same_detections_twice_are_refused(two_builds, mini, mini_manifest, tmp_path):
    copied = shutil.copytree(two_builds[0], tmp_path / "again")
    with pytest.raises(InputError, match="holds the detections of"):
        cb.evaluate_detector(
            [two_builds[0], copied], root=mini, manifest=mini_manifest, progress=False
        )


def test_the_real_detector_on_the_command_line(mini_shards, mini, mini_manifest, cli, tmp_path):
    words = [mini_shards, "--root", mini, "--manifest", mini_manifest, "--quiet"]
    files = ["--csv", tmp_path / "a.csv", "--html", tmp_path / "a.html"]
    done = cli("evaluate-detector", *words, *files)
    assert (done.code, done.err) == (0, "")
    assert "movenet:lightning" in done.out
    lines = [line for line in done.out.splitlines() if not line.startswith("written: ")]
    assert max(map(len, lines)) <= 80
    page = (tmp_path / "a.html").read_text()
    assert "<h2>AP against severity</h2>" in page
    assert str(tmp_path) not in page
    rows = pd.read_csv(tmp_path / "a.csv")
    record = json.loads(cli("evaluate-detector", *words, "--json").out)
    (detector,) = record["detectors"]
    assert len(rows) == len(detector["rows"]) == 5 * 3 * 13  # cells, cameras, joints
    assert rows["pck_05"][0] == pytest.approx(detector["clean"]["pck_05"], rel=1e-5)


@pytest.mark.browser
def test_the_page_in_a_browser(found, visit):
    page = visit(html(found))
    assert not violations(page)
    assert not overflows(page)
    assert tab_stops(page) == ([0, 1], [True, True])  # its two wide tables


def test_cells_that_not_all_have_are_left_out(mini_shards, mini_full, mini, mini_manifest):
    shard_sets = [open_shards(f, mini, str(mini_manifest)) for f in (mini_shards, mini_full)]
    lock = shard_sets[1].lock.model_copy(update={"detections_sha256": "1" * 64})
    found = cb.evaluate_detector([shard_sets[0], replace(shard_sets[1], lock=lock)], progress=False)
    assert len(found.cells) == 5
    assert [note.endswith("compared in the 5 that all have") for note in found.notes] == [True]
    names = [d.name for d in found.detectors]
    assert len({*names}) == 2
    assert all(name.startswith("movenet:lightning (") for name in names)


def test_without_a_build():
    with pytest.raises(InputError, match="no build was given"):
        cb.evaluate_detector([])


def test_files_do_not_replace_one_another(two_builds, mini, mini_manifest, cli, tmp_path):
    words = ["evaluate-detector", two_builds[0], "--root", mini, "--manifest", mini_manifest]
    lock = (two_builds[0] / "lock.json").read_bytes()
    done = cli(*words, "--html", two_builds[0] / "lock.json")
    assert (done.code, (two_builds[0] / "lock.json").read_bytes()) == (2, lock)
    assert "lies in the shards" in done.err
    assert "(option --html)" in done.err
    done = cli(*words, "--html", tmp_path / "a", "--csv", tmp_path / "a")
    assert (done.code, [*tmp_path.iterdir()]) == (2, [])
    assert "a: is written, too" in done.err
    done = cli(*words, "--csv", tmp_path)
    assert done.code == 2
    assert "a folder; expected a file" in done.err


def test_bad_arguments_on_the_command_line(two_builds, mini, mini_manifest, cli, tmp_path):
    words = ["--root", mini, "--manifest", mini_manifest]
    done = cli("evaluate-detector", two_builds[0], *words, "--scores", "calibrated")
    assert done.code == 2
    assert "no calibration of the scores of a-bad" in done.err
    (tmp_path / "c.json").write_text("{}")
    done = cli("evaluate-detector", two_builds[0], *words, "--calibration", tmp_path / "c.json")
    assert done.code == 2
    assert "but the scores are raw" in done.err

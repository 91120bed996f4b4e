"""Labels that do not lie on the person, from shards to the result, the terminal and the board."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from corruptbench import api
from corruptbench.datasets import open_dataset
from corruptbench.evaluation.label_checks import LabelChecks, by_camera, warnings_of
from corruptbench.leaderboard import check
from corruptbench.leaderboard.schema import LONGEST_TEXT
from corruptbench.manifest import CLEAN, load_manifest
from corruptbench.shards import parquet
from corruptbench.shards.lock import write_lock
from corruptbench.shards.records import CellDetections, DetectorRecord, shard_path
from corruptbench.skeleton import H36M17
from tests.fixtures.folder import motion, write_dataset, write_labels

LATE = 5  # frames


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"), frames=70)


@pytest.fixture(scope="module")
def shards(root, mini_manifest, tmp_path_factory):
    """All cells of all clips, seen without error; camera 2 is seen before its labels."""
    dataset, manifest = open_dataset("folder", root), load_manifest(str(mini_manifest))
    out, records = tmp_path_factory.mktemp("shards"), []
    fake = DetectorRecord(
        name="fake", layout="h36m17", score_meaning="none", weights_sha256="0" * 64
    )
    for clip_id in manifest.select(dataset.clip_ids()):
        clip = dataset.load(clip_id)
        shift = -LATE if clip_id.camera == "cam2" else 0
        seen = np.roll(clip.keypoints, shift, axis=0).astype(np.float32)
        scores, boxes = np.ones(seen.shape[:2], np.float32), clip.boxes.astype(np.float32)
        free = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.uint32)
        other = seen[:, H36M17.mirror]  # what is seen under corruption says nothing of the labels
        cells = [
            CellDetections(cell, seen if cell == CLEAN else other, scores, boxes, *free, "0" * 64)
            for cell in manifest.cells
        ]
        path = shard_path(out, clip_id)
        parquet.write(path, clip_id, "0" * 64, cells, manifest, fake)
        records.append(parquet.read_record(path))
    write_lock(out, records, "none")
    return out


def test_the_bad_camera_is_named_in_the_result(shards, root, mini_manifest, tiny_lifter):
    result = api.evaluate(tiny_lifter, shards, root=root, manifest=mini_manifest, progress=False)
    rows = {(r.subject, r.sequence, r.camera): r for r in result.record.labels}
    assert len(rows) == 6
    for (_, _, camera), row in rows.items():
        assert row.verdict == ("lag" if camera == "cam2" else "agrees")
        assert row.lag == pytest.approx(LATE if camera == "cam2" else 0, abs=0.2)
    about_labels = [w for w in result.record.warnings if w.name.startswith("labels")]
    assert [w.name for w in about_labels] == ["labels-lag"]
    assert "camera cam2" in about_labels[0].text
    assert "5.0 frames late" in about_labels[0].text
    assert about_labels[0].text in repr(result)
    assert "5.0 frames late" in result._repr_html_()


def test_the_terminal_says_it_and_the_board_takes_the_row(
    shards, root, mini_manifest, tiny_lifter, tmp_path, cli
):
    words = ("--shards", shards, "--root", root, "--manifest", mini_manifest)
    done = cli("evaluate", tiny_lifter, *words, "--out", tmp_path)
    assert done.code == 0, done.err
    warnings = [line for line in done.out.splitlines() if line.startswith("warning: ")]
    stored = check(tmp_path / "tiny.json").warnings
    assert warnings == [f"warning: {w.text}" for w in stored]
    shown = cli("evaluate", tiny_lifter, *words, "--out", tmp_path, "--json", "--quiet")
    assert json.loads(shown.out)["result"]["labels"][1]["verdict"] == "lag"
    submit = ("submit", tmp_path / "tiny.json", "--board", tmp_path / "board")
    submitted = cli(*submit, "--manifest", mini_manifest)
    assert submitted.code == 0
    assert [x for x in submitted.out.splitlines() if x.startswith("warning: ")] == warnings
    again = json.loads(cli(*submit, "--manifest", mini_manifest, "--json").out)
    assert again["warnings"] == [w.text for w in stored]
    assert cli("leaderboard", "show", "--board", tmp_path / "board").code == 0


def test_detections_has_a_table_of_clips_and_a_verdict_in_words(shards, root, mini_manifest, cli):
    words = ("--shards", shards, "--root", root, "--manifest", mini_manifest)
    done = cli("detections", *words)
    assert done.code == 0, done.err
    assert "A1/sway_1.cam2" in done.out
    assert "too early or too late" in done.out
    assert "camera cam1: the labels lie on the person" in done.out
    assert "warning: labels, camera cam2: the labels are 5.0 frames late" in done.out
    found = json.loads(cli("detections", *words, "--json").out)
    assert [c["verdict"] for c in found["cameras"]] == ["agrees", "lag"]
    assert len(found["labels"]) == 6


def _labels(verdict="agrees", **changes):
    row = {"subject": "S", "sequence": "a", "camera": "c", "verdict": verdict}
    return {**row, "error": 0.02, "lag": None, **changes}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("warnings", [{"name": "size", "text": "x" * (LONGEST_TEXT + 1)}]),
        ("warnings", [{"name": "size", "text": "\x1b[2J"}]),
        ("warnings", [{"name": "size", "text": "x"}] * 101),
        ("warnings", [{"name": "invented", "text": "x"}]),
        *[
            ("warnings", [{"name": "size", "text": f"a{c}b"}])
            for c in "\x7f\x9b\u2028\u200f\u202a\u202e\u2066\u2069"
        ],
        ("labels", [_labels("fine")]),
        ("labels", [_labels(error=-1.0)]),
        ("labels", [_labels(error=1e300)]),
        ("labels", [_labels(lag=-1e300)]),
        ("labels", [_labels(lag=1e300)]),
        ("labels", [_labels(sequence="a\u202eb")]),
        ("labels", [_labels(camera="x" * (LONGEST_TEXT + 1))]),
        ("labels", [_labels()] * 10_001),
    ],
)
def test_forged_fields_are_bounded(
    field, value, shards, root, mini_manifest, tiny_lifter, tmp_path, cli
):
    api.evaluate(tiny_lifter, shards, root=root, manifest=mini_manifest, progress=False).save(
        tmp_path
    )
    path = tmp_path / "tiny.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, field: value}))
    done = cli("submit", path, "--board", tmp_path / "board", "--manifest", mini_manifest)
    assert done.code == 2
    assert field in done.err
    assert not (tmp_path / "board").exists()


@pytest.mark.parametrize(("aside", "refused"), [((0, 0, -200), False), ((0, 0, -1200), True)])
def test_labels_that_changed_after_the_build(
    aside, refused, shards, root, mini_manifest, tiny_lifter, tmp_path, cli
):
    """One joint in one frame, within the person's box: said, or refused where no body can be so."""
    data = shutil.copytree(root, tmp_path / "data")
    joints = motion(70, 1)
    joints[40, 8] += aside
    write_labels(data / "labels/A2.parquet", {"step_1": joints})
    words = ("--shards", shards, "--root", data, "--manifest", mini_manifest, "--out", tmp_path)
    done = cli("evaluate", tiny_lifter, *words)
    assert done.code == (2 if refused else 0)
    said = done.err if refused else done.out
    assert "A2/step_1" in said
    assert "frame 40" in said
    assert (tmp_path / "tiny.json").exists() != refused


def seen_exactly(keypoints):
    """Clean detections without error."""
    points, boxes = keypoints.astype(np.float32), np.zeros((len(keypoints), 4), np.float32)
    free = np.zeros(len(points), np.float32), np.zeros(len(points), np.uint32)
    return CellDetections(
        CLEAN, points, np.ones(points.shape[:2], np.float32), boxes, *free, "0" * 64
    )


def test_exchanged_cameras_are_found_in_shards(root):
    dataset = open_dataset("folder", root)
    one, other = (dataset.load(c) for c in dataset.clip_ids()[:2])
    assert one.id.sequence == other.id.sequence
    checks = LabelChecks("h36m17")
    for clip, seen in ((one, other.keypoints), (other, one.keypoints)):
        checks.add(clip, seen_exactly(seen))
    found = dict(warnings_of(checks.evidence()))
    assert set(found) == {"labels-camera"}
    assert (
        "labels, camera cam1, cam2: the first: the video shows what camera cam2 sees"
        in (found["labels-camera"])
    )


def test_a_camera_of_several_frame_rates_is_judged_for_each(root):
    """Lags are in frames, so only clips of one rate can be judged together."""
    dataset, checks = open_dataset("folder", root), LabelChecks("h36m17")
    clips = [dataset.load(c) for c in dataset.clip_ids() if c.camera == "cam1"]
    rates = (25.0, 50.0, 25.01)
    for clip, fps in zip(clips, rates, strict=True):
        late = LATE if fps == 50 else 0
        checks.add(replace(clip, fps=fps), seen_exactly(np.roll(clip.keypoints, -late, axis=0)))
    cameras = by_camera(checks.evidence())
    assert {name: found.verdict for name, found in cameras.items()} == {
        "cam1 at 25 fps": "agrees",
        "cam1 at 50 fps": "lag",
    }
    found = dict(warnings_of(checks.evidence()))
    assert list(found) == ["labels-lag"]
    assert found["labels-lag"].startswith("labels, camera cam1 at 50 fps: ")

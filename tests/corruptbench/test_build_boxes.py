"""Builds whose crops are cut around the boxes of a person detector."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from corruptbench.builder import clip_detector, station
from corruptbench.builder.person_boxes import person_boxes
from corruptbench.cli import main
from corruptbench.datasets import open_dataset
from corruptbench.detectors.people import People, fitted, to_picture
from corruptbench.evaluation.detections import quality
from corruptbench.evaluation.found_boxes import found_boxes
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards import parquet
from corruptbench.shards.lock import read_lock
from corruptbench.shards.shard_set import open_shards
from corruptbench.video.reader import decode
from tests.corruptbench.conftest import build_arguments

pytestmark = pytest.mark.detector

NAME, WEIGHTS, SIZE = "movenet:multipose", "5" * 64, 64
CELLS = (CLEAN, Cell("erase", 3), Cell("gaussian_noise", 3))
CLIP = "keypoints/mini/A1/step_1.cam1.parquet"


class Blue:
    """Finds two persons: what is bluish, and a corner of the picture. Sure only where it is even.

    So what it finds depends on each pixel that it is given.
    """

    name, input_size, batch, least_score = NAME, SIZE, 3, 0.1
    weights_sha256, runtime = WEIGHTS, "none"

    def __call__(self, pictures: np.ndarray) -> People:
        found = [self.person(picture.astype(int)) for picture in pictures]
        corner = np.array([0, 0, 5, 9], np.float32)
        boxes = np.stack([np.stack([corner, box]) for box, _ in found])
        return People(boxes, np.array([[0.95, score] for _, score in found], np.float32))

    @staticmethod
    def person(picture: np.ndarray) -> tuple[np.ndarray, float]:
        y, x = np.nonzero(picture[..., 2] > picture[..., 0] + 30)
        if not len(x):
            return np.zeros(4, np.float32), 0.0
        box = [*np.quantile(x, [0.05, 0.95]), *np.quantile(y, [0.05, 0.95])]
        return np.array(box, np.float32)[[0, 2, 1, 3]] + (0, 0, 1, 1), 0.5


@pytest.fixture(scope="module", autouse=True)
def asked():
    """Puts `Blue` in the place of the person detector, and keeps what was asked for."""
    asked = []

    def load(name, device):
        asked.append((name, device))
        return Blue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(station, "load_person_detector", load)
        yield asked


def overlap(a, b):
    """IoU of two boxes, in plain numbers."""
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    both = max(width, 0) * max(height, 0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return both / (sum(areas) - both)


def boxes_build(mini, manifest, out, *more):
    words = build_arguments(mini, manifest, out, "--severity", "3", "--workers", 1)
    return [*words, "--boxes", NAME, *more]


@pytest.fixture(scope="module")
def built(mini, mini_manifest, tmp_path_factory, asked):
    """A finished build at severity 3, with lossless videos; do not write to it."""
    out = tmp_path_factory.mktemp("boxes")
    main(boxes_build(mini, mini_manifest, out, "--videos", "--crf", "0", "--quiet"))
    assert asked == [(NAME, "cpu")]
    return out


def test_boxes_are_found_in_the_corrupted_pictures_of_each_cell(built):
    """The lossless videos of the same build show what the person detector was given."""
    shard = built / CLIP
    for d in parquet.read(shard, CELLS):
        cell = "clean" if d.cell == CLEAN else f"{d.cell.corruption}-{d.cell.severity}"
        video = built / "videos/mini/A1/step_1.cam1" / f"{cell}.mp4"
        pictures = np.stack(list(decode(video)))
        given = np.stack([fitted(picture, SIZE) for picture in pictures])
        found = Blue()(given)
        height, width = pictures.shape[1:3]
        expected = to_picture(found.boxes[:, 1], width, height, SIZE)
        assert (found.scores[:, 1] > 0).all()
        np.testing.assert_allclose(d.boxes, expected, atol=1 / 64)
    clean, _, noisy = (d.boxes for d in parquet.read(shard, CELLS))
    assert (clean != noisy).any()


def test_each_batch_of_pictures_is_a_sign_of_work(mini, mini_manifest):
    """Nothing else is heard of a worker until persons are found in the whole clip."""
    dataset, ticks = open_dataset("folder", mini), []
    clip = dataset.load(dataset.clip_ids()[0])
    person_boxes(clip, CELLS, load_manifest(str(mini_manifest)), Blue(), ticks.append)
    assert ticks == [0] * len(CELLS) * math.ceil(len(clip.joints) / Blue.batch)


def test_shard_lock_and_fingerprint_name_the_person_detector(built, mini_shards):
    ours, theirs = (parquet.read_record(folder / CLIP) for folder in (built, mini_shards))
    boxes = {"name": NAME, "weights_sha256": WEIGHTS}
    assert ours.model_dump()["detector"] == {**theirs.model_dump()["detector"], "boxes": boxes}
    assert ours.fingerprint != theirs.fingerprint
    assert json.loads((built / "lock.json").read_text())["detector"]["boxes"] == boxes
    assert str(read_lock(built / "lock.json").detector) == f"movenet:lightning, boxes by {NAME}"


def test_the_boxes_of_labels_are_not_named(mini_shards):
    """Shards and locks of the default have the bytes that they had."""
    text = pq.read_schema(mini_shards / CLIP).metadata[b"corruptbench"].decode()
    assert "boxes" not in text + (mini_shards / "lock.json").read_text()


def test_what_is_hidden_is_a_share_of_the_labels_box(built, mini_shards):
    names = [path.relative_to(built) for path in parquet.find(built)]
    found, right = (
        [parquet.read(folder / name, CELLS[1:2])[0] for name in names]
        for folder in (built, mini_shards)
    )
    assert any(d.hidden.any() for d in right)
    for ours, theirs in zip(found, right, strict=True):
        np.testing.assert_array_equal(ours.hidden, theirs.hidden)
        np.testing.assert_array_equal(ours.hidden_joints, theirs.hidden_joints)


def test_a_cell_does_not_depend_on_the_others(
    built, mini, mini_manifest, tmp_path, cli, monkeypatch
):
    monkeypatch.setattr(clip_detector, "AT_ONCE", 1)
    out = tmp_path / "others"
    one = boxes_build(mini, mini_manifest, out, "--corruption", "gaussian_noise")
    assert cli(*one).code == 0
    assert cli(*boxes_build(mini, mini_manifest, out)).code == 0
    assert (out / CLIP).read_bytes() == (built / CLIP).read_bytes()


def test_such_shards_can_be_read_verified_and_measured(built, mini, mini_manifest, cli):
    assert cli("verify", built).code == 0
    shards = open_shards(built, mini, str(mini_manifest))
    measured = quality(shards)
    assert measured[CLEAN].pck > 0
    told = cli("detections", "--shards", built, "--root", mini, "--manifest", mini_manifest)
    assert f"boxes by {NAME}" in " ".join(told.out.split())
    share = found_boxes(shards)
    by_hand = [
        [overlap(box, right) >= 0.5 for box, right in zip(d.boxes, clip.boxes, strict=True)]
        for clip, (d, *_) in shards.clips([CLEAN])
    ]
    assert share[CLEAN] == pytest.approx(np.mean(np.concatenate(by_hand)))
    assert f"{share[CLEAN]:.3f}" in told.out


def test_locks_of_other_boxes_are_not_compared(built, mini_shards, cli):
    assert cli("verify", built, "--against", built / "lock.json").code == 0
    refused = cli("verify", built, "--against", mini_shards / "lock.json")
    assert refused.code == 2
    assert f"boxes of the labels, ours has boxes by {NAME}" in refused.err


def test_a_folder_holds_shards_on_one_kind_of_boxes(
    built, mini, mini_manifest, mini_shards, tmp_path, cli
):
    of_labels = build_arguments(mini, mini_manifest, built, "--severity", "3")
    refused = cli(*of_labels)
    assert refused.code == 2
    assert f"movenet:lightning, boxes by {NAME}, not of mini-c by movenet:lightning" in refused.err
    other = shutil.copytree(mini_shards, tmp_path / "labels")
    assert cli(*boxes_build(mini, mini_manifest, other)).code == 2


def test_where_nobody_is_found_nothing_is_detected(mini, mini_manifest, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(Blue, "least_score", 2.0)
    out = tmp_path / "nobody"
    done = cli(*boxes_build(mini, mini_manifest, out, "--corruption", "erase"))
    assert done.code == 0, done.err
    for d in parquet.read(out / CLIP, CELLS[:2]):
        assert np.isnan(d.boxes).all()
        assert np.isnan(d.keypoints).all()
        assert not d.scores.any()


@pytest.mark.parametrize("boxes", ["labels2", "movenet:lightning"])
def test_an_unknown_person_detector_is_refused(boxes, mini, mini_manifest, tmp_path, cli):
    words = build_arguments(mini, mini_manifest, tmp_path / "out", "--boxes", boxes)
    refused = cli(*words)
    assert refused.code == 2
    assert "labels, movenet:multipose" in refused.err
    assert not (tmp_path / "out").exists()


def test_ground_truth_has_the_boxes_of_the_labels(mini, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    refused = cli(*boxes_build(mini, mini_manifest, out, "--detector", "ground-truth:projected"))
    assert refused.code == 2
    assert "looks at no picture" in refused.err
    assert not (Path(out) / "keypoints").exists()

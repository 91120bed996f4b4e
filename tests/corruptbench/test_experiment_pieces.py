"""What the experiment on the remedies consists of: pieces, noises, and larger people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from benchmarks.remedies import enlarge, noises
from benchmarks.remedies.pieces import (
    ABLATED,
    ABLATIONS,
    ARCHITECTURES,
    LENGTHS,
    UNSCORED,
    VARIANTS,
    Piece,
    trainings,
)
from benchmarks.remedies.unscored import Unscored
from corruptbench.corruptions import get
from corruptbench.datasets.studio import EMBEDDED, TRAIN_NOISE, open_root
from corruptbench.lifters.noise_file import load_noise
from corruptbench.video.reader import decode


def test_the_pieces_of_the_experiment():
    groups = list(trainings([1, 2, 3], 60))
    every = [piece for group in groups for piece in group]
    assert len({p.name for p in every}) == len(every)
    number = len(ARCHITECTURES) * len(VARIANTS) + len(ABLATIONS) + 2 * len(LENGTHS)
    assert len(every) == 3 * number
    for piece in every:
        config = piece.config(Path("noises"))
        assert config.name == piece.name
        assert config.schedule.seed == piece.seed
    plain, both = (p for p in every if p.name in ("linear-9+plain-s2", "linear-9+tagn+ca-conv-s2"))
    assert (plain.config(Path()).tagn, plain.config(Path()).ca_conv) == ("none", False)
    assert (both.config(Path()).tagn, both.config(Path()).ca_conv) == ("measured", True)


def test_pieces_of_a_group_have_one_training(tmp_path):
    """All that the lifter itself sees is alike: no noise reaches one behind an input."""
    for group in trainings([1], 60):
        assert {p.training for p in group} == {group[0].name}
        lifters = {
            config.model_copy(update={"name": "", "ca_conv": False, "tagn": "none"})
            if config.ca_conv
            else config.model_copy(update={"name": ""})
            for config in (piece.config(tmp_path) for piece in group)
        }
        assert len(lifters) == 1, group


def test_the_control_does_not_see_scores():
    x = torch.rand(2, 3, 17, 3)
    assert torch.equal(Unscored()(x)[..., :2], x[..., :2])
    assert (Unscored()(x)[..., 2] == 1).all()
    assert UNSCORED in ABLATIONS


def test_noises_lack_one_property():
    whole = load_noise(TRAIN_NOISE)
    given = replace(whole, episodes=whole.episodes[:32])
    found = {name: change(given) for name, change in noises.NOISES.items()}
    for before, after in zip(given.episodes, found["incoherent"].episodes, strict=True):
        for b, a in ((before.offsets, after.offsets), (before.factors, after.factors)):
            assert sorted(b.sum(axis=1).ravel()) == pytest.approx(sorted(a.sum(axis=1).ravel()))
    one, other = (n.episodes[0].offsets for n in (given, found["incoherent"]))
    assert np.abs(np.diff(other, axis=0)).mean() > np.abs(np.diff(one, axis=0)).mean()
    for name, left_out in (
        ("no-occlusion", "temporary occlusion"),
        ("no-blur", "motion blur"),
        ("no-pixel-noise", "pixel noise"),
    ):
        families = {get(e.corruption).family for e in found[name].episodes}
        assert left_out not in families
        assert len(families) == 2


def test_a_noise_is_written_under_its_name(tmp_path, monkeypatch):
    given = replace(load_noise(TRAIN_NOISE), episodes=load_noise(TRAIN_NOISE).episodes[:16])
    monkeypatch.setattr(noises, "load_noise", lambda _: given)
    noises.write_noise(tmp_path / "new" / "no-blur.parquet")
    found = load_noise(tmp_path / "new" / "no-blur.parquet")
    assert {get(e.corruption).family for e in found.episodes} == {
        "temporary occlusion",
        "pixel noise",
    }


def test_files_of_noise_are_those_that_variants_name():
    named = {
        str(v["tagn"]) for v in (VARIANTS | ABLATIONS).values() if ".parquet" in str(v.get("tagn"))
    }
    assert named == {f"{name}.parquet" for name in noises.NOISES}
    piece = Piece(ABLATED, "tagn-incoherent", 1, 1)
    assert piece.config(Path("there")).tagn == "there/incoherent.parquet"


def test_larger_people_have_the_same_poses(monkeypatch, tmp_path, capsys):
    """Joints of the enlarged set project to the enlarged boxes, and pictures are the same."""
    video = next(iter(sorted((EMBEDDED / "videos" / "S6").glob("*.mp4"))))
    monkeypatch.setattr(enlarge, "_enlarge", only(video, enlarge._enlarge))
    enlarge.main(["250", "--out", str(tmp_path)])
    capsys.readouterr()
    small, large = open_root(None), open_root(tmp_path)
    clip = next(c for c in large.clip_ids() if str(c).endswith(video.stem))
    before, after = small.load(clip), large.load(clip)
    factor = after.camera.width / before.camera.width
    np.testing.assert_allclose(after.joints, before.joints)
    np.testing.assert_allclose(
        after.camera.project(after.joints_camera),
        factor * before.camera.project(before.joints_camera),
        rtol=1e-9,
    )
    np.testing.assert_allclose(after.boxes, factor * before.boxes, rtol=1e-6)
    pictures = [next(decode(path)) for path in (video, after.video)]
    assert pictures[1].shape[:2] == (after.camera.height, after.camera.width)
    with pytest.raises(SystemExit, match="of people of another size"):
        enlarge.main(["150", "--out", str(tmp_path)])
    again = cv2.resize(pictures[1], pictures[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(float) - pictures[0]).mean() < 2


def only(video, function):
    """Do it for one video, and write an empty file for the others."""

    def run(source, path, side):
        if source == video:
            function(source, path, side)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    return run

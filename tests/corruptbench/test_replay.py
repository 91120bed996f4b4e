"""Ground truth with measured noise: the episodes of a table, replayed in each cell."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from corruptbench.builder import replay
from corruptbench.builder.ground_truth import Projected
from corruptbench.builder.plan import fingerprint
from corruptbench.builder.replay import load_replay
from corruptbench.cli import main
from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.lifters.noise_file import load_noise, save_noise
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards.lock import read_lock
from corruptbench.shards.shard_set import open_shards
from corruptbench.training.measure import measured
from tests.corruptbench.conftest import build_arguments
from tests.fixtures.noises import STRENGTHS, noise_table

FEW = ("--severity", "3", "--workers", 1)
CELLS = [Cell(*cell) for cell in STRENGTHS]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A file of noise; do not write to it."""
    path = tmp_path_factory.mktemp("table") / "some-noise.parquet"
    save_noise(noise_table(), path)
    return path


@pytest.fixture(scope="module")
def replayed(table):
    return load_replay(table, "h36m17")


@pytest.fixture(scope="module")
def built(mini, mini_manifest, table, tmp_path_factory):
    """A finished build of severity 3; do not write to it."""
    out = tmp_path_factory.mktemp("replayed") / "shards"
    words = build_arguments(mini, mini_manifest, out, "--detector", f"ground-truth:{table}")
    main([*words, *map(str, FEW)])
    return out


@pytest.fixture
def manifest(mini_manifest):
    return load_manifest(str(mini_manifest))


@pytest.fixture
def clip(mini):
    dataset = open_dataset("folder", mini)
    return dataset.load(dataset.clip_ids()[0])


def played(clip, manifest, replayed, cells=CELLS):
    return replayed.detect(clip, cells, manifest, lambda _: None, {})


def sizes(points):
    """(F,) the longer side of the joints' box, joint by joint."""
    return np.array([max(np.ptp(frame[:, 0]), np.ptp(frame[:, 1])) for frame in points])


def there_and_back(frames, length):
    """The frames of an episode in the order of a replay from its start, without end."""
    once = [*range(length), *reversed(range(length))]
    return [once[t % (2 * length)] for t in range(frames)]


def is_replay(d, clip, episode):
    """Whether detections are labels with a stretch of an episode, frame by frame."""
    frames, length = len(clip.keypoints), len(episode.factors)
    size = sizes(clip.keypoints)
    for start in range(max(length - frames + 1, 1)):
        order = [start + t for t in there_and_back(frames, max(length - start, 1))]
        moved = [
            clip.keypoints[t] + size[t] * episode.offsets[order[t]].astype(np.float64)
            for t in range(frames)
        ]
        scores = np.minimum(episode.factors[order], 1)
        if np.abs(d.keypoints - moved).max() < 1 / 64 and np.abs(d.scores - scores).max() < 1e-3:
            return True
    return False


def test_each_cell_replays_an_episode_of_its_own(clip, manifest, replayed, table):
    noise = load_noise(table)
    for d in played(clip, manifest, replayed):
        of_cell = [e for e in noise.episodes if Cell(e.corruption, e.severity) == d.cell]
        assert sum(is_replay(d, clip, episode) for episode in of_cell) == 1
        assert np.array_equal(d.keypoints * 64, np.rint(d.keypoints * 64))


def test_the_clean_cell_is_the_projected_labels(clip, manifest, replayed):
    (noisy,) = played(clip, manifest, replayed, [CLEAN])
    (plain,) = Projected("h36m17").detect(clip, [CLEAN], manifest, lambda _: None, {})
    assert noisy.detections_sha256 == plain.detections_sha256


def test_means_are_those_of_the_table(clip, manifest, replayed, table):
    """Over many clips each cell has the mean displacement and score of its episodes."""
    noise, found = load_noise(table), defaultdict(list)
    size = sizes(clip.keypoints)[:, None]
    for number in range(400):
        other = replace(clip, id=replace(clip.id, sequence=f"take_{number}"))
        for d in played(other, manifest, replayed):
            away = np.linalg.norm(d.keypoints - clip.keypoints, axis=2) / size
            found[d.cell].append((away.mean(), d.scores.mean()))
    for cell in CELLS:
        own = [e for e in noise.episodes if Cell(e.corruption, e.severity) == cell]
        away = np.mean([np.linalg.norm(e.offsets, axis=2).mean() for e in own])
        score = np.mean([np.minimum(e.factors, 1).mean() for e in own])
        assert np.allclose(np.mean(found[cell], axis=0), (away, score), rtol=0.03), cell
        assert math.isclose(away, STRENGTHS[cell.corruption, cell.severity], rel_tol=0.03)


def test_a_joint_without_a_label_has_no_detection(clip, manifest, replayed):
    joints = clip.joints.copy()
    joints[2] = joints[4, 5] = np.nan
    absent = np.isnan(joints).all(axis=2)
    for d in played(replace(clip, joints=joints), manifest, replayed):
        assert np.array_equal(np.isnan(d.keypoints).all(axis=2), absent)
        assert not d.scores[absent].any()
        assert d.scores[~absent].all()


def test_identity_alone_decides(clip, manifest, replayed):
    together = {d.cell: d.detections_sha256 for d in played(clip, manifest, replayed)}
    for cell in reversed(CELLS):
        (alone,) = played(clip, manifest, replayed, [cell])
        assert alone.detections_sha256 == together[cell]
    other = replace(clip, id=replace(clip.id, camera="cam9"))
    newer = manifest.model_copy(update={"version": 2})
    for changed in (played(other, manifest, replayed), played(clip, newer, replayed)):
        assert all(d.detections_sha256 != together[d.cell] for d in changed)


def test_worker_processes_give_the_same_bytes(built, mini, mini_manifest, table, tmp_path, cli):
    words = build_arguments(
        mini, mini_manifest, tmp_path, "--detector", f"ground-truth:{table}", *FEW[:2]
    )
    assert cli(*words, "--workers", 2).code == 0
    for path in built.rglob("*.parquet"):
        assert (tmp_path / path.relative_to(built)).read_bytes() == path.read_bytes()


def test_the_lock_says_whose_noise_it_is(built, table, cli):
    found = read_lock(built / "lock.json").detector
    assert found.name == "ground-truth:noise of some:detector (replay 1)"
    assert found.weights_sha256 == hashlib.sha256(table.read_bytes()).hexdigest()
    assert "some:detector" in found.score_meaning
    assert cli("verify", built).code == 0


def test_the_build_says_whose_noise_it_is(mini, mini_manifest, table, tmp_path, cli):
    words = build_arguments(mini, mini_manifest, tmp_path, "--detector", f"ground-truth:{table}")
    (line,) = [x for x in cli(*words, *FEW).err.splitlines() if x.startswith("ground-truth")]
    assert "the noise that some:detector had on train-noise version 1" in line
    assert "the clean cell has none" in line


def test_measuring_it_gives_the_noise_back(built, mini, mini_manifest):
    """What `measure-noise` finds in the shards is what was put in, within the steps of both."""
    shards = open_shards(built, mini, str(mini_manifest))
    episodes = {(e.clip, e.corruption, e.severity): e for e in measured(shards).episodes}
    for clip, cells in shards.clips():
        for d in cells[1:]:
            found = episodes[str(clip.id), d.cell.corruption, d.cell.severity]
            moved = clip.keypoints + sizes(clip.keypoints)[:, None, None] * found.offsets
            assert np.abs(moved - d.keypoints).max() < 1 / 32
            assert np.array_equal(found.factors, d.scores)


def test_cells_without_noise_are_refused(mini, mini_manifest, table, tmp_path, cli):
    words = build_arguments(mini, mini_manifest, tmp_path, "--detector", f"ground-truth:{table}")
    done = cli(*words, "--severity", "1-3")
    assert done.code == 2
    assert "no noise was measured for severity 2 of erase; severity 1, 2 of gaussian_" in done.err
    assert "it has: severity 1, 3 of erase; severity 3 of gaussian_noise" in done.err
    assert not list(tmp_path.rglob("*.parquet"))


def test_another_table_needs_another_folder(built, mini, mini_manifest, tmp_path, cli):
    path, out = tmp_path / "other.parquet", shutil.copytree(built, tmp_path / "out")
    save_noise(noise_table(episodes=3), path)
    words = build_arguments(mini, mini_manifest, out, "--detector", f"ground-truth:{path}")
    done = cli(*words, *FEW)
    assert (done.code, "with other files: SHA-256" in done.err) == (2, True)


def test_what_decides_the_noise_decides_the_fingerprint(clip, manifest, table, monkeypatch):
    def prints():
        return fingerprint(clip, manifest, load_replay(table, "h36m17"))

    before = prints()
    assert before == prints()
    assert before != fingerprint(clip, manifest, Projected("h36m17"))
    joints = clip.joints + [[[1.0]]]
    moved = fingerprint(replace(clip, joints=joints), manifest, load_replay(table, "h36m17"))
    monkeypatch.setattr(replay, "REPLAY_VERSION", 2)
    assert len({before, moved, prints()}) == 3


def test_no_video_decides_the_fingerprint(clip, manifest, replayed):
    absent = replace(clip, video=clip.video.with_name("absent.mp4"))
    assert fingerprint(absent, manifest, replayed) == fingerprint(clip, manifest, replayed)


def test_noise_of_other_joints_is_refused(tmp_path):
    path = tmp_path / "noise.parquet"
    save_noise(noise_table("humaneva15"), path)
    with pytest.raises(InputError, match="joint set humaneva15, expected h36m17"):
        load_replay(path, "h36m17")


def test_a_noise_without_a_proper_detector_is_refused(tmp_path):
    path, noise = tmp_path / "noise.parquet", noise_table(episodes=1)
    source = noise.source.model_copy(update={"detector": "two\nlines"})
    save_noise(replace(noise, source=source), path)
    with pytest.raises(InputError, match="printable characters"):
        load_replay(path, "h36m17")


def test_the_table_that_comes_with_the_project_has_a_name():
    found = load_replay(None, "h36m17")
    assert found.record.name == "ground-truth:noise of movenet:lightning (replay 1)"
    assert found.notes([CLEAN, Cell("erase", 2), Cell("shot_noise", 4)])

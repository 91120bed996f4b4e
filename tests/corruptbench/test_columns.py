"""Every column of the clips table and of its companions against plain loops.

The shards hold drawn detections: the projected labels with an error that is larger under cover and
for a while after it. The lifters are functions. Labels have gaps, clips two frame rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from corruptbench.datasets.folder import FolderDataset
from corruptbench.evaluation.extracts import CLIPS, FRAMES, LEAST
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.evaluation.score import score
from corruptbench.leaderboard.columns import CLIP_COLUMNS_3, CLIP_KEY
from corruptbench.skeleton import H36M17
from tests.corruptbench.conftest import contract
from tests.fixtures.covered_shards import CELLS, longer, written
from tests.fixtures.lifters import python_lifter
from tests.fixtures.plain_scores import Plain, Scene, clip_row, stretches

KEY = (*CLIP_KEY, "corruption", "severity")


@pytest.fixture(scope="module")
def shard_set(mini, mini_manifest, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderDataset, "load", longer(FolderDataset.load))
        yield written(mini, mini_manifest, tmp_path_factory.mktemp("shards"))


def flat(x):
    """x, y of the picture in the middle of the room, about m; the root is not quite at 0."""
    y = torch.nn.functional.pad(x[..., :2], (0, 1)) * 1.7
    y = y - 0.9 * y[..., :1, :]
    # Left and right are exchanged, and the person is deep, where the hip is far to the right.
    far = (x[..., :1, :1] > 0.02).float()
    if y.shape[-2] == len(H36M17):
        y = (1 - far) * y + far * y[..., H36M17.mirror, :]
    return y + far * 0.05 * x.flip(-2)[..., :1]


def drawn(x):
    return flat(x) + 0.03 * torch.randn(*x.shape[:-1], 3)


def several(x):
    shift = torch.tensor([[0.02, 0.0, 0.0], [-0.05, 0.03, 0.02], [0.0, 0.0, 0.08]])
    bent = x.roll(1, dims=-2)[..., :1] * shift[:, None, None, None]
    return flat(x) + 3 * bent


#: Name to the changes of the contract, the function, and what else the lifter has.
LIFTERS = {
    "scaled": ({}, flat, {}),
    "none": ({"units": "none"}, flat, {}),
    "samples": ({"samples": 2}, drawn, {"seed": torch.manual_seed}),
    "hypotheses": ({"output": "h b t j c", "joints": "h36m17 - neck_nose"}, several, {}),
}


def source(name, function=None):
    changes, given, more = LIFTERS[name]
    return LivePoses(python_lifter(contract(frames=1, **changes), function or given, **more))


@dataclass
class Run:
    scaled: bool
    table: object
    companions: dict
    scenes: dict

    def plain(self, key):
        return Plain(self.scenes[key], self.scenes[key].poses[0], self.scaled)


@pytest.fixture(scope="module", params=LIFTERS)
def run(request, shard_set):
    given = {}

    class Keeps:
        def see(self, _group, cell, lifted, _found):
            given[CELLS[cell]] = lifted

    _, table, companions = evaluated(source(request.param), shard_set, "x", False, (Keeps(),))
    joints = [j for j in range(17) if request.param != "hypotheses" or j != 9]
    scaled = request.param != "none"
    return Run(scaled, table, companions, scenes(shard_set, given, joints))


def scenes(shard_set, given, joints):
    """Key of a clip and cell to what was lifted there."""
    found, start = {}, 0
    for clip, cells in shard_set.clips():
        labeled = [f for f, joints in enumerate(clip.joints) if np.isfinite(joints).all()]
        rows, start = range(start, start + len(labeled)), start + len(labeled)
        for d in cells:
            mine, ids = given[d.cell], [getattr(clip.id, name) for name in CLIP_KEY]

            def framed(poses, labeled=labeled, rows=rows):
                return {f: poses[i] for f, i in zip(labeled, rows, strict=True)}

            found[*ids, d.cell.corruption, d.cell.severity] = Scene(
                labels=[*clip.joints_camera],
                poses=[framed(mine.in_mm(i)) for i in range(len(mine.poses))],
                hypotheses=[framed(h) for h in mine.hypotheses_in_mm(0)],
                joints=joints, fps=clip.fps, hidden=d.hidden.tolist(),
                bits=d.hidden_joints.tolist(), keypoints=d.keypoints,
            )  # fmt: skip
    return found


def test_the_clips_table(run):
    assert {tuple(key) for key in run.table[[*KEY]].to_numpy()} == {*run.scenes}
    assert not set(CLIP_COLUMNS_3) - set(run.table.columns)
    for row in run.table.to_dict("records"):
        key = tuple(row[name] for name in KEY)
        clean = run.scenes[*key[:4], "clean", 0]
        expected = clip_row(run.scenes[key], clean, run.scaled, key[4] == "erase")
        for column in CLIP_COLUMNS_3[len(KEY) :]:
            wanted = pytest.approx(expected.get(column, np.nan), rel=1e-7, abs=1e-9, nan_ok=True)
            assert row[column] == wanted, (key, column)


def test_the_fixture_has_all_that_can_happen(run):
    """Otherwise the other tests would say little."""
    table, erased = run.table, run.table[run.table["corruption"] == "erase"]
    assert {0, 1, 3} <= {*erased["recoveries"]}
    assert erased["recovery"].max() > erased["recovery"].min()
    assert 0 == erased["not_recovered"].min() < erased["not_recovered"].max()
    assert (erased["hidden_joints"] == 0).any()
    assert len({*table["frames"] - table["run_frames"]}) > 1
    assert len({*table["run_frames"] - table["acceleration_frames"]}) > 1
    if run.scaled:
        assert table["pck"].max() < 100
        assert 0 < run.companions["joints"].to_pandas()["exchanged"].max() < 1


def rows_of(table):
    """Key to the rows of a companion, in order."""
    found = {}
    for row in table.to_pylist():
        found.setdefault(tuple(row[name] for name in KEY), []).append(row)
    return found


def test_the_frames(run):
    found = rows_of(run.companions["frames"])
    assert found.keys() == run.scenes.keys()
    for key, rows in found.items():
        plain = run.plain(key)
        assert [row["frame"] for row in rows] == sorted(plain.pose)
        for row in rows:
            f = row["frame"]
            wanted = plain.mpjpe[f] if run.scaled else np.nan
            assert row["mpjpe"] == pytest.approx(wanted, rel=1e-3, nan_ok=True)
            assert row["p_mpjpe"] == pytest.approx(plain.p_mpjpe[f], rel=1e-3)
            assert row["hidden"] == pytest.approx(plain.scene.hidden[f], rel=1e-3)


def test_the_joints(run):
    found = rows_of(run.companions["joints"])
    assert found.keys() == run.scenes.keys()
    for key, (row,) in found.items():
        plain, wanted = run.plain(key), np.full(17, np.nan)
        wanted[plain.scene.joints] = np.mean([*plain.by_joint.values()], axis=0)
        assert row["frames"] == len(plain.pose)
        assert row["error"] == pytest.approx(wanted.tolist(), rel=1e-5, abs=1e-5, nan_ok=True)
        assert row["exchanged"] == pytest.approx(np.mean(plain.exchanged()), rel=1e-5)


def test_the_extracts(run):
    """The worst and the best stretch of each clip over all corrupted cells, three clips of each."""
    each = {}
    for key in run.scenes:
        if key[4] != "clean":
            for error, frames in stretches(run.plain(key), FRAMES, LEAST):
                each.setdefault(key[:4], []).append((error, key, frames))
    expected = {}
    for kind, best in (("worst", max), ("best", min)):
        of_clips = [best(found, key=lambda e: e[0]) for found in each.values()]
        ordered = sorted(of_clips, key=lambda e: e[0], reverse=kind == "worst")
        expected |= {f"{kind} {i + 1}": e[1:] for i, e in enumerate(ordered[:CLIPS])}
    table = run.companions["extracts"]
    assert table.schema.metadata[b"layout"] == b"coco17"
    assert table["rank"].unique().to_pylist() == [*expected]
    for rank, (key, frames) in expected.items():
        rows = [row for row in table.to_pylist() if row["rank"] == rank]
        assert [tuple(row[name] for name in KEY) for row in rows] == [key] * len(frames)
        assert [row["frame"] for row in rows] == frames
        plain, size = run.plain(key), 1.0
        if not plain.scaled:  # poses of unknown size get the one that fits the labels best
            pose, target = (np.stack([p[f] for f in frames]) for p in (plain.pose, plain.target))
            size = (pose * target).sum() / (pose**2).sum()
        for row in rows:
            f, poses = row["frame"], np.full((2, 17, 3), np.nan)
            poses[:, plain.scene.joints] = size * plain.pose[f], plain.target[f]
            wanted = [plain.scene.keypoints[f], *poses]
            for name, values in zip(("keypoints", "predicted", "target"), wanted, strict=True):
                flattened = values.ravel().tolist()
                assert row[name] == pytest.approx(flattened, rel=1e-5, abs=1e-3, nan_ok=True)
            assert row["error"] == pytest.approx(plain.error[f], rel=1e-5)


def test_a_bad_hypothesis_is_a_bad_pose(shard_set):
    """Also where their mean is none: the frame is left out of all errors, and is counted."""

    def function(x):
        y = several(x)
        y[1, x[..., 5, 0] > 0.12] = 0.0
        return y

    good = score(source("hypotheses"), shard_set)
    found = score(source("hypotheses", function), shard_set)
    assert found["rejected"].sum() > 0
    assert (found["frames"] == good["frames"] - found["rejected"]).all()
    assert np.isfinite(found["best_p_mpjpe"]).all()

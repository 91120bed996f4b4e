"""A score depends on the model, and on nothing that the model should not see."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.evaluation import live
from corruptbench.evaluation import score as scoring
from corruptbench.evaluation.groups import groups
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.evaluation.score import score
from corruptbench.lifters import lift as lifting
from corruptbench.lifters.allowance import Allowance
from corruptbench.manifest import CLEAN
from corruptbench.shards.shard_set import ShardSet
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import CELLS
from tests.fixtures.lifters import python_lifter


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3), features=16).eval()


def table(network, drawn_shards, **changes):
    return score(LivePoses(python_lifter(contract(), network, **changes)), drawn_shards)


def only(drawn_shards, monkeypatch, *cells):
    """The same shards, as if these cells had been built only."""
    monkeypatch.setattr(ShardSet, "cells", property(lambda _: cells))
    return drawn_shards


def test_other_cells_change_nothing(network, drawn_shards, monkeypatch):
    whole = table(network, drawn_shards)
    for cell in CELLS:
        alone = table(network, only(drawn_shards, monkeypatch, cell))
        rows = whole[
            (whole["corruption"] == cell.corruption) & (whole["severity"] == cell.severity)
        ]
        for column in ("mpjpe", "p_mpjpe", "mpjve", "acceleration", "n_mpjpe", "auc"):
            assert alone[column].tolist() == rows[column].tolist(), "to the last digit"


def test_the_size_of_a_batch_changes_nothing_but_rounding(network, drawn_shards, monkeypatch):
    whole = table(network, drawn_shards)
    monkeypatch.setattr(lifting, "BATCH_FRAMES", {"cpu": 1})
    small = table(network, drawn_shards)
    assert np.allclose(whole["mpjpe"], small["mpjpe"], rtol=1e-6)
    assert np.allclose(whole["p_mpjpe"], small["p_mpjpe"], rtol=1e-6)


def test_the_order_of_cells_changes_nothing(network, drawn_shards):
    """It depends on the model's file."""
    orders = []

    def run(sha256):
        seen = []
        lifter = python_lifter(contract(), lambda x: seen.append(float(x.sum())) or network(x))
        found = score(LivePoses(with_sha(lifter, sha256)), drawn_shards)
        orders.append(seen)
        return found

    a, *others = (run(digit * 64) for digit in "1234")
    assert len({tuple(order) for order in orders}) > 1
    assert all(a.equals(b) for b in others)


def with_sha(lifter, sha256):
    from dataclasses import replace

    return replace(lifter, sha256=sha256)


def test_no_batch_holds_two_cells_of_a_clip(network, drawn_shards):
    """Each batch is made of the frames of one cell."""
    cells = {}
    for group in groups(drawn_shards):
        for i, cell in enumerate(CELLS):
            for track in group.tracks(i):
                inside = {float(x) for x in np.unique(track.keypoints[..., 0]) if np.isfinite(x)}
                cells.setdefault(cell, set()).update(np.float32(x / 128 * 2 - 1) for x in inside)
    batches = []
    lifter = python_lifter(contract(), lambda x: batches.append(x[..., 0].numpy()) or network(x))
    score(LivePoses(lifter), drawn_shards)
    for batch in batches:
        values = set(np.unique(batch[..., [5, 6]]).tolist())  # joints that are COCO's own
        hit = [cell for cell in CELLS if values & cells[cell]]
        assert len(hit) == 1


class Remembers(nn.Module):
    """Learns the mean of the first corrupted input, and cheats with it from then on."""

    def __init__(self, inner, after=3):
        super().__init__()
        self.inner, self.after, self.calls = inner, after, 0

    def forward(self, x):
        self.calls += 1
        return self.inner(x) + (0.1 if self.calls > self.after else 0.0)


def test_a_state_between_calls_is_found_in_the_run(network, drawn_shards):
    with pytest.raises(InputError, match=r"probe 'state': A\d/s.* in erase \d has other poses"):
        table(Remembers(network), drawn_shards)
    allowed = Allowance(["state"])
    _, found, _ = evaluated(
        LivePoses(python_lifter(contract(), Remembers(network), allowance=allowed)),
        drawn_shards, "again", shown=False,
    )[0:3]  # fmt: skip
    assert len(found) == len(table(network, drawn_shards))
    assert allowed.failed == ("state",)


def test_a_state_that_begins_with_the_last_pass_is_found(network, drawn_shards):
    """The tracks that were lifted before the run are lifted once more after it."""
    counted = Remembers(network, after=10**9)
    table(counted, drawn_shards)
    with pytest.raises(InputError, match="probe 'state'"):
        table(Remembers(network, after=counted.calls - 4), drawn_shards)


def test_a_state_is_found_in_a_lifter_that_draws_samples(network, drawn_shards):
    """With the same seeds, it must give the same again."""

    def drawn(inner):
        return python_lifter(
            contract(samples=2), lambda x: inner(x) + torch.randn(17, 3), seed=torch.manual_seed
        )

    score(LivePoses(drawn(network)), drawn_shards)
    with pytest.raises(InputError, match="probe 'state'"):
        score(LivePoses(drawn(Remembers(network))), drawn_shards)


def test_a_state_is_found_in_a_hypothesis(network, drawn_shards):
    declared = contract(output="0: b t j c", hypotheses="1: b h t j c")
    remembers = Remembers(network)

    def lifted(x):
        y = network(x)
        return y, torch.stack([y, remembers(x)], dim=1)

    with pytest.raises(InputError, match="probe 'state'"):
        score(LivePoses(python_lifter(declared, lifted)), drawn_shards)


def test_nothing_is_lifted_after_a_refusal(network, drawn_shards, monkeypatch):
    """Between two batches there is no pass that could be ended, and no other may begin."""
    monkeypatch.setattr(lifting, "BATCH_FRAMES", {"cpu": 1})
    passes, refused = [], []

    class Refusing:
        def see(self, *_):
            refused.append(len(passes))
            raise InputError("no")

    def slow(x):
        passes.append(1)
        time.sleep(0.01)
        return network(x)

    with pytest.raises(InputError, match=r"^no$"):
        score(LivePoses(python_lifter(contract(), slow)), drawn_shards, watchers=[Refusing()])
    assert len(passes) <= refused[0] + 2
    assert len(passes) < 3 * len(CELLS) * 6


def test_one_hypothesis_is_the_pose(drawn_shards):
    declared = contract(
        window="block", frames=4, output="0: b t j c", hypotheses="1: b h t j c", units="mm"
    )

    def network(x):
        y = nn.functional.pad(x, (0, 1))
        return y, y[:, None]

    result, found, _ = evaluated(
        LivePoses(python_lifter(declared, network)), drawn_shards, "x", shown=False
    )
    assert result.lifter.hypotheses == 1
    assert found["best_mpjpe"].isna().all()


@pytest.mark.parametrize(("units", "said"), [("m", "seems to give mm"), ("mm", "seems to give m")])
def test_another_unit_is_found_at_once(mini, drawn_shards, units, said):
    """By the size of the first people; the model is right, and its contract is not."""
    body = torch.from_numpy(open_dataset("folder", mini).load(
        open_dataset("folder", mini).clip_ids()[0]).joints[0]).float()  # fmt: skip

    def network(x):
        pose = body if units == "m" else body / 1000
        return (pose - pose[0]) + 1e-9 * x[:, 4:-4, :, :1]

    def run(**changes):
        lifter = python_lifter(contract(units=units), network, **changes)
        return evaluated(LivePoses(lifter), drawn_shards, "again", shown=False)

    with pytest.raises(InputError, match=f"probe 'units': .*times as large.*{said}"):
        run()
    result, *_ = run(allowance=Allowance(["units"]))
    assert result.lifter.allowed == ("units",), "the result is marked"


def test_runs_of_labels_are_lifted_by_themselves(network, drawn_shards, monkeypatch):
    """As VideoPose3D does with HumanEva: each labeled stretch is a sequence, padded by itself."""
    gone = {3}
    load = type(drawn_shards.dataset).load

    def with_gap(dataset, clip_id):
        from dataclasses import replace

        clip = load(dataset, clip_id)
        joints = clip.joints.copy()
        joints[list(gone)] = np.nan
        return replace(clip, joints=joints, person_boxes=clip.boxes)

    monkeypatch.setattr(type(drawn_shards.dataset), "load", with_gap)
    (group,) = groups(drawn_shards)
    assert [r.frames for r in group.runs[:2]] == [slice(0, 3), slice(4, len(group.clips[0].joints))]
    found = table(network, drawn_shards)
    from corruptbench.lifters.normalize import lifter_input

    clip, clean = group.clips[0], group.detections[0][0]
    errors = []
    for part in (slice(0, 3), slice(4, None)):
        x = lifter_input(
            clean.keypoints[part], clean.scores[part], "coco17", clip.camera, contract()
        )
        padded = np.concatenate([x[:1]] * 4 + [x] + [x[-1:]] * 4)[None]
        with torch.no_grad():
            poses = network(torch.from_numpy(padded))[0].double().numpy() * 1000
        target = clip.joints_camera[part]
        poses, target = poses - poses[:, :1], target - target[:, :1]
        errors += np.linalg.norm(poses - target, axis=-1).mean(axis=-1).tolist()
    row = found[(found["corruption"] == CLEAN.corruption)].iloc[0]
    assert row["frames"] == len(errors)
    assert row["mpjpe"] == pytest.approx(np.mean(errors), rel=1e-6)


def test_nothing_is_lifted_after_an_error(network, drawn_shards, monkeypatch):
    """Cells are lifted ahead of what is scored, and those that nobody wants any more are not."""
    monkeypatch.setattr(lifting, "BATCH_FRAMES", {"cpu": 1})
    monkeypatch.setattr(live, "_WAITING", 2)
    passes, refused = [], []

    def refuse(*_):
        refused.append(len(passes))
        raise InputError("refused")

    def slow(batch):
        passes.append(1)
        time.sleep(0.1)
        return network(batch)

    monkeypatch.setattr(scoring, "_GroupScorer", refuse)
    with pytest.raises(InputError, match="refused") as kept:  # with all that its frames hold
        score(LivePoses(python_lifter(contract(), slow)), drawn_shards)
    time.sleep(0.5)
    assert kept.value
    assert len(passes) <= refused[0] + 2

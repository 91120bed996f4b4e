"""Each metric against an independent implementation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from corruptbench.evaluation import bones, metrics
from corruptbench.evaluation.cell_errors import clip_errors
from corruptbench.evaluation.scored import labels_of, scored
from corruptbench.leaderboard import summarize
from corruptbench.leaderboard.schema import CLIP_COLUMNS
from corruptbench.manifest import Scoring
from corruptbench.skeleton import H36M17
from tests.corruptbench.conftest import contract

POSES = st.integers(0, 2**32 - 1)


def poses(seed, frames=4):
    draw = np.random.default_rng(seed)
    return draw.normal(0, 300, (frames, 17, 3)), draw.normal(0, 300, (frames, 17, 3))


def loops(predicted, target):
    """MPJPE by plain loops over plain numbers."""
    out = []
    for p, t in zip(predicted.tolist(), target.tolist(), strict=True):
        distances = [sum((a - b) ** 2 for a, b in zip(x, y)) ** 0.5 for x, y in zip(p, t)]  # noqa: B905
        out.append(sum(distances) / len(distances))
    return np.array(out)


def aligned_by_scipy(predicted, target):
    """Procrustes by scipy's rotation fit (Wahba's problem) and a least-squares scale."""
    out = []
    for p, t in zip(predicted, target, strict=True):
        p0, t0 = p - p.mean(0), t - t.mean(0)
        rotation, _ = Rotation.align_vectors(t0, p0)
        turned = rotation.apply(p0)
        out.append((turned * t0).sum() / (turned * turned).sum() * turned + t.mean(0))
    return np.array(out)


@given(POSES)
def test_mpjpe(seed):
    predicted, target = poses(seed)
    assert metrics.mpjpe(predicted, target) == pytest.approx(loops(predicted, target), rel=1e-9)


@settings(deadline=None)
@given(POSES)
def test_p_mpjpe(seed):
    predicted, target = poses(seed)
    expected = loops(aligned_by_scipy(predicted, target), target)
    assert metrics.p_mpjpe(predicted, target) == pytest.approx(expected, rel=1e-6)


@settings(deadline=None)
@given(POSES, st.floats(0.01, 100))
def test_p_mpjpe_undoes_any_similarity(seed, scale):
    target, _ = poses(seed)
    turned = scale * target @ Rotation.random(random_state=seed).as_matrix() + [10, -5, 3]
    assert metrics.p_mpjpe(turned, target) == pytest.approx(np.zeros(4), abs=1e-9)


def test_p_mpjpe_does_not_reflect():
    target, _ = poses(1)
    mirrored = target * [-1, 1, 1]
    best = loops(aligned_by_scipy(mirrored, target), target)
    assert metrics.p_mpjpe(mirrored, target) == pytest.approx(best, rel=1e-6)
    assert (best > 50).all()


@pytest.mark.parametrize("spoil", [7.0, np.nan, np.inf, "one joint"])
@pytest.mark.parametrize("metric", [metrics.p_mpjpe, metrics.n_mpjpe])
def test_a_bad_pose_harms_no_other(metric, spoil):
    """Collapsed to a point, or not finite: NaN for its own frame, the same numbers for the rest."""
    predicted, target = poses(2)
    alone = metric(predicted[[0, 2, 3]], target[[0, 2, 3]])
    predicted[1, 5 if spoil == "one joint" else slice(None)] = (
        np.nan if spoil == "one joint" else spoil
    )
    together = metric(predicted, target)
    assert np.isnan(together[1])
    assert together[[0, 2, 3]].tolist() == alone.tolist()
    assert metrics.is_valid_pose(predicted).tolist() == [True, False, True, True]


@given(POSES)
def test_motion_error(seed):
    predicted, target = poses(seed, frames=6)
    steps = loops(predicted[1:] - predicted[:-1], target[1:] - target[:-1])
    assert metrics.motion_error(predicted - target, 1) == pytest.approx(steps, rel=1e-9)
    p, t = (x[2:] - 2 * x[1:-1] + x[:-2] for x in (predicted, target))
    assert metrics.motion_error(predicted - target, 2) == pytest.approx(loops(p, t), rel=1e-9)
    at_rest, drifting = np.full((6, 17, 3), 100.0), np.tile(np.arange(6.0), (3, 17, 1)).T
    for order, difference in ((1, at_rest), (2, drifting)):
        assert metrics.motion_error(difference, order) == pytest.approx(0, abs=1e-9)


@given(POSES, st.floats(0.01, 100))
def test_n_mpjpe_finds_the_scale(seed, scale):
    target, other = poses(seed)
    assert metrics.n_mpjpe(scale * target, target) == pytest.approx(np.zeros(4), abs=1e-9)
    best = [np.linalg.lstsq(p.reshape(-1, 1), t.ravel())[0] for p, t in zip(other, target)]  # noqa: B905
    expected = loops(np.stack(best)[:, :, None] * other, target)
    assert metrics.n_mpjpe(other, target) == pytest.approx(expected, rel=1e-9)


# VideoPose3D's evaluation (Pavllo et al., CVPR 2019), from its description: targets relative to the
# root, predictions as the network gave them; a number for each sequence; sequences of an action
# averaged with their lengths as weights; then the plain mean over actions.


def turned_by_quaternion(p, t):
    """The rotation that best turns centered p to centred t: Horn's eigenvector (JOSA A 1987)."""
    s = p.T @ t
    d = np.array([s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]])
    corner = s + s.T - np.trace(s) * np.eye(3)
    matrix = np.block([[np.array([[np.trace(s)]]), d[None]], [d[:, None], corner]])
    w, x, y, z = np.linalg.eigh(matrix)[1][:, -1]
    return Rotation.from_quat([x, y, z, w]).apply(p)


def theirs(predicted, target, protocol):
    if protocol == "mpjve":
        return float(np.mean(loops(np.diff(predicted, axis=0), np.diff(target, axis=0))))
    fitted = []
    for p, t in zip(predicted, target, strict=True):
        if protocol == "p_mpjpe":
            p0, t0 = p - p.mean(axis=0), t - t.mean(axis=0)
            q = turned_by_quaternion(p0, t0)
            fitted.append(float((q * t0).sum() / (q * q).sum()) * q + t.mean(axis=0))
        elif protocol == "n_mpjpe":
            over, under = (p * t).sum(axis=1).mean(), (p * p).sum(axis=1).mean()
            fitted.append(over / under * p)
        else:
            fitted.append(p)
    return float(np.mean(loops(np.array(fitted), target)))


LENGTHS = {"Walk": (7, 19), "Jog": (4,), "Box": (30, 5, 11)}


def sequences(seed):
    draw = np.random.default_rng(seed)
    for action, lengths in LENGTHS.items():
        for count in lengths:
            target = draw.normal(0, 300, (count, 15, 3))
            target -= target[:, :1]
            yield action, target + draw.normal(0, 40, (count, 15, 3)), target


def of_protocol(protocol, predicted, target):
    if protocol == "mpjve":
        return metrics.motion_error(predicted - target, 1).mean()
    return getattr(metrics, protocol)(predicted, target).mean()


@pytest.mark.parametrize("protocol", ["mpjpe", "p_mpjpe", "n_mpjpe", "mpjve"])
def test_sequences_agree_with_videopose3d(protocol):
    for _, predicted, target in sequences(5):
        ours = of_protocol(protocol, predicted, target)
        assert ours == pytest.approx(theirs(predicted, target, protocol), rel=1e-9)
        # With its root at the origin a prediction has other errors, but for an alignment.
        moved = of_protocol(protocol, metrics.root_relative(predicted, 0), target)
        assert (ours == pytest.approx(moved, rel=1e-9)) == (protocol == "p_mpjpe")


#: For MPJVE, runs of labeled frames: there they are sequences, here clips with gaps.
GAPS = {7: [3], 19: [], 4: [], 30: [9, 10, 21], 5: [], 11: [5]}


@pytest.mark.parametrize("rule", ["as-predicted", "subtract"])
def test_a_result_agrees_with_videopose3d(rule):
    """Scored clip by clip and averaged as the engine does, with gaps in the labels."""
    rules = Scoring(joints="humaneva15", root_joint=0, root_rule=rule, average="actions")
    rows = []
    means = {m: {a: [] for a in LENGTHS} for m in ("mpjpe", "p_mpjpe", "mpjve")}
    for i, (action, predicted, target) in enumerate(sequences(6)):
        free = predicted - predicted[:, :1] if rule == "subtract" else predicted
        gaps = GAPS[len(target)]
        runs = np.split(np.arange(len(target)), gaps)
        for run in (r[1:] if r[0] in gaps else r for r in runs):
            for metric, of_action in means.items():
                if len(run) > 1 or (metric != "mpjve" and len(run)):
                    error = theirs(free[run], target[run], metric)
                    of_action[action].append((len(run), error))
        target[gaps] = np.nan
        found = errors_of(predicted, target + 5000.0, rules)
        about = {"subject": "S1", "sequence": f"{i}", "action": action, "camera": "C1"}
        for corruption, severity in (("clean", 0), ("erase", 1)):
            rows.append(about | {"corruption": corruption, "severity": severity} | found)
    summary = summarize(pd.DataFrame(rows)[list(CLIP_COLUMNS)], "actions")
    for metric, of_action in means.items():
        actions = [sum(n * e for n, e in es) / sum(n for n, _ in es) for es in of_action.values()]
        expected = sum(actions) / len(actions)
        assert getattr(summary, metric).clean == pytest.approx(expected, rel=1e-9)


def errors_of(predicted, target, rules, root="relative"):
    """Errors of one clip, over its frames with labels."""
    labeled = metrics.is_valid_pose(target)
    group = SimpleNamespace(
        target=metrics.root_relative(target[labeled], 0),
        frame_of=np.flatnonzero(labeled),
        clip_of=np.zeros(int(labeled.sum()), dtype=np.intp),
    )
    declared = contract(joints="humaneva15", root=root)
    valid = metrics.is_valid_pose(predicted[labeled])
    labels = labels_of(group, declared, rules.root_joint)
    found = scored(predicted[labeled], valid, labels, declared, rules)
    return {name: values[0] for name, values in clip_errors(found, 1, True).items()}


def test_absolute_poses_are_made_relative_by_either_rule():
    _, predicted, target = next(sequences(7))
    rules = [
        Scoring(joints="humaneva15", root_joint=0, root_rule=rule, average="actions")
        for rule in ("as-predicted", "subtract")
    ]
    away = predicted + [100.0, -50.0, 4000.0]
    subtracted = errors_of(away, target, rules[1])
    assert all(errors_of(away, target, rule, "absolute") == subtracted for rule in rules)
    assert errors_of(away, target, rules[0])["mpjpe"] > 3000


def test_frames_without_a_label_or_a_pose_are_counted_apart():
    _, predicted, target = next(sequences(8))
    rules = Scoring(joints="humaneva15", root_joint=0, average="actions")
    target[0] = np.nan
    target[1] = target[1, 0]  # a label that is a point is none
    predicted[1, 3] = np.nan
    predicted[4] = 7.0
    predicted[5, 2, 1] = np.inf
    kept = [2, 3, 6]
    found = errors_of(predicted, target, rules)
    assert (found["frames"], found["run_frames"], found["acceleration_frames"]) == (3, 2, 0)
    alone = metrics.mpjpe(*(metrics.root_relative(p[kept], 0) for p in (predicted, target)))
    assert found["mpjpe"] == pytest.approx(alone.mean(), rel=1e-12)


def test_root_relative():
    predicted, _ = poses(3)
    assert (metrics.root_relative(predicted, 0)[:, 0] == 0).all()
    assert np.allclose(
        np.diff(metrics.root_relative(predicted, 8), axis=1), np.diff(predicted, axis=1)
    )


def by_runs(errors, valid, order):
    """The mean of differences over runs of valid frames, weighted by frames, by plain loops."""
    runs, found = [], []
    for t, good in enumerate([*valid, False]):
        if good:
            runs.append(t)
            continue
        if len(runs) > order:
            steps = errors[runs[0] : runs[-1] + 1 - order]
            found.append((len(runs), sum(steps) / len(steps)))
        runs = []
    frames = sum(n for n, _ in found)
    return (sum(n * e for n, e in found) / frames if frames else np.nan), frames


@pytest.mark.parametrize("share", [0.2, 0.4, 0.8, 1.0])
def test_runs_are_weighted_by_their_frames(share):
    draw = np.random.default_rng(9)
    rules = Scoring(joints="humaneva15", root_joint=0, root_rule="as-predicted", average="actions")
    for valid in draw.random((20, 30)) < share:
        predicted, target = draw.normal(0, 100, (2, 30, 15, 3))
        target -= target[:, :1]
        labels = np.where(valid[:, None, None], target, np.nan)
        found = errors_of(predicted, labels, rules)
        for order, name, count in (
            (1, "mpjve", "run_frames"), (2, "acceleration", "acceleration_frames"),
        ):  # fmt: skip
            errors = loops(*(np.diff(x, order, axis=0) for x in (predicted, target)))
            mean, frames = by_runs(errors.tolist(), valid.tolist(), order)
            assert found[count] == frames
            assert found[name] == pytest.approx(mean, rel=1e-9, nan_ok=True)


def test_pck_and_auc_by_loops():
    draw = np.random.default_rng(10)
    errors = draw.choice([0.0, 5.0, 149.99, 150.0, 150.01, 10.0, 1e9], (40, 17))
    errors[::2] = draw.uniform(0, 200, (20, 17))
    errors[1] = np.nextafter(5.0 * np.arange(1, 18), np.inf)  # just beyond each threshold
    errors[3] = 5.0 * np.arange(1, 18)
    of_joints = [
        [sum(e <= threshold for threshold in range(5, 151, 5)) for e in frame] for frame in errors
    ]
    auc = [100 * sum(frame) / len(frame) / 30 for frame in of_joints]
    pck = [100 * sum(e <= 150 for e in frame) / 17 for frame in errors]
    assert metrics.auc(errors) == pytest.approx(np.array(auc), rel=1e-12)
    assert metrics.pck(errors) == pytest.approx(np.array(pck), rel=1e-12)
    perfect = np.zeros((1, 17))
    assert (metrics.auc(perfect).item(), metrics.pck(perfect).item()) == (100, 100)
    errors[4, 2] = np.nan
    assert np.flatnonzero(np.isnan(metrics.auc(errors))).tolist() == [4]
    assert np.flatnonzero(np.isnan(metrics.pck(errors))).tolist() == [4]


def test_means_where_a_mask_is_true():
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, 5.0]])
    where = np.isfinite(values)
    means, counts = metrics.mean_where(values, where)
    assert (means.tolist(), counts.tolist()) == ([2.0, 5.0], [2, 1])
    both, count = metrics.mean_where(values, where, axis=(0, 1))
    assert (both.item(), count.item()) == (3.0, 3)
    assert np.isnan(metrics.mean_where(values, np.zeros(3, dtype=bool))[0]).all()


def test_exchanged_sides():
    _, target = poses(12, frames=6)
    mirror = H36M17.mirror
    predicted = target + 1
    predicted[2:4] = predicted[2:4, mirror]
    found = metrics.exchanged(predicted, target[..., mirror, :], metrics.mpjpe(predicted, target))
    assert found.tolist() == [False, False, True, True, False, False]


def test_all_metrics_take_several_cells_of_a_clip_at_once():
    predicted, target = poses(13, frames=6)
    cells = np.stack([predicted, 2 * predicted, target])
    for metric in (metrics.mpjpe, metrics.p_mpjpe, metrics.n_mpjpe):
        alone = np.array([metric(cell, target) for cell in cells])
        assert metric(cells, target) == pytest.approx(alone, abs=1e-9)


@pytest.mark.parametrize("scored", [None, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]])
def test_bones_by_loops(scored):
    predicted, target = poses(14, frames=7)
    kept = list(range(17)) if scored is None else scored
    ends = [(a, b) for a, b in H36M17.bones if a in kept and b in kept]
    assert len(ends) == (
        16 if scored is None else 8
    )  # the head hangs on a joint that is not scored
    pairs = bones.bones_of(H36M17, scored)
    lengths = [bones.bone_lengths(p[:, kept], pairs) for p in (predicted, target)]
    long = np.array([[np.linalg.norm(f[a] - f[b]) for a, b in ends] for f in predicted])
    true = np.array([[np.linalg.norm(f[a] - f[b]) for a, b in ends] for f in target])
    assert bones.bone_error(*lengths) == pytest.approx(np.abs(long - true).mean(axis=1), rel=1e-9)
    spread = [np.std(long[:3], axis=0).mean(), np.nan, np.std(long[3:], axis=0).mean()]
    clips = np.array([0, 0, 0, 2, 2, 2, 2])
    found = bones.bone_deviation(lengths[0], clips, 3)
    assert found == pytest.approx(np.array(spread), rel=1e-9, nan_ok=True)


def test_a_rigid_skeleton_has_no_deviation():
    _, target = poses(15, frames=1)
    turned = target[0] @ Rotation.random(9, random_state=1).as_matrix()
    lengths = bones.bone_lengths(turned, bones.bones_of(H36M17))
    assert bones.bone_deviation(lengths, np.zeros(9, dtype=int), 1) == pytest.approx(0, abs=1e-9)


def test_a_pose_is_valid_if_any_two_joints_are_apart():
    found = np.zeros((4, 17, 3))
    found[0, 5:] = 1.0  # the first joints are one point
    found[1, 1] = 1.0
    found[3, 16, 2] = np.nan
    assert metrics.is_valid_pose(found).tolist() == [True, True, False, False]
    assert metrics.is_valid_pose(found[:2]).tolist() == [True, True]

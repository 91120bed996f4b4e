"""TAGN: what is added, to which chunks, and that it depends on the chunk only."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.errors import InputError
from corruptbench.lifters.joint_choice import joint_choice
from corruptbench.lifters.keyed_draws import Draws, counters, mixed
from corruptbench.lifters.noise_file import load_noise
from corruptbench.lifters.noise_plan import plan
from corruptbench.lifters.tagn import FULL, PLAIN, TAGN, Noise, Runs, Scores
from corruptbench.skeleton import H36M17

ELBOW, WRIST, HIP = (H36M17.joints.index(f"left_{name}") for name in ("elbow", "wrist", "hip"))


def people(count=64, frames=30, channels=3, size=1.0):
    """Upright people of this height in the picture, scores of 0.8."""
    draw = np.random.default_rng(0)
    poses = np.full((count, frames, 17, 3), 0.8)
    poses[..., :2] = draw.uniform(-0.2, 0.2, (count, 1, 17, 2)) * size
    poses[..., 0, 1], poses[..., 10, 1] = size / 2, -size / 2
    return torch.from_numpy(poses[..., :channels]).float()


def moved(noise, poses, step=0):
    found = TAGN(noise=noise)(poses, step)
    return found - poses


def test_numbers_are_uniform_and_normal_and_independent():
    draws = Draws.of(np.arange(200))
    uniform = draws.uniform(counters(1, 500))
    normal = draws.normal(torch.from_numpy(counters(2, 250))).numpy()
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 0.01
    assert stats.kstest(normal.ravel(), "norm").pvalue > 0.01
    columns = np.concatenate([draws.uniform(counters(s, 40)) for s in range(3)], axis=1)
    apart = np.corrcoef(columns.T) - np.eye(120)
    assert np.abs(apart).max() < 5 / math.sqrt(200)
    assert abs(np.corrcoef(normal[:, 0].ravel(), normal[:, 1].ravel())[0, 1]) < 0.02
    assert uniform.min() >= 0
    assert uniform.max() < 1


def test_a_draw_depends_on_its_identity_and_its_counter_alone():
    draws, at = Draws.of(np.arange(5)), counters(7, 6)
    back = torch.from_numpy(at[::-1].copy())
    assert np.array_equal(draws[np.array([3, 1])].uniform(at[2:4]), draws.uniform(at)[[3, 1], 2:4])
    assert torch.equal(draws.normal(back).flip(2), draws.normal(torch.from_numpy(at)))


def test_joints_without_a_pair_get_noise_too():
    joints = "h36m17 - " + ", ".join(
        f"{side}_{name}"
        for side in ("left", "right")
        for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    )
    poses = people()[:, :, :5]
    assert not torch.equal(TAGN(joints)(poses, 0), poses)


def test_the_hash_is_the_published_one():
    """The first numbers of SplitMix64 with seed 1234567, from its reference code."""
    golden = 0x9E3779B97F4A7C15
    states = [(1234567 + golden * (i + 1)) % 2**64 for i in range(3)]
    signed = torch.tensor([s - 2**64 if s >= 2**63 else s for s in states])
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(x) % 2**64 for x in mixed(signed)] == expected


def test_noise_depends_on_the_chunk_and_not_on_the_batch():
    poses, tagn = people(), TAGN()
    chunks = torch.arange(64) * 7
    whole = tagn(poses, 3, chunks)
    back = torch.arange(63, -1, -1)
    assert torch.equal(tagn(poses[back], 3, chunks[back])[back], whole)
    assert torch.equal(tagn(poses[5:6], 3, chunks[5:6]), whole[5:6])
    assert not torch.equal(tagn(poses, 4, chunks), whole)
    assert not torch.equal(TAGN(seed=1)(poses, 3, chunks), whole)
    state = torch.get_rng_state()
    assert torch.equal(TAGN()(poses, 3, chunks), whole)
    assert torch.equal(torch.get_rng_state(), state), "no global state"


def test_some_chunks_stay_as_they_are():
    poses = people(2000, 5)
    change = moved(Noise(kept=0.3, jitter=0.1), poses)
    same = (change == 0).flatten(1).all(dim=1)
    assert same.float().mean() == pytest.approx(0.3, abs=0.04)
    assert (change[~same][..., :2] != 0).all()


@pytest.mark.parametrize("size", [1.0, 400.0])
def test_strengths_are_in_sizes_of_the_person(size):
    poses = people(400, 20, size=size)
    jitter = moved(Noise(kept=0, jitter=0.05), poses)[..., :2] / size
    assert jitter.std() == pytest.approx(0.05, rel=0.02)
    assert jitter.mean(dim=1).std() == pytest.approx(0.05 / math.sqrt(20), rel=0.05)
    bias = moved(Noise(kept=0, bias=0.05), poses)[..., :2] / size
    assert bias.std() == pytest.approx(0.05, rel=0.05)
    assert bias.std(dim=1).max() < 1e-5, "the same in all frames"


def test_runs_have_their_share_lengths_and_offset():
    runs = Runs(share=0.25, shortest=3, longest=6, offset=0.2)
    change = moved(Noise(kept=0, frames=runs), people(4000, 60))[..., :2]
    inside = (change != 0).any(dim=-1).any(dim=-1)
    has = inside.any(dim=1)
    assert has.float().mean() == pytest.approx(0.25, abs=0.03)
    lengths = inside[has].sum(dim=1)
    within = inside[has][:, 0] | inside[has][:, -1]  # a run may be cut by the end of the chunk
    assert {*lengths[~within].tolist()} == {3, 4, 5, 6}
    steps = inside[has].int().diff(dim=1)
    assert ((steps == 1).sum(dim=1) <= 1).all(), "one run in a chunk"
    assert inside.float().mean(dim=0).std() < 0.01, "each frame is as likely as another"
    one = change[has][inside[has]]
    assert one.std(dim=1).max() < 1e-5, "joints move together"
    assert one.std() == pytest.approx(0.2, rel=0.1)


def test_what_hangs_on_a_joint_moves_with_it():
    runs = Runs(share=0.3, shortest=5, longest=20, offset=0.2)
    change = moved(Noise(kept=0, joints=runs), people(500))[..., :2]
    is_moved = (change != 0).any(dim=-1)
    assert is_moved[..., WRIST][is_moved[..., ELBOW]].all()
    assert not is_moved[..., ELBOW][is_moved[..., WRIST]].all()
    alone = is_moved[..., ELBOW] & ~is_moved[..., WRIST]
    assert not alone.any()
    shares = is_moved.float().mean(dim=(0, 1))
    assert shares[WRIST] > shares[ELBOW] > 1.2 * shares[HIP]


def test_limbs_are_exchanged_whole():
    poses = people(500)
    found = TAGN(noise=Noise(kept=0, exchanges=Runs(share=0.4)))(poses, 0)
    mirrored = poses[:, :, H36M17.mirror]
    is_other = (found[..., :2] == mirrored[..., :2]).all(dim=-1)
    limbs = ([11, 12, 13, 14, 15, 16], [1, 2, 3, 4, 5, 6])
    for limb in limbs:
        assert (is_other[..., limb].all(dim=-1) == is_other[..., limb].any(dim=-1)).all()
        assert is_other[..., limb[0]].any(dim=1).float().mean() == pytest.approx(0.4, abs=0.07)
    assert (is_other[..., 12] != is_other[..., 2]).any(), "arms without legs"
    assert torch.equal(found[:, :, [0, 7, 8, 9, 10], :2], poses[:, :, [0, 7, 8, 9, 10], :2])


def test_scores_fall_with_the_displacement():
    noise = Noise(kept=0, jitter=0.1, scores=Scores(half=0.06, power=1.5, spread=0.0))
    poses = people(50)
    found = TAGN(noise=noise)(poses, 0)
    distance = (found - poses)[..., :2].norm(dim=-1)
    expected = 0.8 / (1 + (distance / 0.06) ** 1.5)
    assert torch.allclose(found[..., 2], expected, atol=1e-4)
    spread = TAGN(noise=Noise(kept=0, jitter=0.1))(poses, 0)[..., 2]
    assert ((spread >= 0) & (spread <= 1)).all()
    assert (spread / expected).log()[spread < 1].std() == pytest.approx(0.3, abs=0.03)


def test_a_joint_that_did_not_move_keeps_its_score():
    runs = Runs(share=0.3, offset=0.2)
    poses = people()
    found = TAGN(noise=Noise(kept=0, joints=runs))(poses, 0)
    still = (found[..., :2] == poses[..., :2]).all(dim=-1)
    assert still.any()
    assert (found[..., 2][still] == poses[..., 2][still]).all()
    assert (found[..., 2][~still] != poses[..., 2][~still]).float().mean() > 0.95


@pytest.mark.parametrize("noise", [FULL, PLAIN, FULL.scaled(3)])
def test_without_scores_points_are_the_same(noise):
    poses = people()
    with_scores = TAGN(noise=noise)(poses, 5)
    assert torch.equal(TAGN(noise=noise)(poses[..., :2], 5), with_scores[..., :2])


def test_nothing_is_changed_in_place_and_types_stay():
    poses = people().double()
    before = poses.clone()
    found = TAGN()(poses, 0)
    assert torch.equal(poses, before)
    assert (found.dtype, found.shape) == (poses.dtype, poses.shape)
    assert found.isfinite().all()
    still = torch.zeros(4, 10, 17, 3)  # a clip without any detection
    assert TAGN(noise=FULL.scaled(3))(still, 0).isfinite().all()


@pytest.mark.parametrize("channels", [2, 3])
def test_gradients_pass_through_the_noise(channels):
    """Whatever mode of torch needed the same noise first: here one that records nothing."""
    poses, tagn = people(4, 7, channels).double(), TAGN(noise=Noise(kept=0, jitter=0.05, bias=0.1))
    with torch.inference_mode():
        expected = tagn(poses, 0)
    poses.requires_grad_()
    found = tagn(poses, 0)
    assert torch.equal(found, expected)
    points = found[..., :2].sum(dim=(1, 2, 3))
    points.sum().backward()
    # Noise is in sizes of the person: points twice as far apart are moved twice as far (Euler).
    by_hand = (poses.grad * poses)[..., :2].sum(dim=(1, 2, 3))
    assert torch.allclose(by_hand, points, atol=1e-4)


def test_the_type_that_torch_makes_numbers_of_does_not_matter():
    poses, tagn = people(4, 8), TAGN()
    torch.set_default_dtype(torch.float64)
    try:
        found = tagn(poses, 0)
    finally:
        torch.set_default_dtype(torch.float32)
    plan.cache_clear()
    assert torch.equal(found, tagn(poses, 0))


def test_a_step_may_be_a_tensor_but_no_fraction():
    poses, tagn = people(4), TAGN()
    assert torch.equal(tagn(poses, torch.tensor(5)), tagn(poses, 5))
    with pytest.raises(TypeError, match="integer"):
        tagn(poses, 1.5)


@pytest.mark.parametrize("shape", [(0, 27), (3, 0), (1, 1)])
def test_few_or_no_chunks_and_frames_are_taken(shape):
    assert TAGN()(people(*shape), 0).shape == (*shape, 17, 3)


def test_noise_is_scaled_but_not_its_shares():
    double = FULL.scaled(2)
    assert (double.bias, double.jitter) == (2 * FULL.bias, 2 * FULL.jitter)
    assert double.joints.offset == 2 * FULL.joints.offset
    assert double.frames.jitter == 2 * FULL.frames.jitter
    assert (double.kept, double.exchanges) == (FULL.kept, FULL.exchanges)
    assert (double.joints.share, double.joints.longest) == (FULL.joints.share, FULL.joints.longest)


def test_other_joint_sets_are_taken_or_refused():
    eva = people()[:, :, :15]
    assert TAGN("humaneva15")(eva, 0).shape == eva.shape
    with pytest.raises(InputError, match="unknown joint set 'smpl24'"):
        TAGN("smpl24")


def test_a_joint_set_without_some_joints():
    """Exchanged limbs stay limbs, and measured noise keeps the joints that it is of."""
    fewer = joint_choice("h36m17 - neck_nose, head")
    assert fewer.joint_set.mirror == fewer.mirror
    assert [fewer.joint_set.joints[b] for _, b in fewer.joint_set.bones][-3:] == [
        "right_shoulder", "right_elbow", "right_wrist"
    ]  # fmt: skip
    poses = people()[:, :, list(fewer.kept)]
    moved = TAGN("h36m17 - neck_nose, head")(poses, 0)
    assert moved.shape == poses.shape
    assert (moved != poses).any()
    measured = load_noise(TRAIN_NOISE)
    kept = measured.of_joints(fewer.kept).episodes[0]
    assert np.array_equal(kept.offsets, measured.episodes[0].offsets[:, list(fewer.kept)])
    assert TAGN("h36m17 - neck_nose, head", measured)(poses, 0).shape == poses.shape


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_draws_the_same():
    poses = people()
    found = TAGN()(poses.cuda(), 3).cpu()
    assert torch.allclose(found, TAGN()(poses, 3), atol=1e-5)


@pytest.mark.parametrize(
    ("poses", "chunks", "said"),
    [
        (torch.rand(4, 9, 16, 2), None, r"poses: found shape .*expected \(B, T, 17, 2 or 3\)"),
        (torch.rand(4, 9, 17, 4), None, "poses: found shape"),
        (torch.rand(9, 17, 2), None, "poses: found shape"),
        (torch.ones(4, 9, 17, 2, dtype=torch.int64), None, "found torch.int64, expected floating"),
        (torch.full((4, 9, 17, 2), torch.nan), None, "NaN or infinite"),
        (torch.full((4, 9, 17, 3), 1.5), None, "found scores of 1.5 to 1.5, expected 0 to 1"),
        (torch.full((4, 9, 17, 3), -0.5), None, "found scores of -0.5"),
        (torch.rand(4, 9, 17, 2), torch.arange(3), r"chunks: .*\(3,\), expected 4 integers"),
        (torch.rand(4, 9, 17, 2), torch.rand(4), "chunks: found torch.float32"),
    ],
)
def test_other_poses_are_refused(poses, chunks, said):
    with pytest.raises(ValueError, match=said):
        TAGN()(poses, 0, chunks)


def test_an_array_is_refused():
    with pytest.raises(TypeError, match="found ndarray, expected a tensor"):
        TAGN()(np.zeros((4, 9, 17, 2)), 0)


def test_the_type_of_the_chunks_does_not_matter():
    poses, chunks = torch.rand(4, 9, 17, 3), torch.tensor([200, 3, 7, 100])
    expected = TAGN()(poses, 5, chunks)
    for dtype in (torch.int32, torch.int16, torch.uint8):
        assert torch.equal(TAGN()(poses, 5, chunks.to(dtype)), expected)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Noise(kept=2), "Noise.kept: found 2, expected 0 to 1"),
        (lambda: Noise(bias=math.nan), "Noise.bias: found nan"),
        (lambda: Runs(share=5), "Runs.share: found 5"),
        (lambda: Runs(shortest=9, longest=2), "Runs.shortest: found 9, expected 1 to 2"),
        (lambda: Runs(longest=math.inf), "Runs.longest: found inf"),
        (lambda: Runs(shortest=-5), "Runs.shortest: found -5"),
        (lambda: Scores(half=0), "Scores.half: found 0"),
        (lambda: FULL.scaled(math.inf), "found inf"),
        (lambda: FULL.scaled(-1), "expected 0 to inf"),
    ],
)
def test_parameters_that_cannot_be_are_refused(made, said):
    with pytest.raises(ValueError, match=said):
        made()


def test_noise_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="found 'full', expected PLAIN"):
        TAGN(noise="full")

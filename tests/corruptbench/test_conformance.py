"""Each family of lifters goes from its file to a score, which equals one computed by hand.

The networks are small stand-ins with the conventions of the families: what they read, what they
give, in which order of axes. The other side of each comparison shares no code with the harness: it
takes the detections and the labels, and does what the family's own evaluation does, frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.lifters.axes import arranged
from corruptbench.lifters.contract import EXTRA_FILE
from corruptbench.lifters.lifter import load_lifter
from tests.corruptbench.conftest import contract
from tests.corruptbench.test_evaluate import coco_to_h36m
from tests.fixtures.lifters import save

LEFT, RIGHT = [4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]
NO_NOSE = [i for i in range(17) if i != 9]


def weights(*shape):
    """In double precision, so that the size of a batch does not show in the sixth digit."""
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, 0.02, shape))


class Temporal(nn.Module):
    """(B, T, K, C) -> (B, T - 4, J, 3): a valid convolution over five frames."""

    def __init__(self, joints=17, channels=2, out=17):
        super().__init__()
        self.out = out
        self.weight = nn.Parameter(weights(out * 3, joints * channels, 5))

    def forward(self, x):
        y = nn.functional.conv1d(x.double().flatten(2).transpose(1, 2), self.weight).tanh()
        return y.float().transpose(1, 2).unflatten(2, (self.out, 3))


class Attention(nn.Module):
    """(B, T, K, C) -> (B, T, J, 3): every frame sees every other one of the input."""

    def __init__(self, channels=2):
        super().__init__()
        self.mix = nn.Parameter(weights(17 * channels, 51))

    def forward(self, x):
        y = x.double().flatten(2)
        share = torch.softmax(y @ y.transpose(1, 2), dim=-1)
        return ((share @ y) @ self.mix).float().unflatten(2, (17, 3))


class Center(nn.Module):
    """The middle pose of a window, as (B, 1, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        return self.inner(x)[:, x.shape[1] // 2 : x.shape[1] // 2 + 1]


class PStmo(nn.Module):
    """(B, C, F, J, 1) -> a tuple: the middle pose and all poses, each (B, 3, F', J, 1)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x[..., 0].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)[..., None]
        return y[:, :, 2:3], y


class Graph(nn.Module):
    """(B, 16, 2) -> (B, 16, 3): a frame by itself, without the nose."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(weights(32, 48))

    def forward(self, x):
        return (x.double().flatten(1) @ self.mix).tanh().float().unflatten(1, (16, 3))


class Martinez(nn.Module):
    """(B, 32) z-scored -> (B, 48) z-scored: no nose in the input, no hip in the output."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(weights(32, 48))

    def forward(self, x):
        return (x.double() @ self.mix).tanh().float()


class Diffusion(nn.Module):
    """(B, F, J, 2) -> (B, steps, H, F, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x)
        each = torch.stack([y * 0.8, y * 1.1, y + 0.05], dim=1)
        return torch.stack([each * 0, each], dim=1)


class Aggregate(nn.Module):
    """A dictionary of the model's own aggregate and its hypotheses."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        y = self.inner(x)
        return {"hypotheses": torch.stack([y * 0.8, y * 1.1], dim=1), "pose": y}


class Sampler(nn.Module):
    """Draws: (B, F, J, 2) -> (B, F, J, 3)."""

    def __init__(self):
        super().__init__()
        self.inner = Attention()

    def forward(self, x):
        return self.inner(x) + 0.05 * torch.randn(17, 3)


def run(network, x):
    """One pass on (T, K, C): adds and removes the batch."""
    with torch.no_grad():
        out = network(torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))[None])
    if isinstance(out, dict):
        return {name: value.double() for name, value in out.items()}
    return tuple(v.double() for v in out) if isinstance(out, tuple) else out.double()


def windows(x, before, after):
    """Yields the window of each frame, with the first and last frame repeated."""
    for t in range(len(x)):
        yield x[np.clip(np.arange(t - before, t + after + 1), 0, len(x) - 1)]


def blocks(x, frames):
    """Yields (first frame that counts, block): the last block ends with the clip."""
    if len(x) <= frames:
        yield 0, x[np.minimum(np.arange(frames), len(x) - 1)]
        return
    done = 0
    for start in [*range(0, len(x) - frames, frames), len(x) - frames]:
        yield done - start, x[start : start + frames]
        done = start + frames


def in_blocks(network, x, frames, pick=lambda y: y[0]):
    parts = [pick(run(network, b)).numpy()[new:] for new, b in blocks(x, frames)]
    return np.concatenate(parts)[: len(x)]


def flipped(x):
    y = x.copy()
    y[..., 0] *= -1
    y[..., LEFT + RIGHT, :] = y[..., RIGHT + LEFT, :]
    return y


def mean_in_32_bits(a, b):
    """As the families compute it, on tensors."""
    return torch.stack([torch.from_numpy(x).float() for x in (a, b)]).mean(dim=0).double().numpy()


def crop(xy, score):
    seen = xy[score > 0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    size = max(high - low)
    return np.clip(2 * (xy - (low + high - size) / 2) / size - 1, -1, 1)


def with_score(xy, score):
    return np.concatenate([xy, score[..., None]], axis=-1)


@dataclass
class Family:
    """A convention: the contract's lines, a network, and what its own evaluation computes.

    `by_hand` is given the network and a namespace of one clip: xy (F, 17, 2) px, score (F, 17),
    screen (F, 17, 2), camera. It returns (F, 17, 3) mm, and NaN for joints that are not scored.
    """

    network: nn.Module
    fields: dict
    by_hand: object
    suffix: str = ".pt"
    joints: list = field(default_factory=lambda: list(range(17)))


def spread(y, kept):
    whole = np.full((len(y), 17, 3), np.nan)
    whole[:, 0] = 0
    whole[:, kept] = y
    return whole


MEAN2, STD2 = np.linspace(300, 700, 32), np.linspace(50, 90, 32)
MEAN3, STD3 = np.linspace(-300, 300, 48), np.linspace(80, 160, 48)
NO_HIP = list(range(1, 17))

FAMILIES = {
    "VideoPose3D": Family(
        Temporal(), {"window": "sequence", "frames": 5},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 2, 2)]) * 1000,
        ".pt2",
    ),
    "VideoPose3D, causal": Family(
        Temporal(), {"window": "sequence", "frames": 5, "target": "last"},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 4, 0)]) * 1000,
    ),
    "PoseFormer": Family(
        Center(), {"window": "centre", "frames": 7},
        lambda n, c: np.stack([run(n, w)[0, 0].numpy() for w in windows(c.screen, 3, 3)]) * 1000,
    ),
    "MHFormer": Family(
        Attention(), {"window": "centre", "frames": 7},
        lambda n, c: np.stack([run(n, w)[0, 3].numpy() for w in windows(c.screen, 3, 3)]) * 1000,
    ),
    "MixSTE": Family(
        Attention(), {"window": "block", "frames": 7, "flip": True},
        lambda n, c: 1000 * mean_in_32_bits(
            in_blocks(n, c.screen, 7), flipped(in_blocks(n, flipped(c.screen), 7))
        ),
    ),
    "P-STMO": Family(
        PStmo(),
        {"window": "centre", "frames": 5, "input": "b c t j 0", "output": "0: b c t j 0"},
        lambda n, c: np.stack([
            run(n, w.transpose(2, 0, 1)[..., None])[0][0, :, 0, :, 0].numpy().T
            for w in windows(c.screen, 2, 2)
        ]) * 1000,
    ),
    "MotionBERT": Family(
        Attention(3),
        {"window": "clip", "frames": 9, "channels": "xyc", "units": "none"},
        lambda n, c: in_blocks(n, with_score(c.screen, c.score), min(9, len(c.xy))),
    ),
    "MotionBERT, in the wild": Family(
        Attention(3),
        {"window": "clip", "frames": 300, "channels": "xyc", "units": "none", "normalize": "crop"},
        lambda n, c: run(n, with_score(crop(c.xy, c.score), c.score))[0].numpy(),
    ),
    "Modulated-GCN": Family(
        Graph(),
        {"window": "centre", "frames": 1, "joints": "h36m17 - neck_nose", "input": "b j c",
         "output": "b j c"},
        lambda n, c: 1000 * spread(
            np.stack([run(n, f)[0].numpy() for f in c.screen[:, NO_NOSE]]), NO_NOSE
        ),
        joints=NO_NOSE,
    ),
    "3d_pose_baseline": Family(
        Martinez(),
        {"window": "centre", "frames": 1, "keypoints": "h36m17 - neck_nose",
         "joints": "h36m17 - hip", "input": "b (j c)", "output": "b (j c)",
         "normalize": {"mean": MEAN2.tolist(), "std": STD2.tolist()},
         "units": {"mean": MEAN3.tolist(), "std": STD3.tolist(), "units": "mm"}},
        lambda n, c: spread(
            np.stack([
                run(n, (f.ravel() - MEAN2) / STD2)[0].numpy() * STD3 + MEAN3
                for f in c.xy[:, NO_NOSE]
            ]).reshape(-1, 16, 3), NO_HIP
        ),
    ),
    "D3DP": Family(
        Diffusion(), {"window": "block", "frames": 7, "output": "b -1 h t j c"},
        lambda n, c: 1000 * in_blocks(
            n, c.screen, 7, lambda y: y[0, -1].float().mean(dim=0).double()
        ),
    ),
    "own aggregate": Family(
        Aggregate(),
        {"window": "block", "frames": 7, "output": "pose: b t j c",
         "hypotheses": "hypotheses: b h t j c"},
        lambda n, c: 1000 * in_blocks(n, c.screen, 7, lambda y: y["pose"][0]),
    ),
    "stochastic": Family(
        Sampler(), {"window": "block", "frames": 7, "samples": 2},
        None,
    ),
    "rays": Family(
        Temporal(), {"window": "sequence", "frames": 5, "normalize": "rays", "units": "mm"},
        lambda n, c: np.stack([
            run(n, w)[0, 0].numpy()
            for w in windows((c.xy - c.camera.principal_point) / c.camera.focal_length, 2, 2)
        ]),
    ),
    "half the rate": Family(
        Temporal(), {"window": "sequence", "frames": 5, "fps": 25.0},
        lambda n, c: 1000 * np.stack([
            run(n, c.screen[t % 2 :: 2][np.clip(np.arange(t // 2 - 2, t // 2 + 3), 0,
                                                len(c.screen[t % 2 :: 2]) - 1)])[0, 0].numpy()
            for t in range(len(c.screen))
        ]),
    ),
}  # fmt: skip


@dataclass
class ByHand:
    """One run of frames of a clip in one cell."""

    xy: np.ndarray
    score: np.ndarray
    camera: object

    @property
    def screen(self):
        return self.xy / self.camera.width * 2 - [1, self.camera.height / self.camera.width]


def example(declared, frames):
    batch = np.zeros((2, frames, len(declared.given), declared.width), dtype=np.float32)
    return torch.from_numpy(arranged(batch, declared.input_axes))


def table_of(family, shard_set, tmp_path):
    declared = contract(**{"units": "m", "frames": 5, "window": "block"} | family.fields)
    path = tmp_path / f"m{family.suffix}"
    if family.suffix == ".pt2":
        from corruptbench.lifters.export import export

        export(family.network.eval(), declared, path)
    else:
        frames = declared.frames + (3 if declared.window == "sequence" else 0)
        save(path, family.network.eval(), example(declared, min(frames, 40)), declared)
    lifter = load_lifter(path, "cpu")
    return declared, *evaluated(LivePoses(lifter), shard_set, "by hand", shown=False)[:2]


def each_cell(shard_set):
    """Yields clip, cell, and the keypoints of the whole clip: the labels here have no gaps."""
    for clip, detections in shard_set.clips():
        camera = np.linalg.inv(clip.camera.rotation)
        target = (clip.joints - clip.camera.position) @ camera
        for d in detections:
            points = np.stack([coco_to_h36m(p) for p in d.keypoints.astype(np.float64)])
            points[2], points[-1] = points[1], points[-2]
            pairs = [(11, 12), (12,), (14,), (16,), (11,), (13,), (15,), (5, 6, 11, 12), (5, 6),
                     (0,), (1, 2), (5,), (7,), (9,), (6,), (8,), (10,)]  # fmt: skip
            score = np.stack([d.scores[:, list(p)].min(axis=1) for p in pairs], axis=1)
            yield clip, d, ByHand(points, score, clip.camera), target - target[:, :1]


@pytest.mark.parametrize("name", [n for n, f in FAMILIES.items() if f.by_hand])
def test_the_score_is_that_of_the_familys_own_evaluation(name, drawn_shards, tmp_path):
    family = FAMILIES[name]
    declared, _, table = table_of(family, drawn_shards, tmp_path)
    rows = {key_of(r): r for r in table.itertuples()}
    assert len(rows) == len(table) > 0
    for clip, d, given, target in each_cell(drawn_shards):
        poses = family.by_hand(family.network.eval(), given)
        row = rows[
            clip.id.subject, clip.id.sequence, clip.id.camera, d.cell.corruption, d.cell.severity
        ]
        assert row.frames == len(target)
        poses, target = (p[:, family.joints] for p in (poses, target))
        poses = poses - poses[:, :1]
        if declared.is_scaled:
            errors = [np.mean([np.linalg.norm(a - b) for a, b in zip(*p, strict=True)])
                      for p in zip(poses, target, strict=True)]  # fmt: skip
            assert abs(row.mpjpe - np.mean(errors)) < 1e-6
        else:
            assert np.isnan(row.mpjpe)
        aligned = [procrustes(p, t) for p, t in zip(poses, target, strict=True)]
        assert abs(row.p_mpjpe - np.mean(aligned)) < 1e-6


def key_of(row):
    return row.subject, row.sequence, row.camera, row.corruption, row.severity


def cell_of(detections):
    return detections.cell.corruption, detections.cell.severity


def procrustes(pose, target):
    """P-MPJPE of one pose, by its definition."""
    a, b = pose - pose.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    d = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    turned = (s * np.diag(d)).sum() / (a**2).sum() * a @ (u @ d @ vt)
    return np.linalg.norm(turned - b, axis=1).mean()


def test_the_draws_of_a_stochastic_lifter_are_those_of_its_seeds(drawn_shards, tmp_path):
    """Errors are means over the seeds 0 and 1, whose noise is known."""
    family = FAMILIES["stochastic"]
    _, _, table = table_of(family, drawn_shards, tmp_path)
    rows = {key_of(r): r for r in table.itertuples()}
    for clip, d, given, target in each_cell(drawn_shards):
        plain = in_blocks(family.network.inner, given.screen, 7)
        errors = []
        for seed in (0, 1):
            noise = torch.randn(17, 3, generator=torch.Generator().manual_seed(seed)).numpy()
            poses = 1000 * (plain.astype(np.float32) + np.float32(0.05) * noise).astype(np.float64)
            errors.append(np.linalg.norm(poses - poses[:, :1] - target, axis=-1).mean())
        row = rows[clip.id.subject, clip.id.sequence, clip.id.camera, *cell_of(d)]
        assert row.mpjpe == pytest.approx(np.mean(errors), abs=1e-6)
        assert row.spread == pytest.approx(np.std(errors, ddof=1), abs=1e-5)


def test_an_onnx_file_gives_the_same(drawn_shards, tmp_path):
    """The network of Modulated-GCN, written operator by operator."""
    family = FAMILIES["Modulated-GCN"]
    _, _, table = table_of(family, drawn_shards, tmp_path)
    path = tmp_path / "m.onnx"
    onnx.save(graph_in_onnx(family.network, contract(**{"units": "m"} | family.fields)), path)
    source = LivePoses(load_lifter(path, "cpu"))
    _, found, _ = evaluated(source, drawn_shards, "again", shown=False)
    for column in ("mpjpe", "p_mpjpe", "mpjve", "bone_error"):
        assert np.allclose(found[column], table[column], atol=1e-6)


def graph_in_onnx(network, declared):
    make, mix = onnx.helper, network.mix.detach().numpy()
    shapes = [onnx.numpy_helper.from_array(np.array(s), n)
              for n, s in (("flat", [0, 32]), ("poses", [0, 16, 3]))]  # fmt: skip
    nodes = [
        make.make_node("Cast", ["x"], ["d"], to=onnx.TensorProto.DOUBLE),
        make.make_node("Reshape", ["d", "flat"], ["f"]),
        make.make_node("MatMul", ["f", "mix"], ["m"]),
        make.make_node("Cast", ["m"], ["s"], to=onnx.TensorProto.FLOAT),
        make.make_node("Tanh", ["s"], ["t"]),
        make.make_node("Reshape", ["t", "poses"], ["y"]),
    ]
    graph = make.make_graph(
        nodes, "graph",
        [make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 16, 2])],
        [make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 16, 3])],
        [*shapes, onnx.numpy_helper.from_array(mix, "mix")],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    make.set_model_props(model, {EXTRA_FILE: declared.model_dump_json()})
    return model


def test_a_missing_joint_is_said(drawn_shards, tmp_path):
    _, result, _ = table_of(FAMILIES["Modulated-GCN"], drawn_shards, tmp_path)
    assert result.lifter.scored_joints == 16
    _, result, _ = table_of(FAMILIES["3d_pose_baseline"], drawn_shards, tmp_path)
    assert result.lifter.scored_joints == 17, "a root that is left out is the origin"


def test_hypotheses_have_columns_of_their_own(drawn_shards, tmp_path):
    _, result, table = table_of(FAMILIES["D3DP"], drawn_shards, tmp_path)
    assert result.lifter.hypotheses == 3
    network = FAMILIES["D3DP"].network.eval()
    clip, _, given, target = next(each_cell(drawn_shards))
    each = np.stack([
        1000 * in_blocks(network, given.screen, 7, lambda y, h=h: y[0, -1, h]) for h in range(3)
    ])  # fmt: skip
    each = each - each[:, :, :1]
    errors = np.linalg.norm(each - target, axis=-1).mean(axis=-1)
    row = table.iloc[0]
    assert (row.subject, row.camera, row.severity) == (clip.id.subject, clip.id.camera, 0)
    assert row.best_mpjpe == pytest.approx(errors.min(axis=0).mean(), rel=1e-8)
    assert row.mean_mpjpe == pytest.approx(errors.mean(), rel=1e-8)
    aligned = [min(procrustes(h[t], target[t]) for h in each) for t in range(len(target))]
    assert row.best_p_mpjpe == pytest.approx(np.mean(aligned), rel=1e-7)
    assert result.best_mpjpe is not None
    _, result, _ = table_of(FAMILIES["own aggregate"], drawn_shards, tmp_path)
    assert result.lifter.hypotheses == 2


def test_samples_are_averaged_and_their_spread_is_told(drawn_shards, tmp_path):
    _, result, table = table_of(FAMILIES["stochastic"], drawn_shards, tmp_path)
    assert (result.lifter.samples, result.lifter.hypotheses) == (2, 1)
    assert (table["spread"] > 0).all()
    assert result.spread is not None
    _, again, other = table_of(FAMILIES["stochastic"], drawn_shards, tmp_path)
    assert other["mpjpe"].equals(table["mpjpe"]), "the seeds are fixed"
    assert again.mpjpe == result.mpjpe

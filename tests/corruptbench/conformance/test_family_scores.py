"""Each family of lifters goes from its file to a score, which equals one computed by hand.

The networks are small stand-ins with the conventions of the families: what they read, what they
give, in which order of axes. The other side of each comparison shares no code with the harness: it
takes the detections and the labels, and does what the family's own evaluation does, frame by frame.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.lifters.contract import EXTRA_FILE
from corruptbench.lifters.lifter import load_lifter
from tests.corruptbench.conformance.families import FAMILIES
from tests.corruptbench.conformance.scores import each_cell, key_of, procrustes, table_of
from tests.corruptbench.conftest import contract


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

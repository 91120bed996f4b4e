"""ONNX models: three forms of output find the drawn dots; scores, batches, devices, identity."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from corruptbench.detectors import DetectorError, load, onnx_checks, onnx_running
from corruptbench.detectors.inputs import batch_for, crop_size, margins
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.onnx_contract import Input
from corruptbench.skeleton import COCO17, JOINT_SETS
from tests.fixtures import onnx_poses
from tests.fixtures.onnx_poses import TALL, scenes

KINDS = ("heatmap", "simcc", "keypoints")
SIZES: dict[str, dict[str, Any]] = {
    "square": {},
    "tall, padded": TALL,
    "tall, cut": TALL | {"fit": "cut"},
    "wide, padded": {"width": 256, "height": 192},
    "odd, padded": {"width": 192, "height": 249},
}


def loaded(folder: Path, kind: str, device: str = "cpu", **changes: Any) -> Any:
    path = onnx_poses.write(folder / f"{kind}.onnx", onnx_poses.contract(kind, **changes))
    return load(f"onnx:{path}", device)


@pytest.mark.parametrize("flip", [False, True], ids=["plain", "flip test"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_form_of_output_finds_the_dots(
    kind: str, size: str, flip: bool, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"input": SIZES[size]} | ({"flip": {}} if flip else {})
    detector = loaded(tmp_path, kind, **changes)
    assert detector.input_size == (256 if size == "tall, cut" else 192)
    crops, centers = scenes(detector.input_size)
    found = detector(crops)
    np.testing.assert_allclose(found.keypoints, centers, rtol=0, atol=0.05)
    assert (found.scores > 0.5).all()
    assert (found.scores <= 1).all()


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("heatmap", {"cells": "index"}),
        ("heatmap", {"cells": "udp"}),
        ("simcc", {"cells": "index"}),
        ("simcc", {"score": "mean"}),
        ("keypoints", {"unit": "parts"}),
        ("keypoints", {"origin": "center"}),
        ("keypoints", {"unit": "parts", "origin": "center"}),
        ("keypoints", {"score": "one"}),
    ],
)
def test_every_convention_of_coordinates_finds_the_dots(
    kind: str, output: dict[str, str], tmp_path: Path
) -> None:
    detector = loaded(tmp_path, kind, input=TALL, output=output)
    crops, centers = scenes(192)
    np.testing.assert_allclose(detector(crops).keypoints, centers, rtol=0, atol=0.05)


@pytest.mark.parametrize("size", [{"colors": "bgr"}, {"axes": "nhwc"}, {"std": [30, 40.5, 50]}])
def test_colors_axes_and_normalization_are_those_of_the_contract(
    size: dict[str, Any], tmp_path: Path
) -> None:
    crops, centers = scenes(192)
    found = loaded(tmp_path, "heatmap", input=size)(crops)
    np.testing.assert_allclose(found.keypoints, centers, rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("kind", "output", "shift"),
    [
        ("heatmap", {"cells": "udp"}, 0),
        ("keypoints", {"origin": "center"}, 0),
        ("keypoints", {"unit": "parts", "origin": "center"}, 0),
        ("simcc", {"cells": "index"}, -1),
    ],
)
def test_the_flip_test_is_exact_where_mirrored_cells_are_cells(
    kind: str, output: dict[str, str], shift: int, tmp_path: Path
) -> None:
    detector = loaded(tmp_path, kind, input=TALL, output=output, flip={"shift": shift})
    crops, centers = scenes(192)
    np.testing.assert_allclose(detector(crops).keypoints, centers, rtol=0, atol=0.05)


def test_the_published_shift_by_one_cell_leaves_half_a_pixel(tmp_path: Path) -> None:
    """Cells of 4 px at their first pixel: mirrored and shifted they lie 1 px aside."""
    crops, centers = scenes(192)
    shifted = loaded(tmp_path, "heatmap", output={"cells": "index"}, flip={"shift": 1})(crops)
    aside = shifted.keypoints - centers
    np.testing.assert_allclose(aside[..., 0].mean(), 0.5, atol=0.1)
    np.testing.assert_allclose(aside[..., 1], 0, atol=0.05)


def test_only_the_mirrored_picture_decides_left_and_right(tmp_path: Path) -> None:
    """In a picture without the left joints the flip test mixes no right ones into them."""
    crops, centers = scenes(192)
    crops[:, :, 96:] = 0
    found = loaded(tmp_path, "heatmap", flip={})(crops)
    right = list(COCO17.right)
    np.testing.assert_allclose(found.keypoints[:, right], centers[:, right], atol=0.05)
    assert (found.scores[:, list(COCO17.left)] < 0.02).all()


# -- scores


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1.5, -1.0])
def test_scores_beyond_0_and_1_are_refused_or_changed_as_stated(
    kind: str, scale: float, tmp_path: Path
) -> None:
    crops, _ = scenes(192)
    found = {}
    for rule in ("unit", "limit", "sigmoid"):
        fields = onnx_poses.contract(kind, output={"range": rule})
        path = onnx_poses.write(tmp_path / f"{rule}.onnx", fields, scale=scale)
        found[rule] = load(f"onnx:{path}")
    if kind == "keypoints" or scale > 0:
        with pytest.raises(DetectorError, match=r"onnx:unit: output.range: .* expected 0 to 1"):
            found["unit"](crops)
    for rule in ("limit", "sigmoid"):
        scores = found[rule](crops).scores
        assert (scores >= 0).all()
        assert (scores <= 1).all()
        said = {"limit": "are moved to 0 and 1", "sigmoid": "logistic function"}[rule]
        assert said in found[rule].score_meaning
    if kind == "keypoints":
        np.testing.assert_allclose(found["sigmoid"](crops).scores, 1 / (1 + np.exp(-scale)), 1e-5)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    fields = onnx_poses.contract("heatmap")
    path = onnx_poses.write(tmp_path / "m.onnx", fields, scale=float("inf"))
    with pytest.raises(DetectorError, match=r"onnx:m: .*not finite"):
        load(f"onnx:{path}")(scenes(192)[0])


# -- batches, devices, identity


@pytest.mark.parametrize("batch", ["N", 1, 2, 8])
def test_a_result_does_not_depend_on_the_other_crops(batch: int | str, tmp_path: Path) -> None:
    fields = onnx_poses.contract("heatmap", flip={})
    path = onnx_poses.write(tmp_path / "m.onnx", fields, batch)
    detector = load(f"onnx:{path}")
    crops, _ = scenes(192)
    together = detector(crops)
    alone = [detector(crop[None]) for crop in crops]
    assert together.keypoints.tobytes() == b"".join(a.keypoints.tobytes() for a in alone)
    assert together.scores.tobytes() == b"".join(a.scores.tobytes() for a in alone)
    assert detector(crops[:0]).keypoints.shape == (0, 17, 2)
    assert detector.batch == 8


def test_a_model_in_float16_is_given_float16(tmp_path: Path) -> None:
    path = onnx_poses.write(tmp_path / "m.onnx", onnx_poses.contract("keypoints"))
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    cast = onnx.helper.make_node("Cast", ["picture"], ["cast"], to=onnx.TensorProto.FLOAT)
    model.graph.node[0].input[0] = "cast"
    model.graph.node.insert(0, cast)
    onnx.save(model, path)
    crops, centers = scenes(192)
    np.testing.assert_allclose(load(f"onnx:{path}")(crops).keypoints, centers, atol=0.1)


@pytest.mark.parametrize(("batch", "expected"), [("N", 1), (4, 4)])
def test_on_a_cpu_a_run_has_one_picture_or_the_fixed_number(
    batch: int | str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    real = onnx_running._plain_run

    def noting(session: Any, ends: Any) -> Any:
        run = real(session, ends)
        return lambda pictures, options: given.append(len(pictures)) or run(pictures, options)

    monkeypatch.setattr(onnx_running, "_plain_run", noting)
    path = onnx_poses.write(tmp_path / "m.onnx", onnx_poses.contract("simcc"), batch)
    load(f"onnx:{path}")(scenes(192)[0])
    assert set(given) == {expected}


@pytest.mark.parametrize(
    ("kind", "side", "batch"),
    [("cpu", 192, 8), ("cpu", 1024, 8), ("cuda", 192, 64), ("tensorrt", 256, 64), ("cuda", 512, 16),
     ("cuda", 1024, 8)],
)  # fmt: skip
def test_a_batch_on_a_gpu_is_larger_but_for_large_inputs(kind: str, side: int, batch: int) -> None:
    assert batch_for(kind, side) == batch


def test_input_and_outputs_bound_to_a_device_give_the_same(tmp_path: Path) -> None:
    """On the CPU's own memory: no GPU is needed to run the binding."""
    path = onnx_poses.write(tmp_path / "m.onnx", onnx_poses.contract("simcc"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ends = onnx_checks.Ends("picture", np.float32, None, ("along_x", "along_y"))
    draw = np.random.default_rng(0).normal(size=(3, 3, 192, 192)).astype(np.float32)
    options = onnxruntime.RunOptions()
    bound = onnx_running._bound_run(session, ends, "cpu", 0)(draw, options)
    plain = onnx_running._plain_run(session, ends)(draw, options)
    for a, b in zip(bound, plain, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "tensorrt", "tensorrt:0"])
def test_a_runtime_without_the_device_is_told_so(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DetectorError, match=r"has only CPUExecutionProvider; .*onnxruntime-gpu"):
        loaded(tmp_path, "heatmap", device)


def test_a_provider_that_does_not_start_is_not_replaced_by_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    real = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    monkeypatch.setattr(
        onnxruntime, "InferenceSession",
        lambda content, options, **_: real(content, options, providers=["CPUExecutionProvider"]),
    )  # fmt: skip
    with pytest.raises(DetectorError, match="could not start CUDAExecutionProvider on device 1"):
        loaded(tmp_path, "heatmap", "cuda:1")


@pytest.mark.parametrize("device", ["gpu", "cpu:0", "cuda:", "cuda:x", "tensorrt:-1", ""])
def test_an_unknown_device_is_refused(device: str, tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="expected cpu, cuda, cuda:N, tensorrt"):
        loaded(tmp_path, "heatmap", device)


def test_the_identity_covers_model_and_contract(tmp_path: Path) -> None:
    detector = loaded(tmp_path, "heatmap")
    both = [(tmp_path / f"heatmap.{end}").read_bytes() for end in ("onnx", "toml")]
    assert detector.weights_sha256 == hashlib.sha256(b"".join(both)).hexdigest()
    assert (detector.name, detector.layout) == ("onnx:heatmap", "coco17")
    assert detector.runtime == f"onnxruntime {onnxruntime.__version__} cpu"


def test_mirrored_joints_are_those_of_the_joint_sets() -> None:
    assert {name: list(order) for name, order in MIRRORED.items()} == {
        name: joints.mirror for name, joints in JOINT_SETS.items()
    }


@pytest.mark.parametrize("fit", ["pad", "cut"])
@pytest.mark.parametrize("sides", [(192, 256), (256, 192), (192, 192), (191, 256)])
def test_the_crop_lies_in_the_middle(fit: Any, sides: tuple[int, int]) -> None:
    size = Input(
        width=sides[0], height=sides[1], colors="rgb", axes="nchw", mean=[0, 0, 0],
        std=[1, 1, 1], fit=fit,
    )  # fmt: skip
    side = crop_size(size)
    assert side == (min(sides) if fit == "pad" else max(sides))
    for margin, whole in zip(margins(size), sides, strict=True):
        assert abs(margin - (whole - side) / 2) <= 0.5

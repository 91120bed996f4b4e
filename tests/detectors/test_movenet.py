"""MoveNet: exactness, independence of the batch, coordinates, the exported file."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from corruptbench.detectors import DetectorError, load, movenet, multipose, network_runners, weights
from corruptbench.detectors.artefacts import ARTEFACTS
from corruptbench.detectors.movenet import INPUT_SIZES, VARIANTS, MoveNetDetector

Images = npt.NDArray[np.uint8]
Picture = Callable[[int, int], Images]
REFERENCE = json.loads((Path(__file__).parent / "movenet_tfjs.json").read_text())
MIRRORED = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]


def _torch_runner(variant: str) -> network_runners.Runner:
    return network_runners.torch_runner(movenet.network_of(variant), "cpu")[0]


def _onnx_joints(variant: str, crops: Images) -> movenet.Joints:
    """The network's own output by way of ONNX Runtime."""
    detector = load(f"movenet:{variant}")
    assert isinstance(detector, MoveNetDetector)
    return detector._run(crops)


def _stub(variant: str, joints: movenet.Joints) -> MoveNetDetector:
    return MoveNetDetector(variant, lambda crops: joints[: len(crops)], "none", "0" * 64)


# -- without weights


def test_every_variant_has_weights_and_a_size() -> None:
    specs = [f"movenet:{variant}" for variant in VARIANTS]
    assert [spec for spec in ARTEFACTS if spec.startswith("movenet:")] == [*specs, multipose.NAME]
    assert tuple(INPUT_SIZES) == VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_a_cell_of_the_grid_is_exactly_four_pixels(name: str) -> None:
    cell = np.float32(np.float16(4 / INPUT_SIZES[name]))  # as the published weights hold it
    joints = np.zeros((1, 17, 3), np.float32)
    joints[0, 5] = np.array([10.5 * cell, 40.25 * cell, 0.75])
    found = _stub(name, joints)(np.zeros((1, INPUT_SIZES[name], INPUT_SIZES[name], 3), np.uint8))
    np.testing.assert_allclose(found.keypoints[0, 5], [161, 42], atol=1e-4)
    assert found.scores[0, 5] == np.float32(0.75)


def test_no_crops_give_no_detections() -> None:
    found = _stub("lightning", np.zeros((0, 17, 3), np.float32))(
        np.zeros((0, 192, 192, 3), np.uint8)
    )
    assert found.keypoints.shape == (0, 17, 2)
    assert found.scores.shape == (0, 17)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((2, 256, 256, 3), np.uint8),
        np.zeros((192, 192, 3), np.uint8),
        np.zeros((2, 192, 192, 3), np.float32),
        np.zeros((2, 3, 192, 192), np.uint8),
        None,
    ],
)
def test_wrong_crops_are_refused(crops: Images) -> None:
    detector = _stub("lightning", np.zeros((2, 17, 3), np.float32))
    with pytest.raises(DetectorError, match=r"expected uint8 \(N, 192, 192, 3\)"):
        detector(crops)


def test_a_graph_of_another_network_is_refused() -> None:
    from corruptbench.detectors.movenet_network import MoveNet

    other = {"weightsManifest": [], "modelTopology": {"node": []}}
    with pytest.raises(DetectorError, match="not a MoveNet"):
        MoveNet(json.dumps(other).encode(), b"")


# -- with weights


@pytest.mark.detector
def test_the_networks_agree_with_tensorflow_js(
    variant: str, figure: Picture, noise: Picture
) -> None:
    size, recorded = INPUT_SIZES[variant], REFERENCE[variant]
    crops = np.stack([figure(size, 1), figure(size, 2), noise(size, 3)])
    assert hashlib.sha256(crops.tobytes()).hexdigest() == recorded["input_sha256"]
    for joints in (_torch_runner(variant)(crops), _onnx_joints(variant, crops)):
        np.testing.assert_allclose(joints, recorded["joints"], rtol=0, atol=1e-5)


@pytest.mark.detector
def test_torch_and_onnx_agree(variant: str, noise: Picture) -> None:
    crops = np.stack([noise(INPUT_SIZES[variant], seed) for seed in range(10, 15)])
    difference = np.abs(_torch_runner(variant)(crops) - _onnx_joints(variant, crops))
    assert difference.max() < 1e-4


@pytest.mark.detector
def test_a_loaded_detector_says_what_it_is(variant: str) -> None:
    detector = load(f"movenet:{variant}")
    assert detector.name == f"movenet:{variant}"
    assert (detector.layout, detector.input_size) == ("coco17", INPUT_SIZES[variant])
    content = weights.locate(detector.name)[1].read_bytes()
    assert detector.weights_sha256 == hashlib.sha256(content).hexdigest()
    assert detector.runtime.startswith("onnxruntime ")
    assert "not a probability" in detector.score_meaning


@pytest.mark.detector
def test_a_result_depends_on_nothing_else_in_the_batch(
    variant: str, figure: Picture, noise: Picture
) -> None:
    size = INPUT_SIZES[variant]
    detector = load(f"movenet:{variant}")
    crops = np.stack([figure(size, s) for s in range(4)] + [noise(size, s) for s in range(4)])
    whole = detector(crops)
    others = np.stack([noise(size, s) for s in range(20, 28)])
    for at, put in ((0, 0), (1, 7), (5, 2)):
        batch = others.copy()
        batch[put] = crops[at]
        found = detector(batch)
        assert found.keypoints[put].tobytes() == whole.keypoints[at].tobytes()
        assert found.scores[put].tobytes() == whole.scores[at].tobytes()
    for count in (1, 3, 5):
        found = detector(crops[:count])
        assert found.keypoints.tobytes() == whole.keypoints[:count].tobytes()
        assert found.scores.tobytes() == whole.scores[:count].tobytes()


@pytest.mark.detector
def test_a_mirrored_picture_gives_the_mirrored_person(variant: str, figure: Picture) -> None:
    """Were the coordinates off by half a pixel, x and its mirror image would add up to S - 1."""
    size = INPUT_SIZES[variant]
    crops = np.stack([figure(size, seed) for seed in range(16)])
    detector = load(f"movenet:{variant}")
    found, mirrored = detector(crops), detector(crops[:, :, ::-1])
    x = found.keypoints[..., 0] + mirrored.keypoints[:, MIRRORED, 0] - size
    y = found.keypoints[..., 1] - mirrored.keypoints[:, MIRRORED, 1]
    sure = (np.minimum(found.scores, mirrored.scores[:, MIRRORED]) > 0.3) & (np.abs(x) < size / 24)
    assert sure.mean() > 0.9
    assert abs(np.median(y[sure])) < 0.5
    assert abs(np.mean(x[sure])) < 0.8


@pytest.mark.detector
def test_moving_the_picture_moves_the_joints(variant: str, figure: Picture) -> None:
    size = INPUT_SIZES[variant]
    picture = figure(size, 1)
    moved = np.stack([np.roll(picture, shift, axis=1) for shift in range(5)])
    found = load(f"movenet:{variant}")(moved)
    x = found.keypoints[..., 0] - found.keypoints[0, :, 0]
    np.testing.assert_allclose(np.median(x, axis=1), range(5), atol=1.0)


@pytest.mark.detector
@pytest.mark.parametrize("device", ["tpu", "cudax", ""])
def test_an_unknown_device_is_refused(variant: str, device: str) -> None:
    with pytest.raises(DetectorError, match="expected cpu, cuda or cuda:N"):
        load(f"movenet:{variant}", device)


@pytest.mark.detector
def test_cuda_without_a_gpu_is_refused_and_with_one_agrees(variant: str, figure: Picture) -> None:
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(DetectorError, match="finds no CUDA device"):
            load(f"movenet:{variant}", "cuda")
        return
    crops = np.stack([figure(INPUT_SIZES[variant], seed) for seed in range(4)])
    gpu, cpu = (load(f"movenet:{variant}", device)(crops) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(gpu.keypoints, cpu.keypoints, atol=0.01)
    np.testing.assert_allclose(gpu.scores, cpu.scores, atol=1e-3)


# -- the exported file


def _exports(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.onnx"))


@pytest.mark.detector
def test_the_export_is_kept_and_then_torch_is_not_imported(variant: str, own_weights: Path) -> None:
    code = (
        "import sys, numpy; from corruptbench import detectors\n"
        f"d = detectors.load('movenet:{variant}')\n"
        "d(numpy.zeros((1, d.input_size, d.input_size, 3), numpy.uint8))\n"
        "print('torch' in sys.modules)\n"
    )
    for imported in ("True", "False"):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert run.stdout.strip() == imported, run.stderr
    assert len(_exports(own_weights)) == 1


@pytest.mark.detector
def test_several_processes_may_export_at_once(variant: str, own_weights: Path) -> None:
    code = f"from corruptbench import detectors; detectors.load('movenet:{variant}')"
    runs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert len(_exports(own_weights)) == 1
    assert not list(own_weights.glob(".*"))


@pytest.mark.detector
def test_a_damaged_or_older_export_is_made_again(
    variant: str, own_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(f"movenet:{variant}")
    (kept,) = _exports(own_weights)
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])
    load(f"movenet:{variant}")
    assert kept.read_bytes() == content
    monkeypatch.setattr(movenet, "NETWORK_VERSION", movenet.NETWORK_VERSION + 1)
    load(f"movenet:{variant}")
    assert len(_exports(own_weights)) == 2


@pytest.mark.detector
def test_an_export_that_cannot_be_kept_is_used_from_memory(
    variant: str, own_weights: Path, monkeypatch: pytest.MonkeyPatch, figure: Picture
) -> None:
    def full(path: Path, content: bytes) -> None:
        del path, content
        raise OSError("no space left on device")

    crops = figure(INPUT_SIZES[variant], 1)[None]
    monkeypatch.setattr(network_runners, "write_atomic", full)
    found = load(f"movenet:{variant}")(crops)
    assert not _exports(own_weights)
    assert found.scores.mean() > 0.4


@pytest.mark.detector
def test_damaged_weights_are_refused(variant: str, own_weights: Path) -> None:
    path = own_weights / f"movenet-{variant}.bin"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DetectorError, match=r"damaged.*corruptbench weights fetch"):
        load(f"movenet:{variant}")

"""MoveNet SinglePose (Google): a fast single-person detector of 17 joints, COCO's set and order.

Lightning takes crops of 192 x 192 pixels, Thunder of 256 x 256. On "cpu" the network runs in ONNX
Runtime with one thread (the parallelism is in worker processes). The ONNX file is made once, by
torch from the weights, and kept beside them, so that later processes do not import torch. On "cuda"
the same network runs in torch, in float32.

Coordinates. The network's grid has cells of 4 x 4 pixels. A joint is a cell's row and column plus
an offset within the cell, times the cell's side as a fraction of the crop's side. Row 0 with offset
0 is the crop's upper edge, not the center of a pixel. So the network's 0..1 is the continuous
convention already, and no half pixel is added. The published half-float weights hold Lightning's
cell side 1/48 as 0.02082825 (0.024 % too small, up to 0.05 px); here a cell is exactly 4 px.
Measured on 24 crops of each of 8 rendered people and their mirror images: both variants place
joints too far left by about 0.0011 of the crop's side (0.2 px of 192, 0.3 px of 256; a missing half
pixel would be 0.5 px). We found no documentation of it, so it is reported here and not corrected.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors import weights
from corruptbench.detectors.base import (
    Detections,
    Detector,
    DetectorError,
    check_crops,
    no_detections,
)
from corruptbench.detectors.files import write_atomic

VARIANTS: tuple[str, ...] = ("lightning", "thunder")
INPUT_SIZES = {"lightning": 192, "thunder": 256}
STRIDE = 4  # pixels of the crop in a cell of the grid
CPU_BATCH = 4  # crops per run on the CPU: more is slower (cache); the results are the same
BATCH = {"cpu": 8, "cuda": 64}  # crops that should be given at once
NETWORK_VERSION = 1  # raise it when movenet_network changes what the exported file computes

Joints = npt.NDArray[np.float32]  # (N, 17, 3): y, x as parts of the crop's side, score
Runner = Callable[[npt.NDArray[np.uint8]], Joints]

_log = logging.getLogger(__name__)


class MoveNetDetector:
    """A loaded MoveNet; see `detectors.base.Detector` for the attributes."""

    layout = "coco17"
    score_meaning = (
        "sigmoid of the joint's heat map at the chosen cell, 0..1: larger is surer, but it is not "
        "a probability (about 0.5 on clean pictures, rarely above 0.9)"
    )

    def __init__(self, variant: str, run: Runner, runtime: str, weights_sha256: str) -> None:
        self.name = f"movenet:{variant}"
        self.input_size = INPUT_SIZES[variant]
        self.batch = BATCH["cpu"]
        self.runtime = runtime
        self.weights_sha256 = weights_sha256
        self._run = run
        # Side of a cell as the weights hold it: a half float. Exactly 1/64 for Thunder.
        self._cell = np.float32(np.float16(STRIDE / self.input_size))

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Detections:
        """Detect the person in each crop: see `detectors.base.Detector`."""
        check_crops(crops, self.input_size, self.name)
        if len(crops) == 0:
            return no_detections(17)
        joints = self._run(np.ascontiguousarray(crops))
        keypoints = joints[:, :, 1::-1] / self._cell * np.float32(STRIDE)
        return Detections(np.ascontiguousarray(keypoints), np.ascontiguousarray(joints[:, :, 2]))


def load(variant: str, device: str = "cpu") -> Detector:
    """Return the detector of this variant.

    Args:
        variant: one of `VARIANTS`.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: unknown variant or device; weights missing or damaged; no such GPU.
    """
    if variant not in VARIANTS:
        raise DetectorError(f"movenet has no variant '{variant}'; there are: {list(VARIANTS)}")
    graph, constants = weights.locate(f"movenet:{variant}")
    digest = weights.artefact(f"movenet:{variant}").files[1].sha256
    if device == "cpu":
        run, runtime = _onnx_runner(_onnx_model(variant, graph, constants, digest))
    elif device == "cuda" or device.startswith("cuda:"):
        run, runtime = _torch_runner(graph, constants, device)
    else:
        raise DetectorError(f"movenet cannot run on '{device}'; expected cpu, cuda or cuda:N")
    detector = MoveNetDetector(variant, run, runtime, digest)
    detector.batch = BATCH[device.partition(":")[0]]
    return detector


def _onnx_model(variant: str, graph: Path, constants: Path, digest: str) -> bytes:
    """Return the ONNX model: from the file beside the weights, or exported and kept there.

    The file's name carries the weights' hash, the network code's version and its own content's
    hash, so a file of older code is not used, and a damaged file is noticed and made again.
    Several processes may make it at once. If it cannot be kept, the model is used from memory.
    """
    stem = f"movenet-{variant}.{digest[:12]}.v{NETWORK_VERSION}"
    for kept in sorted(constants.parent.glob(f"{stem}.*.onnx")):
        with contextlib.suppress(OSError):  # another process may remove it at this moment
            content = kept.read_bytes()
            if kept.name == f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.onnx":
                return content
            _log.warning("%s is damaged; exporting the network again", kept)
            kept.unlink()

    from corruptbench.detectors.movenet_network import MoveNet, export_onnx  # imports torch

    network = MoveNet(graph.read_bytes(), constants.read_bytes())
    content = export_onnx(network, INPUT_SIZES[variant])
    path = constants.with_name(f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.onnx")
    try:
        write_atomic(path, content)
    except OSError as error:
        remedy = f"a folder in {weights.ENVIRONMENT} that can be written to saves that time"
        _log.warning("%s cannot be kept (%s): each process exports it; %s", path, error, remedy)
    return content


def _onnx_runner(model: bytes) -> tuple[Runner, str]:
    """Return a function that runs the model in ONNX Runtime: one thread, deterministic kernels.

    The result of a crop does not depend, in any bit, on the other crops or on their number.
    """
    # On import it would write a device id and a queue of events into the user's home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    for pool in ("intra_op", "inter_op"):
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(crops: npt.NDArray[np.uint8]) -> Joints:
        parts = range(0, len(crops), CPU_BATCH)
        joints = [session.run(["joints"], {"crops": crops[i : i + CPU_BATCH]})[0] for i in parts]
        return np.concatenate(joints)

    return run, f"onnxruntime {onnxruntime.__version__} cpu"


def _torch_runner(graph: Path, constants: Path, device: str) -> tuple[Runner, str]:
    """Return a function that runs the torch module in float32, without TensorFloat-32.

    So the results stay close to the CPU's. The whole batch runs at once. The device may also be
    "cpu", for tests.
    """
    import torch

    from corruptbench.detectors.movenet_network import MoveNet

    if device != "cpu" and not torch.cuda.is_available():
        raise DetectorError(
            f"'{device}' was asked for, but torch {torch.__version__} finds no CUDA device; use "
            f"device 'cpu', or install torch for CUDA"
        )
    try:
        network = MoveNet(graph.read_bytes(), constants.read_bytes()).eval().to(device)
    except RuntimeError as error:
        raise DetectorError(f"torch cannot use '{device}': {error}") from error
    exact: Any = {"benchmark": False, "deterministic": True, "allow_tf32": False}

    def run(crops: npt.NDArray[np.uint8]) -> Joints:
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, **exact):
            joints: Joints = network(torch.from_numpy(crops).to(device)).cpu().numpy()
            return joints

    return run, f"torch {torch.__version__} {device}"

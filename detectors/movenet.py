"""MoveNet SinglePose (Google): a fast single-person detector of 17 joints, COCO's set and order.

Lightning takes crops of 192 x 192 pixels, Thunder of 256 x 256. On "cpu" the network runs in ONNX
Runtime with one thread (the parallelism is in worker processes), on "cuda" in torch, in float32:
see `detectors.network_runners`.

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

from typing import TYPE_CHECKING

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
from corruptbench.detectors.network_runners import NetworkFile, Runner, runner

if TYPE_CHECKING:
    from torch import nn

VARIANTS: tuple[str, ...] = ("lightning", "thunder")
INPUT_SIZES = {"lightning": 192, "thunder": 256}
STRIDE = 4  # pixels of the crop in a cell of the grid
CPU_BATCH = 4  # crops per run on the CPU: more is slower (cache); the results are the same
BATCH = {"cpu": 8, "cuda": 64}  # crops that should be given at once
NETWORK_VERSION = 1  # raise it when movenet_network changes what the exported file computes

#: Shards, locks and results hold this text, and it is compared: so it stays, although the scores of
#: clean pictures turned out to be higher (docs/detectors.md).
SCORE_MEANING = (
    "sigmoid of the joint's heat map at the chosen cell, 0..1: larger is surer, but it is not a "
    "probability (about 0.5 on clean pictures, rarely above 0.9)"
)

Joints = npt.NDArray[np.float32]  # (N, 17, 3): y, x as parts of the crop's side, score


class MoveNetDetector:
    """A loaded MoveNet; see `detectors.base.Detector` for the attributes."""

    layout = "coco17"
    score_meaning = SCORE_MEANING

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
    network = network_of(variant)
    digest = weights.artefact(f"movenet:{variant}").files[1].sha256
    run, runtime = runner(network, digest, device)
    detector = MoveNetDetector(variant, run, runtime, digest)
    detector.batch = BATCH[device.partition(":")[0]]
    return detector


def network_of(variant: str) -> NetworkFile:
    """Return the network of a variant, whose weights are checked."""
    graph, constants = weights.locate(f"movenet:{variant}")
    return NetworkFile(
        f"movenet-{variant}",
        NETWORK_VERSION,
        graph,
        constants,
        INPUT_SIZES[variant],
        CPU_BATCH,
        _build,
    )


def _build(graph: bytes, constants: bytes) -> nn.Module:
    from corruptbench.detectors.movenet_network import MoveNet  # imports torch

    return MoveNet(graph, constants)

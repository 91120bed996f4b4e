"""MoveNet MultiPose (Google): a fast detector of up to six persons in a whole picture.

It takes pictures of 256 x 256 pixels. Only its boxes and scores are used here. On the CPU it runs
in ONNX Runtime, on a GPU in torch: see `detectors.network_runners`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corruptbench.detectors import weights
from corruptbench.detectors.base import check_crops
from corruptbench.detectors.network_runners import NetworkFile, Runner, runner
from corruptbench.detectors.people import People

if TYPE_CHECKING:
    from torch import nn

NAME = "movenet:multipose"
INPUT_SIZE = 256
PERSONS = 6
#: Pictures per run on the CPU. With several, scores differ in their last bits from those of one.
CPU_BATCH = 1
BATCH = {"cpu": 8, "cuda": 64}  # pictures that should be given at once
#: Persons of a smaller score are not there. Our own choice.
LEAST_SCORE = 0.1
NETWORK_VERSION = 1  # raise it when multipose_network changes what the exported file computes


class MultiPoseDetector:
    """A loaded MultiPose; see `detectors.people.PersonDetector` for the attributes."""

    name = NAME
    input_size = INPUT_SIZE
    least_score = LEAST_SCORE

    def __init__(self, run: Runner, runtime: str, weights_sha256: str, batch: int) -> None:
        self.batch = batch
        self.runtime = runtime
        self.weights_sha256 = weights_sha256
        self._run = run

    def __call__(self, pictures: npt.NDArray[np.uint8]) -> People:
        """Find the persons in each picture: see `detectors.people.PersonDetector`."""
        check_crops(pictures, self.input_size, self.name)
        if len(pictures) == 0:
            return People(np.zeros((0, PERSONS, 4), np.float32), np.zeros((0, PERSONS), np.float32))
        found = self._run(np.ascontiguousarray(pictures))
        return People(found[..., :4].copy(), found[..., 4].copy())


def load(device: str = "cpu") -> MultiPoseDetector:
    """Return the detector on "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: unknown device; weights missing or damaged; no such GPU.
    """
    digest = weights.artefact(NAME).files[1].sha256
    run, runtime = runner(network(), digest, device)
    return MultiPoseDetector(run, runtime, digest, BATCH[device.partition(":")[0]])


def network() -> NetworkFile:
    """Return the network, whose weights are checked."""
    graph, constants = weights.locate(NAME)
    return NetworkFile(
        "movenet-multipose", NETWORK_VERSION, graph, constants, INPUT_SIZE, CPU_BATCH, _build
    )


def _build(graph: bytes, constants: bytes) -> nn.Module:
    from corruptbench.detectors.multipose_network import MultiPose  # imports torch

    return MultiPose(graph, constants)

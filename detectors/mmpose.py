"""Top-down models of mmpose: heat maps (HRNet, ViTPose), SimCC (RTMPose) and coordinates.

A variant is a configuration and its checkpoint: ``CONFIG:CHECKPOINT``, or only ``CONFIG`` where the
checkpoint lies beside it, ``hrnet.py`` with ``hrnet.pth``. A configuration is a .py file, or the
name of one that mmpose has. A batch of crops is the model's input as it is (`detectors.inputs`):
mmpose's steps for single pictures are not used.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corruptbench.detectors import mmpose_checkpoint, mmpose_config, mmpose_library, mmpose_network
from corruptbench.detectors.base import (
    Detections,
    Detector,
    DetectorError,
    check_crops,
    name_of,
    no_detections,
)
from corruptbench.detectors.inputs import CPU_BATCH, batch_for, crop_size, fitted, margins
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.mmpose_config import Input, Model
from corruptbench.detectors.mmpose_network import Runner

VARIANTS: tuple[str, ...] = ("*",)


class MmposeDetector:
    """A loaded model; see `detectors.base.Detector` for the attributes."""

    score_meaning = (
        "score of the joint as mmpose gives it (of a heat map its largest value, of SimCC the "
        "smaller one of the largest values along x and y), values below 0 and above 1 are moved "
        "to 0 and 1"
    )

    def __init__(
        self, name: str, layout: str, size: Input, run: Runner, runtime: str, weights_sha256: str
    ) -> None:
        self.name = name
        self.layout = layout
        self.input_size = crop_size(size)
        self.batch = CPU_BATCH
        self.runtime = runtime
        self.weights_sha256 = weights_sha256
        self._size = size
        self._run = run

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Detections:
        """Detect the person in each crop: see `detectors.base.Detector`.

        Raises:
            DetectorError: also if the model gives numbers that are not finite, or another number
                of joints than its configuration says.
        """
        check_crops(crops, self.input_size, self.name)
        joints = len(MIRRORED[self.layout])
        if len(crops) == 0:
            return no_detections(joints)
        points, scores = self._run(fitted(crops, self._size))
        if points.shape != (len(crops), joints, 2):
            raise DetectorError(
                f"{self.name}: the model gave {points.shape[1:]} numbers, but its configuration "
                f"names {joints} joints; correct the configuration"
            )
        if not (np.isfinite(points).all() and np.isfinite(scores).all()):
            raise DetectorError(
                f"{self.name}: the model gave numbers that are not finite, expected finite ones; "
                "compute in float32, or check the checkpoint"
            )
        keypoints = points + np.float32(0.5) - np.array(margins(self._size), np.float32)
        return Detections(keypoints, np.clip(scores, 0, 1))


def load(variant: str, device: str = "cpu") -> Detector:
    """Return the detector of a configuration and its checkpoint.

    Args:
        variant: "CONFIG:CHECKPOINT"; or "CONFIG", a .py file with the checkpoint beside it, whose
            name ends in .pth.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: mmpose is not installed, a file is missing or wrong, they do not fit
            together, the joints are not known here, or there is no such device.
    """
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", device):
        raise DetectorError(f"mmpose cannot run on '{device}'; expected cpu, cuda or cuda:N")
    try:
        return _loaded(variant, device)
    except ImportError as error:
        raise DetectorError(
            f"mmpose cannot be imported ({error}); install it by the steps in docs/detectors.md: "
            "pip install 'corruptbench[mmpose]', then mmpose, mmpretrain, mmcv-lite and "
            "onedl-mmengine with --no-deps"
        ) from error


def _loaded(variant: str, device: str) -> Detector:
    config, _, weights = variant.partition(":")
    path = mmpose_library.config_file(config)
    name = name_of("mmpose", path)
    checkpoint = mmpose_checkpoint.read(_weights_of(config, weights))
    model = _described(path)
    run, runtime = mmpose_network.runner(model, checkpoint, device)
    digest = mmpose_config.identity(model, checkpoint.sha256)
    detector = MmposeDetector(name, model.layout, model.size, run, runtime, digest)
    detector.batch = batch_for(device.partition(":")[0], detector.input_size)
    detector(np.zeros((1, detector.input_size, detector.input_size, 3), np.uint8))
    return detector


def _described(path: Path) -> Model:
    content, where = mmpose_library.read_config(path), str(path)
    chosen = mmpose_config.choices(content, where)
    network = mmpose_config.network(content, where)
    joints = mmpose_library.joints_of(mmpose_config.dataset(content, where), where)
    return Model(
        network=network,
        size=mmpose_config.picture(content, chosen.fit, where),
        layout=mmpose_config.joint_set(joints.names, network, where),
        mirrored=joints.mirrored,
        precision=chosen.precision,
        where=where,
    )


def _weights_of(config: str, weights: str) -> Path:
    if weights:
        return Path(weights)
    if config.endswith(".py"):
        return Path(config).with_suffix(".pth")
    raise DetectorError(
        f"mmpose:{config} has no weights; give the checkpoint, too: 'mmpose:{config}:FILE.pth'"
    )

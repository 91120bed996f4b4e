"""Top-down models of mmpose: heat maps (HRNet, ViTPose), SimCC (RTMPose) and coordinates.

A variant is a configuration and its checkpoint: ``CONFIG:CHECKPOINT``, or only ``CONFIG`` where the
checkpoint lies beside it, ``hrnet.py`` with ``hrnet.pth``. A configuration is a .py file, or the
name of one that mmpose has. A batch of crops is the model's input as it is (`detectors.inputs`):
mmpose's steps for single pictures are not used.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corruptbench.detectors import mmpose_checkpoint, mmpose_config, mmpose_library, mmpose_network
from corruptbench.detectors.base import Detector, DetectorError, name_of
from corruptbench.detectors.inputs import batch_for, crop_size
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.mmpose_config import Model
from corruptbench.detectors.mmpose_network import Array, Runner
from corruptbench.detectors.top_down import TopDownDetector

VARIANTS: tuple[str, ...] = ("*",)
_SCORE = (
    "score of the joint as mmpose gives it (of a heat map its largest value, of SimCC the smaller "
    "one of the largest values along x and y), values below 0 and above 1 are moved to 0 and 1"
)


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
    detector = TopDownDetector(
        name=name,
        layout=model.layout,
        score_meaning=_SCORE,
        size=model.size,
        find=partial(_found, run, model.layout, name),
        runtime=runtime,
        weights_sha256=mmpose_config.identity(model, checkpoint.sha256),
        batch=batch_for(device.partition(":")[0], crop_size(model.size)),
    )
    detector(np.zeros((1, detector.input_size, detector.input_size, 3), np.uint8))
    return detector


def _found(
    run: Runner, layout: str, name: str, pictures: npt.NDArray[np.uint8]
) -> tuple[Array, Array]:
    """Return points (N, K, 2), continuous, and scores (N, K)."""
    points, scores = run(pictures)
    joints = len(MIRRORED[layout])
    if points.shape != (len(pictures), joints, 2):
        raise DetectorError(
            f"{name}: the model gave {points.shape[1:]} numbers, but its configuration names "
            f"{joints} joints; correct the configuration"
        )
    if not (np.isfinite(points).all() and np.isfinite(scores).all()):
        raise DetectorError(
            f"{name}: the model gave numbers that are not finite, expected finite ones; compute in "
            "float32, or check the checkpoint"
        )
    return points + np.float32(0.5), np.clip(scores, 0, 1)


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

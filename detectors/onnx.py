"""Pose models that users have as ONNX files, such as exports of RTMPose, ViTPose, Sapiens or HRNet.

Beside ``model.onnx`` lies ``model.toml``, its contract (`detectors.onnx_contract`).
`detectors.inputs` says how crops become its input.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import (
    Detections,
    Detector,
    DetectorError,
    check_crops,
    name_of,
    no_detections,
)
from corruptbench.detectors.files import found_at
from corruptbench.detectors.inputs import CPU_BATCH, batch_for, crop_size, fitted, margins
from corruptbench.detectors.joint_orders import MIRRORED
from corruptbench.detectors.onnx_checks import MOST_BYTES, check_file
from corruptbench.detectors.onnx_contract import Contract, Input, parse
from corruptbench.detectors.onnx_decoding import Array, decoded, in_range, unmirrored
from corruptbench.detectors.onnx_running import Runner, parse_device, runner

VARIANTS: tuple[str, ...] = ("*.onnx",)
_SCORE = {
    "maximum": "largest value of the joint's map",
    "smaller": "smaller one of the largest values along x and y",
    "mean": "mean of the largest values along x and y",
    "third": "third number of the joint",
    "one": "1 for every joint, as the model gives no score",
}
_RANGE = {
    "unit": "from 0 to 1",
    "limit": "values below 0 and above 1 are moved to 0 and 1",
    "sigmoid": "after the logistic function",
}


class OnnxDetector:
    """A loaded model with its contract; see `detectors.base.Detector` for the attributes."""

    def __init__(
        self, name: str, contract: Contract, run: Runner, runtime: str, weights_sha256: str
    ) -> None:
        self.name = name
        self.layout: str = contract.joints
        rule = contract.output
        self.score_meaning = f"{_SCORE[rule.score]}, {_RANGE[rule.range]} (as its contract says)"
        self.input_size = crop_size(contract.input)
        self.batch = CPU_BATCH
        self.runtime = runtime
        self.weights_sha256 = weights_sha256
        self._contract = contract
        self._run = run

    def __call__(self, crops: npt.NDArray[np.uint8]) -> Detections:
        """Detect the person in each crop: see `detectors.base.Detector`.

        Raises:
            DetectorError: also if the model gives numbers that are not finite, or scores that its
                contract excludes.
        """
        check_crops(crops, self.input_size, self.name)
        if len(crops) == 0:
            return no_detections(len(MIRRORED[self.layout]))
        found = decoded(self._outputs(fitted(crops, self._contract.input)), self._contract)
        scores = in_range(found.scores, self._contract.output.range, self.name)
        left, top = margins(self._contract.input)
        keypoints = found.points - np.array([left, top], np.float32)
        return Detections(np.ascontiguousarray(keypoints), np.ascontiguousarray(scores))

    def _outputs(self, pictures: npt.NDArray[np.uint8]) -> list[Array]:
        """Return the model's outputs, with the flip test their mean."""
        own = self._finite(pictures)
        if self._contract.flip is None:
            return own
        other = unmirrored(self._finite(pictures[:, :, ::-1]), self._contract)
        return [(a + b) / np.float32(2) for a, b in zip(own, other, strict=True)]

    def _finite(self, pictures: npt.NDArray[np.uint8]) -> list[Array]:
        outputs = self._run(normalized(pictures, self._contract.input))
        if not all(np.isfinite(output).all() for output in outputs):
            raise DetectorError(
                f"{self.name}: the model gave numbers that are not finite, expected finite ones; "
                "export it again, in float32 if it is in float16"
            )
        return outputs


def load(variant: str, device: str = "cpu") -> Detector:
    """Return the detector of a model file.

    Args:
        variant: path of the .onnx file; the contract beside it ends in .toml.
        device: "cpu", "cuda", "cuda:N", "tensorrt" or "tensorrt:N".

    Raises:
        DetectorError: a file is missing or wrong, they do not fit together, or ONNX Runtime has no
            such device.
    """
    path = Path(variant)
    kind, _ = parse_device(device)
    name = name_of("onnx", path)
    content = _read(path, "the model")  # the name that was given, so it is looked for first
    text = _read(path.with_suffix(".toml"), "its contract")
    contract = parse(text, str(path.with_suffix(".toml")))
    check_file(content, str(path))
    run, runtime = runner(content, contract, device, str(path))
    digest = hashlib.sha256(content + text).hexdigest()
    detector = OnnxDetector(name, contract, run, runtime, digest)
    detector.batch = batch_for(kind, detector.input_size)
    return detector


def normalized(pictures: npt.NDArray[np.uint8], size: Input) -> Array:
    """Return pictures (N, H, W, 3) as the model's input, float32 in its order of axes."""
    ordered = pictures[..., ::-1] if size.colors == "bgr" else pictures
    mean, std = np.array(size.mean, np.float32), np.array(size.std, np.float32)
    values = (ordered.astype(np.float32) - mean) / std
    return values.transpose(0, 3, 1, 2) if size.axes == "nchw" else values


def _read(path: Path, what: str) -> bytes:
    if not path.is_file():  # a pipe would be waited for
        raise DetectorError(
            f"{path}: {found_at(path)}, expected {what} there; a model is a .onnx file with a "
            ".toml file of the same name beside it"
        )
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DetectorError(
                f"{path}: {path.stat().st_size} bytes, expected at most {MOST_BYTES}; export the "
                "model in float16"
            )
        return path.read_bytes()
    except OSError as error:
        raise DetectorError(f"{path}: cannot be read ({error.strerror}); repair it") from None

"""Pose models that users have as ONNX files, such as exports of RTMPose, ViTPose, Sapiens or HRNet.

Beside ``model.onnx`` lies ``model.toml``, its contract (`detectors.onnx_contract`).
`detectors.inputs` says how crops become its input.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import Detector, DetectorError, name_of
from corruptbench.detectors.files import found_at
from corruptbench.detectors.inputs import batch_for, crop_size
from corruptbench.detectors.onnx_checks import MOST_BYTES, check_file
from corruptbench.detectors.onnx_contract import Contract, Input, parse
from corruptbench.detectors.onnx_decoding import Array, decoded, in_range, unmirrored
from corruptbench.detectors.onnx_running import Runner, parse_device, runner
from corruptbench.detectors.top_down import TopDownDetector

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
    rule = contract.output
    return TopDownDetector(
        name=name,
        layout=contract.joints,
        score_meaning=f"{_SCORE[rule.score]}, {_RANGE[rule.range]} (as its contract says)",
        size=contract.input,
        find=partial(_found, run, contract, name),
        runtime=runtime,
        weights_sha256=hashlib.sha256(content + text).hexdigest(),
        batch=batch_for(kind, crop_size(contract.input)),
    )


def _found(
    run: Runner, contract: Contract, name: str, pictures: npt.NDArray[np.uint8]
) -> tuple[Array, Array]:
    """Return points (N, K, 2) and scores (N, K); with the flip test of the outputs' mean."""
    outputs = _outputs(run, contract, name, pictures)
    if contract.flip is not None:
        other = unmirrored(_outputs(run, contract, name, pictures[:, :, ::-1]), contract)
        outputs = [(a + b) / np.float32(2) for a, b in zip(outputs, other, strict=True)]
    found = decoded(outputs, contract)
    return found.points, in_range(found.scores, contract.output.range, name)


def _outputs(
    run: Runner, contract: Contract, name: str, pictures: npt.NDArray[np.uint8]
) -> list[Array]:
    outputs = run(normalized(pictures, contract.input))
    if not all(np.isfinite(output).all() for output in outputs):
        raise DetectorError(
            f"{name}: the model gave numbers that are not finite, expected finite ones; "
            "export it again, in float32 if it is in float16"
        )
    return outputs


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

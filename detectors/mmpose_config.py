"""What a configuration of mmpose says of a model: its input, its joints, and our own choices.

Pure functions on the plain content of a configuration. `mmpose_library` reads the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.inputs import Fit

#: The steps of the test pipelines of all 359 top-down models of mmpose 1.3.2. Another step could
#: change the picture.
STEPS = ("LoadImage", "GetBBoxCenterScale", "TopdownAffine", "PackPoseInputs")
#: Names of the joints in mmpose's files of data sets, in the order of our joint sets.
JOINTS = {
    "coco17": (
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
        "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    ),
    "h36m17": (
        "root", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot",
        "spine", "thorax", "neck_base", "head", "left_shoulder", "left_elbow", "left_wrist",
        "right_shoulder", "right_elbow", "right_wrist",
    ),
}  # fmt: skip


class Choices(BaseModel):
    """The table ``corruptbench`` of a configuration: what mmpose has no field for.

    Attributes:
        fit: how a square crop meets an input that is not square; see `detectors.inputs`.
        precision: of backbone and neck. The head computes in float32.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    fit: Fit = "pad"
    precision: Literal["float32", "float16", "bfloat16"] = "float32"


@dataclass(frozen=True)
class Input:
    """What the model takes.

    Attributes:
        width: px.
        height: px.
        fit: see `detectors.inputs`.
        udp: True if the centers of the outermost pixels are the borders of a box ("unbiased data
            processing", Huang et al., CVPR 2020), as mmpose's ``use_udp``.
    """

    width: int
    height: int
    fit: Fit
    udp: bool


@dataclass(frozen=True)
class Model:
    """All of a configuration that decides what its network finds in a picture.

    Attributes:
        network: its description, of `network`.
        size: what it takes.
        layout: name of the joint set.
        mirrored: for each joint of the training's data set, the index of the same joint of the
            other side, for the flip test.
        precision: see `Choices`.
        where: name of the configuration, for messages.
    """

    network: Mapping[str, Any]
    size: Input
    layout: str
    mirrored: tuple[int, ...]
    precision: str
    where: str


def identity(model: Model, weights_sha256: str) -> str:
    """Return the SHA-256 (hex) of a model and its weights, wherever their files lie."""
    said = {**vars(model), "size": vars(model.size), "where": ""}
    return hashlib.sha256(weights_sha256.encode() + canonical(said)).hexdigest()


def choices(config: Mapping[str, Any], where: str) -> Choices:
    """Return the table ``corruptbench`` of a configuration, or the defaults.

    Raises:
        DetectorError: an unknown key or value.
    """
    try:
        return Choices.model_validate(config.get("corruptbench", {}))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in ("corruptbench", *first["loc"]))
        raise DetectorError(
            f"{where}: {field}: found {first['input']!r:.80}: {first['msg']}; expected fit 'pad' "
            "or 'cut', precision 'float32', 'float16' or 'bfloat16'"
        ) from None


def network(config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the description of the network, without what does not decide its result.

    ``init_cfg`` and ``pretrained`` name weights to start a training from, which mmpose would
    download. ``_scope_`` names the package of a part. It is there or not, as a configuration was
    inherited. RTMPose's backbone is looked up in mmdetection, but mmpose has the same one.
    ``mmcls`` is an older name of mmpretrain.

    Raises:
        DetectorError: it is not a top-down model.
    """
    model = config.get("model")
    found = model.get("type") if isinstance(model, Mapping) else None
    if not isinstance(model, Mapping) or _plain(found) != "TopdownPoseEstimator":
        raise DetectorError(
            f"{where}: model.type: found {_plain(found)!r}, expected 'TopdownPoseEstimator': only "
            "models that find one person in a crop can be used"
        )
    cleaned: dict[str, Any] = _decisive(model)
    return cleaned


def picture(config: Mapping[str, Any], fit: Fit, where: str) -> Input:
    """Return what the model takes, of the pipeline that mmpose tests it with.

    Raises:
        DetectorError: there is no such pipeline, or it has another step than `STEPS`.
    """
    steps = _dataset(config, "test_dataloader").get("pipeline") or ()
    names = [_plain(step.get("type")) for step in steps]
    if "TopdownAffine" not in names or set(names) - set(STEPS):
        raise DetectorError(
            f"{where}: test_dataloader.dataset.pipeline: found {names}, expected "
            f"{', '.join(STEPS)}: other steps are not known here"
        )
    step = steps[names.index("TopdownAffine")]
    width, height = step["input_size"]
    return Input(int(width), int(height), fit, bool(step.get("use_udp", False)))


def dataset(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the data set whose joints the head gives: that of the training, or else of the test.

    Raises:
        DetectorError: there is neither.
    """
    for loader in ("train_dataloader", "test_dataloader"):
        if found := _dataset(config, loader):
            return found
    raise DetectorError(
        f"{where}: train_dataloader.dataset: missing; expected the data set that the model was "
        "trained on, as its joints are not known otherwise"
    )


def joint_set(names: Sequence[str], model: Mapping[str, Any], where: str) -> str:
    """Return the name of the joint set that the model gives.

    Args:
        names: of the joints of the data set, in order.
        model: of `network`; it may give only some of the joints.
        where: name of the configuration, for messages.

    Raises:
        DetectorError: it is none of ours.
    """
    chosen = (model.get("test_cfg") or {}).get("output_keypoint_indices")
    given = tuple(names if chosen is None else (names[place] for place in chosen))
    for name, joints in JOINTS.items():
        if given == joints:
            return name
    raise DetectorError(
        f"{where}: gives {len(given)} joints ({', '.join(given[:4])}, ...), expected COCO's 17 or "
        "Human3.6M's 17, in their order; choose a model that was trained on one of them"
    )


def canonical(content: object) -> bytes:
    """Return JSON with sorted keys, without spaces, as UTF-8; the same on every machine.

    Args:
        content: dicts, lists, tuples and plain values; a class or function stands for its name.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
    return text.encode()


def _dataset(config: Mapping[str, Any], loader: str) -> Mapping[str, Any]:
    found = (config.get(loader) or {}).get("dataset") or {}
    return found if isinstance(found, Mapping) else {}


def _plain(value: object) -> str:
    """Return a type as text without the package it is looked up in; configurations have both."""
    name = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    return name.rpartition(".")[2]


def _decisive(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {
            key: _decisive(value)
            for key, value in content.items()
            if key not in ("init_cfg", "pretrained")
            and (key, value) not in (("_scope_", "mmdet"), ("_scope_", "mmpose"))
        }
    if isinstance(content, list | tuple):
        return type(content)(_decisive(part) for part in content)
    if isinstance(content, str) and content.startswith("mmcls."):
        return content.replace("mmcls.", "mmpretrain.", 1)
    return content

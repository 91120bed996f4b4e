"""The only file that touches mmpose, which has no types.

mmpose 1.3.2 imports compiled operators, mmdetection, torchvision and data set tools that its
top-down models do not use: stand-ins take their place (`detectors.stand_ins`).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.mmpose_checkpoint import Checkpoint
from corruptbench.detectors.mmpose_config import Input
from corruptbench.detectors.stand_ins import standing_in

Array = npt.NDArray[np.float32]
#: Pictures (N, H, W, 3) uint8 RGB to points (N, J, 2), px of the picture with (0, 0) at the center
#: of the first pixel, and scores (N, J).
Runner = Callable[[npt.NDArray[np.uint8]], tuple[Array, Array]]

#: What mmpose and mmpretrain import and do not use here, and what shows that it is installed.
_UNUSED = {
    "mmpose.models": (
        ("mmcv.ops", "mmcv._ext"), ("mmdet", "mmdet"), ("torchvision", "torchvision"),
        ("xtcocotools", "xtcocotools"), ("munkres", "munkres"),
    ),
    "mmpretrain.models": (
        ("mmcv.ops", "mmcv._ext"), ("torchvision", "torchvision"), ("modelindex", "modelindex"),
    ),
}  # fmt: skip

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Joints:
    """Joints of a data set of mmpose.

    Attributes:
        names: in order.
        mirrored: for each joint, the index of the same joint of the other side.
    """

    names: tuple[str, ...]
    mirrored: tuple[int, ...]


def config_file(name: str) -> Path:
    """Return the path of a configuration: a .py file, or one of mmpose's by its name.

    Raises:
        DetectorError: there is none; ImportError: mmpose is not installed.
    """
    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise DetectorError(f"{path}: no such file; expected a configuration of mmpose")
        return path
    spec = find_spec("mmpose")
    if spec is None or spec.origin is None:
        raise ImportError("No module named 'mmpose'")
    package = Path(spec.origin).parent
    known = {p.stem: p for place in (".mim/configs", "../configs") for p in _files(package / place)}
    if name not in known:
        close = ", ".join(get_close_matches(name, known, n=3, cutoff=0.5)) or "none is similar"
        raise DetectorError(
            f"mmpose has no configuration '{name}' (similar: {close}); expected the name of one "
            "without .py, or the path of a .py file"
        )
    return known[name]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "_base_" not in path.parts]


def read_config(path: Path) -> dict[str, Any]:
    """Run a configuration file, which is Python, and return its content as plain dicts.

    Raises:
        DetectorError: it cannot be run; ImportError: mmpose is not installed.
    """
    _import("mmpose.models")
    from mmengine.config import Config

    try:
        return dict(Config.fromfile(str(path)).to_dict())
    except Exception as error:  # it is any code
        raise DetectorError(
            f"{path}: cannot be read as a configuration of mmpose ({type(error).__name__}: "
            f"{error!s:.200}); correct it"
        ) from error


def joints_of(dataset: Mapping[str, Any]) -> Joints:
    """Return the joints of the data set that a configuration describes."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo
    from mmpose.registry import DATASETS

    kind = dataset["type"]
    about = dataset.get("metainfo") or (DATASETS.get(kind) if isinstance(kind, str) else kind)
    with warnings.catch_warnings(action="ignore"):  # it says where it found its own file
        found = parse_pose_metainfo(getattr(about, "METAINFO", about))
    names = tuple(found["keypoint_id2name"][k] for k in range(found["num_keypoints"]))
    return Joints(names, tuple(int(k) for k in found["flip_indices"]))


def runner(
    model: Mapping[str, Any],
    checkpoint: Checkpoint,
    size: Input,
    joints: Joints,
    device: str,
    precision: str,
) -> tuple[Runner, str]:
    """Return a function that runs a model on a batch, and the name of what runs it.

    The batch goes through the model's own data preprocessor, backbone, neck and head, with its flip
    test if it has one. On a CPU it computes in one thread.

    Raises:
        DetectorError: the model cannot be built, the weights do not fit, or there is no such GPU.
    """
    import torch

    network = _with_weights(_built(model, checkpoint.where), checkpoint)
    network = _placed(network, device)
    if precision != "float32":
        _lower(network, device, getattr(torch, precision))
    samples = _samples(size, joints)

    def run(pictures: npt.NDArray[np.uint8]) -> tuple[Array, Array]:
        planes = np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2))  # BGR, as mmcv's
        batch = {"inputs": torch.from_numpy(planes), "data_samples": samples(len(pictures))}
        with _exact(), warnings.catch_warnings(action="ignore"):
            found = [sample.pred_instances for sample in network.test_step(batch)]
        points = np.concatenate([one.keypoints for one in found])[..., :2]
        scores = np.concatenate([one.keypoint_scores for one in found])
        return np.asarray(points, np.float32), np.asarray(scores, np.float32)

    versions = (f"{name} {importlib.metadata.version(name)}" for name in ("mmpose", "torch"))
    return run, f"{' '.join(versions)} {device}" + f" {precision}" * (precision != "float32")


def _import(module: str) -> None:
    """Import a part of mmpose or mmpretrain; raise ImportError where a package is missing."""
    if module in sys.modules:
        return
    if module.startswith("mmpretrain"):  # it asks for the older name of a standard module
        sys.modules.setdefault("importlib_metadata", importlib.metadata)
    with warnings.catch_warnings(action="ignore"), standing_in(*_UNUSED[module]):
        importlib.import_module(module)
        if module == "mmpose.models":
            importlib.import_module("mmpose.datasets.datasets")


def _built(model: Mapping[str, Any], where: str) -> Any:
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    if "mmpretrain." in str(model) or "mmcls." in str(model):
        _import("mmpretrain.models")
    init_default_scope("mmpose")
    try:
        with warnings.catch_warnings(action="ignore"):
            return revert_sync_batchnorm(MODELS.build(dict(model)))
    except ImportError:
        raise
    except Exception as error:  # whatever a part of the network raises
        raise DetectorError(
            f"{where}: mmpose cannot build its model ({type(error).__name__}: {error!s:.200}); "
            "check the configuration; models with compiled operators or parts of mmdetection need "
            "these packages"
        ) from error


def _with_weights(network: Any, checkpoint: Checkpoint) -> Any:
    """Load weights; every one of the network must be there, with its shape."""
    try:
        found = network.load_state_dict(checkpoint.weights, strict=False)
    except RuntimeError as error:  # shapes
        said = str(error).partition("\n\t")[2].partition("\n")[0] or str(error)
        raise DetectorError(
            f"{checkpoint.where}: does not fit the configuration: {said:.200}; give the checkpoint "
            "of this configuration"
        ) from None
    if found.missing_keys:
        raise DetectorError(
            f"{checkpoint.where}: lacks {len(found.missing_keys)} weights of the model, such as "
            f"'{found.missing_keys[0]}'; give the checkpoint of this configuration"
        )
    if found.unexpected_keys:
        _log.warning(
            "%s: %d weights are not part of the model and are left out, such as '%s'",
            checkpoint.where, len(found.unexpected_keys), found.unexpected_keys[0],
        )  # fmt: skip
    return network.eval()


def _placed(network: Any, device: str) -> Any:
    import torch

    if device != "cpu" and not torch.cuda.is_available():
        raise DetectorError(
            f"'{device}' was asked for, but torch {torch.__version__} finds no CUDA device; use "
            "device 'cpu', or install torch for CUDA"
        )
    try:
        return network.to(device)
    except RuntimeError as error:
        raise DetectorError(f"torch cannot use '{device}': {error}") from error


def _samples(size: Input, joints: Joints) -> Callable[[int], list[Any]]:
    """Return a function of N that makes N samples whose box is the picture itself."""
    from mmengine.structures import InstanceData
    from mmpose.structures import PoseDataSample

    sides = np.array([size.width, size.height], np.float32)
    scale = sides - 1 if size.udp else sides
    place = {
        "input_size": (size.width, size.height), "input_scale": scale, "input_center": scale / 2,
        "flip_indices": list(joints.mirrored),
    }  # fmt: skip
    box = InstanceData(bboxes=np.array([[0, 0, *sides]], np.float32), bbox_scores=np.ones(1))
    return lambda count: [PoseDataSample(metainfo=place, gt_instances=box) for _ in range(count)]


def _lower(network: Any, device: str, dtype: Any) -> None:
    """Let backbone and neck compute in a lower precision; the head is given float32."""
    import torch

    whole = network.extract_feat

    def features(pictures: Any) -> Any:
        with torch.autocast(device.partition(":")[0], dtype):
            return _as_float32(whole(pictures))

    network.extract_feat = features


def _as_float32(features: Any) -> Any:
    if isinstance(features, Sequence):
        return tuple(_as_float32(part) for part in features)
    return features.float()


@contextmanager
def _exact() -> Iterator[None]:
    """Compute without gradients, in one thread on the CPU, and without TensorFloat-32 on a GPU."""
    import torch

    threads, settings = torch.get_num_threads(), {"benchmark": False, "deterministic": True}
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False, **settings):
            yield
    finally:
        torch.set_num_threads(threads)

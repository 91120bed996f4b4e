"""Build a network of mmpose, give it its weights, and run it on batches of pictures."""

from __future__ import annotations

import importlib.metadata
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.mmpose_checkpoint import Checkpoint
from corruptbench.detectors.mmpose_config import Input, Model
from corruptbench.detectors.mmpose_library import import_part
from corruptbench.detectors.runtimes import on_device

Array = npt.NDArray[np.float32]
#: Pictures (N, H, W, 3) uint8 RGB to points (N, J, 2), px of the picture with (0, 0) at the center
#: of the first pixel, and scores (N, J).
Runner = Callable[[npt.NDArray[np.uint8]], tuple[Array, Array]]

_log = logging.getLogger(__name__)


def runner(model: Model, checkpoint: Checkpoint, device: str) -> tuple[Runner, str]:
    """Return a function that runs a model on a batch, and the name of what runs it.

    The batch goes through the model's own data preprocessor, backbone, neck and head, with its flip
    test if it has one. On a CPU it computes in one thread.

    Raises:
        DetectorError: the model cannot be built, the weights do not fit, or there is no such GPU.
    """
    import torch

    network = on_device(_with_weights(_built(model.network, model.where), checkpoint), device)
    if model.precision != "float32":
        _lower(network, device, getattr(torch, model.precision))
    samples = _samples(model.size, model.mirrored)

    def run(pictures: npt.NDArray[np.uint8]) -> tuple[Array, Array]:
        planes = np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2))  # BGR, as mmcv's
        batch = {"inputs": torch.from_numpy(planes), "data_samples": samples(len(pictures))}
        with _exact(), warnings.catch_warnings(action="ignore"):
            found = [sample.pred_instances for sample in network.test_step(batch)]
        points = np.concatenate([one.keypoints for one in found])[..., :2]
        scores = np.concatenate([one.keypoint_scores for one in found])
        return np.asarray(points, np.float32), np.asarray(scores, np.float32)

    versions = (f"{name} {importlib.metadata.version(name)}" for name in ("mmpose", "torch"))
    return run, f"{' '.join(versions)} {device} {model.precision}"


def _built(described: Mapping[str, Any], where: str) -> Any:
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    if "mmpretrain." in str(described):
        import_part("mmpretrain.models")
    init_default_scope("mmpose")
    try:
        with warnings.catch_warnings(action="ignore"):
            return revert_sync_batchnorm(MODELS.build(dict(described)))
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


def _samples(size: Input, mirrored: Sequence[int]) -> Callable[[int], list[Any]]:
    """Return a function of N that makes N samples whose box is the picture itself."""
    from mmengine.structures import InstanceData
    from mmpose.structures import PoseDataSample

    sides = np.array([size.width, size.height], np.float32)
    scale = sides - 1 if size.udp else sides
    place = {
        "input_size": (size.width, size.height), "input_scale": scale, "input_center": scale / 2,
        "flip_indices": list(mirrored),
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

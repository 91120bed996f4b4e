"""Run MoveNet's networks: in ONNX Runtime on a CPU, in torch on a GPU.

The ONNX file is made once, by torch from the weights, and kept beside them, so that later processes
do not import torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors import weights
from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.files import write_atomic
from corruptbench.detectors.runtimes import on_device, onnx_options, onnx_runtime

if TYPE_CHECKING:
    from torch import nn

Runner = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NetworkFile:
    """A network and its weights.

    Attributes:
        name: of the network, for messages and in names of files.
        version: of the code that makes the network.
        graph: path of the graph model, .json.
        constants: path of its constants, .bin.
        size: side of the pictures that it takes, px.
        cpu_batch: pictures per run on the CPU: more is slower (cache).
        build: makes the module from the contents of both files; imports torch.
    """

    name: str
    version: int
    graph: Path
    constants: Path
    size: int
    cpu_batch: int
    build: Callable[[bytes, bytes], nn.Module]

    def module(self) -> nn.Module:
        """Return the network in torch."""
        return self.build(self.graph.read_bytes(), self.constants.read_bytes()).eval()


def runner(network: NetworkFile, digest: str, device: str) -> tuple[Runner, str]:
    """Return a function that runs a network on pictures (N, S, S, 3), and what runs it.

    Args:
        network: with its files.
        digest: SHA-256 (hex) of the constants.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: the device is another one, or there is no such GPU.
    """
    if device == "cpu":
        return onnx_runner(onnx_model(network, digest), network.cpu_batch)
    if device == "cuda" or device.startswith("cuda:"):
        return torch_runner(network, device)
    raise DetectorError(f"{network.name} cannot run on '{device}'; expected cpu, cuda or cuda:N")


def onnx_model(network: NetworkFile, digest: str) -> bytes:
    """Return the ONNX model: from the file beside the weights, or exported and kept there.

    The file's name carries the weights' hash, the network code's version and its own content's
    hash, so a file of older code is not used, and a damaged file is noticed and made again.
    Several processes may make it at once. If it cannot be kept, the model is used from memory.
    """
    stem = f"{network.name}.{digest[:12]}.v{network.version}"
    for kept in sorted(network.constants.parent.glob(f"{stem}.*.onnx")):
        with contextlib.suppress(OSError):  # another process may remove it at this moment
            content = kept.read_bytes()
            if kept.name == f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.onnx":
                return content
            _log.warning("%s is damaged; exporting the network again", kept)
            kept.unlink()

    from corruptbench.detectors.graph_model import export_onnx  # imports torch

    content = export_onnx(network.module(), network.size)
    path = network.constants.with_name(f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.onnx")
    try:
        write_atomic(path, content)
    except OSError as error:
        remedy = f"a folder in {weights.ENVIRONMENT} that can be written to saves that time"
        _log.warning("%s cannot be kept (%s): each process exports it; %s", path, error, remedy)
    return content


def onnx_runner(model: bytes, batch: int) -> tuple[Runner, str]:
    """Return a function that runs the model in ONNX Runtime: one thread, deterministic kernels.

    So many pictures are given at once. With a batch at which that holds for the network, the result
    of a picture does not depend, in any bit, on the other pictures or on their number.
    """
    onnxruntime, providers = onnx_runtime(), ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model, onnx_options(severity=3), providers=providers)
    name = session.get_inputs()[0].name

    def run(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        parts = range(0, len(pictures), batch)
        return np.concatenate(
            [session.run(None, {name: pictures[i : i + batch]})[0] for i in parts]
        )

    return run, f"onnxruntime {onnxruntime.__version__} cpu"


def torch_runner(network: NetworkFile, device: str) -> tuple[Runner, str]:
    """Return a function that runs the torch module in float32, without TensorFloat-32.

    So the results stay close to the CPU's. The whole batch runs at once. The device may also be
    "cpu", for tests.
    """
    import torch

    module = on_device(network.module(), device)
    exact: Any = {"benchmark": False, "deterministic": True, "allow_tf32": False}

    def run(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, **exact):
            found: npt.NDArray[np.float32]
            found = module(torch.from_numpy(pictures).to(device)).cpu().numpy()
            return found

    return run, f"torch {torch.__version__} {device}"

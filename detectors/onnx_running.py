"""Run an ONNX model on a device."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.interruptible import interruptible
from corruptbench.detectors.onnx_checks import Ends, black, check_outputs, ends_of
from corruptbench.detectors.onnx_contract import Contract
from corruptbench.detectors.onnx_decoding import Array
from corruptbench.detectors.runtimes import onnx_options, onnx_runtime

#: Kind of device to ONNX Runtime's provider. TensorRT leaves to CUDA what it cannot compile.
PROVIDERS = {
    "cpu": ("CPUExecutionProvider",),
    "cuda": ("CUDAExecutionProvider",),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider"),
}
#: Pictures (N, H, W, 3) or (N, 3, H, W) float32 to the wanted outputs, each (N, ...) float32.
Runner = Callable[[Array], list[Array]]
#: The same of one part of a batch, with onnxruntime's RunOptions.
RunOnce = Callable[[Array, Any], list[Array]]


def parse_device(device: str) -> tuple[str, int]:
    """Return kind and number of a device such as "cpu", "cuda:1" or "tensorrt".

    Raises:
        DetectorError: it is no such name.
    """
    match = re.fullmatch(r"(cpu)|(cuda|tensorrt)(?::(\d{1,3}))?", device)
    if not match:
        raise DetectorError(
            f"an ONNX model cannot run on '{device}'; expected cpu, cuda, cuda:N, tensorrt or "
            "tensorrt:N"
        )
    return match[1] or match[2], int(match[3] or 0)


def runner(content: bytes, contract: Contract, device: str, where: str) -> tuple[Runner, str]:
    """Return a function that runs the model, and the name of what runs it.

    On the CPU it computes in one thread, one picture at a time unless the model's batch is fixed.
    So a result does not depend on the other pictures of a batch. Where the batch is fixed, the last
    pictures are filled up with zeros.

    Raises:
        DetectorError: ONNX Runtime cannot load or run the model, it has no such device, or inputs
            or outputs do not fit the contract.
    """
    kind, number = parse_device(device)
    session, version = _session(content, kind, number, where)
    onnxruntime = onnx_runtime()

    ends = ends_of(session, contract, where)
    once = _plain_run(session, ends) if kind == "cpu" else _bound_run(session, ends, "cuda", number)
    size = ends.batch or (1 if kind == "cpu" else None)

    def run(pictures: Array) -> list[Array]:
        batch, options = np.asarray(pictures, ends.dtype), onnxruntime.RunOptions()
        with _explained(where):
            parts = interruptible(
                lambda: [once(part, options) for part in _parts(batch, size)],
                lambda: setattr(options, "terminate", True),
            )
        found = [np.concatenate(part)[: len(batch)] for part in zip(*parts, strict=True)]
        return [np.asarray(output, np.float32) for output in found]

    check_outputs(run(black(contract)), ends, contract, where)
    return run, f"onnxruntime {version} {device}"


def _session(content: bytes, kind: str, number: int, where: str) -> tuple[Any, str]:
    onnxruntime = onnx_runtime()
    wanted = PROVIDERS[kind]
    present = onnxruntime.get_available_providers()
    if wanted[0] not in present:
        raise DetectorError(
            f"'{kind}' was asked for, but onnxruntime {onnxruntime.__version__} has only "
            f"{', '.join(present)}; use device 'cpu', or install onnxruntime-gpu in place of "
            "onnxruntime"
        )
    providers = [(name, _settings(name, number)) for name in wanted]
    with _explained(where):
        session = onnxruntime.InferenceSession(
            content, onnx_options(severity=4), providers=providers
        )
    if session.get_providers()[0] != wanted[0]:  # its libraries are absent: it would use the CPU
        raise DetectorError(
            f"{where}: onnxruntime {onnxruntime.__version__} could not start {wanted[0]} on device "
            f"{number}; check the driver and the libraries of CUDA, or use device 'cpu'"
        )
    return session, onnxruntime.__version__


def _settings(provider: str, number: int) -> dict[str, str]:
    """Return the settings of a provider: float32 without TensorFloat-32, no search by time."""
    if provider == "CPUExecutionProvider":
        return {}
    settings = {"device_id": str(number)}
    if provider == "CUDAExecutionProvider":
        settings |= {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
    return settings


def _plain_run(session: Any, ends: Ends) -> RunOnce:
    def run(batch: Array, options: Any) -> list[Array]:
        outputs: list[Array] = session.run(list(ends.wanted), {ends.given: batch}, options)
        return outputs

    return run


def _bound_run(session: Any, ends: Ends, kind: str, number: int) -> RunOnce:
    """Return a run with input and outputs in the device's memory: each is copied once."""
    onnxruntime = onnx_runtime()

    def run(batch: Array, options: Any) -> list[Array]:
        binding = session.io_binding()
        value = onnxruntime.OrtValue.ortvalue_from_numpy(batch, kind, number)
        binding.bind_ortvalue_input(ends.given, value)
        for name in ends.wanted:
            binding.bind_output(name, kind, number)
        session.run_with_iobinding(binding, options)
        outputs: list[Array] = binding.copy_outputs_to_cpu()
        return outputs

    return run


def _parts(batch: Array, size: int | None) -> Iterator[Array]:
    """Yield parts of a batch, each of the same size; zeros fill the last one."""
    size = size or len(batch)
    for start in range(0, len(batch), size):
        part = batch[start : start + size]
        missing = [(0, size - len(part))] + [(0, 0)] * (batch.ndim - 1)
        yield np.ascontiguousarray(np.pad(part, missing))


@contextlib.contextmanager
def _explained(where: str) -> Iterator[None]:
    """Turn an error of ONNX Runtime into a DetectorError with its first line."""
    try:
        yield
    except Exception as error:  # its errors have no common class
        said = str(error).partition("\n")[0]
        raise DetectorError(
            f"{where}: ONNX Runtime cannot load or run it: {said:.300}; correct the export"
        ) from None

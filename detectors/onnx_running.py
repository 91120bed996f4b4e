"""Run an ONNX model on a device, and check that it is what its contract says."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.onnx_contract import Contract, Heatmap, SimCC
from corruptbench.detectors.onnx_decoding import Array, expected_shapes

#: Protocol buffers end here. Larger models keep their weights in other files.
MOST_BYTES = (1 << 31) - 1
#: Kind of device to ONNX Runtime's provider. TensorRT leaves to CUDA what it cannot compile.
PROVIDERS = {
    "cpu": ("CPUExecutionProvider",),
    "cuda": ("CUDAExecutionProvider",),
    "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider"),
}
#: Pictures (N, H, W, 3) or (N, 3, H, W) float32 to the wanted outputs, each (N, ...) float32.
Runner = Callable[[Array], list[Array]]


@dataclass(frozen=True)
class Ends:
    """Input and wanted outputs of a session.

    Attributes:
        given: name of the input.
        dtype: of the input.
        batch: size of its first axis; None where it may be any.
        wanted: names of the outputs, in the order of `expected_shapes`.
    """

    given: str
    dtype: npt.DTypeLike
    batch: int | None
    wanted: tuple[str, ...]


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


def check_file(content: bytes, where: str) -> None:
    """Check that a file is an ONNX model whose weights lie in it.

    Raises:
        DetectorError: it is not.
    """
    import onnx

    if len(content) > MOST_BYTES:
        raise DetectorError(
            f"{where}: {len(content)} bytes, expected at most {MOST_BYTES}; export the model in "
            "float16"
        )
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # protobuf's errors have no common class
        model = None
    if model is None or not model.ir_version or not model.graph.output:
        raise DetectorError(f"{where}: not an ONNX model; export or copy it again")
    if any(t.external_data or t.data_location for t in _weights(model.graph)):
        raise DetectorError(
            f"{where}: its weights lie in another file, expected all of it in one; save it with "
            "onnx.save(model, path, save_as_external_data=False)"
        )


def _weights(graph: Any) -> Iterator[Any]:
    """Yield the tensors of a graph and of the graphs inside of its nodes."""
    yield from graph.initializer
    for attribute in (a for node in graph.node for a in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        for inner in (attribute.g, *attribute.graphs):
            yield from _weights(inner)


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
    ends = _ends(session, contract, where)
    once = _plain_run(session, ends) if kind == "cpu" else _bound_run(session, ends, "cuda", number)
    size = ends.batch or (1 if kind == "cpu" else None)

    def run(pictures: Array) -> list[Array]:
        batch = np.asarray(pictures, ends.dtype)
        with _explained(where):
            parts = [once(part) for part in _parts(batch, size)]
        found = [np.concatenate(part)[: len(batch)] for part in zip(*parts, strict=True)]
        return [np.asarray(output, np.float32) for output in found]

    _check_outputs(run(_black(contract)), ends, contract, where)
    return run, f"onnxruntime {version} {device}"


def _session(content: bytes, kind: str, number: int, where: str) -> tuple[Any, str]:
    # On import it would write a device id and a queue of events into the user's home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    wanted = PROVIDERS[kind]
    present = onnxruntime.get_available_providers()
    if wanted[0] not in present:
        raise DetectorError(
            f"'{kind}' was asked for, but onnxruntime {onnxruntime.__version__} has only "
            f"{', '.join(present)}; use device 'cpu', or install onnxruntime-gpu in place of "
            "onnxruntime"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    for pool in ("intra_op", "inter_op"):
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    with _explained(where):
        session = onnxruntime.InferenceSession(
            content, options, providers=[(name, _settings(name, number)) for name in wanted]
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


def _ends(session: Any, contract: Contract, where: str) -> Ends:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = [i.name for i in inputs]
        raise DetectorError(f"{where}: takes {len(inputs)} inputs {names}, expected one picture")
    (only,) = inputs
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    if only.type not in types:
        raise DetectorError(
            f"{where}: its input '{only.name}' is a {only.type}, expected float32 or float16; "
            "export it without a part that normalizes pictures"
        )
    expected = _black(contract).shape[1:]
    found = tuple(only.shape[1:])
    fits = (not isinstance(f, int) or f == e for f, e in zip(found, expected, strict=False))
    if len(found) != 3 or not all(fits):
        raise DetectorError(
            f"{where}: its input '{only.name}' has the shape {only.shape}, but input.width, "
            f"input.height and input.axes of the contract give ['N', {str(list(expected))[1:]}; "
            "correct the contract"
        )
    batch = only.shape[0] if isinstance(only.shape[0], int) else None
    return Ends(only.name, types[only.type], batch, _wanted(session, contract, where))


def _wanted(session: Any, contract: Contract, where: str) -> tuple[str, ...]:
    rule, names = contract.output, [o.name for o in session.get_outputs()]
    fields = {"x": rule.x, "y": rule.y} if isinstance(rule, SimCC) else {"output": rule.output}
    for field, value in fields.items():
        known: Sequence[object] = names if isinstance(value, str) else range(len(names))
        if value not in known:
            raise DetectorError(
                f"{where}: output.{field} of the contract is {value!r}, but the model's outputs "
                f"are {names}; correct the contract"
            )
    return tuple(v if isinstance(v, str) else names[v] for v in fields.values())


def _check_outputs(outputs: list[Array], ends: Ends, contract: Contract, where: str) -> None:
    for name, output, shape in zip(ends.wanted, outputs, expected_shapes(contract), strict=True):
        found = output.shape[1:]
        fits = (isinstance(s, str) or s == f for s, f in zip(shape, found, strict=False))
        if len(found) != len(shape) or not all(fits):
            raise DetectorError(
                f"{where}: its output '{name}' has the shape {('N', *found)}, but output and "
                f"joints of the contract give {('N', *shape)}; correct the contract"
            )
        if isinstance(contract.output, Heatmap) and min(found[1:]) < 3:
            raise DetectorError(f"{where}: its maps have {found[1:]} cells, expected 3 or more")


def _black(contract: Contract) -> Array:
    sides = (contract.input.height, contract.input.width)
    shape = (3, *sides) if contract.input.axes == "nchw" else (*sides, 3)
    return np.zeros((1, *shape), np.float32)


def _plain_run(session: Any, ends: Ends) -> Runner:
    def run(batch: Array) -> list[Array]:
        outputs: list[Array] = session.run(list(ends.wanted), {ends.given: batch})
        return outputs

    return run


def _bound_run(session: Any, ends: Ends, kind: str, number: int) -> Runner:
    """Return a run with input and outputs in the device's memory: each is copied once."""
    import onnxruntime

    def run(batch: Array) -> list[Array]:
        binding = session.io_binding()
        value = onnxruntime.OrtValue.ortvalue_from_numpy(batch, kind, number)
        binding.bind_ortvalue_input(ends.given, value)
        for name in ends.wanted:
            binding.bind_output(name, kind, number)
        session.run_with_iobinding(binding)
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

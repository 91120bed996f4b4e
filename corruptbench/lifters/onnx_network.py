"""Forward passes by onnxruntime."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from corruptbench.errors import InputError
from corruptbench.lifters.forward import Array32, Opened


def open_onnx(stream: BinaryIO, device: str, threads: int | None) -> Opened:
    """Load an ONNX model into onnxruntime.

    Args:
        stream: the open file.
        device: "cpu", "cuda" or "cuda:N".
        threads: of a forward pass; None leaves that to onnxruntime.

    Raises:
        InputError: the device cannot be used, or the input is not one float32 tensor of any batch.
    """
    import onnxruntime

    data = stream.read()  # from bytes, so that no other file is read
    providers = _providers(device)

    def session() -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(data, options, providers=providers)

    current = [session()]
    name, names = _ends(current[0])

    def forward(batch: Array32) -> Any:
        results = current[0].run(None, {name: batch})
        # Several outputs have both a name and a place.
        by_name = dict(zip(names, results, strict=True))
        return by_name | dict(enumerate(results)) if len(names) > 1 else results[0]

    def reseed(number: int) -> None:
        # An operator takes its seed when the session is made.
        onnxruntime.set_seed(number)
        current[0] = session()

    return Opened(_weights(data), forward, reseed)


def _providers(device: str) -> list[Any]:
    import onnxruntime

    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        message = (
            f"device '{device}': no CUDA in onnxruntime; install onnxruntime-gpu, or use 'cpu'"
        )
        raise InputError(message, "device")
    return [("CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)})]


def _ends(session: Any) -> tuple[str, list[str]]:
    """Return the name of the input and those of the outputs; refuse what cannot be a lifter."""
    given = session.get_inputs()
    if len(given) != 1:
        raise InputError(f"it takes {len(given)} inputs, expected one: {[i.name for i in given]}")
    (only,) = given
    if only.type != "tensor(float)":
        raise InputError(f"its input '{only.name}' is a {only.type}, expected float32")
    if only.shape and isinstance(only.shape[0], int):
        raise InputError(
            f"its batch size is fixed to {only.shape[0]} (input '{only.name}' {only.shape}); "
            "export it with a dynamic first axis"
        )
    return only.name, [output.name for output in session.get_outputs()]


def _weights(data: bytes) -> int:
    import onnx

    graph = onnx.load_model_from_string(data).graph
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    return sum(int(np.prod(t.dims)) for t in graph.initializer if t.data_type in floats)

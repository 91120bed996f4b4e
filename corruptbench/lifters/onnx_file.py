"""ONNX files: what one holds beside its graph, and whether it stays within itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from corruptbench.errors import InputError

#: Protocol buffers end here. Larger models keep their weights in other files.
MOST_BYTES = (1 << 31) - 1
#: Operators that onnxruntime itself has.
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
#: These load a compiled network or call Python.
_REFUSED = ("EPContext", "PythonOp", "PythonOpGrad")


def parsed(stream: IO[bytes], size: int) -> Any | None:
    """Return the ``onnx.ModelProto`` of a file, or None where it is no ONNX model.

    Args:
        stream: the open file, at its start.
        size: in bytes.
    """
    import onnx

    if size > MOST_BYTES:
        return None
    try:
        model = onnx.load_model_from_string(stream.read())
    except Exception:  # protobuf's errors have no common class
        return None
    return model if model.ir_version and model.graph.output else None


def check(model: Any, where: str) -> None:
    """Check that a model needs no other file and no operators of others.

    Raises:
        InputError: it does.
    """
    own = {function.domain for function in model.functions}
    nodes, tensors = _parts(model)
    if any(tensor.external_data or tensor.data_location for tensor in tensors):
        raise InputError(f"{where}: its weights lie in another file; save the model as one file")
    for node in nodes:
        if node.op_type in _REFUSED:
            raise InputError(f"{where}: the operator {node.op_type} runs other code; refused")
        if node.domain not in _DOMAINS and node.domain not in own:
            raise InputError(
                f"{where}: it needs the operator {node.domain}::{node.op_type}, which is not "
                "onnxruntime's: no package can be imported for a lifter; write it with ONNX's own "
                "operators and export again"
            )


def metadata(model: Any, key: str) -> bytes | None:
    """Return the first value of a key in the model's ``metadata_props``, or None."""
    values = [entry.value for entry in model.metadata_props if entry.key == key]
    if not values:
        return None
    # Protocol buffers give bytes where a text is no UTF-8.
    return values[0] if isinstance(values[0], bytes) else values[0].encode()


def _parts(model: Any) -> tuple[list[Any], list[Any]]:
    """Return all nodes and all tensors of a model, wherever they stand (``onnx.proto``).

    Every message is read, not only the fields known here: graphs in attributes of nodes, in
    functions and for training, sparse weights, lists of tensors, default values of attributes.
    """
    nodes, tensors, waiting = [], [], [model]
    while waiting:
        part = waiting.pop()
        kind = part.DESCRIPTOR.name
        nodes += [part] if kind == "NodeProto" else []
        tensors += [part] if kind == "TensorProto" else []
        for field in part.DESCRIPTOR.fields:
            if field.type == field.TYPE_MESSAGE:  # the bytes of weights are not copied
                waiting += _held(part, field.name)
    return nodes, tensors


def _held(part: Any, field: str) -> list[Any]:
    """Return the messages in a field of a message."""
    value = getattr(part, field)
    if isinstance(value, Iterable):
        return list(value)
    return [value] if part.HasField(field) else []

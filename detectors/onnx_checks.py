"""Check that an ONNX file is a pose model, and that it is what its contract says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.onnx_contract import Contract, Heatmap, SimCC
from corruptbench.detectors.onnx_decoding import Array, expected_shapes

#: Protocol buffers end here. Larger models keep their weights in other files.
MOST_BYTES = (1 << 31) - 1


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


def ends_of(session: Any, contract: Contract, where: str) -> Ends:
    """Return the ends of an ONNX Runtime session.

    Raises:
        DetectorError: they do not fit the contract.
    """
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
    expected = black(contract).shape[1:]
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


def check_outputs(outputs: list[Array], ends: Ends, contract: Contract, where: str) -> None:
    """Check the shapes of the wanted outputs, each (N, ...).

    Raises:
        DetectorError: one is not that of the contract.
    """
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


def black(contract: Contract) -> Array:
    """Return one input of zeros, float32 (1, H, W, 3) or (1, 3, H, W)."""
    sides = (contract.input.height, contract.input.width)
    shape = (3, *sides) if contract.input.axes == "nchw" else (*sides, 3)
    return np.zeros((1, *shape), np.float32)

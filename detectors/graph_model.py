"""The convolutional part of a TensorFlow.js graph model as a torch module.

A graph model is a JSON file (nodes, and a manifest of the constants) and a file with the
constants' bytes, here half floats. MoveNet's models have the same kinds of nodes: a MobileNetV2
with a feature pyramid of stride 4 and several heads. So this part is built from the graph itself.
What turns the heads into persons is in the modules of the models.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from corruptbench.detectors.base import DetectorError

_CONVOLUTIONS = {
    "_FusedConv2D": False,
    "FusedDepthwiseConv2dNative": True,
    "DepthwiseConv2dNative": True,
}
_STORED = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}

Nodes = dict[str, dict[str, Any]]
Constants = dict[str, npt.NDArray[Any]]


class _Named(dict[str, Any]):
    """Nodes or constants by name; DetectorError for one that the graph lacks."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model

    def __missing__(self, name: str) -> None:
        raise DetectorError(f"the graph lacks '{name}': not a {self.model} graph model")


def read_graph(graph: bytes, weights: bytes, expected: str) -> tuple[Nodes, Constants]:
    """Return the nodes by name, and the constants by name, half floats widened to float32.

    Args:
        graph: the bytes of the model's .json file.
        weights: the bytes of its .bin file.
        expected: what the model should be, for messages.

    Returns:
        Both raise DetectorError when they are asked for a name that the graph lacks.

    Raises:
        DetectorError: the two files are not a graph model that fits together.
    """
    model = json.loads(graph)
    nodes, constants = _Named(expected), _Named(expected)
    nodes.update((node["name"], node) for node in model["modelTopology"]["node"])
    at = 0
    for entry in (entry for group in model["weightsManifest"] for entry in group["weights"]):
        stored = entry.get("quantization", entry)["dtype"]
        if stored not in _STORED:
            raise DetectorError(f"constant {entry['name']} is stored as {stored}: unexpected")
        dtype, shape = np.dtype(_STORED[stored]), tuple(entry["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        if at + count * dtype.itemsize > len(weights):
            raise DetectorError(f"the weights end before constant {entry['name']}")
        values = np.frombuffer(weights, dtype, count, at).reshape(shape)
        constants[entry["name"]] = values.astype(np.int32 if stored == "int32" else np.float32)
        at += count * dtype.itemsize
    if at != len(weights):
        raise DetectorError(
            f"the graph describes {at} bytes of weights, the file has {len(weights)}"
        )
    return nodes, constants


def buffer(constants: Constants, name: str) -> nn.Buffer:
    """Return a constant as a part of a module, which moves to the module's device."""
    return nn.Buffer(torch.from_numpy(constants[name].copy()))


class _Convolution(nn.Module):
    """Convolution (full or depthwise), bias, and none, ReLU or ReLU6, with TensorFlow's padding."""

    bias: Tensor | None

    def __init__(self, node: dict[str, Any], constants: Constants, depthwise: bool) -> None:
        super().__init__()
        attributes = node["attr"]
        fused = attributes.get("fused_ops", {}).get("list", {}).get("s", [])
        self.activations = [name for name in map(_text, fused) if name != "BiasAdd"]
        kernel = torch.from_numpy(constants[node["input"][1]].copy())  # HWIO, depthwise HWI1
        kernel = kernel.permute(2, 3, 0, 1) if depthwise else kernel.permute(3, 2, 0, 1)
        self.kernel = nn.Buffer(kernel.contiguous())
        biased = len(node["input"]) > 2
        bias = torch.from_numpy(constants[node["input"][2]].copy()) if biased else None
        self.register_buffer("bias", bias)
        self.stride = int(attributes["strides"]["list"]["i"][1])
        self.groups = kernel.shape[0] if depthwise else 1
        self.same = _text(attributes["padding"]["s"]) == "SAME"

    def forward(self, x: Tensor) -> Tensor:
        padding = 0
        if self.same and self.kernel.shape[2] > 1:
            # SAME pads so that the output has ceil(input / stride) pixels, the odd pixel last:
            # at stride 2 on an even side there is none before and one after.
            total = max(self.kernel.shape[2] - self.stride, 0)
            before = total // 2
            if total % 2 == 0:
                padding = before
            else:
                x = functional.pad(x, (before, total - before, before, total - before))
        x = functional.conv2d(x, self.kernel, self.bias, self.stride, padding, groups=self.groups)
        for name in self.activations:
            x = functional.relu6(x) if name == "Relu6" else functional.relu(x)
        return x


class ConvolutionGraph(nn.Module):
    """Normalized pictures in, the maps of the heads out, any batch size.

    Args:
        nodes: of the graph, by name.
        constants: of the graph, by name.
        image: the node that holds the normalized picture.
        heads: the node of each map, by the name of the map.

    Raises:
        DetectorError: a node is of another kind, or the graph lacks it.
    """

    def __init__(
        self, nodes: Nodes, constants: Constants, image: str, heads: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.image, self.heads = image, dict(heads)
        self.layers = nn.ModuleList()
        self.steps: list[tuple[str, int, list[str], str]] = []  # op, layer, inputs, output
        self.upsampled: dict[str, tuple[int, int] | None] = {}
        self._slots: set[str] = {image}
        for name in heads.values():
            self._add(name, nodes, constants)
        last = {name: i for i, step in enumerate(self.steps) for name in step[2]}
        self.done_after = [[n for n, i in last.items() if i == k] for k in range(len(self.steps))]

    def _add(self, name: str, nodes: Nodes, constants: Constants) -> None:
        """Append the steps that compute a node, inputs first."""
        if name in self._slots:
            return
        node = nodes[name]
        op, inputs = node["op"], node["input"]
        layer = -1
        if op in _CONVOLUTIONS:
            layer = len(self.layers)
            self.layers.append(_Convolution(node, constants, _CONVOLUTIONS[op]))
            inputs = inputs[:1]
        elif op == "ResizeBilinear":
            self.upsampled[name] = _size(inputs[1], nodes, constants)
            inputs = inputs[:1]
        elif op != "AddV2":
            raise DetectorError(f"node {name} of the graph is {op}: not a MoveNet graph model")
        for source in inputs:
            self._add(source, nodes, constants)
        self.steps.append((op, layer, inputs, name))
        self._slots.add(name)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Compute the maps (N, C, S / 4, S / 4) of normalized pictures (N, 3, S, S)."""
        values = {self.image: x}
        for (op, layer, inputs, name), done in zip(self.steps, self.done_after, strict=True):
            first = values[inputs[0]]
            if op == "AddV2":
                values[name] = first + values[inputs[1]]
            elif op == "ResizeBilinear":
                values[name] = _upsampled(first, self.upsampled[name])
            else:
                values[name] = self.layers[layer](first)
            for spent in done:
                del values[spent]
        return {head: values[name] for head, name in self.heads.items()}


def export_onnx(network: nn.Module, size: int) -> bytes:
    """Serialize the network as an ONNX model, opset 17.

    Input "pictures": uint8 (N, size, size, 3); output "found": float32 (N, ...); N is free.
    """
    target = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
            cast(Any, target),  # it takes a stream too, though its annotation says otherwise
            input_names=["pictures"],
            output_names=["found"],
            dynamic_axes={"pictures": {0: "N"}, "found": {0: "N"}},
            opset_version=17,
            dynamo=False,
        )
    return target.getvalue()


def _size(name: str, nodes: Nodes, constants: Constants) -> tuple[int, int] | None:
    """Return the size that a map is resized to; None where the graph doubles whatever it gets."""
    if name not in constants:
        doubled = [constants[i].tolist() for i in nodes[name]["input"] if i in constants]
        if nodes[name]["op"] != "Mul" or doubled != [[2, 2]]:
            raise DetectorError(
                f"node {name} of the graph is no doubling: not a MoveNet graph model"
            )
        return None
    height, width = constants[name]
    return int(height), int(width)


def _upsampled(x: Tensor, size: tuple[int, int] | None) -> Tensor:
    """Resize maps bilinearly to a size, or to twice their own."""
    twice = (2 * x.shape[2], 2 * x.shape[3])
    return functional.interpolate(x, size or twice, mode="bilinear")


def _text(encoded: str) -> str:
    """Decode a string attribute of the graph (base64)."""
    return base64.b64decode(encoded).decode()

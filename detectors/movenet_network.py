"""MoveNet SinglePose as a torch module, built from its TensorFlow.js graph model.

A graph model is a JSON file (nodes, and a manifest of the constants) and a file with the
constants' bytes, here half floats. Both variants have the same nodes and differ in widths and input
size. So the convolutional part is built from the graph itself: a MobileNetV2 with a feature pyramid
of stride 4 and four heads. The graph decodes one picture. Only this decoding is written anew, for
batches.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from corruptbench.detectors.base import DetectorError

JOINTS = 17
_ROOT = "StatefulPartitionedCall/"
_IMAGE = _ROOT + "sub_1"  # the normalized picture
_HEADS = {
    "heat": _ROOT + "kpt_heatmap_0/conv2d_5/BiasAdd",
    "centre": _ROOT + "center_0/conv2d_4/BiasAdd",
    "regression": _ROOT + "kpt_regress_0/conv2d_6/BiasAdd",
    "offset": _ROOT + "kpt_offset_0/conv2d_7/BiasAdd",
}
_CONVOLUTIONS = {
    "_FusedConv2D": False,
    "FusedDepthwiseConv2dNative": True,
    "DepthwiseConv2dNative": True,
}
_STORED = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}

Constants = dict[str, npt.NDArray[Any]]


def read_graph(graph: bytes, weights: bytes) -> tuple[dict[str, dict[str, Any]], Constants]:
    """Return the nodes by name, and the constants by name, half floats widened to float32.

    Raises:
        DetectorError: the two files are not a graph model that fits together.
    """
    model = json.loads(graph)
    constants: Constants = {}
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
    return {node["name"]: node for node in model["modelTopology"]["node"]}, constants


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


class MoveNet(nn.Module):
    """Crops in, joints out, any batch size.

    Args:
        graph: the bytes of the model's .json file.
        weights: the bytes of its .bin file.

    Raises:
        DetectorError: the files are not the MoveNet graph that this module knows.
    """

    def __init__(self, graph: bytes, weights: bytes) -> None:
        super().__init__()
        nodes, constants = read_graph(graph, weights)
        self.layers = nn.ModuleList()
        self.steps: list[tuple[str, int, list[str], str]] = []  # op, layer, inputs, output
        self.upsampled: dict[str, tuple[int, int]] = {}
        self._slots: set[str] = {_IMAGE}
        try:
            for name in _HEADS.values():
                self._add(name, nodes, constants)
            self._set_constants(constants)
        except KeyError as error:
            raise DetectorError(f"the graph lacks {error}: not a MoveNet graph model") from error
        last = {name: i for i, step in enumerate(self.steps) for name in step[2]}
        self.done_after = [[n for n, i in last.items() if i == k] for k in range(len(self.steps))]

    def _set_constants(self, constants: Constants) -> None:
        def buffer(name: str) -> nn.Buffer:
            return nn.Buffer(torch.from_numpy(constants[_ROOT + name].copy()))

        self.scale, self.shift = buffer("truediv"), buffer("sub_1/y")
        self.rows, self.columns = buffer("strided_slice_3"), buffer("strided_slice_4")
        self.centre_weight = nn.Buffer(
            torch.from_numpy(constants["ConstantFolding/" + _ROOT + "truediv_2_recip"].copy())
        )
        self.softening = buffer("add_5/y")
        self.cell = buffer("Reshape_13")  # side of a grid cell as a part of the crop's side

    def _add(self, name: str, nodes: dict[str, dict[str, Any]], constants: Constants) -> None:
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
            height, width = constants[inputs[1]]
            self.upsampled[name] = (int(height), int(width))
            inputs = inputs[:1]
        elif op != "AddV2":
            raise DetectorError(f"node {name} of the graph is {op}: not a MoveNet graph model")
        for source in inputs:
            self._add(source, nodes, constants)
        self.steps.append((op, layer, inputs, name))
        self._slots.add(name)

    def heads(self, x: Tensor) -> dict[str, Tensor]:
        """Compute the four maps (N, C, S / 4, S / 4) of normalized pictures (N, 3, S, S)."""
        values = {_IMAGE: x}
        for (op, layer, inputs, name), done in zip(self.steps, self.done_after, strict=True):
            first = values[inputs[0]]
            if op == "AddV2":
                values[name] = first + values[inputs[1]]
            elif op == "ResizeBilinear":
                values[name] = functional.interpolate(first, self.upsampled[name], mode="bilinear")
            else:
                values[name] = self.layers[layer](first)
            for spent in done:
                del values[spent]
        return {head: values[name] for head, name in _HEADS.items()}

    def forward(self, crops: Tensor) -> Tensor:
        """Find the joints in crops, uint8 (N, S, S, 3), RGB.

        Returns:
            float32 (N, 17, 3): y and x as parts of the crop's side, and score.
        """
        x = crops.to(torch.float32) * self.scale - self.shift
        return self.decode(**self.heads(x.permute(0, 3, 1, 2)))

    def decode(self, heat: Tensor, centre: Tensor, regression: Tensor, offset: Tensor) -> Tensor:
        """Turn the four maps into joints (N, 17, 3).

        The person nearest to the middle is taken. The regression at that person's center tells
        about where each joint is. Near to it the best cell of the joint's heat map is taken.
        """
        grid_rows, grid_columns = self.rows.flatten(), self.columns.flatten()
        heat = heat.sigmoid().flatten(2)  # (N, 17, G * G)
        middle = (centre.sigmoid() * self.centre_weight[..., 0]).flatten(1).argmax(1)  # (N,)
        at = middle[:, None, None].expand(-1, 2 * JOINTS, 1)
        guess = regression.flatten(2).gather(2, at).reshape(-1, JOINTS, 2)
        y = guess[..., :1] + grid_rows[middle][:, None, None]
        x = guess[..., 1:] + grid_columns[middle][:, None, None]
        distance = ((grid_rows - y) ** 2 + (grid_columns - x) ** 2).sqrt()
        best = (heat / (distance + self.softening)).argmax(2, keepdim=True)  # (N, 17, 1)
        score = heat.gather(2, best)
        pairs = offset.flatten(2).reshape(-1, JOINTS, 2, offset.shape[2] * offset.shape[3])
        shift = pairs.gather(3, best[:, :, None].expand(-1, -1, 2, 1))[..., 0]
        cell = torch.cat([grid_rows[best], grid_columns[best]], dim=2)
        return torch.cat([(cell + shift) * self.cell[0, 0, 0], score], dim=2)


def export_onnx(network: MoveNet, size: int) -> bytes:
    """Serialize the network as an ONNX model, opset 17.

    Input "crops": uint8 (N, size, size, 3); output "joints": float32 (N, 17, 3); N is free.
    """
    target = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
            cast(Any, target),  # it takes a stream too, though its annotation says otherwise
            input_names=["crops"],
            output_names=["joints"],
            dynamic_axes={"crops": {0: "N"}, "joints": {0: "N"}},
            opset_version=17,
            dynamo=False,
        )
    return target.getvalue()


def _text(encoded: str) -> str:
    """Decode a string attribute of the graph (base64)."""
    return base64.b64decode(encoded).decode()

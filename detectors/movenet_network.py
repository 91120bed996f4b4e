"""MoveNet SinglePose as a torch module, built from its TensorFlow.js graph model.

Both variants have the same nodes and differ in widths and input size. The convolutional part is
built from the graph itself (`detectors.graph_model`). The graph decodes one picture. Only this
decoding is written anew, for batches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from corruptbench.detectors.graph_model import ConvolutionGraph, buffer, read_graph

JOINTS = 17
_ROOT = "StatefulPartitionedCall/"
_IMAGE = _ROOT + "sub_1"  # the normalized picture
_HEADS = {
    "heat": _ROOT + "kpt_heatmap_0/conv2d_5/BiasAdd",
    "centre": _ROOT + "center_0/conv2d_4/BiasAdd",
    "regression": _ROOT + "kpt_regress_0/conv2d_6/BiasAdd",
    "offset": _ROOT + "kpt_offset_0/conv2d_7/BiasAdd",
}


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
        nodes, constants = read_graph(graph, weights, "MoveNet")
        self.heads = ConvolutionGraph(nodes, constants, _IMAGE, _HEADS)
        self.scale = buffer(constants, _ROOT + "truediv")
        self.shift = buffer(constants, _ROOT + "sub_1/y")
        self.rows = buffer(constants, _ROOT + "strided_slice_3")
        self.columns = buffer(constants, _ROOT + "strided_slice_4")
        self.centre_weight = buffer(constants, f"ConstantFolding/{_ROOT}truediv_2_recip")
        self.softening = buffer(constants, _ROOT + "add_5/y")
        self.cell = buffer(constants, _ROOT + "Reshape_13")  # side of a grid cell, in the crop's

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

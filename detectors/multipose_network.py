"""MoveNet MultiPose as a torch module, built from its TensorFlow.js graph model.

The convolutional part is built from the graph itself (`detectors.graph_model`), like that of the
networks of a single person. The graph decodes one picture into six persons. Only this decoding is
written anew, for batches, and only what boxes and scores need: the places of the joints are left
out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from corruptbench.detectors.graph_model import ConvolutionGraph, buffer, read_graph

PERSONS, JOINTS = 6, 17
STRIDE = 4  # pixels of the picture in a cell of the grid
_ROOT = "StatefulPartitionedCall/"
_IMAGE = _ROOT + "sub_1"  # the normalized picture
_HEADS = {
    "center": _ROOT + "center_0/conv2d_4/BiasAdd",
    "size": _ROOT + "box_scale_0/conv2d_5/BiasAdd",
    "shift": _ROOT + "box_offset_0/conv2d_6/BiasAdd",
    "heat": _ROOT + "kpt_heatmap_0/conv2d_7/BiasAdd",
    "regression": _ROOT + "kpt_regress_0/conv2d_8/BiasAdd",
}
_PEAK = 5  # cells: only the largest center of such a square counts


class MultiPose(nn.Module):
    """Pictures in, boxes and scores of six persons out, any batch size.

    Args:
        graph: the bytes of the model's .json file.
        weights: the bytes of its .bin file.

    Raises:
        DetectorError: the files are not the MultiPose graph that this module knows.
    """

    def __init__(self, graph: bytes, weights: bytes) -> None:
        super().__init__()
        nodes, constants = read_graph(graph, weights, "MultiPose")
        self.heads = ConvolutionGraph(nodes, constants, _IMAGE, _HEADS)
        self.mean = buffer(constants, _ROOT + "Reshape")
        self.scale = buffer(constants, _ROOT + "truediv")
        self.one = buffer(constants, _ROOT + "sub_1/y")
        self.tie = buffer(constants, _ROOT + "Less/y")  # two centers that are as large
        self.spread = buffer(constants, _ROOT + "mul_6/y")  # squared reach of a joint, in grids
        self.least = buffer(constants, _ROOT + "Greater_1/y")  # of a joint's score, to count

    def forward(self, pictures: Tensor) -> Tensor:
        """Find persons in pictures, uint8 (N, S, S, 3), RGB; S is a multiple of 32.

        Returns:
            float32 (N, 6, 5): x0, y0, x1, y1 in px, and score; the surest center comes first.
        """
        x = (pictures.to(torch.float32) - self.mean) * self.scale - self.one
        return self.decode(**self.heads(x.permute(0, 3, 1, 2)))

    def decode(
        self, center: Tensor, size: Tensor, shift: Tensor, heat: Tensor, regression: Tensor
    ) -> Tensor:
        """Turn the five maps into boxes and scores (N, 6, 5).

        The six largest peaks of the center map are persons. The maps at that cell tell the box, and
        about where each joint is. A person's score is that of the center times the mean of those of
        the joints that are found inside of the box.
        """
        side = int(center.shape[3])
        center = center.sigmoid()
        peaks = functional.max_pool2d(center, _PEAK, 1, _PEAK // 2)
        alone = (center - peaks).abs() < self.tie
        sure, at = (center * alone).flatten(1).topk(PERSONS)  # (N, 6)
        row, column = (at // side).to(sure.dtype), (at % side).to(sure.dtype)
        height, width = _at(at, size).clamp(min=0).unbind(2)
        y, x = _at(at, shift).unbind(2)
        y, x = row + y, column + x
        box = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 2)
        box = box.clamp(0, side)
        guess = _at(at, regression).reshape(-1, PERSONS, JOINTS, 2)
        guess = guess + torch.stack([row, column], 2)[:, :, None]
        score = sure * self._joints(box, guess, heat.sigmoid())
        return torch.cat([box * STRIDE, score[..., None]], 2)

    def _joints(self, box: Tensor, guess: Tensor, heat: Tensor) -> Tensor:
        """Return the mean score of the joints that each person has, (N, 6).

        Args:
            box: (N, 6, 4), in cells.
            guess: (N, 6, 17, 2) y, x of the joints, in cells.
            heat: (N, 17, G, G).
        """
        side = int(heat.shape[3])
        cells = torch.arange(side * side, device=heat.device)
        rows, columns = (cells // side).to(heat.dtype), (cells % side).to(heat.dtype)
        away = (rows - guess[..., :1]) ** 2 + (columns - guess[..., 1:]) ** 2  # (N, 6, 17, G * G)
        x0, y0, x1, y1 = (edge[..., None] for edge in box.unbind(2))
        inside = (rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)  # (N, 6, G * G)
        near = (
            heat.flatten(2)[:, None] * torch.exp(-away / (self.spread * side)) * inside[:, :, None]
        )
        best = near.argmax(3)  # (N, 6, 17)
        # As in the graph, the score at that cell is the largest one that any person has there.
        scores = near.amax(1).gather(2, best.transpose(1, 2)).transpose(1, 2)
        counts = scores > self.least
        mean: Tensor = (scores * counts).sum(2) / counts.sum(2).clamp(min=1)
        return mean


def _at(cells: Tensor, maps: Tensor) -> Tensor:
    """Return the values (N, 6, C) of maps (N, C, G, G) at cells (N, 6)."""
    values = maps.flatten(2)
    index = cells[:, None].expand(-1, values.shape[1], -1)
    return values.gather(2, index).transpose(1, 2)

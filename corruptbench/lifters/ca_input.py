"""A confidence-aware input for any lifter: keypoints that were seen badly are replaced over time.

It is a normalized convolution (Knutsson and Westin, CVPR 1993) along the frames of each joint:

    y(t) = sum a(d) w(t + d) x(t + d) / sum a(d) w(t + d)   over d from -reach to reach

with the applicability a(0) = 1 and a(d) = 0.2 / d^2. Where the weights w are alike, the own frame
counts most. Where the own weight is small, the frames around it decide, the nearer ones more. The
weights are a function of the scores of the detector. It starts as their square. It can be learned
from what the detector does on corrupted video (`corruptbench.training.confidences`).

The idea of confidence-aware convolution is of Hoang, Zehni, Phan, Vo and Do, "Improving the
Robustness of 3D Human Pose Estimation: A Benchmark and Learning from Noisy Input", CVPR Workshops
2024. We did not have their formula. This one is ours.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn

from corruptbench.errors import InputError
from corruptbench.lifters.score_range import check_scores

#: Frames on each side that a keypoint can come from, and what those at a distance of one frame
#: count. Both are our own choice: of a few that we tried, they were best on a held-out person.
REACH, NEIGHBOR = 48, 0.2
#: Frames on each side whose scores say what a score is worth: our own choice.
AROUND = 16
#: Frames of each convolution that learns it.
_WIDTH = 5
#: Scores below this are taken for it, and logarithms of weights are kept inside these limits.
_LOWEST, _LIMITS = 1e-3, (-20.0, 8.0)


class CAInput(nn.Module):
    """Takes x, y and confidence (B, T + 2 margin, J, 3) and returns x and y (B, T, J, 2).

    ``nn.Sequential(CAInput(), lifter)`` is the confidence-aware form of a lifter that reads x and
    y in any unit. With equal confidences it smooths a little. A padded one takes (B, T, J, 3):
    frames outside count for nothing.

    Attributes:
        reach: frames on each side that a keypoint can come from.
        margin: frames on each side that it depends on: `reach`, and those around them whose scores
            are compared.
        padded: whether there are as many outputs as inputs.
    """

    applicability: Tensor

    def __init__(self, reach: int = REACH, padded: bool = False, hidden: int = 16) -> None:
        """Make an input whose weights are the squares of the confidences.

        Args:
            reach: see the class; at least 1.
            padded: see the class.
            hidden: channels of the function that is learned.
        """
        super().__init__()
        if reach < 1:
            raise ValueError(f"reach: found {reach}, expected at least 1")
        self.reach, self.margin, self.padded = reach, reach + AROUND, padded
        distance = torch.arange(-reach, reach + 1, dtype=torch.float64).abs()
        applicability = NEIGHBOR / distance.clamp_min(1) ** 2
        applicability[reach] = 1
        self.register_buffer("applicability", applicability)
        last = nn.Conv1d(hidden, 1, 1)
        nn.init.zeros_(last.weight)  # so that it changes nothing at first
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.learned = nn.Sequential(
            nn.Conv1d(4, hidden, _WIDTH), nn.ReLU(), nn.Conv1d(hidden, hidden, _WIDTH), nn.ReLU(),
            last,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Replace keypoints; the class states the shapes.

        Raises:
            ValueError: the batch has another shape, or too few frames, or a confidence is not 0 to
                1 (see `corruptbench.lifters.score_range` for where this is looked at).
        """
        return self.replaced(x).contiguous()  # VideoPose3D and others take a view of it

    def replaced(self, x: Tensor) -> Tensor:
        """Return what `forward` returns, in the order in memory in which it was computed."""
        self._check(x)
        if self.padded:
            first, last = (x[:, i, None].expand(-1, self.margin, -1, -1) for i in (0, -1))
            x = torch.cat([first, x, last], dim=1)
        weights = self.weights(x[..., 2])
        if self.padded:
            inside = weights[:, self.reach : -self.reach]
            weights = nn.functional.pad(inside, (0, 0, self.reach, self.reach))
        return self._means(x[:, AROUND:-AROUND, :, :2], weights)

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[3] != 3:
            raise ValueError(
                f"found shape {tuple(x.shape)}, expected (B, T, J, 3): x, y and confidence"
            )
        fewest = 1 if self.padded else 2 * self.margin + 1
        # While it is traced or exported, the number of frames is no integer.
        if isinstance(x.shape[1], int) and x.shape[1] < fewest:
            raise ValueError(
                f"found {x.shape[1]} frames, expected at least {fewest}: {self.margin} more on "
                "each side than the outputs; a padded input needs none"
            )

    def _means(self, points: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted means (B, T, J, 2) of points (B, T + 2 reach, J, 2)."""
        batch, frames, joints, _ = points.shape
        terms = torch.cat([weights[..., None], weights[..., None] * points], dim=-1)
        rows = terms.permute(0, 3, 2, 1).reshape(batch * 3 * joints, 1, frames)
        sums = nn.functional.conv1d(rows, self.applicability[None, None].to(points))
        total, xy = torch.unflatten(sums[:, 0], 0, (batch, 3, joints)).split_with_sizes((1, 2), 1)
        return (xy / total).permute(0, 3, 2, 1)

    def weights(self, confidence: Tensor) -> Tensor:
        """Return the weights (B, T, J), above 0, of confidences (B, T + 2 AROUND, J).

        A weight comes from four logarithms: that of the joint, that of the highest one of the
        joint in the frames around, and the means over all joints in the frame and in the frames
        around.

        Raises:
            ValueError: a confidence is not 0 to 1, as `forward` says.
        """
        check_scores(confidence)
        logs = confidence.clamp_min(_LOWEST).log().transpose(1, 2)
        near = AROUND - (_WIDTH - 1)
        everywhere = logs.mean(dim=1, keepdim=True)
        highest = nn.functional.max_pool2d(logs, (1, 2 * near + 1), 1)  # 1d cannot be exported
        around = nn.functional.avg_pool1d(everywhere, 2 * near + 1, 1)
        own, in_frame = logs[:, :, near:-near], everywhere[:, :, near:-near]
        known = torch.stack([own, highest, in_frame.expand_as(own), around.expand_as(own)], dim=2)
        found = torch.unflatten(self.learned(known.flatten(0, 1))[:, 0], 0, logs.shape[:2])
        trim = AROUND - near
        levels = 2 * own[:, :, trim:-trim] + found
        return levels.clamp(*_LIMITS).exp().transpose(1, 2)

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"reach={self.reach}, padded={self.padded}"


class WithScores(nn.Module):
    """Takes what a `CAInput` takes, and returns its keypoints with the scores: (B, T, J, 3).

    It is for lifters that read scores themselves, such as MotionBERT:
    ``nn.Sequential(WithScores(padded(CAInput())), lifter)``. The scores are those of the detector.
    """

    def __init__(self, ca_input: CAInput) -> None:
        """Take an input, with or without padding.

        Raises:
            TypeError: it is another network.
        """
        super().__init__()
        _check_type(ca_input)
        self.ca_input = ca_input

    def forward(self, x: Tensor) -> Tensor:
        """Replace keypoints and keep scores; see `CAInput.forward`."""
        points = self.ca_input(x)
        cut = (x.shape[1] - points.shape[1]) // 2
        return torch.cat([points, x[:, cut : cut + points.shape[1], :, 2:]], dim=-1)


def load_input(path: str | Path) -> CAInput:
    """Return an input that `torch.save` wrote the state of; it takes (B, T + 2 margin, J, 3).

    Raises:
        InputError: the file is of another kind; names it.
        OSError: it cannot be read.
    """
    network = CAInput()
    content = Path(path).read_bytes()
    try:
        network.load_state_dict(torch.load(BytesIO(content), map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises errors of many kinds
        raise InputError(
            f"{path}: no state of a CAInput ({error!s:.100}); save one with "
            "torch.save(network.state_dict(), path)"
        ) from None
    return network.eval()


def padded(network: CAInput) -> CAInput:
    """Return the same input, padded: for lifters of blocks, and for whole clips.

    Raises:
        TypeError: it is another network.
    """
    _check_type(network)
    found = CAInput(network.reach, padded=True)
    found.load_state_dict(network.state_dict())
    return found.eval()


def _check_type(network: nn.Module) -> None:
    if not isinstance(network, CAInput):
        raise TypeError(f"found a {type(network).__name__}, expected a CAInput without a lifter")

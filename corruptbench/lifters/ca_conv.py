"""Confidence-aware convolution (CA-Conv): a convolution over time that trusts some frames more.

The idea is of Hoang, Zehni, Phan, Vo and Do, "Improving the Robustness of 3D Human Pose Estimation:
A Benchmark and Learning from Noisy Input", CVPR Workshops 2024. We did not have their formula. This
one is ours. What is seen badly is replaced by the mean over its window, weighted by confidence.
That is the normalized averaging of Knutsson and Westin (CVPR 1993). Then comes the plain
convolution. So a person who stands still gives the same output whatever the confidences are.

A frame is trusted by the ratio of its confidence to the highest one in its window, and not by its
size, because pixel noise lowers all scores of a detector alike.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from corruptbench.errors import InputError
from corruptbench.lifters.score_range import check_confidences

#: A score of a detector is raised to this power. Our own choice: of the filters that we tried on
#: detections of corrupted video, the weight by the square was the best one.
POWER = 2.0
#: Weights below this are those of a window without any confidence.
_NONE = 1e-12


class CAConv1d(nn.Conv1d):
    """A `torch.nn.Conv1d` that also takes the confidence of its input.

    In a window, a frame with value x, weight w (its confidence to the ``power``) and the highest
    weight W counts as (w / W) x + (1 - w / W) m, where m is the weighted mean of the window. With
    confidences that are equal over each window it is the plain convolution. A window without any
    confidence counts as a token. The token is learned and starts at 0: the output is then the bias.

    It has the arguments of `torch.nn.Conv1d` without padding and groups, and takes all but the
    first three by name. A lifter repeats the frames at the ends of a clip, as zeros are no pose.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        bias: bool = True,
        power: float = POWER,
    ) -> None:
        """Make a convolution with random weights.

        Args:
            in_channels: C.
            out_channels: C'.
            kernel_size: K, the frames of a window.
            stride: from one window to the next, in frames.
            dilation: from one frame of a window to the next.
            bias: whether to add one.
            power: of a confidence; the result is its weight.
        """
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, bias=bias)
        self.power = power
        self.token = nn.Parameter(torch.zeros(in_channels, 1, 1))

    def forward(  # type: ignore[override]
        self, x: Tensor, confidence: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            x: (B, C, T).
            confidence: (B, G, T), at least 0, each for C / G successive channels. G is 1, or the
                number of joints if the channels are the coordinates of one joint after another.

        Returns:
            The output (B, C', T') and its confidence (B, 1, T'), the mean over the window. T' is
            the number of windows. One begins at each stride-th frame of the first
            T - (K - 1) dilation.

        Raises:
            ValueError: a confidence is below 0 or not finite (see
                `corruptbench.lifters.score_range` for where this is looked at).
        """
        check_confidences(confidence)
        taps = self._windows(confidence.clamp_min(0))
        weights = taps**self.power
        most = weights.amax(dim=2, keepdim=True)
        known = most > _NONE
        trust = (weights / torch.where(known, most, torch.ones_like(most)))[:, :, None]
        given = torch.unflatten(self._windows(x), 1, (confidence.shape[1], -1))
        total = trust.sum(dim=3, keepdim=True)
        mean = (trust * given).sum(dim=3, keepdim=True) / torch.where(
            known[:, :, None], total, torch.ones_like(total)
        )
        filled = given + (1 - trust) * (mean - given)
        token = torch.unflatten(self.token, 0, (confidence.shape[1], -1))
        filled = torch.where(known[:, :, None], filled, token)
        kernel = self.weight.flatten(1)[..., None]
        found = nn.functional.conv1d(filled.flatten(1, 3), kernel, self.bias)
        return found, taps.mean(dim=(1, 2))[:, None]

    def extra_repr(self) -> str:
        """Return the arguments of `torch.nn.Conv1d` and the power."""
        arguments: str = super().extra_repr()  # type: ignore[no-untyped-call]
        return f"{arguments}, power={self.power}"

    def _windows(self, x: Tensor) -> Tensor:
        """Return the windows (B, C, K, T') of (B, C, T)."""
        (count,), (step,), (stride,) = self.kernel_size, self.dilation, self.stride
        last = x.shape[2] - step * (count - 1)
        starts = range(0, count * step, step)
        return torch.stack([x[:, :, i : i + last : stride] for i in starts], dim=2)


class ConfidenceAware(nn.Module):
    """A temporal convolution lifter that reads x, y and confidence: (B, T, J, 3).

    Convolutions over several frames of the given lifter are replaced by a `CAConv1d` with the same
    weights: all, or the first ones. The first one takes the confidences of the joints. Each later
    one takes the mean confidence of the frames that its input comes from. With equal confidences
    the output is that of the lifter.
    """

    def __init__(self, lifter: nn.Module, power: float = POWER, layers: int | None = None) -> None:
        """Copy a lifter.

        Args:
            lifter: reads (B, T, J, 2). The channels of its first convolution are x and y of one
                joint after another, as in VideoPose3D. It calls its convolutions in the order in
                which it holds them.
            power: see `CAConv1d`.
            layers: how many of its convolutions are replaced, from the first one; None for all.

        Raises:
            InputError: it has no convolution over several frames, or one with padding or groups, a
                parametrized one, one that is used twice, or a first one of an odd number of
                channels.
        """
        super().__init__()
        self.lifter = deepcopy(lifter)
        self._current = _Current()
        found = [
            (parent, name, child)
            for parent in self.lifter.modules()
            for name, child in parent.named_children()
            if isinstance(child, nn.Conv1d) and child.kernel_size[0] > 1
        ]
        if not found:
            raise InputError(
                f"{type(lifter).__name__}: has no nn.Conv1d over several frames; expected a "
                "temporal convolution lifter, for attention see attention_bias"
            )
        places = [m for parent in self.lifter.modules() for m in parent._modules.values()]
        if any(places.count(child) > 1 for _, _, child in found):
            raise InputError(
                f"{type(lifter).__name__}: uses one convolution in two places; expected one each"
            )
        first = found[0][2].in_channels
        if first % 2:
            raise InputError(
                f"{type(lifter).__name__}: the first convolution has {first} channels; expected x "
                "and y of each joint"
            )
        self._joints = first // 2
        for parent, name, child in found[:layers]:
            setattr(parent, name, _Link(_aware(child, power), self._current))

    def forward(self, x: Tensor) -> Tensor:
        """Lift a batch (B, T, J, 3) of x, y and confidence.

        Raises:
            ValueError: the batch has another shape, or as `CAConv1d.forward`.
        """
        if x.ndim != 4 or x.shape[2:] != (self._joints, 3):
            raise ValueError(
                f"found shape {tuple(x.shape)}, expected (B, T, {self._joints}, 3): the first "
                f"convolution has {2 * self._joints} channels, x and y of each joint"
            )
        self._current.confidence = x[..., 2].transpose(1, 2)
        found: Tensor = self.lifter(x[..., :2].contiguous())  # for lifters that take a view of it
        return found


class _Current:
    """The confidence of what the next convolution reads, (B, G, T)."""

    confidence: Tensor


class _Link(nn.Module):
    """A convolution that takes the current confidence and leaves that of its output."""

    def __init__(self, convolution: CAConv1d, current: _Current) -> None:
        super().__init__()
        self.convolution, self._current = convolution, current

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor
        found, self._current.confidence = self.convolution(x, self._current.confidence)
        return found


def _aware(plain: nn.Conv1d, power: float) -> CAConv1d:
    """Return a convolution with the weights of a plain one."""
    if type(plain) is not nn.Conv1d or not {*plain.state_dict()} <= {"weight", "bias"}:
        raise InputError(
            f"{plain}: expected nn.Conv1d itself, without parametrization: its weights are copied"
        )
    if plain.padding not in ((0,), 0) or plain.groups != 1:
        raise InputError(f"{plain}: expected padding 0 and groups 1")
    (size,), (stride,), (dilation,) = plain.kernel_size, plain.stride, plain.dilation
    aware = CAConv1d(
        plain.in_channels,
        plain.out_channels,
        size,
        stride=stride,
        dilation=dilation,
        bias=plain.bias is not None,
        power=power,
    )
    aware.load_state_dict(plain.state_dict(), strict=False)  # the token is new
    for name, weights in plain.named_parameters():
        aware.get_parameter(name).requires_grad_(weights.requires_grad)
    return aware.to(plain.weight)


def attention_bias(confidence: Tensor, power: float = POWER) -> Tensor:
    """Return what to add to the logits of an attention over frames, (B, 1, 1, T).

    A key's share of the attention is then multiplied by its weight: the softmax of logits plus
    log w is w exp(logit), normalized. Equal confidences change nothing, and neither do frames
    without any confidence. It is what `torch.nn.functional.scaled_dot_product_attention` takes as
    ``attn_mask``.

    Args:
        confidence: (B, T), at least 0.
        power: see `CAConv1d`.

    Raises:
        ValueError: as `CAConv1d.forward`.
    """
    check_confidences(confidence)
    weights = confidence.clamp_min(0) ** power
    least = torch.finfo(weights.dtype).tiny
    return (weights + least).log()[:, None, None]

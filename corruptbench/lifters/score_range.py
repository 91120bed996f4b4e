"""Refuse scores that a confidence-aware network would misread, such as percent or logits.

Values are looked at in eager calls only: not while torch exports, traces or compiles a network or
captures a CUDA graph, and not under `torch.vmap`, which hides them. A look at a GPU waits for it.
So there is none while gradients are recorded.
"""

from __future__ import annotations

from math import inf

import torch
from torch import Tensor

from corruptbench.errors import InputError

#: Peaks of heat maps, rounding and interpolation may pass the limits by this: our own choice.
_SLACK = 0.1


def check_scores(scores: Tensor) -> None:
    """Refuse scores of a detector that are not 0 to 1.

    Raises:
        InputError: a score is outside, or NaN.
    """
    low, high = limits(scores) if _is_visible(scores) else (0, 0)
    if not -_SLACK <= low <= high <= 1 + _SLACK:
        raise InputError(
            f"found scores of {low:g} to {high:g}, expected 0 to 1; divide percent by 100, take "
            "the sigmoid of logits, and give what was not detected the score 0"
        )


def check_confidences(confidences: Tensor) -> None:
    """Refuse confidences that are below 0 or not finite. Their unit is free.

    Raises:
        InputError: there is one.
    """
    low, high = limits(confidences) if _is_visible(confidences) else (0, 0)
    if not -_SLACK <= low <= high < inf:
        raise InputError(
            f"found confidences of {low:g} to {high:g}, expected finite numbers of at least 0; "
            "take the sigmoid of logits, end what is learned with a sigmoid, and give what was "
            "not detected the confidence 0"
        )


def limits(numbers: Tensor) -> tuple[float, float]:
    """Return the least and the greatest number: NaN where one is, and 0 where there is none."""
    if not numbers.numel():
        return 0, 0
    low, high = torch.stack(numbers.detach().aminmax()).tolist()
    return low, high


def _is_visible(numbers: Tensor) -> bool:
    """Return whether values can be looked at without a wait."""
    is_traced: bool = torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
    if is_traced or torch.compiler.is_compiling() or type(numbers) is not Tensor:
        return False
    try:
        numbers.untyped_storage()
    except RuntimeError:  # of a batch of `torch.vmap`
        return False
    if numbers.is_cuda:
        return not (torch.is_grad_enabled() or torch.cuda.is_current_stream_capturing())
    return numbers.is_cpu

"""Forward passes by torch: exported programs and TorchScript."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any, BinaryIO

from corruptbench.detectors.runtimes import no_gpu
from corruptbench.errors import InputError
from corruptbench.lifters.forward import Array32, Opened

if TYPE_CHECKING:
    import torch


def usable_device(name: str) -> torch.device:
    """Return the torch device of that name.

    Raises:
        InputError: torch cannot use it on this machine.
    """
    import torch

    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        remedy = no_gpu(torch.version.cuda)
        if torch.cuda.is_available():
            remedy = f"torch sees {torch.cuda.device_count()} of them, counted from 0"
        reason = str(error).splitlines()[0]
        message = f"device '{name}': not usable here ({reason}); {remedy}, or use 'cpu'"
        raise InputError(message, "device") from None
    return device


def open_torch(stream: BinaryIO, kind: str, device: str, threads: int | None) -> Opened:
    """Load a ``.pt2`` or TorchScript.

    Args:
        stream: the open file: torch takes a name for UTF-8.
        kind: "pt2", "old-pt2" or "torchscript".
        device: "cpu", "cuda" or "cuda:N".
        threads: of a forward pass; None leaves that to torch.

    Raises:
        InputError: the device cannot be used, or the program takes several inputs.
    """
    import torch

    load = _script if kind == "torchscript" else _program
    target = usable_device(device)
    _compute_in_full_precision()
    if threads:
        torch.set_num_threads(threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, but many people use it
        module, dtype, parameters = load(stream, target)

    def forward(batch: Array32) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(target, dtype))

    def reseed(number: int) -> None:
        torch.manual_seed(number)  # of all devices

    return Opened(parameters, forward, reseed)


def _compute_in_full_precision() -> None:
    """Switch off TF32 on GPUs, so that scores differ from those of a CPU by rounding only.

    TF32 keeps 10 bits of a float32's 23. Torch uses it in convolutions unless told otherwise
    (``torch/backends/cudnn``). The switches have been set on a CPU only, where they change nothing.
    """
    import torch

    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def _script(stream: BinaryIO, device: torch.device) -> tuple[Any, torch.dtype, int]:
    import torch

    script = torch.jit.load(stream, map_location=device)  # type: ignore[no-untyped-call]
    script.eval()
    weights = list(script.parameters())
    dtypes = {weight.dtype for weight in weights if weight.is_floating_point()}
    dtype = dtypes.pop() if len(dtypes) == 1 else torch.float32
    return script, dtype, sum(weight.numel() for weight in weights)


def _program(stream: BinaryIO, device: torch.device) -> tuple[Any, torch.dtype, int]:
    import torch
    from torch.export.passes import move_to_device_pass

    program = _exported(stream)
    given = [n for n in program.graph.nodes if n.name in program.graph_signature.user_inputs]
    if len(given) != 1 or not isinstance(given[0].meta["val"], torch.Tensor):
        raise InputError(
            f"it takes {len(given)} inputs, expected one tensor; wrap it so that forward takes "
            "only the keypoints"
        )
    count = sum(weight.numel() for weight in program.parameters())
    if device.type != "cpu":  # the graph names its device where it makes tensors
        program = move_to_device_pass(program, str(device))
    return program.module().to(device), given[0].meta["val"].dtype, count


class _Kept(logging.Filter):
    """Holds back the records of a log, and keeps their last exception."""

    error: BaseException | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the exception of a record."""
        self.error = record.exc_info[1] if record.exc_info else self.error
        return False


def _exported(stream: BinaryIO) -> Any:
    """Return the exported program of a file; raise what torch says only in its log."""
    import torch

    log, kept = logging.getLogger("torch.export"), _Kept()
    log.addFilter(kept)
    try:
        return torch.export.load(stream)
    except Exception as error:
        if kept.error and "check the warnings" in str(error):
            raise kept.error from None
        raise
    finally:
        log.removeFilter(kept)

"""Prepare ONNX Runtime and torch: one thread, deterministic kernels, a device that is there."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from corruptbench.detectors.base import DetectorError


def onnx_runtime() -> Any:
    """Import ONNX Runtime without its telemetry.

    On import it would write a device id and a queue of events into the user's home.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")


def onnx_options(severity: int) -> Any:
    """Return options of a session that computes in one thread, with deterministic kernels.

    Args:
        severity: of the messages that ONNX Runtime prints, 3 for errors and 4 for fatal ones only.
    """
    options = onnx_runtime().SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = severity
    for pool in ("intra_op", "inter_op"):
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    return options


def no_gpu(cuda: str | None) -> str:
    """Return what to do where torch finds no GPU.

    Args:
        cuda: version of CUDA that torch was built for; None for a build without it.
    """
    if cuda is None:
        return "it is a build without CUDA: install one with it (docs/detectors.md)"
    return f"it is built for CUDA {cuda}: look with nvidia-smi whether the driver sees a GPU"


def on_device(network: Any, device: str) -> Any:
    """Move a torch module to a device, and return it.

    Args:
        network: the module.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        DetectorError: there is no such GPU.
    """
    import torch

    if device != "cpu" and not torch.cuda.is_available():
        raise DetectorError(
            f"'{device}' was asked for, but torch {torch.__version__} finds no CUDA device; "
            f"{no_gpu(torch.version.cuda)}, or use device 'cpu'"
        )
    try:
        return network.to(device)
    except RuntimeError as error:
        raise DetectorError(f"torch cannot use '{device}': {error}") from error

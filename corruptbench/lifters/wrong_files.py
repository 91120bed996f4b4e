"""Say what a file is that is no exported model."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

#: How many bytes at the start of a file `of_content` needs.
HEAD = 4096

_STARTS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself (run git lfs pull)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras weights or data)"),
    (b"ftrt", "a TensorRT engine"),
    (b"ptrt", "a TensorRT engine"),
    (b"\x1f\x8b", "a gzip archive (unpack it)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it)"),
    (b"Rar!", "a RAR archive (unpack it)"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x7fELF", "a compiled library, which is code (AOTInductor?)"),
    (b"MZ", "a compiled library, which is code"),
    (b"GGUF", "a GGUF file (weights of a language model)"),
    (b"%PDF", "a PDF document"),
    (b"\x80\x02", "a pickle (torch.save before 1.6, or pickle.dump), which can run any code"),
    (b"\x80\x03", "a pickle, which can run any code"),
    (b"\x80\x04", "a pickle, which can run any code"),
    (b"\x80\x05", "a pickle, which can run any code"),
)
_LATER = (
    (4, b"ET1", "an ExecuTorch program (.pte)"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (4, b"ORTM", "a model in onnxruntime's own format (.ort); give the .onnx"),
    (257, b"ustar", "a tar archive (torch.save before 1.0, or packed files)"),
)
_WEB_PAGE = re.compile(rb"\s*<(!doctype html|html|\?xml|head)", re.IGNORECASE)


def of_content(head: bytes, size: int) -> str | None:
    """Return what a file is by the bytes at its start, or None where nothing is recognized.

    Args:
        head: its first `HEAD` bytes.
        size: of the file, in bytes.
    """
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    for place, mark, found in _LATER:
        if head.startswith(mark, place):
            return found
    if _WEB_PAGE.match(head):
        return "a web page (was the login lost during the download?)"
    if is_safetensors(head, size):
        return "weights alone (safetensors), without the network"
    return None if head.strip(b"\0") else "zeros only (a download that was cut off?)"


def is_safetensors(head: bytes, size: int) -> bool:
    """Return whether a file of this head and size begins as safetensors are."""
    if len(head) < 10:
        return False
    (length,) = struct.unpack_from("<Q", head)
    return 2 <= length <= size - 8 and head[8:9] == b"{" and b'"dtype"' in head


def of_members(names: Iterable[str]) -> str:
    """Return what a ZIP archive is by its members' names within it."""
    inside = set(names)
    short = {name.partition("/")[2] for name in inside} | inside
    if "data.pkl" in short:
        return (
            "pickled Python objects (torch.save: a checkpoint or a state dict), which can run any "
            "code when they are loaded, and may lack the network's definition"
        )
    if any(name.startswith("MAR-INF/") for name in inside):
        return "a TorchServe archive (.mar); give the model inside it"
    if any(name.startswith("data/aotinductor/") for name in short):
        return "a package of AOTInductor, which is compiled code"
    if any(name.endswith(".npy") for name in inside):
        return "arrays of NumPy (.npz)"
    if {"config.json", "model.weights.h5"} <= inside:
        return "a Keras model"
    if inside and all(name.endswith((".pt2", ".pt", ".onnx", "/")) for name in inside):
        return "a ZIP archive around a model (unpack it)"
    return "a ZIP archive, but not of an exported model"

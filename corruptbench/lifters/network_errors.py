"""What an error of torch or onnxruntime means to the author of a model."""

from __future__ import annotations

import re

#: What an error of a library means, by a pattern in its text. The first that fits is said.
_CAUSES = (
    (r"schema version|archive version|Version in the saved file|supported file format version"
     r"|Unsupported model IR|opset",
     "another version of the library wrote it: export it with the installed one"),
    (r"aot_?induct|AOTI", "it is compiled by AOTInductor: export it with torch.export.save"),
    (r"failed to resolve|Unknown builtin op|is not a registered|No Op registered|custom op",
     "it needs an operator that the library does not have, and no package can be imported for a "
     "lifter: write it with the library's own operators"),
    (r"not enough memory|can't allocate|bad_alloc|tried to allocate|MemoryError",
     "this input takes more memory than it may have: allow more, or use a smaller model"),
    (r"same dtype|scalar type|but got (Half|BFloat16|Double)|Unexpected input data type",
     "it computes in another type than float32: call model.float() before the export"),
    (r"\.size\(\)\[0\]|shape\[0\]|index: 0 Got", "its batch size is fixed or bounded: export it "
     "with a dynamic batch"),
    (r"\.size\(\)\[1\]|shape\[1\]|index: 1 Got", "it takes another number of frames: correct "
     "frames and window, or export it with dynamic frames"),
    (r"\.size\(\)\[[2-9]\]|shape\[[2-9]\]|index: [2-9] Got|Invalid rank|number of dimensions",
     "it takes another number or order of axes, keypoints or channels: correct the contract"),
    (r"shape|size|dimension|broadcast", "the contract differs from the model, or its export fixes "
     "the batch size or the length"),
)  # fmt: skip
_GPU = re.compile(r"(?<![a-z_])cuda|nvidia", re.IGNORECASE)  # not AutogradCUDA


def last_line(error: Exception) -> str:
    """Return the last line of an error's text."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else repr(error)


def cause(error: Exception, device: str) -> str:
    """Return what an error probably means and what to do."""
    text = f"{type(error).__name__}: {error}"
    if device == "cpu" and _GPU.search(text):
        return "it needs a GPU: give the device cuda, or export it on the CPU (model.cpu())"
    for pattern, meaning in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return meaning
    return "correct the contract or the model"

"""Measure how much a 2D-to-3D human pose lifter loses when the video is corrupted.

    >>> import corruptbench as cb
    >>> noisy = cb.corrupt(frames, "camera_shake", severity=3)              # doctest: +SKIP
    >>> shards = cb.build("studio-c-mini", severity=[1, 3, 5])              # doctest: +SKIP
    >>> result = cb.evaluate("model.pt2", shards)                           # doctest: +SKIP

Importing this package is cheap: each public name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corruptbench.api import (
        Result,
        build,
        build_part,
        evaluate,
        evaluate_detector,
        finish_build,
        load_lifter,
        open_shards,
        score,
    )
    from corruptbench.corruptions import corrupt, list_corruptions
    from corruptbench.errors import InputError

#: Public name to the module that defines it.
_MODULES = {
    "InputError": "corruptbench.errors",
    "Result": "corruptbench.api",
    "build": "corruptbench.api",
    "build_part": "corruptbench.api",
    "corrupt": "corruptbench.corruptions",
    "evaluate": "corruptbench.api",
    "evaluate_detector": "corruptbench.api",
    "finish_build": "corruptbench.api",
    "list_corruptions": "corruptbench.corruptions",
    "load_lifter": "corruptbench.api",
    "open_shards": "corruptbench.api",
    "score": "corruptbench.api",
}

__all__ = [
    "InputError", "Result", "build", "build_part", "corrupt", "evaluate", "evaluate_detector",
    "finish_build", "list_corruptions", "load_lifter", "open_shards", "score",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name, or read the version of the installed package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("corruptbench")
    if name not in _MODULES:
        raise AttributeError(f"module 'corruptbench' has no attribute '{name}'")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names for completion in a shell or notebook."""
    return sorted({*globals(), *__all__})

"""Readers of data sets. A data set is one module with ``open_root(root) -> Dataset``.

Where its clips are known without a copy of it, the module also has ``expected_clips()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from corruptbench.datasets.base import Clip, ClipId, Dataset, LabelCounts
from corruptbench.datasets.checks.dataset import check_before_build, dataset_findings
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs, obstacles, verdict
from corruptbench.errors import InputError

__all__ = [
    "ALL_CLIPS", "Clip", "ClipId", "Dataset", "Finding", "LabelCounts", "Needs",
    "check_before_build", "dataset_findings", "expected_clips", "obstacles", "open_dataset",
    "verdict",
]  # fmt: skip


def open_dataset(name: str, root: Path | None) -> Dataset:
    """Return the data set of that name in the folder ``root``.

    Raises:
        InputError: for an unknown name, or a folder that does not hold that data set.
    """
    dataset: Dataset = _module(name).open_root(root)
    return dataset


def expected_clips(name: str) -> Mapping[ClipId, LabelCounts] | None:
    """Return the clips of a data set, each with what is known of its labeled frames.

    None where only a copy can tell, as for data of one's own. Raise `InputError` for an unknown
    name.
    """
    clips: Mapping[ClipId, LabelCounts] | None
    clips = getattr(_module(name), "expected_clips", lambda: None)()
    return clips


def _module(name: str) -> ModuleType:
    names = [module.name for module in iter_modules(__path__)]
    module = import_module(f"{__name__}.{name}") if name in names else None
    if module is None or not hasattr(module, "open_root"):
        modules = {n: import_module(f"{__name__}.{n}") for n in names}
        known = ", ".join(n for n, m in modules.items() if hasattr(m, "open_root"))
        raise InputError(f"unknown data set '{name}': expected one of {known}")
    return module

"""Readers of data sets. A data set is one module with ``open_root(root) -> Dataset``.

Where its clips are known without a copy of it, the module also has ``expected_clips()``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol

from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.errors import InputError

__all__ = [
    "ALL_CLIPS", "Clip", "ClipId", "Dataset", "Finding", "Needs", "expected_clips", "open_dataset",
]  # fmt: skip


class Dataset(Protocol):
    """What the engine asks of a data set."""

    @property
    def name(self) -> str:
        """Name of the data set, part of every clip's identity."""

    def clip_ids(self) -> list[ClipId]:
        """All clips, sorted; cheap."""

    def load(self, clip_id: ClipId) -> Clip:
        """A clip with its labels; raises `InputError` that names the file that is amiss."""

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """What is there, what is missing, what differs from the official data; decodes no video.

        Only what is needed can be missing. Raises nothing for a file that is amiss: that is a
        finding.
        """


def open_dataset(name: str, root: Path | None) -> Dataset:
    """The data set of that name at ``root``.

    Raises:
        InputError: for an unknown name, or a root that does not hold that data set.
    """
    module = _module(name)
    try:
        dataset: Dataset = module.open_root(root)
    except InputError as error:
        if root is None:
            error.parameter = "root"
        raise
    return dataset


def expected_clips(name: str) -> Mapping[ClipId, range] | None:
    """Of every clip of that data set the numbers of labelled frames that it may have.

    None where only a copy can tell, as for data of one's own. Raises `InputError` for an unknown
    name.
    """
    module = _module(name)
    clips: Mapping[ClipId, range] | None = (
        module.expected_clips() if hasattr(module, "expected_clips") else None
    )
    return clips


def _module(name: str) -> ModuleType:
    names = [module.name for module in iter_modules(__path__)]
    module = import_module(f"{__name__}.{name}") if name in names else None
    if module is None or not hasattr(module, "open_root"):
        modules = {n: import_module(f"{__name__}.{n}") for n in names}
        known = ", ".join(n for n, m in modules.items() if hasattr(m, "open_root"))
        raise InputError(f"unknown data set '{name}': expected one of {known}")
    return module

"""Readers of data sets. A data set is one module with ``open_root(root) -> Dataset``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol

from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.datasets.findings import Finding
from corruptbench.errors import InputError

__all__ = ["Clip", "ClipId", "Dataset", "Finding", "open_dataset"]


class Dataset(Protocol):
    """What the engine asks of a data set."""

    @property
    def name(self) -> str:
        """Name of the data set, part of every clip's identity."""

    def clip_ids(self) -> list[ClipId]:
        """All clips, sorted; cheap."""

    def load(self, clip_id: ClipId) -> Clip:
        """A clip with its labels; raises `InputError` that names the file that is amiss."""

    def check(self) -> Iterator[Finding]:
        """What is there, what is missing, what differs from the official data; reads headers only.

        Raises nothing for a file that is amiss: that is a finding.
        """


def open_dataset(name: str, root: Path | None) -> Dataset:
    """The data set of that name at ``root``.

    Raises:
        InputError: for an unknown name, or a root that does not hold that data set.
    """
    names = [module.name for module in iter_modules(__path__)]
    module = import_module(f"{__name__}.{name}") if name in names else None
    if module is None or not hasattr(module, "open_root"):
        modules = {n: import_module(f"{__name__}.{n}") for n in names}
        known = ", ".join(n for n, m in modules.items() if hasattr(m, "open_root"))
        raise InputError(f"unknown data set '{name}': expected one of {known}")
    dataset: Dataset = module.open_root(root)
    return dataset

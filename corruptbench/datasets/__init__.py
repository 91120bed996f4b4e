"""Readers of data sets. A data set is one module with ``open_root(root) -> Dataset``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol

from corruptbench.datasets.clip import Clip, ClipId
from corruptbench.errors import InputError

__all__ = ["Clip", "ClipId", "Dataset", "open_dataset"]


class Dataset(Protocol):
    """What the engine asks of a data set."""

    @property
    def name(self) -> str:
        """Name of the data set, part of every clip's identity."""

    def clip_ids(self) -> list[ClipId]:
        """All clips, sorted; cheap."""

    def load(self, clip_id: ClipId) -> Clip:
        """A clip with its labels; raises `InputError` that names the file that is amiss."""


def open_dataset(name: str, root: Path | None) -> Dataset:
    """The data set of that name at ``root``.

    Raises:
        InputError: for an unknown name, or a root that does not hold that data set.
    """
    known = [
        module.name
        for module in iter_modules(__path__)
        if hasattr(import_module(f"{__name__}.{module.name}"), "open_root")
    ]
    if name not in known:
        raise InputError(f"unknown data set '{name}': expected one of {', '.join(known)}")
    dataset: Dataset = import_module(f"{__name__}.{name}").open_root(root)
    return dataset

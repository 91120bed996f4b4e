"""The epochs of a training as a Parquet file, and for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import cache
from math import isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.errors import InputError
from corruptbench.files import atomic, check_folder
from corruptbench.training.state import Epoch
from corruptbench.training.train import Trained


def save_log(trained: Trained, path: Path) -> None:
    """Write a Parquet file with a row for each epoch, atomically; errors are MPJPE in mm."""
    table = pa.Table.from_pylist([asdict(epoch) for epoch in trained.epochs])
    with atomic(path) as temporary:
        pq.write_table(table, temporary)


@contextmanager
def tensorboard_writer(folder: Path | None) -> Iterator[Callable[[Epoch], None]]:
    """Give a function that adds an epoch to the event files in a folder, or does nothing.

    The first epoch makes the folder.

    Raises:
        InputError: TensorBoard is not installed.
        OSError: no files can be written there.
    """
    if folder is None:
        yield lambda _: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(
            "the package tensorboard is not installed; expected it for event files: pip install "
            "tensorboard, or leave them out",
            "tensorboard",
        ) from None
    check_folder(folder)
    with ExitStack() as opened:
        writer = cache(lambda: opened.enter_context(SummaryWriter(folder)))

        def write(epoch: Epoch) -> None:
            for name in ("rate", "training", "clean", "corrupted", "seconds"):
                value = getattr(epoch, name)
                if not isnan(value):
                    writer().add_scalar(name, value, epoch.epoch)

        yield write

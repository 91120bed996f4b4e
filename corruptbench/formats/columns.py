"""Tables of other repositories, kept as dictionaries of columns with a row for each frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError


def check_texts(column: Any, where: str, expected: str) -> tuple[str, ...]:
    """Return a column of N texts as a tuple.

    Args:
        column: the content of the file.
        where: file and column, for messages.
        expected: what the file should be, in words.

    Raises:
        InputError: when it is no list or array.
    """
    if not isinstance(column, list | np.ndarray):
        raise InputError(f"{where}: {_kind(column)}, expected a list of texts; expected {expected}")
    return tuple(map(str, column))


def check_points(column: Any, rows: int, where: str, expected: str) -> NDArray[np.floating[Any]]:
    """Return a column of points, numbers (N, 17, 2 or 3) in the dtype and unit of the file.

    Args:
        column: the content of the file.
        rows: N.
        where: file and column, for messages.
        expected: what the file should be, in words.

    Raises:
        InputError: when it is something else.
    """
    if not (
        isinstance(column, np.ndarray)
        and column.dtype.kind in "fiu"
        and column.shape[:2] == (rows, 17)
        and column.shape[2:] in ((2,), (3,))
    ):
        raise InputError(
            f"{where}: {_kind(column)}, expected numbers ({rows}, 17, 2 or 3): one row for each "
            f"name; expected {expected}"
        )
    return column


def cut(columns: Mapping[str, Any], kept: NDArray[np.intp], rows: int) -> dict[str, Any]:
    """Return columns of N rows with some of the rows only; what has no N rows stays as it is.

    Args:
        columns: arrays (N, ...) and lists of N items, by name.
        kept: (n,) indices of the rows to keep.
        rows: N.
    """

    def shortened(column: Any) -> Any:
        if isinstance(column, np.ndarray) and column.shape[:1] == (rows,):
            return column[kept]
        is_list = isinstance(column, list) and len(column) == rows
        return [column[i] for i in kept] if is_list else column

    return {name: shortened(column) for name, column in columns.items()}


def _kind(column: Any) -> str:
    if isinstance(column, np.ndarray):
        return f"{column.dtype} of shape {column.shape}"
    return f"a {type(column).__name__}"

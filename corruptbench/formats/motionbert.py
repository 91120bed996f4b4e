"""The pickle of MotionBERT and its relatives (MotionAGFormer, TCPFormer, PoseMamba).

Its splits, ``train`` and ``test``, hold columns of equal length, with a row for each frame of each
clip: ``joint_2d`` (N, 17, 2) px, ``confidence`` (N, 17) or (N, 17, 1), ``source``
("s_09_act_05_subact_02_ca_01"), ``camera_name``, ``action``, and the labels ``joint3d_image``
(N, 17, 3; x, y px and a scaled depth), ``joints_2.5d_image`` and ``2.5d_factor``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.formats.columns import check_points, check_texts, cut
from corruptbench.formats.numpy_files import read_pickle

EXPECTED = "MotionBERT's pickle, as h36m_sh_conf_cam_source_final.pkl"


@dataclass(frozen=True)
class Split:
    """A split of the file.

    Attributes:
        where: file and split, for messages.
        columns: by name.
        sources: N texts, one for each row.
    """

    where: str
    columns: dict[str, Any]
    sources: tuple[str, ...]

    def points(self, name: str) -> NDArray[np.floating[Any]]:
        """Return a column of points (N, 17, 2 or 3); raise `InputError` if it is none."""
        rows = len(self.sources)
        return check_points(self.columns[name], rows, f"{self.where}: {name}", EXPECTED)

    @property
    def cameras(self) -> tuple[str, ...] | None:
        """The camera's name of each row; None where the split does not say.

        Raises:
            InputError: when there is not one for each row.
        """
        if self.columns.get("camera_name") is None:
            return None
        where = f"{self.where}: camera_name"
        names = check_texts(self.columns["camera_name"], where, EXPECTED)
        if len(names) != len(self.sources):
            raise InputError(
                f"{where}: {len(names)} rows, expected {len(self.sources)}, one for each source; "
                f"expected {EXPECTED}"
            )
        return names

    def with_detections(
        self, kept: NDArray[np.intp], points: NDArray[np.float32], scores: NDArray[np.float32]
    ) -> dict[str, Any]:
        """Return the columns with M of the rows only, and with new detections in them.

        A file without confidences gets none: its readers then take 1 for all.

        Args:
            kept: indices (M,) of the rows.
            points: (M, 17, 2) px.
            scores: (M, 17).
        """
        new = cut(self.columns, kept, len(self.sources))
        new["joint_2d"] = np.ascontiguousarray(points)
        if "confidence" in self.columns:
            is_deep = np.ndim(self.columns["confidence"]) == 3
            new["confidence"] = np.ascontiguousarray(scores[..., None] if is_deep else scores)
        return new


def read(path: Path, needed: Sequence[str]) -> tuple[dict[str, Any], dict[str, Split]]:
    """Return the whole content, and those of its splits that have ``source`` and ``needed``.

    Raises:
        InputError: when the file cannot be read, no split has these columns, or sources are no
            texts.
    """
    content = read_pickle(path, EXPECTED)
    entries: dict[str, Any] = content if isinstance(content, dict) else {}
    names = (*needed, "source")
    splits = {}
    for name, columns in entries.items():
        if isinstance(columns, dict) and all(column in columns for column in names):
            where = f"{path}: {name}"
            sources = check_texts(columns["source"], f"{where}: source", EXPECTED)
            splits[str(name)] = Split(where, columns, sources)
    if not splits:
        raise InputError(
            f"{path}: holds {', '.join(map(str, entries)) or 'no dictionary'}, and in none of it "
            f"{', '.join(names)}; expected {EXPECTED}: train and test, each with these columns"
        )
    return entries, splits

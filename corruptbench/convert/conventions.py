"""How VideoPose3D keeps each data set: its name, its 3D file, and what an entry is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corruptbench.convert.recordings import Part, Recording
from corruptbench.datasets import Dataset
from corruptbench.datasets.human36m.poses import JOINTS
from corruptbench.datasets.humaneva import HumanEva
from corruptbench.datasets.humaneva.labels import MOCAP
from corruptbench.errors import InputError
from corruptbench.formats import humaneva_chunks as chunks
from corruptbench.formats.videopose3d import Table


class Convention:
    """A data set of one's own: an entry is a recording.

    Attributes:
        expected: the 3D file, in words.
        joints: indices of our joints among those of the 3D file; None where they are the same.
    """

    expected = "positions_3d: subject -> recording -> world meters"
    joints: tuple[int, ...] | None = None

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @property
    def name(self) -> str:
        """The data set's name in the names of files."""
        return self.dataset.name

    def check_labels(self, complete: Sequence[Recording]) -> None:
        """Raise `InputError` when the labels may not fit the 3D file that the user has."""

    def parts(self, tracks: Recording) -> list[Part]:
        """Return the entries of a recording."""
        subject, sequence, _ = tracks[0].key
        return [Part(subject, sequence, slice(None), tracks)]

    def stored(self, table: Table, tracks: Recording) -> dict[str, Any]:
        """Return the entries of a recording in a 3D file, by name."""
        subject, sequence, _ = tracks[0].key
        return {name: a for name, a in table.get(subject, {}).items() if name == sequence}

    def check_stored(self, stored: Mapping[str, Any], tracks: Recording, path: Path) -> None:
        """Raise `InputError` when the 3D file at ``path`` has other entries than ours."""


class Human36MConvention(Convention):
    """Human3.6M, whose 3D file has all 32 joints."""

    name = "h36m"
    expected = "data_3d_h36m.npz as VideoPose3D's prepare_data_h36m.py writes it"
    joints = JOINTS


class HumanEvaConvention(Convention):
    """HumanEva: "Validate/S1" -> "Walking 1 chunk2", a run of frames with labels.

    The numbers of chunks follow from which frames of the partition have a label. They are those of
    the official files only if the labels are.
    """

    name = "humaneva15"
    expected = "data_3d_humaneva15.npz as VideoPose3D's prepare_data_humaneva.py writes it"

    def check_labels(self, complete: Sequence[Recording]) -> None:
        """Raise `InputError` when the labels may have other gaps than the official ones."""
        for tracks in complete:
            clip, dataset = tracks[0].clip.id, self.dataset
            if isinstance(dataset, HumanEva) and dataset.label_source(clip) == MOCAP:
                raise InputError(
                    f"{dataset.root}: the labels of {clip} are from its {MOCAP}: which frames have "
                    "one may differ from the official MATLAB code, and so would the numbers of all "
                    "chunks; expected converted_15j or data_3d_humaneva15.npz in this folder, or "
                    "the latter as annotations, which are compared"
                )

    def parts(self, tracks: Recording) -> list[Part]:
        """Return the labeled chunks of a partition of a recording."""
        subject, recording, partition = _names(tracks)
        valid = np.asarray(np.isfinite(tracks[0].clip.joints).all(axis=(1, 2)))
        return [
            Part(f"{partition}/{subject}", chunks.chunk_name(recording, number), frames, tracks)
            for number, frames in chunks.labeled_chunks(valid).items()
        ]

    def stored(self, table: Table, tracks: Recording) -> dict[str, Any]:
        """Return the chunks of a partition of a recording in a 3D file, by name."""
        subject, recording, partition = _names(tracks)
        found = chunks.numbered(table.get(f"{partition}/{subject}", {}), recording)
        return {chunks.chunk_name(recording, n): chunk for n, chunk in sorted(found.items())}

    def check_stored(self, stored: Mapping[str, Any], tracks: Recording, path: Path) -> None:
        """Raise `InputError` for chunks of other names or lengths than ours."""
        theirs = {name: len(np.atleast_1d(chunk)) for name, chunk in stored.items()}
        ours = {part.name: len(part.joints) for part in self.parts(tracks)}
        if theirs != ours:
            subject, recording, partition = _names(tracks)
            raise InputError(
                f"{path}: {partition}/{subject}: {chunks.recording_name(recording)}: "
                f"{_listed(theirs)}; by the labels of the data set {_listed(ours)}: the two are "
                f"not of one conversion; take {self.expected}, and as labels the converted_15j "
                "that it was made from"
            )


def convention_of(dataset: Dataset) -> Convention:
    """Return how VideoPose3D keeps that data set."""
    known = {"human36m": Human36MConvention, "humaneva": HumanEvaConvention}
    return known.get(dataset.name, Convention)(dataset)


def _names(tracks: Recording) -> tuple[str, str, str]:
    """Return subject, recording ("Walking_1") and partition."""
    subject, sequence, _ = tracks[0].key
    recording, _, partition = sequence.rpartition("_")
    return subject, recording, partition


def _listed(lengths: Mapping[str, int]) -> str:
    each = (f"{name.rpartition(' ')[2]} of {count} frames" for name, count in lengths.items())
    return ", ".join(each) or "no chunk"

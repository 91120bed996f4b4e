"""HumanEva as VideoPose3D has it: "Validate/S1" -> "Walking 1 chunk2", stretches with labels.

The numbers of chunks follow from which frames of the partition have a label. They are those of the
official files only if the labels are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from corruptbench.datasets import Dataset
from corruptbench.datasets.humaneva import HumanEva
from corruptbench.datasets.humaneva.chunks import (
    chunk_name,
    labelled_chunks,
    numbered,
    recording_name,
)
from corruptbench.errors import InputError
from corruptbench.export.positions import Positions
from corruptbench.export.recordings import Part
from corruptbench.export.tracks import Track


def check_source(dataset: Dataset, whole: Sequence[Sequence[Track]]) -> None:
    """Raises `InputError` when the labels of a recording may have other gaps than the official."""
    for tracks in whole:
        clip = tracks[0].clip.id
        source = dataset.label_source(clip) if isinstance(dataset, HumanEva) else None
        if source == "motion capture (experimental)":
            raise InputError(
                f"--root: the labels of {clip} are from its {source}: which frames have one may "
                "differ from the official MATLAB code, and so would the numbers of all chunks; "
                "expected converted_15j or data_3d_humaneva15.npz in --root, or the latter as "
                "--annotations, which is compared"
            )


def parts(tracks: Sequence[Track]) -> list[Part]:
    """The labelled chunks of a partition of a recording, of which the tracks are the cameras'."""
    subject, recording, partition = _names(tracks)
    valid = np.asarray(np.isfinite(tracks[0].clip.joints).all(axis=(1, 2)))
    return [
        Part(f"{partition}/{subject}", chunk_name(recording, number), frames, tuple(tracks))
        for number, frames in labelled_chunks(valid).items()
    ]


def in_file(positions: Positions, tracks: Sequence[Track], ours: Sequence[Part]) -> bool:
    """Whether a 3D file has this partition of a recording.

    Raises:
        InputError: when it is cut into other chunks there than ours.
    """
    subject, recording, partition = _names(tracks)
    content = positions.subject(f"{partition}/{subject}")
    chunks = numbered(content, recording)
    theirs = {chunk_name(recording, n): len(np.atleast_1d(a)) for n, a in sorted(chunks.items())}
    lengths = {part.name: len(part.joints) for part in ours}
    if theirs and theirs != lengths:
        raise InputError(
            f"{positions.path}: {partition}/{subject}: {recording_name(recording)}: "
            f"{_listed(theirs)}; by the labels of --root {_listed(lengths)}: the two are not of "
            f"one conversion; take {positions.expected}, and as labels the converted_15j that it "
            "was made from"
        )
    return bool(theirs)


def _names(tracks: Sequence[Track]) -> tuple[str, str, str]:
    """Subject, recording ("Walking_1") and partition."""
    subject, sequence, _ = tracks[0].key
    recording, _, partition = sequence.rpartition("_")
    return subject, recording, partition


def _listed(lengths: Mapping[str, int]) -> str:
    each = (f"{name.rpartition(' ')[2]} of {count} frames" for name, count in lengths.items())
    return ", ".join(each) or "no chunk"

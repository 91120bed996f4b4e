"""Describe a build in Croissant 1.0 with its RAI extension, as data set search and NeurIPS read it.

Nothing but the lock is read, so the description holds hashes and facts, and no data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from corruptbench.corruptions import all_corruptions
from corruptbench.corruptions.registry import summary
from corruptbench.datasets.card import Card, card_of
from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file
from corruptbench.leaderboard.exports.bibtex import software_entry
from corruptbench.progress import counted
from corruptbench.shards.croissant_terms import (
    CONFORMS_TO,
    CONTEXT,
    FILES,
    PARQUET,
    RECORDS,
    fields,
)
from corruptbench.shards.lock import Lock, read_lock
from corruptbench.skeleton import joint_set
from corruptbench.storage import AnyPath


@dataclass(frozen=True)
class Publication:
    """What only the publisher of a build knows; Croissant requires all three.

    Attributes:
        creator: name of the person or group that made the build.
        url: https address of the page where it is published.
        date: of publication, such as "2026-11-27".

    Raises:
        InputError: it is no such address or date.
    """

    creator: str | None = None
    url: str | None = None
    date: str | None = None

    def __post_init__(self) -> None:
        """Check address and date."""
        if self.url is not None and not re.fullmatch(r"https?://[^\s<>\"]+", self.url):
            raise InputError(f"url: found {self.url!r}, expected an address with https://", "url")
        if self.date is not None and not _is_date(self.date):
            raise InputError(f"date: found {self.date!r}, expected a day: 2026-11-27", "date")

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of what is not known."""
        return tuple(name for name, value in vars(self).items() if value is None)


def card_of_build(lock: Lock) -> Card:
    """Return the card of the data set that a build is made from: that of its clips' name."""
    return card_of(next(iter(lock.clips), "").partition("/")[0])


def croissant(folder: AnyPath, publication: Publication) -> dict[str, Any]:
    """Return the description of a build as JSON types. It belongs beside the lock.

    Args:
        folder: output folder of a finished build.
        publication: what is missing of it is left out.

    Raises:
        InputError: there is no lock, or it was altered.
    """
    lock = read_lock(folder / "lock.json")
    card = card_of_build(lock)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": _name(lock),
        "description": _description(lock, card),
        "version": f"{lock.benchmark.version}.0.0",
        "license": card.license,
        "citeAs": software_entry(),
        "keywords": ["3D human pose estimation", "robustness", "benchmark", "2D keypoints"],
        **_published(publication),
        **_responsible(lock, card),
        "distribution": [_lock_file(folder), *_shard_files(lock), _shard_set()],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": RECORDS,
                "name": RECORDS,
                "description": "A record for each frame of each clip in each cell.",
                "field": fields(joint_set(lock.detector.layout)),
            }
        ],
    }


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _name(lock: Lock) -> str:
    detector = str(lock.detector).replace(":", "-").replace(", boxes by ", "-boxes-")
    return f"{lock.benchmark.id}-v{lock.benchmark.version}-{detector}"


def _description(lock: Lock, card: Card) -> str:
    cells = max(len(cells) for cells in lock.clips.values())
    return (
        f"2D keypoints that the detector {lock.detector} finds in corrupted video: "
        f"{lock.benchmark.id}, version {lock.benchmark.version}, of the data set {card.title}. "
        f"{counted(len(lock.clips), 'clip')} in {counted(cells, 'cell')}: a cell is a corruption "
        "at a severity, or clean. For 2D-to-3D human pose lifters. There are no pictures and no "
        f"3D labels. Manifest SHA-256 {lock.benchmark.manifest_sha256}."
    )


def _published(publication: Publication) -> dict[str, Any]:
    creator = publication.creator
    found = {
        "creator": creator and {"@type": "sc:Organization", "name": creator},
        "url": publication.url,
        "datePublished": publication.date,
    }
    return {name: value for name, value in found.items() if value}


def _responsible(lock: Lock, card: Card) -> dict[str, Any]:
    """Return the RAI fields: how the data was made, what it lacks, and what it is for.

    All are of version 1.0 but ``hasSyntheticData``, which the authors of RAI name in 2026
    (github.com/mlcommons/croissant/issues/1012).
    """
    return {
        "rai:dataCollection": card.collection,
        "rai:dataCollectionType": ["Software Collection", "Secondary Data analysis"],
        "rai:dataCollectionRawData": f"The videos of {card.title}. They are not in these files.",
        "rai:dataCollectionMissingData": "Keypoints are NaN and scores 0 where nobody is in view.",
        "rai:dataPreprocessingProtocol": _corruptions(lock),
        "rai:dataAnnotationProtocol": f"Keypoints and scores are those of a detector, not of "
        f"people. Score: {lock.detector.score_meaning}. Labels of the data set: {card.labels}",
        "rai:machineAnnotationTools": [
            f"{lock.detector}, weights SHA-256 {lock.detector.weights_sha256}",
            f"corruptbench {lock.software.get('corruptbench', '')}".strip(),
        ],
        "rai:dataBiases": list(card.biases),
        "rai:dataLimitations": [
            *card.limitations,
            "Keypoints have the errors of one detector. Another one fails in other pictures.",
            "Kinds and strengths of the corruptions are corruptbench's own choice, made by "
            "programs. They do not stand for all that happens to video.",
        ],
        "rai:dataUseCases": [
            "Measure how the error of a lifter grows when video gets worse, and compare lifters.",
            "Never evaluate a lifter on clips that it was trained on.",
        ],
        "rai:dataSocialImpact": "Shows before it is used which lifter fails on bad video. It does "
        "not show that a lifter works for people or scenes that are not in the data.",
        **({} if card.synthetic is None else {"rai:hasSyntheticData": card.synthetic}),
        "rai:personalSensitiveInformation": [card.people],
        "rai:dataReleaseMaintenancePlan": ["A change of a benchmark gets a new version."],
    }


def _corruptions(lock: Lock) -> list[str]:
    """Return a sentence for each corruption of a build, in the order of its cells."""
    names = dict.fromkeys(c.corruption for cells in lock.clips.values() for c in cells)
    known = all_corruptions()
    return [
        f"{name}: {summary(known[name]) if name in known else 'no corruption'}" for name in names
    ]


def _lock_file(folder: AnyPath) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": "lock.json",
        "name": "lock.json",
        "description": "What was built: digests of the pixels and detections of each cell.",
        "contentUrl": "lock.json",
        "encodingFormat": "application/json",
        "sha256": sha256_of_file(folder / "lock.json"),
    }


def _shard_files(lock: Lock) -> list[dict[str, Any]]:
    """Return the file of each clip. In an identifier, what no address may have is escaped."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": quote(f"keypoints/{clip}.parquet"),
            "name": f"{clip}.parquet",
            "contentUrl": f"keypoints/{clip}.parquet",
            "encodingFormat": PARQUET,
            "sha256": sha256,
        }
        for clip, sha256 in sorted(lock.files.items())
    ]


def _shard_set() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": FILES,
        "name": FILES,
        "description": "The files of all clips, each with the rows of all its cells.",
        "encodingFormat": PARQUET,
        "includes": "keypoints/*.parquet",
    }

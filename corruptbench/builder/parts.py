"""Parts of a build: which clips each one builds, and what all of them must have in common."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from corruptbench.builder.plan import BUILD_VERSION, WorkItem
from corruptbench.defaults import MOST_PARTS
from corruptbench.errors import InputError, named
from corruptbench.files import remove_quietly, sha256_of_json, write_json
from corruptbench.process_id import this_process
from corruptbench.records import Record, Sha256
from corruptbench.shards.lock import software
from corruptbench.shards.records import BenchmarkRecord, DetectorRecord
from corruptbench.storage import AnyPath, S3Path
from corruptbench.text_files import read_text


@dataclass(frozen=True)
class Part:
    """One part of a build.

    Attributes:
        index: 0 to ``count - 1``.
        count: number of parts.
    """

    index: int
    count: int

    @property
    def name(self) -> str:
        """Its name in the names of files."""
        return f"{self.index}-of-{self.count}"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_part(wanted: str | tuple[int, int]) -> Part:
    """Return a part from ``"0/8"`` or ``(0, 8)``; parts are counted from 0.

    Raises:
        InputError: anything else, or there is no such part.
    """
    text = wanted if isinstance(wanted, str) else "/".join(map(str, wanted))
    match = re.fullmatch(r"\s*([0-9]+)\s*/\s*([0-9]+)\s*", text)
    if not match:
        expected = "expected its number and the number of parts, such as 0/8"
        raise InputError(f"part '{text}': is not a part; {expected}", "part")
    if len(match[2]) > len(str(MOST_PARTS)) or int(match[2]) > MOST_PARTS:
        raise InputError(
            f"part '{text}': too many parts; expected at most {MOST_PARTS}, fewer than clips",
            "part",
        )
    index, count = int(match[1]), int(match[2])
    if index >= count:
        last = f"expected 0/{count} to {count - 1}/{count}" if count else "expected 1 part or more"
        raise InputError(
            f"part '{text}': there is no such part; {last}. Parts are counted from 0: number the "
            f"jobs of an array from 0, too (0-{max(count - 1, 0)})",
            "part",
        )
    return Part(index, count)


def divided(items: Sequence[WorkItem], count: int) -> dict[WorkItem, Part]:
    """Return the part of each item; all parts have about as many frames.

    The longest clip goes first, to the part that has the fewest frames so far. So the division
    depends on the clips alone, and not on what is built already.
    """
    frames = [0] * count
    found = {}
    for item in sorted(items, key=lambda i: (-i.frames, str(i.clip_id))):
        least = frames.index(min(frames))
        frames[least] += item.frames
        found[item] = Part(least, count)
    return found


def items_of(part: Part, items: Sequence[WorkItem]) -> tuple[WorkItem, ...]:
    """Return the items of a part, in their order; see `divided`."""
    division = divided(items, part.count)
    return tuple(item for item in items if division[item] == part)


class PartsRecord(Record):
    """Content of ``parts.json``: what the parts of a build must have in common.

    ``clips_sha256`` is over identities and numbers of frames, which decide the division. A video
    may be repaired between two runs: its clip is built again.
    """

    format: Literal["corruptbench-parts/1"]
    parts: int = Field(ge=0, le=MOST_PARTS)
    benchmark: BenchmarkRecord
    detector: DetectorRecord
    runtime: str
    cells: tuple[str, ...]
    crf: int | None
    clips_sha256: Sha256
    build_version: int
    software: dict[str, str]

    @classmethod
    def of(
        cls,
        items: Sequence[WorkItem],
        parts: int,
        benchmark: BenchmarkRecord,
        detector: DetectorRecord,
        runtime: str,
    ) -> PartsRecord:
        """Return the record of a build of all ``items`` in so many parts."""
        return cls(
            format="corruptbench-parts/1",
            parts=parts,
            benchmark=benchmark,
            detector=detector,
            runtime=runtime,
            cells=tuple(map(str, items[0].cells)),
            crf=items[0].crf,
            clips_sha256=sha256_of_json([[str(i.clip_id), i.frames] for i in items]),
            build_version=BUILD_VERSION,
            software=software(),
        )


def record_path(out: AnyPath) -> AnyPath:
    """Return where the record of the parts lies; it is there until the build is finished."""
    return out / "parts.json"


def read_parts(out: AnyPath) -> PartsRecord | None:
    """Return the record of the parts in a folder; None if no part has begun there.

    Raises:
        InputError: the file is damaged.
    """
    path = record_path(out)
    if not path.exists():
        return None
    remedy = "wait until no part runs, delete it, and run a part again"
    found = PartsRecord.parse(read_text(path), str(path), remedy)
    if found.parts == 0:
        raise InputError(f"{path}: parts: found 0, expected 1 or more; {remedy}", "out")
    return found


def join_parts(out: AnyPath, own: PartsRecord) -> None:
    """Write the record of the parts if it is the first one; else compare it.

    Raises:
        InputError: the build was begun from other inputs, or in another number of parts.
    """
    if not record_path(out).exists():
        _write_first(record_path(out), own)
    found = read_parts(out)
    if found is not None:
        check_same(out, found, own)


def check_same(out: AnyPath, found: PartsRecord, own: PartsRecord) -> None:
    """Raise `InputError` if the parts in a folder were begun otherwise than this one."""
    theirs, ours = _facts(found), _facts(own)
    for name in theirs | ours:
        begun, here = theirs.get(name), ours.get(name)
        if begun != here:
            raise InputError(
                f"{record_path(out)}: {name}: the parts in this folder began with {begun}, here "
                f"it is {here}; use the same inputs and software for all parts, or choose "
                "another folder (or, when no part runs, delete this file to divide anew)",
                "out",
            )


def _facts(record: PartsRecord) -> dict[str, Any]:
    """Return what is compared, by names such as "detector.name"."""
    facts: dict[str, Any] = {}
    for name, value in record.model_dump().items():
        inner = value if isinstance(value, Mapping) else None
        facts |= {f"{name}.{k}": v for k, v in inner.items()} if inner else {name: value}
    return facts | {"cells": ", ".join(record.cells)}


def _write_first(path: AnyPath, record: PartsRecord) -> None:
    """Write the record; of several parts that begin at once, one succeeds (in S3 the last one)."""
    if isinstance(path, S3Path):
        write_json(path, record.model_dump(mode="json"))
        return
    own = path.with_name(f".parts.{this_process()}.part")
    try:
        write_json(own, record.model_dump(mode="json"))
        with named(path, own):
            _link(own, path)
    finally:
        remove_quietly(own)


def _link(own: Path, path: Path) -> None:
    """Give a file another name, unless the name is there; some file systems have no links."""
    try:
        os.link(own, path)
    except FileExistsError:
        return
    except OSError:
        if not path.exists():
            os.replace(own, path)

"""Run a build, or a part of one: plan it, keep what is present, build the rest, write the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from corruptbench.builder.corrupted_videos import missing_cells
from corruptbench.builder.engines import Engine
from corruptbench.builder.failures import (
    PATTERN,
    Failure,
    failures_path,
    listed,
    record_failures,
)
from corruptbench.builder.outlook import Outlook, outlook
from corruptbench.builder.parts import (
    Part,
    PartsRecord,
    check_same,
    divided,
    items_of,
    join_parts,
    read_parts,
    record_path,
)
from corruptbench.builder.plan import Plan, WorkItem, plan_build
from corruptbench.builder.reservation import reserved, reserved_for
from corruptbench.builder.station import Recipe, Station
from corruptbench.builder.temporaries import without_temporaries, without_temporaries_of
from corruptbench.errors import IncompleteError, InputError
from corruptbench.manifest import Cell
from corruptbench.progress import counted
from corruptbench.shards import parquet
from corruptbench.shards.lock import write_lock
from corruptbench.shards.records import BenchmarkRecord, DetectorRecord
from corruptbench.storage import AnyPath, S3Path, found_at

#: Called once, with what is about to be done. Then the other one is called with the crops and clips
#: done since its last call.
Announce = Callable[[Outlook], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What is to be built.

    Attributes:
        recipe: manifest, data set, detector, device.
        cells: the cells that are wanted.
        out: folder of the build.
        crf: constant rate factor of the corrupted videos; None when none are wanted.
    """

    recipe: Recipe
    cells: tuple[Cell, ...]
    out: AnyPath
    crf: int | None = None


@dataclass(frozen=True)
class Conduct:
    """How it is built.

    Attributes:
        engine: what builds the clips, with its number of workers.
        announce: called once, before the work.
        progress: called with the crops and clips done since its last call.
        fail_fast: end the build at the first clip that cannot be built.
    """

    engine: Engine
    announce: Announce
    progress: Progress
    fail_fast: bool = False


def build(request: Request, conduct: Conduct) -> AnyPath:
    """Build what is missing of a benchmark, write the lock file, and return its path.

    Shards that are present and made from the same inputs are kept. A shard made from other inputs
    (video, labels, detector, code) is built again. Corrupted videos likewise.

    Raises:
        IncompleteError: some clips cannot be built. The others are.
        InputError: bad input; or ``out`` holds another benchmark, or is in use by another build,
            also one that took it over meanwhile. Nothing is lost then.
        OSError: the disk is full, or a file cannot be written.
        detectors.DetectorError: the detector cannot be loaded.
    """
    station, plan = _prepared(request)
    with reserved(request.out) as check, without_temporaries(request.out):
        conduct = _watched(conduct, check)
        _check_folder(request, station.detector.record)
        record_path(request.out).unlink(missing_ok=True)
        todo = _announced(request.out, station, plan.items, plan.notes, conduct)
        _build_clips(request.out, station, todo, conduct, failures_path(request.out))
        check()
        return _finished(request.out, plan.items, station.detector.runtime)


def build_part(part: Part, request: Request, conduct: Conduct) -> int:
    """Build what is missing of a part of a benchmark, and return the number of its clips.

    Several parts may be built at the same time in one folder. No lock is written: see `finish`.

    Raises:
        IncompleteError: some clips of the part cannot be built. The others are.
        InputError: bad input; or the folder holds another benchmark, or parts that were begun from
            other inputs.
        OSError: the disk is full, or a file cannot be written.
        detectors.DetectorError: the detector cannot be loaded.
    """
    station, plan = _prepared(request)
    items = items_of(part, plan.items)
    with reserved_for(part, request.out) as check, without_temporaries_of(items):
        conduct = _watched(conduct, check)
        _check_folder(request, station.detector.record)
        join_parts(request.out, _record(station, plan.items, part.count))
        todo = _announced(request.out, station, items, plan.notes, conduct)
        path = failures_path(request.out, part.name)
        _build_clips(request.out, station, todo, conduct, path)
        return len(items)


def finish(request: Request) -> AnyPath:
    """Write the lock file of a build whose clips are all there, and return its path.

    Raises:
        IncompleteError: some clips are not there; nothing is written.
        InputError: bad input; or the folder holds another benchmark, or parts that were begun from
            other inputs.
        detectors.DetectorError: the detector cannot be loaded.
    """
    if not any((request.out / "keypoints").rglob("*.parquet")):  # before all videos are read
        raise IncompleteError(
            f"{request.out}: nothing is built here yet ({found_at(request.out, 'no such folder')} "
            "without shards); build the parts into this place first, or name the one that they are "
            "in. A build that is not in parts needs no finish",
            "out",
        )
    station, plan = _prepared(request)
    own = _record(station, plan.items, 0)
    with reserved(request.out) as check, without_temporaries(request.out):
        _check_folder(request, station.detector.record)
        begun = read_parts(request.out)
        if begun is not None:  # this process may run on another device than the parts did
            own = own.model_copy(update={"parts": begun.parts, "runtime": begun.runtime})
            check_same(request.out, begun, own)
        missing = [i for i, cells in _missing(plan.items).items() if cells]
        if missing:
            where = divided(plan.items, begun.parts) if begun is not None else {}
            raise IncompleteError(
                f"{request.out}: {len(missing)} of {counted(len(plan.items), 'clip')} not built "
                "yet; run the parts that lack them again, or a whole build:\n"
                + "\n".join(f"  {_place(i, where.get(i))}" for i in missing)
            )
        check()
        return _finished(request.out, plan.items, own.runtime)


def _place(item: WorkItem, part: Part | None) -> str:
    return str(item.clip_id) if part is None else f"{item.clip_id} (part {part})"


def _prepared(request: Request) -> tuple[Station, Plan]:
    """Open data set and detector, and plan the whole build."""
    if isinstance(request.out, S3Path):
        request.out.check()  # before all videos are read
    recipe = request.recipe
    station = Station(recipe)
    cells, out, crf = request.cells, request.out, request.crf
    plan = plan_build(station.dataset, recipe.manifest, cells, station.detector, out, crf)
    return station, plan


def _watched(conduct: Conduct, check: Callable[[], None]) -> Conduct:
    """Return a conduct that also checks, at all progress, that the folder is still ours."""

    def progress(crops: int, clips: int) -> None:
        check()
        conduct.progress(crops, clips)

    return replace(conduct, progress=progress)


def _record(station: Station, items: Sequence[WorkItem], parts: int) -> PartsRecord:
    benchmark = BenchmarkRecord.of(station.recipe.manifest)
    by = station.detector
    return PartsRecord.of(items, parts, benchmark, by.record, by.runtime)


def _missing(items: Iterable[WorkItem]) -> dict[WorkItem, list[Cell]]:
    """Return the cells that each item lacks."""
    return {i: missing_cells(i, parquet.present_cells(i.path, i.fingerprint)) for i in items}


def _announced(
    out: AnyPath,
    station: Station,
    items: Sequence[WorkItem],
    notes: tuple[str, ...],
    conduct: Conduct,
) -> tuple[WorkItem, ...]:
    """Return the items that lack a cell, after the announcement."""
    missing = _missing(items)
    todo = tuple(i for i in items if missing[i])
    rate = station.detector.rate() if todo else 0.0
    workers = min(conduct.engine.workers, len(todo))
    conduct.announce(outlook(items, missing, rate, workers, out, notes))
    return todo


def _build_clips(
    out: AnyPath, station: Station, todo: Sequence[WorkItem], conduct: Conduct, record: AnyPath
) -> None:
    """Build clips; those that cannot be built are listed at the end, and in the file ``record``."""
    if todo:
        (out / "lock.json").unlink(missing_ok=True)
    failures: list[Failure] = []
    engine, tick = conduct.engine, conduct.progress
    workers = min(engine.workers, len(todo))
    # The longest clips first, so that at the end no worker has a long one while others wait.
    order = todo if workers == 1 else sorted(todo, key=lambda item: -item.frames)
    build_items = engine.build_items
    with closing(build_items(station, workers, order, lambda crops: tick(crops, 0))) as outcomes:
        for _, failure in outcomes:
            if failure is None:
                conduct.progress(0, 1)
            elif conduct.fail_fast:
                raise InputError(failure.cause)
            else:
                failures.append(failure)
    record_failures(record, failures)
    if failures:
        raise IncompleteError(
            f"{out}: {len(failures)} of {counted(len(todo), 'clip')} could not be built, the "
            f"others are there; the same command tries them again (see also {record.name}):\n"
            + listed(failures)
        )


def _finished(out: AnyPath, items: Sequence[WorkItem], runtime: str) -> AnyPath:
    """Write the lock, and remove what is of no use any more."""
    path = write_lock(out, [parquet.read_record(i.path) for i in items], runtime)
    for old in (record_path(out), *out.glob(PATTERN)):
        old.unlink(missing_ok=True)
    return path


def _check_folder(request: Request, by: DetectorRecord) -> None:
    """Refuse a folder with shards of another benchmark or detector."""
    out, recipe = request.out, request.recipe
    for path in (out / "keypoints").rglob("*.parquet"):
        try:
            found = parquet.read_record(path)
        except InputError:
            continue
        if found.benchmark.id != recipe.manifest.id or str(found.detector) != str(by):
            raise InputError(
                f"{out}: holds shards of {found.benchmark.id} by {found.detector}, not of "
                f"{recipe.manifest.id} by {by}; choose another folder",
                "out",
            )
        if found.detector.weights_sha256 != by.weights_sha256:
            raise InputError(
                f"{out}: holds shards by {by.name} with other files: SHA-256 "
                f"{found.detector.weights_sha256}, expected {by.weights_sha256}; choose another "
                "folder, or use the earlier files",
                "out",
            )

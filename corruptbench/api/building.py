"""Build a benchmark, whole or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from corruptbench import defaults
from corruptbench.api.shards import open_shards
from corruptbench.files import optional_path
from corruptbench.storage import S3Path, any_path

if TYPE_CHECKING:
    from corruptbench.builder.runner import Conduct, Request
    from corruptbench.shards.shard_set import ShardSet


class Wanted(TypedDict, total=False):
    """The arguments of `build` that say what is built. All parts of a build have the same ones."""

    root: str | Path | None
    severity: int | str | Iterable[int]
    corruption: str | Iterable[str]
    detector: str
    boxes: str
    device: str
    videos: bool
    crf: int | None
    out: str | Path | S3Path


def build(
    manifest: str | Path = defaults.MANIFEST,
    *,
    root: str | Path | None = None,
    severity: int | str | Iterable[int] = "1-5",
    corruption: str | Iterable[str] = (),
    detector: str = defaults.DETECTOR,
    boxes: str = defaults.BOXES,
    device: str = "cpu",
    workers: int | None = None,
    videos: bool = False,
    crf: int | None = None,
    out: str | Path | S3Path = "shards",
    progress: bool = True,
    fail_fast: bool = False,
    engine: str = "processes",
) -> ShardSet:
    """Build what is missing of a benchmark, and open its shards.

    Clips that are there, made from the same inputs, are kept: an interrupted call resumes.

    Args:
        manifest: id of a benchmark that comes with the package, or path of a manifest (.toml).
        root: folder of the data set; None for the embedded studio set.
        severity: 1 to 5: one, several, or text such as "1-5" or "1,3,5".
        corruption: names of corruptions; all of the manifest if there is none.
        detector: 2D detector, "family:variant", "onnx:" and the path of a .onnx file, or
            "mmpose:CONFIG:CHECKPOINT" (docs/detectors.md). Or the labels in its place:
            "ground-truth:projected", "ground-truth:measured", or "ground-truth:" and the path of a
            file of measured noise.
        boxes: what the detector's crops are cut around: "labels" for the boxes of the labels, or a
            person detector that sees every corrupted picture, "movenet:multipose".
        device: "cpu", "cuda" or "cuda:N"; for an ONNX detector also "tensorrt".
        workers: processes; by default one for each usable processor, and one on CUDA. With Ray
            actors; by default one for each processor of the cluster, and one for each GPU on CUDA.
        videos: also write the corrupted videos, as H.264 in .mp4.
        crf: constant rate factor of the videos, 0 (lossless RGB) to 51; 12 by default.
        out: folder of the shards; or "s3://bucket/prefix", without videos.
        progress: whether to show progress on stderr.
        fail_fast: end at the first clip that cannot be built. By default the others are built.
        engine: "processes" on this machine, or "ray": the running Ray cluster, or one that is
            started on this machine.

    Returns:
        The shards, joined with the labels.

    Raises:
        errors.IncompleteError: some clips cannot be built; the others are, and ``failures.json``
            in ``out`` has the causes. An `InputError`.
        InputError: an argument, a label file or a video is not as expected. Finished clips stay.
        errors.StorageError: S3 cannot be reached, or refuses. Finished clips stay.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner

    request = build_request(
        manifest, root=root, severity=severity, corruption=corruption, detector=detector,
        boxes=boxes, device=device, videos=videos, crf=crf, out=out,
    )  # fmt: skip
    with _conduct(request, "", engine, workers, progress, fail_fast) as conduct:
        runner.build(request, conduct)
    return open_shards(out, root, manifest)


def build_part(
    part: str | tuple[int, int],
    manifest: str | Path = defaults.MANIFEST,
    *,
    workers: int | None = None,
    progress: bool = True,
    fail_fast: bool = False,
    engine: str = "processes",
    **wanted: Unpack[Wanted],
) -> int:
    """Build what is missing of one part of a benchmark; `finish_build` joins the parts.

    Parts may be built at the same time, on several machines that share the folder. Which clips
    belong to a part depends on the clips of the benchmark alone, and parts have about as many
    frames. All parts must have the same ``manifest`` and ``wanted``.

    Args:
        part: its number from 0 and the number of parts, such as "0/8" or (0, 8).
        manifest: see `build`.
        workers: see `build`.
        progress: see `build`.
        fail_fast: see `build`.
        engine: see `build`.
        **wanted: root, severity, corruption, detector, boxes, device, videos, crf and out of
            `build`.

    Returns:
        The number of clips of the part. They are all there.

    Raises:
        errors.IncompleteError: some clips cannot be built; the others are, and
            ``failures-0-of-8.json`` in ``out`` (of that part) has the causes. An `InputError`.
        InputError: as of `build`; or the parts in ``out`` were begun from other inputs, with other
            software or in another number; or the same part is running there.
        errors.StorageError: as of `build`.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner
    from corruptbench.builder.parts import parse_part

    chosen, request = parse_part(part), build_request(manifest, **wanted)
    title = f", part {chosen}"
    with _conduct(request, title, engine, workers, progress, fail_fast) as conduct:
        return runner.build_part(chosen, request, conduct)


def finish_build(manifest: str | Path = defaults.MANIFEST, **wanted: Unpack[Wanted]) -> ShardSet:
    """Write the lock of a build whose parts are all there, and open its shards.

    Args:
        manifest: that of the parts.
        **wanted: those of the parts, see `build_part`. Only ``device`` may be another one.

    Returns:
        The shards, joined with the labels.

    Raises:
        errors.IncompleteError: clips are missing, and are named; nothing is written. An
            `InputError`.
        InputError: as of `build_part`.
        errors.StorageError: as of `build`.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner

    request = build_request(manifest, **wanted)
    runner.finish(request)
    return open_shards(request.out, request.recipe.root, manifest)


def build_request(
    manifest: str | Path,
    *,
    root: str | Path | None = None,
    severity: int | str | Iterable[int] = "1-5",
    corruption: str | Iterable[str] = (),
    detector: str = defaults.DETECTOR,
    boxes: str = defaults.BOXES,
    device: str = "cpu",
    videos: bool = False,
    crf: int | None = None,
    out: str | Path | S3Path = "shards",
) -> Request:
    """Return what is to be built, from the arguments of `build`."""
    from corruptbench.builder.plan import choose_cells, parse_severities
    from corruptbench.builder.runner import Request
    from corruptbench.builder.station import Recipe
    from corruptbench.errors import InputError
    from corruptbench.manifest import load_manifest
    from corruptbench.video.writer import CRF

    if crf is not None and not videos:
        raise InputError("crf is for videos only; pass videos=True, or leave crf out", "crf")
    place = any_path(out)
    if videos and isinstance(place, S3Path):
        raise InputError(
            f"{place}: corrupted videos are not written to S3; leave videos out, or build into a "
            "folder of this machine",
            "videos",
        )
    recipe = Recipe(load_manifest(str(manifest)), optional_path(root), detector, device, boxes)
    names = [corruption] if isinstance(corruption, str) else list(corruption)
    cells = choose_cells(recipe.manifest, parse_severities(severity), names)
    rate = (CRF if crf is None else crf) if videos else None
    return Request(recipe, cells, place, rate)


@contextmanager
def _conduct(
    request: Request, part: str, engine: str, workers: int | None, shown: bool, fail_fast: bool
) -> Iterator[Conduct]:
    """Give how a build is done; ``part`` is added to its title."""
    from corruptbench.builder.build_progress import build_progress
    from corruptbench.builder.engines import opened
    from corruptbench.builder.runner import Conduct
    from corruptbench.progress import note

    title = f"{request.recipe.manifest.title}{part}: {len(request.cells)} cells"
    with opened(engine, workers, request.recipe.device) as ready:
        if shown and ready.where:
            note(f"engine: {ready.where}")
        with build_progress(title, ready.workers, shown) as (announce, advance):
            yield Conduct(ready, announce, advance, fail_fast)

"""The functions of the package: build a benchmark, open its shards, evaluate a lifter.

The command line calls the same ones. What a function needs (torch, the detector's runtime, video
codecs) is imported when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench import defaults

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from corruptbench.builder.outlook import Outlook
    from corruptbench.builder.runner import Announce, Conduct, Progress, Request
    from corruptbench.leaderboard.schema import Result as ResultRecord
    from corruptbench.lifters.lifter import Lifter
    from corruptbench.shards.shard_set import ShardSet


def build(
    manifest: str | Path = defaults.MANIFEST,
    *,
    root: str | Path | None = None,
    severity: int | str | Iterable[int] = "1-5",
    corruption: str | Iterable[str] = (),
    detector: str = defaults.DETECTOR,
    device: str = "cpu",
    workers: int | None = None,
    videos: bool = False,
    crf: int | None = None,
    out: str | Path = "shards",
    progress: bool = True,
    fail_fast: bool = False,
) -> ShardSet:
    """Build what is missing of a benchmark, and open its shards.

    Clips that are there, made from the same inputs, are kept: an interrupted call resumes.

    Args:
        manifest: id of a benchmark that comes with the package, or path of a manifest (.toml).
        root: folder of the data set; None for the embedded studio set.
        severity: 1 to 5: one, several, or text such as "1-5" or "1,3,5".
        corruption: names of corruptions; all of the manifest if there is none.
        detector: 2D detector, "family:variant", or "onnx:" and the path of a .onnx file.
        device: "cpu", "cuda" or "cuda:N"; for an ONNX detector also "tensorrt".
        workers: processes; by default one for each usable processor, and one on CUDA.
        videos: also write the corrupted videos, as H.264 in .mp4.
        crf: constant rate factor of the videos, 0 (lossless RGB) to 51; 12 by default.
        out: folder of the shards.
        progress: whether to show progress on stderr.
        fail_fast: end at the first clip that cannot be built. By default the others are built.

    Returns:
        The shards, joined with the labels.

    Raises:
        errors.IncompleteError: some clips cannot be built; the others are, and ``failures.json``
            in ``out`` has the causes. An `InputError`.
        InputError: an argument, a label file or a video is not as expected. Finished clips stay.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner

    request = _request(manifest, root, severity, corruption, detector, device, videos, crf, out)
    with _conduct(request, "", workers, progress, fail_fast) as conduct:
        runner.build(request, conduct)
    return open_shards(out, root, manifest)


def build_part(
    part: str | tuple[int, int],
    manifest: str | Path = defaults.MANIFEST,
    *,
    root: str | Path | None = None,
    severity: int | str | Iterable[int] = "1-5",
    corruption: str | Iterable[str] = (),
    detector: str = defaults.DETECTOR,
    device: str = "cpu",
    workers: int | None = None,
    videos: bool = False,
    crf: int | None = None,
    out: str | Path = "shards",
    progress: bool = True,
    fail_fast: bool = False,
) -> int:
    """Build what is missing of one part of a benchmark; `finish_build` joins the parts.

    Parts may be built at the same time, on several machines that share the folder. Which clips
    belong to a part depends on the clips of the benchmark alone, and parts have about as many
    frames. The other arguments are those of `build`, and must be the same for all parts.

    Args:
        part: its number from 0 and the number of parts, such as "0/8" or (0, 8).
        manifest: see `build`.
        root: see `build`.
        severity: see `build`.
        corruption: see `build`.
        detector: see `build`.
        device: see `build`.
        workers: see `build`.
        videos: see `build`.
        crf: see `build`.
        out: see `build`.
        progress: see `build`.
        fail_fast: see `build`.

    Returns:
        The number of clips of the part. They are all there.

    Raises:
        errors.IncompleteError: some clips cannot be built; the others are, and
            ``failures-0-of-8.json`` in ``out`` (of that part) has the causes. An `InputError`.
        InputError: as of `build`; or the parts in ``out`` were begun from other inputs, with other
            software or in another number; or the same part is running there.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner
    from corruptbench.builder.parts import parse_part

    chosen = parse_part(part)
    request = _request(manifest, root, severity, corruption, detector, device, videos, crf, out)
    with _conduct(request, f", part {chosen}", workers, progress, fail_fast) as conduct:
        return runner.build_part(chosen, request, conduct)


def finish_build(
    manifest: str | Path = defaults.MANIFEST,
    *,
    root: str | Path | None = None,
    severity: int | str | Iterable[int] = "1-5",
    corruption: str | Iterable[str] = (),
    detector: str = defaults.DETECTOR,
    device: str = "cpu",
    videos: bool = False,
    crf: int | None = None,
    out: str | Path = "shards",
) -> ShardSet:
    """Write the lock of a build whose parts are all there, and open its shards.

    Args:
        manifest: as of the parts, like all arguments but ``device``; see `build`.
        root: see `build`.
        severity: see `build`.
        corruption: see `build`.
        detector: see `build`.
        device: see `build`.
        videos: see `build`.
        crf: see `build`.
        out: see `build`.

    Returns:
        The shards, joined with the labels.

    Raises:
        errors.IncompleteError: clips are missing, and are named; nothing is written. An
            `InputError`.
        InputError: as of `build_part`.
        detectors.DetectorError: the detector cannot be loaded, or its weights are missing.
    """
    from corruptbench.builder import runner

    request = _request(manifest, root, severity, corruption, detector, device, videos, crf, out)
    runner.finish(request)
    return open_shards(out, root, manifest)


def _request(
    manifest: str | Path,
    root: str | Path | None,
    severity: int | str | Iterable[int],
    corruption: str | Iterable[str],
    detector: str,
    device: str,
    videos: bool,
    crf: int | None,
    out: str | Path,
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
    recipe = Recipe(load_manifest(str(manifest)), _path(root), detector, device)
    names = [corruption] if isinstance(corruption, str) else list(corruption)
    cells = choose_cells(recipe.manifest, parse_severities(severity), names)
    wanted = (CRF if crf is None else crf) if videos else None
    return Request(recipe, cells, Path(out), wanted)


@contextmanager
def _conduct(
    request: Request, part: str, workers: int | None, shown: bool, fail_fast: bool
) -> Iterator[Conduct]:
    """Give how a build is done; ``part`` is added to its title."""
    from corruptbench.builder.runner import Conduct
    from corruptbench.processors import usable_processors

    if workers is None:
        workers = usable_processors() if request.recipe.device == "cpu" else 1
    title = f"{request.recipe.manifest.title}{part}: {len(request.cells)} cells"
    with _build_progress(title, workers, shown) as (announce, advance):
        yield Conduct(workers, announce, advance, fail_fast)


@contextmanager
def _build_progress(title: str, workers: int, shown: bool) -> Iterator[tuple[Announce, Progress]]:
    """Give the two callbacks of a build; they print nothing unless ``shown``."""
    from corruptbench.progress import Meter, counted, duration, megabytes, note

    if not shown or sys.stderr is None:
        yield lambda found: None, lambda crops, clips: None  # noqa: ARG005
        return
    with ExitStack() as stack:
        meters: list[Meter] = []
        clips = 0

        def announce(found: Outlook) -> None:
            note(
                f"{title}, {counted(found.clips, 'clip')}, {found.missing} to build "
                f"({counted(found.crops, 'crop')}), {counted(workers, 'worker')}"
            )
            for text in found.notes:
                note(text)
            if found.missing:
                note(
                    f"{counted(found.frames, 'frame')}; about {duration(found.seconds)} and "
                    f"{megabytes(found.size)} ({megabytes(found.free)} are free)"
                )
                meters.append(stack.enter_context(Meter("build", found.crops, "crops")))

        def advance(crops_done: int, clips_done: int) -> None:
            nonlocal clips
            clips += clips_done
            meters[0].advance(crops_done, f"({counted(clips, 'clip')})")

        yield announce, advance


def open_shards(
    folder: str | Path = "shards",
    root: str | Path | None = None,
    manifest: str | Path | None = None,
) -> ShardSet:
    """Open the folder of a finished build.

    Args:
        folder: the ``out`` of the build.
        root: folder of the data set, for the labels; None for the embedded studio set.
        manifest: id or path; by default the shipped manifest that the lock names.

    Returns:
        The shards. ``for clip, detections in shards.clips()`` gives each clip with its labels and
        the detections of all its cells.

    Raises:
        InputError: the build is not finished, or was made from another manifest.
    """
    from corruptbench.shards import shard_set

    name = None if manifest is None else str(manifest)
    return shard_set.open_shards(Path(folder), _path(root), name)


def load_lifter(
    path: str | Path,
    device: str = "cpu",
    *,
    allow: Iterable[str] = (),
    time_limit: float | None = None,
    memory_limit: float | None = None,
    threads: int | None = None,
    trust: bool = False,
    log: str | Path | None = None,
) -> Lifter:
    """Load an exported lifter into a process of its own, and probe it on made-up input.

    A model is a program. On Linux its process has no network and cannot write files, where the
    system permits that; it can read what you can read.

    Args:
        path: ``.pt2`` (torch.export), ``.pt`` (TorchScript) or ``.onnx``, the contract inside or
            beside it.
        device: "cpu", "cuda" or "cuda:N".
        allow: names of probes that it may fail; the result is marked.
        time_limit: seconds for loading and for each batch; 300 by default.
        memory_limit: GB on a CPU; 8 by default.
        threads: of a CPU; by default one for each usable processor.
        trust: whether to run machine code that the file holds (AOTInductor).
        log: file for what the model prints; nowhere by default.

    Returns:
        A callable on (B, T, J, C) float32 arrays in the contract's convention.

    Raises:
        InputError: the file is no such model, is damaged, has no contract, breaks it, fails a
            probe, or needs more than the limits.
    """
    from corruptbench.lifters import lifter
    from corruptbench.lifters.process import MEMORY_LIMIT, TIME_LIMIT, RunLimits

    limits = RunLimits(time_limit or TIME_LIMIT, memory_limit or MEMORY_LIMIT, threads)
    return lifter.load_lifter(Path(path), device, limits, tuple(allow), trust, _path(log))


def evaluate(
    model: str | Path | Lifter,
    shards: str | Path | ShardSet = "shards",
    *,
    root: str | Path | None = None,
    manifest: str | Path | None = None,
    device: str = "cpu",
    progress: bool = True,
    save_predictions: str | Path | None = None,
    filter: str | None = None,  # noqa: A002
) -> Result:
    """Score a lifter on every cell of a build.

    Args:
        model: path of an exported lifter, or one from `load_lifter`, which has more options.
        shards: folder of a finished build, or what `build` or `open_shards` returned.
        root: folder of the data set, as for `open_shards`; not for shards that are open already.
        manifest: likewise.
        device: "cpu", "cuda" or "cuda:N"; not for a lifter that is loaded already.
        progress: whether to show progress on stderr.
        save_predictions: Parquet file for the poses, which `score` reads; nowhere by default.
        filter: smooths the keypoints of each clip over time before the lifter sees them:
            "learned_confidence", "median_confidence", "one_euro" or "savitzky_golay"; none by
            default. The row has a name of its own, such as "videopose3d-27+one_euro".

    Returns:
        Errors in mm, in memory; `Result.save` writes them.

    Raises:
        InputError: the shards or the model are not as expected, there is no such filter, or the
            model gives poses that cannot be scored.
    """
    from corruptbench.evaluation.live import LivePoses
    from corruptbench.evaluation.predictions import saved
    from corruptbench.evaluation.run import evaluated
    from corruptbench.lifters.filtered import filter_doubt
    from corruptbench.progress import note
    from corruptbench.shards.shard_set import ShardSet

    shard_set = shards if isinstance(shards, ShardSet) else open_shards(shards, root, manifest)
    if progress and (line := filter_doubt(filter, shard_set.lock.detector.name)):
        note(line)
    lifter = load_lifter(model, device) if isinstance(model, (str, Path)) else model
    name = lifter.name or lifter.contract.name
    command = f"corruptbench evaluate {name} --shards SHARDS --device {lifter.device}"
    command += f" --filter {filter}" if filter else ""
    source = LivePoses(lifter, filter)
    with saved(_path(save_predictions), source, shard_set) as watchers:
        return Result(*evaluated(source, shard_set, command, progress, watchers))


def score(
    predictions: str | Path,
    shards: str | Path | ShardSet = "shards",
    *,
    root: str | Path | None = None,
    manifest: str | Path | None = None,
    contract: str | Path | None = None,
    progress: bool = True,
) -> Result:
    """Score the predictions of a lifter without the lifter.

    Args:
        predictions: what ``evaluate(save_predictions=...)`` wrote, which gives the same numbers; or
            a folder of ``.npz``, one for each cell, named as the 2D files that ``corruptbench
            convert --format videopose3d`` writes (``docs/results.md`` has the layout).
        shards: folder of a finished build, or what `build` or `open_shards` returned.
        root: folder of the data set, as for `open_shards`; not for shards that are open already.
        manifest: likewise.
        contract: path of the lifter's contract (.toml). Only a folder of ``.npz`` needs one.
        progress: whether to show progress on stderr.

    Returns:
        Errors in mm, in memory; `Result.save` writes them.

    Raises:
        InputError: the predictions are damaged, incomplete, or those of other shards, or cannot
            be scored.
    """
    from corruptbench.convert.predictions import predicted_poses
    from corruptbench.evaluation.run import evaluated
    from corruptbench.shards.shard_set import ShardSet

    shard_set = shards if isinstance(shards, ShardSet) else open_shards(shards, root, manifest)
    path = Path(predictions)
    declared = "" if contract is None else f" --contract {Path(contract).name}"
    command = f"corruptbench score {path.name} --shards SHARDS{declared}"
    source = predicted_poses(path, shard_set, _path(contract))
    return Result(*evaluated(source, shard_set, command, progress))


@dataclass(frozen=True, repr=False)
class Result:
    """The errors of one lifter on one benchmark.

    Attributes:
        record: all numbers and what they were measured on, as the leaderboard stores them.
        clips: one row for each clip and cell; errors in mm.
        companions: tables of frames, of joints, and of the worst and best clips.
    """

    record: ResultRecord
    clips: pd.DataFrame
    companions: dict[str, pa.Table] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """Errors by corruption, clean first, in mm; MPJVE in mm per frame.

        A row is the mean over the severities of a corruption; ``corrupted`` is the mean over the
        corruptions. Columns: mpjpe, p_mpjpe, mpjve, and degradation (MPJPE less the clean one).
        """
        import pandas as pd

        from corruptbench.leaderboard.schema import METRICS

        columns: dict[str, dict[str, float | None]] = {}
        for metric in METRICS:
            found = getattr(self.record, metric)
            if found is None:
                continue
            columns[metric] = {
                "clean": found.clean, **found.corruptions, "corrupted": found.corrupted
            }  # fmt: skip
        table = pd.DataFrame(columns)
        table["degradation"] = table[self.record.main_metric] - self.record.errors.clean
        return table.rename_axis("corruption")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the numbers may not mean what they seem, one line each."""
        return tuple(warning.text for warning in self.record.warnings or ())

    def save(self, folder: str | Path = "results") -> Path:
        """Write ``<lifter>.json``, ``<lifter>.clips.parquet`` and the companions.

        The leaderboard takes the first two.

        Returns:
            The path of the JSON file.

        Raises:
            OSError: the folder cannot be written.
        """
        from corruptbench.evaluation.result import save

        return save(self.record, self.clips, Path(folder), self.companions)

    def __repr__(self) -> str:
        """Return the title, the table and the warnings as text."""
        lines = [self._title, self.table.round(1).to_string()]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])

    def _repr_html_(self) -> str:
        """Return the title, the table and the warnings for a notebook."""
        warnings = "".join(f"<p>warning: {escape(text)}</p>" for text in self.warnings)
        return f"<p>{self._title}</p>{self.table.round(1).to_html()}{warnings}"

    @property
    def _title(self) -> str:
        from corruptbench.leaderboard.columns import METRIC_COLUMNS

        benchmark = self.record.benchmark
        return (
            f"{self.record.lifter.name} on {benchmark.id}, version {benchmark.version}: "
            f"{METRIC_COLUMNS[self.record.main_metric].label} {self.record.errors.clean:.1f} mm "
            f"clean, {self.record.errors.corrupted:.1f} mm corrupted"
        )


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)

"""``corruptbench preview``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench import defaults
from corruptbench.cli import options
from corruptbench.cli import person as followed
from corruptbench.cli.clips import by_name
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.target import check_target
from corruptbench.cli.words import suggestion

if TYPE_CHECKING:
    from corruptbench.corruptions import Frame
    from corruptbench.datasets import Clip
    from corruptbench.detectors import Detector
    from corruptbench.manifest import Cell, Manifest
    from corruptbench.preview.scene import Scene
    from corruptbench.video.person_track import PersonTrack, Point

CRF = 20  # of a video that is looked at, not measured
SUFFIXES = {".png": "one frame", ".mp4": "all"}


@define(
    "corruptbench preview --manifest studio-c-mini --out preview.png",
    "corruptbench preview my_video.mp4 --corruption erase --severity 3 --out erase.mp4",
)
@click.argument("clip", required=False)
@options.manifest(None, f"Default: {defaults.MANIFEST}. ")
@options.root
@click.option(
    "--frame",
    type=int,
    help="Of a .png. Default: the frame with a person that is nearest to the middle.",
)
@options.severities
@options.corruptions("those of the benchmark; for a video all")
@options.detector
@followed.person
@followed.boxes
@click.option("--skeleton/--no-skeleton", default=True, help="Draw what the detector finds.")
@options.quiet
@options.out("preview.png", ".png: one frame. .mp4: the whole clip.")
def command(
    clip: str | None,
    manifest: str | None,
    root: Path | None,
    frame: int | None,
    severity: str,
    corruption: tuple[str, ...],
    detector: str,
    person: Point | None,
    boxes: Path | None,
    skeleton: bool,
    quiet: bool,
    out: Path,
) -> None:
    """Show a clip in every cell, with the skeleton found: a sheet, or a video.

    CLIP is a clip of the benchmark, such as S6/walking_1.cam1 (corruptbench clips lists them;
    default: the first), or the path of any video.

    The corruptions of the benchmark are shown with exactly the pixels of its build. The noise of
    other corruptions, and of any video, depends on the content of the video file, not on its name.
    """
    from corruptbench.builder.plan import choose_cells, parse_severities
    from corruptbench.detectors import load
    from corruptbench.manifest import Cell, load_manifest
    from corruptbench.preview.scene import scene_of_clip, scene_of_video
    from corruptbench.progress import note
    from corruptbench.video.probe import look_at

    loose = Path(clip) if clip is not None and Path(clip).is_file() else None
    check_target(out, SUFFIXES, loose)
    still = out.suffix.lower() == ".png"
    if frame is not None and not still:
        raise click.UsageError(f"--frame {frame}: {out} shows all frames; name a .png for one.")
    severities = parse_severities(severity)
    chosen = [Cell(name, s) for name in corruption for s in severities]
    if loose is not None:
        _check_alone(loose, manifest, root)
        table = followed.table_of(person, boxes)
        video = look_at(loose)
        looker = load(detector) if skeleton or table is None else None
        track = followed.find(video, person, table, looker)
        scene = scene_of_video(video, chosen or _all_cells(severities), track)
        oddities = list(video.facts.oddities())
    else:
        benchmark = load_manifest(manifest or defaults.MANIFEST)
        found = _clip(benchmark, root, clip)
        _check_labeled(found, person, boxes)
        check_target(out, SUFFIXES, found.video)
        looker = load(detector)
        cells = chosen or choose_cells(benchmark, severities)[1:]
        track, scene, oddities = None, scene_of_clip(found, cells, benchmark), []
    for text in () if quiet else (*_notes(scene, track), *oddities):
        note(f"{scene.name}: {text}")
    finder = looker if skeleton else None
    if still:
        shown = _write_picture(out, scene, frame, finder, quiet)
    else:
        shown = _write_video(out, scene, finder, quiet)
    say_text(f"{shown} of {scene.name}: {out}")


def _check_alone(video: Path, manifest: str | None, root: Path | None) -> None:
    for option, value in (("--manifest", manifest), ("--root", root)):
        if value is not None:
            raise click.UsageError(
                f"{option} {value}: {video} is a video file, which needs no benchmark; "
                f"leave {option} out, or name a clip of the benchmark."
            )


def _check_labeled(clip: Clip, person: Point | None, boxes: Path | None) -> None:
    for option, value in (
        ("--person", person and f"{person[0]:g},{person[1]:g}"),
        ("--boxes", boxes),
    ):
        if value is not None:
            raise click.UsageError(
                f"{option} {value}: {clip.id} is a clip of a benchmark, whose "
                f"labels say where the person is; leave {option} out, or name a video file."
            )


def _all_cells(severities: Sequence[int]) -> list[Cell]:
    from corruptbench.corruptions import all_corruptions
    from corruptbench.manifest import Cell

    return [Cell(name, s) for name in all_corruptions() for s in severities]


def _notes(scene: Scene, track: PersonTrack | None) -> Iterator[str]:
    """Give a sentence for each thing that may surprise; there is no track of a benchmark's clip."""
    from corruptbench.video.person_track import NOBODY

    if scene.nearest(0) is None:
        yield f"{NOBODY}; the whole picture is shown"
    elif track is not None:
        yield from followed.notes(track)


def _clip(benchmark: Manifest, root: Path | None, name: str | None) -> Clip:
    from corruptbench.datasets import open_dataset

    dataset = open_dataset(benchmark.dataset, root)
    clips = by_name(benchmark, dataset)
    if name is not None and name not in clips:
        raise click.UsageError(
            f"'{name}' is neither a video file nor a clip of {benchmark.id}."
            f"{suggestion(name, clips)} corruptbench clips lists the clips of a benchmark."
        )
    return dataset.load(clips[name or next(iter(clips))])


def _write_picture(
    out: Path, scene: Scene, frame: int | None, finder: Detector | None, quiet: bool
) -> str:
    import cv2

    from corruptbench.files import atomic
    from corruptbench.preview.sheet import contact_sheet
    from corruptbench.progress import note

    middle = scene.info.frames // 2
    nearest = scene.nearest(middle if frame is None else frame)
    if frame is None:
        frame = middle if nearest is None else nearest
    done, png = cv2.imencode(".png", contact_sheet(scene, frame, finder)[..., ::-1])
    if not done:
        raise click.ClickException(f"{out}: the picture could not be encoded")
    with atomic(out) as temporary:
        temporary.write_bytes(png.tobytes())
    if nearest not in (None, frame) and not quiet:
        note(f"no person visible in frame {frame}; the nearest frame with one is {nearest}")
    return f"frame {frame}"


def _write_video(out: Path, scene: Scene, finder: Detector | None, quiet: bool) -> str:
    from corruptbench.preview.sheet import moving_sheet
    from corruptbench.progress import counted, meter
    from corruptbench.video.reader import frame_rate
    from corruptbench.video.timing import Timing
    from corruptbench.video.writer import write_video

    timing = scene.timing or Timing(frame_rate(scene.video))
    with meter("preview", scene.info.frames, "frames", not quiet) as advance:

        def sheets() -> Iterator[Frame]:
            for sheet in moving_sheet(scene, finder):
                yield sheet
                advance(1, "")

        write_video(out, sheets(), timing.rate, CRF, timing.times)
    return counted(scene.info.frames, "frame")

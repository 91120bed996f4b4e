"""``corruptbench preview``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import cv2

from corruptbench.builder.plan import choose_cells, parse_severities
from corruptbench.cli.clips import by_name
from corruptbench.cli.target import check_target
from corruptbench.corruptions import Frame, all_corruptions, get
from corruptbench.datasets import Clip, open_dataset
from corruptbench.detectors import Detector, load
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.manifest import Cell, Manifest, load_manifest
from corruptbench.preview.scene import Scene, scene_of_clip, scene_of_video
from corruptbench.preview.sheet import contact_sheet, moving_sheet
from corruptbench.progress import Meter
from corruptbench.video.person_track import NOBODY
from corruptbench.video.probe import look_at
from corruptbench.video.reader import frame_rate
from corruptbench.video.timing import Timing
from corruptbench.video.writer import write_video

CRF = 20  # of a video that is looked at, not measured
MANIFEST = "studio-c"
SUFFIXES = {".png": "one frame", ".mp4": "all"}


@click.command()
@click.argument("clip", required=False)
@click.option("--manifest", help=f"Benchmark: id or .toml. Default: {MANIFEST}.")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
@click.option(
    "--frame", type=int, help="Of a .png. Default: the nearest to the middle with a person in view."
)
@click.option("--severity", default="1-5", show_default=True, help="Such as 3, 1-5 or 1,3,5.")
@click.option(
    "--corruption",
    multiple=True,
    help="Only this one, of the library; repeatable. Default: the benchmark's, or of a video all.",
)
@click.option("--detector", default="movenet:lightning", show_default=True)
@click.option("--skeleton/--no-skeleton", default=True, help="Draw what the detector finds.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("preview.png"),
    show_default=True,
    help=".png: one frame; .mp4: the whole clip.",
)
def command(
    clip: str | None,
    manifest: str | None,
    root: Path | None,
    frame: int | None,
    severity: str,
    corruption: tuple[str, ...],
    detector: str,
    skeleton: bool,
    out: Path,
) -> None:
    """Show a clip in every cell, with the skeleton found: a sheet, or a video.

    CLIP is a clip of the benchmark, such as S6/walking_1.cam1 (corruptbench clips lists them;
    default: the first), or the path of any video.

    The benchmark's corruptions are shown in the very pixels of its build. Others, and those of any
    video, are keyed by the content of the video's file: its name does not matter.
    """
    loose = Path(clip) if clip is not None and Path(clip).is_file() else None
    check_target(out, SUFFIXES, loose)
    still = out.suffix.lower() == ".png"
    if frame is not None and not still:
        raise InputError(f"--frame {frame}: {out} shows all frames; name a .png for one of them")
    severities = parse_severities(severity)
    chosen = [Cell(get(name).name, s) for name in corruption for s in severities]
    if loose is not None:
        _check_alone(loose, manifest, root)
        source = look_at(loose)
        cells = chosen or [Cell(name, s) for name in all_corruptions() for s in severities]
        looker = load(detector)
        scene = scene_of_video(source, cells, looker)
    else:
        benchmark = load_manifest(manifest or MANIFEST)
        found = _clip(benchmark, root, clip)
        check_target(out, SUFFIXES, found.video)
        looker = load(detector)
        scene = scene_of_clip(found, chosen or choose_cells(benchmark, severities)[1:], benchmark)
    finder = looker if skeleton else None
    shown = _write_picture(out, scene, frame, finder) if still else _write_film(out, scene, finder)
    click.echo(f"{shown} of {scene.name}: {out}")


def _check_alone(video: Path, manifest: str | None, root: Path | None) -> None:
    for option, value in (("--manifest", manifest), ("--root", root)):
        if value is not None:
            raise InputError(
                f"{option} {value}: {video} is a video file, which needs no benchmark; "
                f"leave {option} out, or name a clip of the benchmark"
            )


def _write_picture(out: Path, scene: Scene, frame: int | None, finder: Detector | None) -> str:
    middle = scene.facts.frames // 2
    nearest = scene.nearest(middle if frame is None else frame)
    if frame is None:
        frame = middle if nearest is None else nearest
    done, png = cv2.imencode(".png", contact_sheet(scene, frame, finder)[..., ::-1])
    if not done:
        raise InputError(f"{out}: the picture could not be encoded")
    with atomic(out) as temporary:
        temporary.write_bytes(png.tobytes())
    if nearest is None:
        click.echo(f"{scene.name}: {NOBODY}; it is shown whole", err=True)
    elif nearest != frame:
        click.echo(f"nobody is in view in frame {frame}; in frame {nearest} is somebody", err=True)
    return f"frame {frame}"


def _write_film(out: Path, scene: Scene, finder: Detector | None) -> str:
    timing = scene.timing or Timing(frame_rate(scene.video))
    with Meter("preview", scene.facts.frames, "frames") as meter:

        def sheets() -> Iterator[Frame]:
            for sheet in moving_sheet(scene, finder):
                yield sheet
                meter.advance(1)

        return f"{write_video(out, sheets(), timing.rate, CRF, timing.times)} frames"


def _clip(benchmark: Manifest, root: Path | None, name: str | None) -> Clip:
    dataset = open_dataset(benchmark.dataset, root)
    clips = by_name(benchmark, dataset)
    if name is not None and name not in clips:
        raise InputError(
            f"'{name}' is neither a video file nor a clip of {benchmark.id}; "
            "corruptbench clips, with the same --manifest and --root, lists these"
        )
    return dataset.load(clips[name or next(iter(clips))])

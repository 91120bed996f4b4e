"""``corruptbench preview``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import cv2

from corruptbench.build.encode import write_video
from corruptbench.build.plan import choose_cells, parse_severities
from corruptbench.build.preview import contact_sheet, moving_sheet
from corruptbench.build.scene import Scene, scene_of_clip, scene_of_video
from corruptbench.build.video import frame_rate
from corruptbench.cli.clips import by_name
from corruptbench.cli.progress import Meter
from corruptbench.datasets import Clip, open_dataset
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.manifest import Cell, Manifest, load_manifest
from corruptions import Frame, all_corruptions, get
from detectors import Detector, load

CRF = 20  # of a video that is looked at, not measured


@click.command()
@click.argument("clip", required=False)
@click.option("--manifest", default="studio-c", show_default=True, help="Benchmark: id or .toml.")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
@click.option("--frame", type=int, help="Of a .png. Default: the middle of the clip.")
@click.option("--severity", default="1-5", show_default=True, help="Such as 3, 1-5 or 1,3,5.")
@click.option("--corruption", multiple=True, help="Only this one; repeatable. Default: all.")
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
    manifest: str,
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
    """
    if out.suffix not in (".png", ".mp4"):
        raise InputError(f"{out}: suffix '{out.suffix}'; expected .png (one frame) or .mp4 (all)")
    if frame is not None and out.suffix == ".mp4":
        raise InputError(f"--frame {frame}: {out} shows all frames; name a .png for one of them")
    if clip is not None and out.resolve() == Path(clip).resolve():
        raise InputError(f"{out}: the same file as the source; name another")
    looker = load(detector)
    if clip is not None and Path(clip).is_file():
        names = corruption or tuple(all_corruptions())
        cells = [Cell(get(n).name, s) for n in names for s in parse_severities(severity)]
        scene = scene_of_video(Path(clip), cells, looker)
    else:
        benchmark = load_manifest(manifest)
        chosen = choose_cells(benchmark, parse_severities(severity), corruption)
        scene = scene_of_clip(_clip(benchmark, root, clip), chosen[1:], benchmark)
    finder = looker if skeleton else None
    if out.suffix == ".png":
        shown = _write_picture(out, scene, frame, finder)
    else:
        shown = _write_film(out, scene, finder)
    click.echo(f"{shown} of {scene.name}: {out}")


def _write_picture(out: Path, scene: Scene, frame: int | None, finder: Detector | None) -> str:
    frame = scene.facts.frames // 2 if frame is None else frame
    done, png = cv2.imencode(".png", contact_sheet(scene, frame, finder)[..., ::-1])
    if not done:
        raise InputError(f"{out}: the picture could not be encoded")
    with atomic(out) as temporary:
        temporary.write_bytes(png.tobytes())
    return f"frame {frame}"


def _write_film(out: Path, scene: Scene, finder: Detector | None) -> str:
    with Meter("preview", scene.facts.frames, "frames") as meter:

        def sheets() -> Iterator[Frame]:
            for sheet in moving_sheet(scene, finder):
                yield sheet
                meter.advance(1)

        return f"{write_video(out, sheets(), frame_rate(scene.video), CRF)} frames"


def _clip(benchmark: Manifest, root: Path | None, name: str | None) -> Clip:
    dataset = open_dataset(benchmark.dataset, root)
    clips = by_name(benchmark, dataset)
    if name is not None and name not in clips:
        raise InputError(
            f"'{name}' is neither a video file nor a clip of {benchmark.id}; "
            "corruptbench clips, with the same --manifest and --root, lists these"
        )
    return dataset.load(clips[name or next(iter(clips))])

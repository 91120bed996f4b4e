"""``corruptbench preview``."""

from __future__ import annotations

from pathlib import Path

import click
import cv2

from corruptbench.build.plan import choose_cells, parse_severities
from corruptbench.build.preview import contact_sheet, scene_of_clip, scene_of_video
from corruptbench.datasets import Clip, open_dataset
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.manifest import Cell, Manifest, load_manifest
from corruptions import all_corruptions, get
from detectors import load


@click.command()
@click.argument("clip", required=False)
@click.option("--manifest", default="studio-c", show_default=True, help="Benchmark: id or .toml.")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
@click.option("--frame", type=int, help="Default: the middle of the clip.")
@click.option("--severity", default="1-5", show_default=True, help="Such as 3, 1-5 or 1,3,5.")
@click.option("--corruption", multiple=True, help="Only this one; repeatable. Default: all.")
@click.option("--detector", default="movenet:lightning", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("preview.png"), show_default=True
)
def command(
    clip: str | None,
    manifest: str,
    root: Path | None,
    frame: int | None,
    severity: str,
    corruption: tuple[str, ...],
    detector: str,
    out: Path,
) -> None:
    """Draw one frame of CLIP in every cell, with the skeleton found.

    CLIP is a clip of the benchmark, such as S6/walking_1.cam1, or the path of any video.
    """
    recipe = load_manifest(manifest)
    severities = parse_severities(severity)
    looker = load(detector)
    if clip is not None and Path(clip).is_file():
        names = corruption or tuple(all_corruptions())
        cells = tuple(Cell(get(n).name, s) for n in names for s in severities)
        scene = scene_of_video(Path(clip), cells, looker)
    else:
        cells = choose_cells(recipe, severities, corruption)[1:]
        scene = scene_of_clip(_chosen(recipe, root, clip), cells, recipe)
    middle = scene.facts.frames // 2 if frame is None else frame
    sheet = contact_sheet(scene, middle, looker)
    done, png = cv2.imencode(".png", sheet[..., ::-1])
    if not done:
        raise InputError(f"{out}: the picture could not be encoded")
    with atomic(out) as temporary:
        temporary.write_bytes(png.tobytes())
    click.echo(f"contact sheet of {scene.name}, frame {middle}: {out}")


def _chosen(recipe: Manifest, root: Path | None, name: str | None) -> Clip:
    dataset = open_dataset(recipe.dataset, root)
    by_name = {str(c).partition("/")[2]: c for c in recipe.select(dataset.clip_ids())}
    first = next(iter(by_name))
    if name is not None and name not in by_name:
        raise InputError(
            f"'{name}' is neither a video file nor a clip of {recipe.id}; its first is {first}"
        )
    return dataset.load(by_name[name or first])

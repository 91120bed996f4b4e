"""``corruptbench preview``."""

from __future__ import annotations

from pathlib import Path

import click
import cv2

from corruptbench.build.plan import choose_cells, parse_severities
from corruptbench.build.preview import contact_sheet
from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.manifest import load_manifest
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
    """Draw one frame of CLIP (such as S6/walking_1.cam1) in every cell, with the skeleton found."""
    recipe = load_manifest(manifest)
    cells = choose_cells(recipe, parse_severities(severity), corruption)
    dataset = open_dataset(recipe.dataset, root)
    by_name = {str(c).partition("/")[2]: c for c in recipe.select(dataset.clip_ids())}
    name = clip or next(iter(by_name))
    if name not in by_name:
        raise InputError(f"no clip '{name}' in {recipe.id}; the first is {next(iter(by_name))}")
    chosen = dataset.load(by_name[name])
    middle = len(chosen.joints) // 2 if frame is None else frame
    sheet = contact_sheet(chosen, middle, cells, recipe, load(detector))
    done, png = cv2.imencode(".png", sheet[..., ::-1])
    if not done:
        raise InputError(f"{out}: the picture could not be encoded")
    with atomic(out) as temporary:
        temporary.write_bytes(png.tobytes())
    click.echo(f"contact sheet of {chosen.id}, frame {middle}: {out}")

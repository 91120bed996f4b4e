"""Draw the occluder's objects: ``python -m tools.objects --libraries FOLDER [NAME ...]``.

FOLDER has the ``.sh3f`` files of the Debian package ``sweethome3d-furniture``. Needs the packages
of ``tools/studio/requirements.txt`` (moderngl, numpy, opencv) and EGL, no GPU. Writes a picture of
each object and, without names, the text that says whose models they are. Prints the heights, which
belong into ``corruptions/_objects.py``.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np

from .catalog import CHOICES, LIBRARIES, Model, load
from .cut import cut
from .renderer import Renderer

OUT = Path(__file__).parents[2] / "corruptions" / "objects"
LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]

HEAD = """# Where these objects come from

`python -m tools.objects` rendered each picture from a 3D model of the Debian package
`sweethome3d-furniture` 1.8, whose authors gave the models away: Blend Swap's contributors, Scopia,
and Andrew Kator with Jennifer Legaz. Emmanuel Puybaret (eTeks, Sweet Home 3D) converted them.
Changes: turned, lit, its colors weakened and worn a little, drawn as a picture with a shadow.

A picture has two halves: above, the object (RGBA, color times coverage), and below, its shadow on
the floor. The pictures of CC BY models are under the same license; those of CC0 models are CC0.
[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/),
[CC BY 3.0](https://creativecommons.org/licenses/by/3.0/),
[CC BY 3.0 US](https://creativecommons.org/licenses/by/3.0/us/).

| picture | model | author | license | height, m |
|---|---|---|---|---|
"""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.objects", description=__doc__)
    parser.add_argument("--libraries", type=Path, required=True, help="folder of .sh3f files")
    parser.add_argument("names", nargs="*", help="draw these only")
    options = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        folder = Path(unpacked)
        for library, _ in LIBRARIES.values():
            with zipfile.ZipFile(options.libraries / f"{library}.sh3f") as packed:
                packed.extractall(folder / library)
        models = {name: load(folder, choice) for name, choice in CHOICES.items()}
        renderer = Renderer()
        for name in options.names or models:
            picture = cut(renderer.draw(models[name].parts))
            _write(OUT / f"{name}.webp", picture)
            print(f'    "{name}": {models[name].height:.2f},', flush=True)
    if not options.names:
        (OUT / "README.md").write_text(HEAD + "".join(_row(*one) for one in models.items()))


def _write(path: Path, picture: np.ndarray) -> None:
    done, data = cv2.imencode(".webp", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA), LOSSLESS)
    if not done:
        raise RuntimeError(f"{path}: not written")
    path.write_bytes(data.tobytes())


def _row(name: str, model: Model) -> str:
    return (
        f"| `{name}` | {model.title} (`{model.source}`) | {model.author} | {model.license}"
        f" | {model.height:.2f} |\n"
    )


if __name__ == "__main__":
    main()

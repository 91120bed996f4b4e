"""The wheel is whole: installed elsewhere, the command runs on what came with it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from corruptbench.detectors import weights

ROOT = Path(__file__).parents[1]
#: Folders of the checkout that are parts of the package: other packages may have these names.
FOLDERS = ("baselines", "corruptions", "detectors", "leaderboard", "manifests")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("corruptbench-*.whl"))


def test_contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for needed in (
        "corruptbench/baselines/videopose3d-27.pt2",
        "corruptbench/corruptions/objects/README.md",
        "corruptbench/corruptions/objects/stroller.webp",
        "corruptbench/corruptions/pictures/erase.webp",
        "corruptbench/manifests/studio-c.toml",
        "corruptbench/manifests/studio-c-mini.toml",
        "corruptbench/leaderboard/benchmarks.json",
        "corruptbench/leaderboard/references/studio-c-v3.json",
        "corruptbench/leaderboard/page/site/compare.js",
        "corruptbench/leaderboard/page/site/page.html.jinja",
        "corruptbench/keypoint_evaluation/calibrations/movenet-lightning.json",
        "corruptbench/keypoint_evaluation/site/detectors.html.jinja",
        "corruptbench/manifests/human36m-c.toml",
        "corruptbench/datasets/human36m/official.json",
        "corruptbench/datasets/studio/dataset.json",
        "corruptbench/datasets/studio/labels/S6.parquet",
        "corruptbench/datasets/studio/videos/S6/walking_1.cam1.mp4",
        "corruptbench/datasets/studio/learned_input.pt",
        "corruptbench/datasets/studio/train_shards/lock.json",
        "corruptbench/datasets/studio/more_train_shards/lock.json",
        "corruptbench/datasets/studio/train_noise.parquet",
        "corruptbench/py.typed",
    ):
        assert needed in names
    tops = {name.partition("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"corruptbench"}
    assert not [n for n in names if "/results/" in n or n.endswith(".pyc")]


def site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment that has the wheel of its own and borrows the other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    site = site_packages(folder)
    # Other people's packages of these names are on PyPI; an import of ours must not reach them.
    for name in FOLDERS:
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("raise ImportError('not this package')\n")
    # The path is appended, and .pth files in it are not followed: our own packages are the wheel's.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def run(installed, *words, program="corruptbench"):
    environment = {"PATH": os.environ["PATH"], "CORRUPTBENCH_WEIGHTS": str(weights.root())}
    done = subprocess.run(
        [installed / "bin" / program, *map(str, words)],
        capture_output=True, text=True, cwd=installed, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_runs(installed):
    assert run(installed, "--version").startswith("corruptbench ")
    where = "import corruptbench.corruptions, corruptbench.manifests; print(corruptbench.__file__)"
    assert run(installed, "-c", where, program="python").startswith(str(installed))


@pytest.mark.parametrize("words", [("clips",), ("data", "check", "studio", "--json"), ("-h",)])
def test_folders_of_the_same_names_where_the_user_works_are_not_imported(
    installed, tmp_path, words
):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not this package')\n")
    done, here = (
        subprocess.run(
            [python, "-m", "corruptbench", *words], capture_output=True, text=True, cwd=folder
        )
        for python, folder in ((installed / "bin" / "python", tmp_path), (sys.executable, ROOT))
    )
    assert done.returncode == 0, done.stderr
    places = str(site_packages(installed)), str(ROOT)  # `data check` names the files
    assert done.stdout.replace(*places) == here.stdout != ""


@pytest.mark.detector
def test_the_embedded_data_is_there(installed):
    run(
        installed,
        "preview",
        "S7/walking_1.cam4",
        "--corruption",
        "erase",
        "--out",
        installed / "p.png",
    )
    assert (installed / "p.png").stat().st_size > 10_000

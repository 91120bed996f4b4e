"""The public Python API: its surface, its cost of import, and three lines that work."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import corruptbench as cb
from corruptbench.leaderboard import check

HEAVY = ("numpy", "torch", "pandas", "numba", "cv2", "pyarrow", "av", "rich", "click", "pydantic")

#: The public surface. A change here is a change for every user: say it in the changelog.
SURFACE = {
    "InputError": None,
    "Result": (
        "(record: 'ResultRecord', clips: 'pd.DataFrame', "
        "companions: 'dict[str, pa.Table]' = <factory>) -> None"
    ),
    "build": (
        "(manifest: 'str | Path' = 'studio-c', *, root: 'str | Path | None' = None, "
        "severity: 'int | str | Iterable[int]' = '1-5', corruption: 'str | Iterable[str]' = (), "
        "detector: 'str' = 'movenet:lightning', boxes: 'str' = 'labels', device: 'str' = 'cpu', "
        "workers: 'int | None' = None, videos: 'bool' = False, crf: 'int | None' = None, "
        "out: 'str | Path | S3Path' = 'shards', progress: 'bool' = True, "
        "fail_fast: 'bool' = False, engine: 'str' = 'processes') -> 'ShardSet'"
    ),
    "build_part": (
        "(part: 'str | tuple[int, int]', manifest: 'str | Path' = 'studio-c', *, "
        "workers: 'int | None' = None, progress: 'bool' = True, fail_fast: 'bool' = False, "
        "engine: 'str' = 'processes', **wanted: 'Unpack[Wanted]') -> 'int'"
    ),
    "corrupt": (
        "(frames: 'Frames', name: 'str', severity: 'int' = 3, *, boxes: 'ArrayLike | None' = None, "
        "fps: 'float' = 25.0, seed: 'int' = 0) -> 'Frames'"
    ),
    "evaluate": (
        "(model: 'str | Path | Lifter', shards: 'str | Path | S3Path | ShardSet' = 'shards', *, "
        "root: 'str | Path | None' = None, manifest: 'str | Path | None' = None, "
        "device: 'str' = 'cpu', progress: 'bool' = True, "
        "save_predictions: 'str | Path | None' = None, filter: 'str | None' = None, "
        "calibration: 'str | Path | None' = None) -> 'Result'"
    ),
    "evaluate_detector": (
        "(shards: 'str | Path | ShardSet | Iterable[str | Path | ShardSet]' = 'shards', *, "
        "root: 'str | Path | None' = None, manifest: 'str | Path | None' = None, "
        "scores: 'str' = 'raw', calibration: 'str | Path | Iterable[str | Path]' = (), "
        "progress: 'bool' = True) -> 'DetectorEvaluation'"
    ),
    "finish_build": (
        "(manifest: 'str | Path' = 'studio-c', **wanted: 'Unpack[Wanted]') -> 'ShardSet'"
    ),
    "list_corruptions": None,
    "load_lifter": (
        "(path: 'str | Path', device: 'str' = 'cpu', *, allow: 'Iterable[str]' = (), "
        "time_limit: 'float | None' = None, memory_limit: 'float | None' = None, "
        "threads: 'int | None' = None, trust: 'bool' = False, log: 'str | Path | None' = None) "
        "-> 'Lifter'"
    ),
    "open_shards": (
        "(folder: 'str | Path | S3Path' = 'shards', root: 'str | Path | None' = None, "
        "manifest: 'str | Path | None' = None) -> 'ShardSet'"
    ),
    "score": (
        "(predictions: 'str | Path', shards: 'str | Path | S3Path | ShardSet' = 'shards', *, "
        "root: 'str | Path | None' = None, manifest: 'str | Path | None' = None, "
        "contract: 'str | Path | None' = None, progress: 'bool' = True) -> 'Result'"
    ),
}


def test_the_surface_is_what_it_was():
    assert sorted(cb.__all__) == sorted(SURFACE)
    for name, signature in SURFACE.items():
        value = getattr(cb, name)
        assert inspect.getdoc(value)
        if signature is not None:
            assert str(inspect.signature(value)) == signature
    public = {n for n in vars(cb.Result) if not n.startswith("_")}
    assert public == {"save", "table", "warnings"}
    assert set(SURFACE) <= set(dir(cb))


def test_importing_it_imports_nothing_heavy():
    code = f"import sys, corruptbench; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        _ = cb.biuld


@pytest.fixture(scope="module")
def result(mini_full, mini, mini_manifest, tiny_lifter) -> cb.Result:
    shards = cb.open_shards(mini_full, mini, mini_manifest)
    return cb.evaluate(str(tiny_lifter), shards, progress=False)


def test_a_result_is_a_table(result):
    assert list(result.table.index) == ["clean", "erase", "gaussian_noise", "corrupted"]
    assert list(result.table.columns) == ["mpjpe", "p_mpjpe", "mpjve", "degradation"]
    table = result.table
    assert table.loc["clean", "degradation"] == 0
    middle = table.loc[["erase", "gaussian_noise"], "mpjpe"].mean()
    assert table.loc["corrupted", "mpjpe"] == pytest.approx(middle, rel=1e-12)
    assert isinstance(result.clips, pd.DataFrame)
    assert "tiny on mini-c, version 1" in repr(result)
    assert "gaussian_noise" in result._repr_html_()


def test_a_saved_result_passes_the_referee_and_equals_the_command_lines(
    result, mini_full, mini, mini_manifest, tiny_lifter, cli, tmp_path
):
    path = result.save(tmp_path / "api")
    assert check(path).lifter.name == "tiny"
    words = ("--root", mini, "--manifest", mini_manifest, "--out", tmp_path / "cli")
    assert cli("evaluate", tiny_lifter, "--shards", mini_full, *words).code == 0
    for name in ("tiny.json", "tiny.clips.parquet"):
        assert (tmp_path / "api" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()


def test_a_loaded_lifter_and_folders_as_text(mini_full, mini, mini_manifest, tiny_lifter, capsys):
    lifter = cb.load_lifter(str(tiny_lifter))
    found = cb.evaluate(lifter, str(mini_full), root=str(mini), manifest=str(mini_manifest))
    assert found.record.lifter.name == "tiny"
    assert found.record.command.startswith(f"corruptbench evaluate {tiny_lifter.name} ")
    said = capsys.readouterr()
    assert said.out == ""
    assert "evaluate: 66/66 tracks" in said.err


SCRIPT = """
import corruptbench as cb
few = {{"severity": 2, "corruption": "erase"}}
shards = cb.build(r"{manifest}", root=r"{root}", workers=2, out="built", **few)
print([str(c) for c in shards.cells])
"""


@pytest.mark.detector
def test_a_script_without_a_main_guard_may_use_workers(mini, mini_manifest, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(manifest=mini_manifest, root=mini), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=300, cwd=tmp_path,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['clean', 'erase 2']"
    assert done.stderr.count("2 workers") == 1


def environment() -> dict[str, str]:
    """This process's environment, with this checkout first on the path of modules."""
    return os.environ | {"PYTHONPATH": str(Path(cb.__file__).parents[1])}


def test_bad_arguments_are_said(tmp_path):
    with pytest.raises(cb.InputError, match=r"severity '1,9'.*out of range"):
        cb.build("studio-c-mini", severity=[1, 9], out=tmp_path / "x")
    with pytest.raises(cb.InputError, match=r"'fog'.*erase"):
        cb.build("studio-c-mini", corruption="fog", out=tmp_path / "x")
    with pytest.raises(cb.InputError, match="no such folder"):
        cb.open_shards(tmp_path / "nothing")
    assert not list(tmp_path.iterdir())


def test_three_lines_corrupt_an_array():
    frames = np.full((4, 64, 48, 3), 128, dtype=np.uint8)
    noisy = cb.corrupt(frames, "gaussian_noise", severity=3)
    assert noisy.shape == frames.shape
    assert noisy.dtype == frames.dtype
    assert noisy.std() > 5
    assert len(cb.list_corruptions()) == 19

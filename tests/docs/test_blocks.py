"""Every code block of the documentation runs as it stands.

The blocks of a page run in order, in this process, each started in the same fresh folder. A block
that shows a file is written to that file. What cannot run here is listed in `PARSED` and `OUTSIDE`
with the reason.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from corruptbench import cli
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import load_manifest
from tests.docs.blocks import LANGUAGES, PAGES, ROOT, Block, blocks

_LICENSED = "needs licensed data; tests/corruptbench/test_miniature_*.py run it on miniatures"
_FORMAT = "needs the repository's label file; tests/corruptbench/test_export_*.py run the format"
_POSES = "needs the poses of another repository; test_converted_poses.py runs it"
_MINUTES = "takes minutes; tests/tools, tests/corruptbench and tests/corruptions run its parts"

#: Page and words of commands of ours whose words are only parsed, by our own parser, and why.
PARSED = {
    ("docs/datasets.md", "corruptbench"): _LICENSED,
    ("docs/convert.md", "corruptbench convert --shards shards --root HumanEva"): _LICENSED,
    ("docs/convert.md", "corruptbench convert --format motionbert"): _FORMAT,
    ("docs/convert.md", "corruptbench convert --format mmpose"): _FORMAT,
    ("docs/results.md", "corruptbench score lifted"): _POSES,
    ("docs/board.md", "corruptbench leaderboard verify"): "test_leaderboard_verify.py runs it",
    ("docs/board.md", "corruptbench submit"): "wants the result of a complete build",
    ("docs/detectors.md", "corruptbench build"): "test_build_onnx.py has a model; or takes minutes",
    ("docs/detectors.md", "corruptbench evaluate"): "the builds before it are not run",
    ("docs/detectors.md", "corruptbench detections"): "the build before it is not run",
    ("docs/detectors.md", "corruptbench weights fetch"): "needs the network",
    ("README.md", "corruptbench build"): _MINUTES,
    ("README.md", "corruptbench submit"): "wants the result of a complete build",
    ("README.md", "corruptbench evaluate"): "README's build is not run",
    ("README.md", "corruptbench export"): "docs/evaluate.md runs it, on a network that it shows",
    ("README.md", "corruptbench report"): "README's result is not made",
    ("README.md", "corruptbench compare"): "README's result is not made",
    ("baselines/README.md", "corruptbench train"): _MINUTES,
    ("docs/tutorial.md", "corruptbench build --manifest studio-c"): _MINUTES,
    ("docs/remedies.md", "corruptbench build"): _MINUTES,
    ("docs/detector_study.md", "corruptbench build"): _MINUTES,
    ("docs/detector_study.md", "corruptbench evaluate-detector"): "its builds are not made",
    ("docs/remedies.md", "corruptbench measure-noise"): "wants a build of corrupted training clips",
    ("docs/remedies.md", "corruptbench train"): _MINUTES,
    ("docs/server.md", "corruptbench leaderboard serve"): "tests/server/test_processes.py runs it",
    ("docs/server.md", "corruptbench leaderboard send"): "tests/server/test_client.py runs it",
    ("docs/server.md", "corruptbench leaderboard sent"): "tests/server/test_client.py runs it",
    ("tools/studio/README.md", "corruptbench"): "wants videos that are not part of the project",
}

#: First words of commands of other programs, and what is checked instead of running them.
OUTSIDE = {
    "git clone": "needs the network",
    "apt-get": "changes the system",
    "curl": "asks the server that is not started here",
    "python3.11 -m venv": "makes an environment",
    "venv/bin/pip": "needs the network",
    "eval": "is for a shell that a person uses; the command in it runs",
    "python -m pytest": "runs this suite inside itself",
    "python -m tools": _MINUTES,
    "python -m benchmarks": _MINUTES,
    "venv/bin/python -m tools.studio": "needs a renderer and motion files",
    "python ../VideoPose3D/run.py": "needs VideoPose3D; its options are checked",
}

#: Options of VideoPose3D's common/arguments.py.
VIDEOPOSE3D = {"-d", "-k", "-str", "-ste", "-a", "-c", "-arc", "--evaluate", "--by-subject"}


def test_every_block_says_what_it_is():
    for page in PAGES:
        fences = re.findall(r"^ *```", (ROOT / page).read_text(), re.MULTILINE)
        assert len(fences) == 2 * len(blocks(page)), page
        for block in blocks(page):
            assert block.language in LANGUAGES, block.where
            assert block.language != "console" or block.commands, block.where


def test_every_exception_is_needed():
    lines = [(b.page, " ".join(w)) for p in PAGES for b in blocks(p) for w in b.commands]
    for key in PARSED:
        assert any(_parsed_by(key, page, line) for page, line in lines), key
    for start in OUTSIDE:
        assert any(line.startswith(start) for _, line in lines), start


def _parsed_by(key: tuple[str, str], page: str, line: str) -> bool:
    """Whether the entry holds for the line: the same page, and all its words in it."""
    return key[0] == page and set(key[1].split()) <= set(line.split())


def _make(words: list[str]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(words[1:]) <= set(targets)


def _corruptbench(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        sys.exit(cli.main(words[1:]))
    assert not stop.value.code, words


def _python(words: list[str]) -> None:
    script = next(p for p in (Path(words[1]), ROOT / words[1]) if p.exists())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), *words[2:]])
        runpy.run_path(str(script), run_name="__main__")


def _outside(start: str, words: list[str]) -> None:
    if start == "python ../VideoPose3D/run.py":
        assert {w for w in words if w.startswith("-")} <= VIDEOPOSE3D
    if inner := re.search(r"\$\((corruptbench .*)\)", " ".join(words)):
        _corruptbench(inner[1].split())
    if "tools" in start:
        module = words[words.index("-m") + 1].replace(".", "/")
        assert (ROOT / f"{module}.py").exists() or (ROOT / module / "__main__.py").exists()


def run_command(block: Block, words: list[str], patch: pytest.MonkeyPatch) -> None:
    """One line of a console block."""
    line = " ".join(words)
    outside = [start for start in OUTSIDE if line.startswith(start)]
    if outside:
        return _outside(outside[0], words)
    if words[0] == "cd":  # into a clone that is not made here, or another folder
        return None if words[1] == "corruptbench" else patch.chdir(words[1])
    runners: dict[str, Callable[[list[str]], None]] = {
        "make": _make, "corruptbench": _corruptbench, "python": _python,
    }  # fmt: skip
    assert words[0] in runners, f"{block.where}: nobody knows how to run {words[0]}"
    with pytest.MonkeyPatch.context() as parse:
        if any(_parsed_by(key, block.page, line) for key in PARSED):
            parse.setattr(click.Command, "invoke", lambda *_: None)
        return runners[words[0]](words)


def run_block(block: Block, names: dict[str, object], patch: pytest.MonkeyPatch) -> None:
    if block.title is not None:
        path = Path(block.title)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
    match block.language:
        case "console":
            for words in block.commands:
                run_command(block, words, patch)
        case "python":
            code = compile("\n" * block.line + block.text, block.page, "exec")
            if block.title is None:
                exec(code, names)
        case "toml":
            content = tomllib.loads(block.text)
            if block.title is not None and "corruptions" in content:
                load_manifest(block.title)
            if block.title == "model.toml":
                Contract.checked(content, block.where)
        case "json":
            json.loads(block.text)


@pytest.mark.detector
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)])
def test_page(page, folder, monkeypatch):
    start = folder(page)
    monkeypatch.syspath_prepend(start)  # as Python does where it is started
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        monkeypatch.chdir(start)
        run_block(block, names, monkeypatch)


def test_no_two_benchmarks_are_built_into_one_folder():
    """Whoever follows two pages would get an error, or lose the first build."""
    text = "".join((ROOT / page).read_text() for page in PAGES).replace("\\\n", " ")
    found: dict[str, set[str]] = {}
    for line in re.findall(r"corruptbench build .*", text):
        words = dict(re.findall(r"--(manifest|out) (\S+)", line))
        if "manifest" in words and "out" in words:
            found.setdefault(words["out"], set()).add(words["manifest"])
    assert len(found) > 5
    assert {out: names for out, names in found.items() if len(names) > 1} == {}

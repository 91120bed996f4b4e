"""Every script and module that a user may call prints a help, and does nothing else."""

from __future__ import annotations

import os
import runpy
import sys

import pytest

from tests.docs.blocks import ROOT

#: A renderer's or another package's module is imported first by these, which may be missing.
NEEDS = (
    "benchmarks/corruption_speed.py", "benchmarks/mmpose_speed.py", "tools/objects/__main__.py",
    "tools/studio/__main__.py", "tools/studio/check.py",
)  # fmt: skip
CALLED = sorted(
    str(path.relative_to(ROOT))
    for folder in ("examples", "tools", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if folder == "examples" or 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")
)


def run(file: str) -> None:
    """Run a file as a script, or as a module of its package if it imports others of it."""
    module = file.removesuffix(".py").replace("/", ".")
    if (ROOT / file).with_name("__init__.py").exists() or "objects" in file:
        sys.modules.pop(module, None)  # of another test
        runpy.run_module(module, run_name="__main__")
    else:
        runpy.run_path(str(ROOT / file), run_name="__main__")


@pytest.mark.parametrize("file", CALLED)
def test_help(file, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [file, "--help"])
    monkeypatch.setattr(os, "execve", lambda *_: None)  # starts itself anew, with one thread
    before = sorted(p.stat().st_mtime_ns for p in (ROOT / "docs").glob("*"))
    try:
        with pytest.raises(SystemExit) as stop:
            run(file)
    except ModuleNotFoundError as error:
        if file not in NEEDS:
            raise
        pytest.skip(f"needs {error.name}")
    assert not stop.value.code
    assert "usage: " in capsys.readouterr().out.lower()
    assert sorted(p.stat().st_mtime_ns for p in (ROOT / "docs").glob("*")) == before

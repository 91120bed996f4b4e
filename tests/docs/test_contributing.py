"""What CONTRIBUTING.md shows works: the metric here, the corruption in test_adding_one.py."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from corruptbench.evaluation import metrics
from tests.docs.blocks import ROOT, titled


@pytest.mark.parametrize(
    "title", ["corruptions/vignette.py", "tests/corruptbench/test_worst_joint.py"]
)
def test_the_linters_accept_the_files(title):
    text = titled("CONTRIBUTING.md", title)
    words = [sys.executable, "-m", "ruff", "check", "--stdin-filename", title, "-"]
    done = subprocess.run(words, input=text, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    if not title.startswith("tests"):
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
        assert all(f.returns and all(a.annotation for a in f.args.args) for f in functions)


def test_the_metric_and_its_test(monkeypatch):
    module = dict(vars(metrics))
    exec(titled("CONTRIBUTING.md", "corruptbench/evaluation/metrics.py"), module)
    monkeypatch.setattr(metrics, "worst_joint", module["worst_joint"], raising=False)
    test: dict[str, object] = {}
    exec(titled("CONTRIBUTING.md", "tests/corruptbench/test_worst_joint.py"), test)
    test["test_worst_joint"]()

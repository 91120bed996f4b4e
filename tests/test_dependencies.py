"""What the packages import is what pyproject.toml declares, no more and no less."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("corruptbench", "corruptions", "detectors", "leaderboard")
#: Distributions whose module has another name.
MODULE = {"opencv-python-headless": "cv2", "pyyaml": "yaml"}
#: Modules of the detectors of mmpose. Its own dependencies cannot be installed together with ours.
BY_HAND = {"mmpose", "mmengine"}
#: Imported by starlette and SQLAlchemy.
BY_OTHERS = {"python_multipart", "psycopg"}


def imported():
    """Top-level modules of others that the packages import, with one file that does so."""
    ours = {"corruptbench", *sys.stdlib_module_names}
    found = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            else:
                continue
            for top in {name.partition(".")[0] for name in names} - ours:
                found[top] = str(path.relative_to(ROOT))
    return found


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["server"]
    names = [re.match(r"[A-Za-z0-9._-]+", line).group() for line in lines]
    return {MODULE.get(name, name.replace("-", "_")) for name in names}


def test_what_is_imported_is_declared():
    known = declared() | BY_HAND
    undeclared = {top: path for top, path in imported().items() if top not in known}
    assert not undeclared


def test_what_is_declared_is_imported():
    assert not declared() - set(imported()) - BY_OTHERS

"""CITATION.cff, the templates and the workflow are what their readers expect."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from tests.docs.blocks import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def test_citation_agrees_with_the_package():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert (cff["cff-version"], cff["type"]) == ("1.2.0", "software")
    assert cff["version"] == PROJECT["version"]
    assert cff["license"] == PROJECT["license"]
    assert cff["authors"] == [{"name": PROJECT["authors"][0]["name"]}]
    assert cff["repository-code"] == PROJECT["urls"]["Homepage"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_issue_template(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    kinds = {"textarea", "input", "dropdown", "checkboxes", "markdown"}
    assert {field["type"] for field in form["body"]} <= kinds
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids)) >= 3


def test_the_workflow_runs_what_a_developer_runs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert [s["run"] for s in steps if "run" in s] == [
        "make lint",
        "make test",
        "make test-ray",
        "make test-mmpose",
    ]


def test_the_changelog_has_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(Unreleased|[\d.]+)\]", text, re.MULTILINE)[-1] == "0.1.0"
    assert PROJECT["version"] in text

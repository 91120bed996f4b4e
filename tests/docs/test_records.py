"""CITATION.cff, the templates and the workflow are what their readers expect."""

from __future__ import annotations

import re
import sys
import tomllib

import click
import pytest
import yaml

from corruptbench import cli
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
        "make setup",
        ".venv/bin/corruptbench weights fetch movenet:thunder",
        ".venv/bin/corruptbench weights fetch movenet:multipose",
        "make lint",
        "make test",
        "make test-ray",
        "make test-mmpose",
    ]


def test_the_changelog_has_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(Unreleased|[\d.]+)\]", text, re.MULTILINE)[-1] == "0.1.0"
    assert PROJECT["version"] in text


def board_workflow():
    text = (ROOT / ".github/workflows/board.yml").read_text()
    return text, yaml.safe_load(text)


def test_the_workflow_of_the_board_has_no_rights_and_no_secrets():
    text, workflow = board_workflow()
    assert set(workflow[True]) == {"pull_request"}  # YAML 1.1 reads the key "on" as true
    assert workflow["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow["jobs"]["check"]
    assert "secrets." not in text
    checkouts = [s["with"] for s in workflow["jobs"]["check"]["steps"] if "checkout" in str(s)]
    assert [c["persist-credentials"] for c in checkouts if "path" in c] == [False]


def test_the_workflow_of_the_board_runs_nothing_that_was_submitted():
    _, workflow = board_workflow()
    steps = workflow["jobs"]["check"]["steps"]
    runs = [s["run"] for s in steps if "run" in s]
    assert "${{" not in " ".join(runs)  # nothing of the pull request becomes part of a command
    assert {run.split()[0] for run in runs} == {
        "git", "make", "target/.venv/bin/corruptbench", "cat"
    }  # fmt: skip
    assert runs[1] == "make -C target setup"


def test_the_workflow_of_the_board_compares_with_the_target():
    _, workflow = board_workflow()
    steps = workflow["jobs"]["check"]["steps"]
    (check,) = (s["run"] for s in steps if "leaderboard check" in s.get("run", ""))
    words = check.split()[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(click.Command, "invoke", lambda *_: None)
        with pytest.raises(SystemExit) as stop:
            sys.exit(cli.main(words))
    assert not stop.value.code
    assert words[words.index("--before") + 1] == "target/leaderboard/results"
    assert words[words.index("--board") + 1] == "submitted/leaderboard/results"
    summary, artifact = steps[-2:]
    assert (summary["if"], artifact["if"]) == ("always()", "always()")
    assert artifact["with"]["path"] == words[words.index("--comparison") + 1]
    assert "GITHUB_STEP_SUMMARY" in summary["run"]

"""Fixtures that are made once for the whole run, and what the workers of a run need."""

from __future__ import annotations

import os
import re
from pathlib import Path

# Each worker of pytest-xdist computes in one thread: set before any library reads it.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import cv2
import pytest
from hypothesis import settings

from tests.fixtures.folder import write_dataset, write_manifest

pytest_plugins = ["tests.fixtures.browser"]

#: The files whose tests use `mini_shards` or `mini_full`.
BUILDS = {
    path.name
    for path in Path(__file__).parent.rglob("test_*.py")
    if re.search(r"\bmini_(shards|full)\b", path.read_text(encoding="utf-8"))
}

cv2.setNumThreads(1)
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def together(test: str) -> str:
    """Return the name of the group of tests that one worker runs, so that fixtures are made once.

    That is a file, or all files that use the builds of `mini`. The property suite has no fixtures
    and takes long: each of its tests goes to whichever worker is free.
    """
    folder, _, file = test.partition("::")[0].rpartition("/")
    if folder.endswith("properties"):
        return test
    return "builds" if file in BUILDS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Distribute the tests by `together`; pytest-xdist's own groups do not work on pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return together(nodeid)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def mini(tmp_path_factory) -> Path:
    """Root of a miniature data set in the open folder layout; do not write to it."""
    return write_dataset(tmp_path_factory.mktemp("mini"), surplus=2)


@pytest.fixture(scope="session")
def mini_manifest(tmp_path_factory) -> Path:
    """Path of its benchmark's manifest: erase and gaussian_noise."""
    return write_manifest(tmp_path_factory.mktemp("manifest") / "mini-c.toml")

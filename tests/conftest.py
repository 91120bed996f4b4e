"""Fixtures that are made once for the whole run, and what the workers of a run need."""

from __future__ import annotations

import os
from pathlib import Path

# Each worker of pytest-xdist computes in one thread: set before any library reads it.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import cv2
import pytest
from hypothesis import settings

from tests.fixtures.folder import write_dataset, write_manifest

cv2.setNumThreads(1)
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items):
    """Let one worker run all tests of a build, or else of a file, so that fixtures are made once.

    The property suite has no fixtures and is long: its tests go to whichever worker is free.
    """
    for item in items:
        if {"mini_shards", "mini_full"} & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group("mini"))
        elif item.path.name != "test_properties.py":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def mini(tmp_path_factory) -> Path:
    """Root of a miniature data set in the open folder layout; do not write to it."""
    return write_dataset(tmp_path_factory.mktemp("mini"), surplus=2)


@pytest.fixture(scope="session")
def mini_manifest(tmp_path_factory) -> Path:
    """Path of its benchmark's manifest: erase and gaussian_noise."""
    return write_manifest(tmp_path_factory.mktemp("manifest") / "mini-c.toml")

"""Fixtures that are made once for the whole run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.folder import write_dataset, write_manifest


@pytest.fixture(scope="session")
def mini(tmp_path_factory) -> Path:
    """Root of a miniature data set in the open folder layout; do not write to it."""
    return write_dataset(tmp_path_factory.mktemp("mini"), surplus=2)


@pytest.fixture(scope="session")
def mini_manifest(tmp_path_factory) -> Path:
    """Path of its benchmark's manifest: erase and gaussian_noise."""
    return write_manifest(tmp_path_factory.mktemp("manifest") / "mini-c.toml")

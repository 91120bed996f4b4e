"""Every corruption gives the bytes that it gave before, in any process."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest

from corruptbench.corruptions import get
from tests.corruptions.properties.corrupted import NAMES, SEVERITIES, corrupted
from tests.corruptions.scenes import info, scene, skeleton

# One file for each corruption: SHA-256 over the clip of `golden`, severities 1 to 5. A change of
# these bytes is a change of the benchmark: raise the corruption's version and the manifests' pins.
GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name):
    digest, about = hashlib.sha256(), info(96, 6)
    if get(name).family == "temporary occlusion":  # 1.5 s, so that every severity covers
        about = skeleton(96, 6, fps=4.0, speed=0.3)
    for severity in SEVERITIES:
        digest.update(corrupted(name, severity, scene(96, 6), about).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_golden_digest(name):
    assert golden(name) == (GOLDEN / f"{name}.sha256").read_text().strip()


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes_give_the_same_bytes(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(golden, NAMES) == [golden(name) for name in NAMES]

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from corruptbench.detectors import weights


@pytest.mark.detector
def test_nothing_is_written_into_the_users_home(tmp_path):
    code = "from corruptbench import detectors; detectors.load('movenet:lightning')"
    environment = dict(os.environ, HOME=str(tmp_path), CORRUPTBENCH_WEIGHTS=str(weights.root()))
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(tmp_path.iterdir())

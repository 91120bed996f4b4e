"""Numbers in progress and estimates: no exponents, and units of a size that people read."""

from __future__ import annotations

import pytest

from corruptbench import progress
from corruptbench.progress import Meter, duration, megabytes, short_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2536, "0.254"), (27.24, "27.2"), (99.94, "99.9"), (99.96, "100"), (306.4, "306"),
        (999.9, "1,000"), (2500.0, "2,500"), (-2500.0, "-2,500"), (1.5e6, "1,500,000"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "2 h"),
        (47.9 * 3600, "48 h"), (48 * 3600, "2 days"), (1e9, "11,574 days"),
    ],
)  # fmt: skip
def test_times(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (31_800_000, "31.8 MB"), (999_400_000, "999 MB"), (999_600_000, "1 GB"),
        (2_900_000_000, "2.9 GB"), (1_500_000_000_000, "1.5 TB"),
    ],
)  # fmt: skip
def test_bytes(size, text):
    assert megabytes(size) == text


@pytest.mark.parametrize(
    ("done", "took", "text"),
    [
        (5000, 2.0, "build: 5000/25000 crops, 2,500/s, 8 s left"),
        (5000, 200.0, "build: 5000/25000 crops, 25/s, 13 min left"),
        (5000, 100_000.0, "build: 5000/25000 crops, 0.05/s, 5 days left"),
        (25000, 2.0, "build: 25000/25000 crops, 12,500/s, 0 s left"),
    ],
)
def test_a_line_of_progress(done, took, text, monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    meter = Meter("build", 25000, "crops")
    now[0] = took
    meter.advance(done)
    assert capsys.readouterr().err == f"{text}\n"

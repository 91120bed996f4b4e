"""Measure the time of the checks before a build, as a share of the time of the build.

The checks are those of studio-c-mini: videos, labels, cameras. The build is that of its first clip
in all cells, scaled by the frames of all clips. Both run in one thread and take turns.

Usage: python -m benchmarks.input_checks [rounds]
"""

from __future__ import annotations

import statistics
import time

from benchmarks.arguments import whole_numbers
from corruptbench.builder.detect import detect_clip
from corruptbench.datasets import Clip, check_before_build, open_dataset
from corruptbench.detectors import Detector, load
from corruptbench.manifest import Manifest, load_manifest, needs_of

#: Share of a build that the checks may take.
WANTED = 0.02


def main() -> None:
    """Time both, and print the share."""
    (rounds,) = whole_numbers(__doc__, rounds=3)
    manifest, dataset = load_manifest("studio-c-mini"), open_dataset("studio", None)
    clips = [dataset.load(c) for c in manifest.select(dataset.clip_ids())]
    detector = load("movenet:lightning")
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        check_before_build(dataset, needs_of([manifest]))
        checked = time.perf_counter() - start
        times.append((checked, build_seconds(clips, manifest, detector)))
    checks, build = (statistics.median(t) for t in zip(*times, strict=True))
    print(
        f"{len(clips)} clips in {len(manifest.cells)} cells: checks {checks:.2f} s, build "
        f"{build:.0f} s: {checks / build:.2%} (wanted: under {WANTED:.0%})"
    )


def build_seconds(clips: list[Clip], manifest: Manifest, detector: Detector) -> float:
    """Return the time of all clips, by that of the first one."""
    start = time.perf_counter()
    detect_clip(clips[0], manifest.cells, manifest, detector, lambda count: None, {})  # noqa: ARG005
    spent = time.perf_counter() - start
    return spent * sum(len(c.joints) for c in clips) / len(clips[0].joints)


if __name__ == "__main__":
    main()

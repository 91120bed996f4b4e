"""Speed of each corruption at severity 3, one thread, as ratios measured side by side.

Frame: 1000 x 1000 x 3 uint8. Region: a person's box of 400 x 400 px padded by 1.25. The floor is a
copy of the same bytes in the same run. Usage: python benchmarks/corruption_speed.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from corruptions import ClipFacts, Key, Region, all_corruptions

SIZE, REPEATS = 1000, 15
REGION = Region(250, 250, 750, 750)


def milliseconds(function: Callable[[], object]) -> float:
    function()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def main() -> None:
    cv2.setNumThreads(1)
    draw = np.random.default_rng(0)
    frames = draw.integers(0, 256, (1, SIZE, SIZE, 3), dtype=np.uint8)
    boxes = np.array([[300.0, 300.0, 700.0, 700.0]])
    facts = ClipFacts(frames=1, height=SIZE, width=SIZE, fps=50.0, boxes=boxes)
    copies = {
        "frame": milliseconds(frames[0].copy),
        "region": milliseconds(frames[0][REGION.slices].copy),
    }
    print(f"{'corruption':16} {'frame ms':>9} {'/ copy':>7} {'region ms':>10} {'/ copy':>7}")
    for name, corruption in all_corruptions().items():
        plan = corruption.prepare(facts, 3, Key.of("benchmark", name))

        def run(region: Region, corruption=corruption, plan=plan) -> object:
            return corruption.apply(frames, 0, plan, region)

        whole = milliseconds(lambda run=run: run(facts.whole))
        part = milliseconds(lambda run=run: run(REGION))
        print(
            f"{name:16} {whole:9.2f} {whole / copies['frame']:7.0f} "
            f"{part:10.2f} {part / copies['region']:7.0f}"
        )


if __name__ == "__main__":
    main()

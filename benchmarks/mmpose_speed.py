"""Crops per second of models of mmpose, beside mmpose's own `inference_topdown`.

Both have one thread, the same random weights and the same pictures, without the flip test. They
take turns, so what else the machine does hits them alike. Medians over rounds. Packages: `make
test-mmpose`. Usage: PYTHONPATH=.mmpose python -m benchmarks.mmpose_speed [rounds]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.arguments import whole_numbers
from corruptbench.detectors import load
from tests.fixtures.mmpose_models import HRNET, RTMPOSE, VITPOSE, apis, write_model

CROPS, SIDE, PADDING = 8, 192, 1.25
PLAIN = "model = dict(test_cfg=dict(flip_test=False))"
LOWER = 'corruptbench = dict(precision="bfloat16")'


def turns(base: str, folder: Path) -> dict[str, Callable[[], object]]:
    """Return the contestants of a model, each on the same crops."""
    model = write_model(folder, base, PLAIN)
    lower = folder / "lower.py"
    lower.write_text(f"{model.config.read_text()}{LOWER}\n")
    crops = np.random.default_rng(0).integers(0, 256, (CROPS, SIDE, SIDE, 3), dtype=np.uint8)
    half = np.array([SIDE, SIDE * 4 / 3]) / PADDING / 2
    box = np.concatenate([SIDE / 2 - half, SIDE / 2 + half]).astype(np.float32)
    plain, halved = load(f"mmpose:{model.config}"), load(f"mmpose:{lower}:{model.weights}")
    find = apis().inference_topdown
    return {
        "inference_topdown, a picture each": lambda: [
            find(model.network, crop[..., ::-1], box[None]) for crop in crops
        ],
        "inference_topdown, boxes of one picture": lambda: find(
            model.network, crops[0][..., ::-1], np.tile(box, (CROPS, 1))
        ),
        "crops in a batch": lambda: plain(crops),
        "crops in a batch, bfloat16": lambda: halved(crops),
    }


def main() -> None:
    """Print crops per second of each contestant."""
    torch.set_num_threads(1)
    (rounds,) = whole_numbers(__doc__, rounds=5)
    for base in (RTMPOSE, HRNET, VITPOSE):
        with tempfile.TemporaryDirectory() as folder:
            contestants = turns(base, Path(folder))
            taken: dict[str, list[float]] = {name: [] for name in contestants}
            for _ in range(rounds):
                for name, run in contestants.items():
                    start = time.process_time()
                    run()
                    taken[name].append(time.process_time() - start)
        print(Path(base).name)
        for name, seconds in taken.items():
            print(f"  {CROPS / statistics.median(seconds):8.2f} crops per CPU second  {name}")


if __name__ == "__main__":
    main()

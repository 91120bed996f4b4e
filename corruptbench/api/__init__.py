"""The functions of the package: build a benchmark, open its shards, evaluate a lifter.

The command line calls the same ones. What a function needs (torch, the detector's runtime, video
codecs) is imported when it is called.
"""

from corruptbench.api.building import build, build_part, finish_build
from corruptbench.api.confirming import rescore_row, verify_row
from corruptbench.api.detectors import evaluate_detector
from corruptbench.api.result import Result
from corruptbench.api.scoring import evaluate, load_lifter, score
from corruptbench.api.shards import open_shards

__all__ = [
    "Result", "build", "build_part", "evaluate", "evaluate_detector", "finish_build",
    "load_lifter", "open_shards", "rescore_row", "score", "verify_row",
]  # fmt: skip

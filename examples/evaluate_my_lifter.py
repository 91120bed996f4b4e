"""Score an exported lifter: ``python evaluate_my_lifter.py MODEL [SHARDS]``.

Builds studio-c-mini with one corruption at one severity if SHARDS is not there yet. The result
goes to ``results/``.
"""

import argparse
from pathlib import Path

import corruptbench as cb

parser = argparse.ArgumentParser(description="Score an exported lifter.")
parser.add_argument("model", type=Path, help=".pt2, .pt or .onnx, with its contract")
parser.add_argument("shards", nargs="?", type=Path, default=Path("mini-shards"), help="folder")
given = parser.parse_args()

shards = cb.build("studio-c-mini", severity=3, corruption="gaussian_noise", out=given.shards)
result = cb.evaluate(given.model, shards)
print(result)

worst = result.clips.sort_values("mpjpe", ascending=False).head(3)
print("\nThe three worst clips:")
print(worst[["subject", "sequence", "camera", "corruption", "severity", "mpjpe"]].to_string())
print(f"\nsaved: {result.save('results')}")

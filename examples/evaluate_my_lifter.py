"""Score an exported lifter: ``python evaluate_my_lifter.py MODEL [SHARDS]``.

Builds studio-c-mini with one corruption at one severity if SHARDS is not there yet. The result
goes to ``results/``.
"""

import sys
from pathlib import Path

import corruptbench as cb

model = Path(sys.argv[1])
folder = Path(sys.argv[2] if len(sys.argv) > 2 else "shards")

shards = cb.build("studio-c-mini", severity=3, corruption="gaussian_noise", out=folder)
result = cb.evaluate(model, shards)
print(result)

worst = result.clips.sort_values("mpjpe", ascending=False).head(3)
print("\nThe three worst clips:")
print(worst[["subject", "sequence", "camera", "corruption", "severity", "mpjpe"]].to_string())
print(f"\nsaved: {result.save('results')}")

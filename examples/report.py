"""Show how a lifter fails, as one page: ``python report.py MODEL [SHARDS]``.

SHARDS is the folder of a finished build of studio-C or studio-C-mini. The page is
``report.html``.
"""

import argparse
from pathlib import Path

import corruptbench as cb
from corruptbench.report.page import write_report

parser = argparse.ArgumentParser(description="Show how a lifter fails, as one page.")
parser.add_argument("model", type=Path, help=".pt2, .pt or .onnx, with its contract")
parser.add_argument("shards", nargs="?", type=Path, default=Path("shards"), help="of a build")
given = parser.parse_args()

shards = cb.open_shards(given.shards)
result = cb.evaluate(given.model, shards).save("results")
write_report(result, Path("report.html"), shards)
print("saved: report.html")

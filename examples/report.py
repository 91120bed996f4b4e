"""Show how a lifter fails, as one page: ``python report.py MODEL [SHARDS]``.

SHARDS is the folder of a finished build of studio-C or studio-C-mini. The page is
``report.html``.
"""

import sys
from pathlib import Path

import corruptbench as cb
from corruptbench.report.page import write_report

model = Path(sys.argv[1])
shards = cb.open_shards(sys.argv[2] if len(sys.argv) > 2 else "shards")

result = cb.evaluate(model, shards).save("results")
write_report(result, Path("report.html"), shards)
print("saved: report.html")

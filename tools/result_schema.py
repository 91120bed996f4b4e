"""Write the JSON schema of a result from its records: ``python -m tools.result_schema``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from corruptbench.files import atomic
from corruptbench.leaderboard import Result

FILE = Path(__file__).parents[1] / "leaderboard/result.schema.json"


def text() -> str:
    """Return the text of leaderboard/result.schema.json."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Result.model_json_schema(mode="validation"),
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.result_schema", description=__doc__).parse_args()
    with atomic(FILE) as temporary:
        temporary.write_text(text(), encoding="utf-8")

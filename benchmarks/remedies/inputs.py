"""Write into a folder what its results are made from, so that a table never mixes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from corruptbench.files import atomic

Inputs = Mapping[str, object]


def claim(folder: Path, inputs: Inputs) -> None:
    """Write the inputs of results into their folder, or end where they were others.

    Raises:
        SystemExit: the folder was begun with other inputs; names the first one.
    """
    path = folder / "inputs.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name, value in inputs.items():
        if name in known and known[name] != value:
            raise SystemExit(
                f"{path}: {name}: found {known[name]}, expected {value}: the results here were "
                "made from something else; name another folder with --out, or delete this one"
            )
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps({**known, **inputs}, indent=1) + "\n", encoding="utf-8")

"""The command line of a benchmark that takes whole numbers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def whole_numbers(description: str | None, **defaults: int) -> tuple[int, ...]:
    """Return the numbers of the command line, in the order of their defaults, or print the help."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{Path(sys.argv[0]).stem}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, default in defaults.items():
        parser.add_argument(name, nargs="?", type=int, default=default, help=f"default: {default}")
    return tuple(vars(parser.parse_args()).values())

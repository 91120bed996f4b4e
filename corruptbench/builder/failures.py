"""Clips that could not be built: why, in a list for people and in a file for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from corruptbench.files import write_json
from corruptbench.storage import AnyPath

#: Of all files of failures in a folder: that of a whole build, and those of parts.
PATTERN = "failures*.json"


@dataclass(frozen=True)
class Failure:
    """A clip that could not be built.

    Attributes:
        clip: identity.
        cause: a sentence.
        exit_code: of the worker process, where it ended by itself while it built the clip.
        signal: number of the signal that killed the worker process, where one did.
    """

    clip: str
    cause: str
    exit_code: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        return f"{self.clip}: {self.cause}"


def failures_path(out: AnyPath, part: str = "") -> AnyPath:
    """Return where the failures of a build lie, or those of a part of that name."""
    return out / (f"failures-{part}.json" if part else "failures.json")


def record_failures(path: AnyPath, failures: Sequence[Failure]) -> None:
    """Write the failures of a run, sorted by clip; remove the file if there are none."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    in_order = sorted(failures, key=lambda f: f.clip)
    write_json(
        path, {"format": "corruptbench-failures/1", "failures": [asdict(f) for f in in_order]}
    )


def listed(failures: Sequence[Failure]) -> str:
    """Return the failures as text, a line for each, sorted by clip."""
    return "\n".join(f"  {f}" for f in sorted(failures, key=lambda f: f.clip))

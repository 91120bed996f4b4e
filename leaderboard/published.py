"""The benchmarks that the project published: id, version and the hash of the manifest.

They stand in ``benchmarks.json``. ``python -m tools.references`` writes it from the manifests, and
from the references of retired versions.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from pydantic import TypeAdapter

from corruptbench.leaderboard.look_alike import look_alike, skeleton
from corruptbench.leaderboard.schema import Benchmark

FILE_NAME = "benchmarks.json"
_LIST = TypeAdapter(tuple[Benchmark, ...])


@cache
def published() -> frozenset[Benchmark]:
    """Return all published benchmarks."""
    file = resources.files("corruptbench.leaderboard").joinpath(FILE_NAME)
    return frozenset(_LIST.validate_json(file.read_bytes(), strict=True))


def is_unknown(benchmark: Benchmark) -> bool:
    """Tell whether a benchmark has the id of a published one and another version or manifest.

    An id that only looks like it counts, too. Nobody can check the cells, clips and frames of its
    rows. A benchmark of somebody else has an id of its own.
    """
    same = skeleton(benchmark.id)
    return any(skeleton(known.id) == same for known in published()) and benchmark not in published()


def look_alike_id(benchmark: Benchmark) -> str | None:
    """Return the id of a published benchmark that a reader can take this one for; None without."""
    return look_alike(benchmark.id, sorted({known.id for known in published()} - {benchmark.id}))


def text(benchmarks: frozenset[Benchmark]) -> str:
    """Return the content of the file."""
    in_order = sorted(benchmarks, key=lambda b: (b.id, b.version, b.manifest_sha256))
    return _LIST.dump_json(tuple(in_order), indent=1).decode() + "\n"

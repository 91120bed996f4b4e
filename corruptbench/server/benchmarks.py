"""The benchmarks that a server hosts."""

from __future__ import annotations

from typing import NamedTuple

from corruptbench.errors import InputError
from corruptbench.manifest import Manifest, known_manifests, load_manifest
from corruptbench.server.settings import FILE, Hosted, Settings


class Benchmark(NamedTuple):
    """A benchmark of a server: what its owner decides, and what it is."""

    hosted: Hosted
    manifest: Manifest


def benchmarks(settings: Settings) -> dict[str, Benchmark]:
    """Return the benchmarks that are hosted, by their ids.

    Raises:
        InputError: a manifest cannot be read, two are of one benchmark, the folder of shards is
            missing, or neither results nor predictions would be taken.
    """
    hosts = settings.benchmark or [Hosted(manifest=name) for name in known_manifests()]
    found: dict[str, Benchmark] = {}
    for hosted in hosts:
        manifest = load_manifest(settings.manifest(hosted))
        where = f"{settings.folder / FILE}: benchmark {manifest.id}"
        if manifest.id in found:
            raise InputError(f"{where}: there twice; expected it once")
        if hosted.shards is None and not hosted.results:
            raise InputError(f"{where}: takes nothing; give shards, or results = true")
        if hosted.shards is not None and not settings.path(hosted.shards).is_dir():
            raise InputError(f"{where}: shards: no folder {settings.path(hosted.shards)}")
        found[manifest.id] = Benchmark(hosted, manifest)
    return found

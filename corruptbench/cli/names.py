"""Names that options take, found without importing what they name: help and completion are fast.

Each name is read from the source of the module that defines it.
"""

from __future__ import annotations

import re
import tomllib
from ast import literal_eval
from functools import cache
from pathlib import Path

import corruptbench

_PACKAGE = Path(corruptbench.__file__).parent


@cache
def manifests() -> list[str]:
    """Return the ids of the benchmarks that come with the package."""
    return sorted(path.stem for path in (_PACKAGE / "manifests").glob("*.toml"))


@cache
def corruptions() -> list[str]:
    """Return the names of the corruptions, from the modules that define ``CORRUPTION``."""
    definition = r'^CORRUPTION\b.*?\bname="(\w+)"'
    sources = _sources("corruptions").values()
    return sorted(name for text in sources for name in _found(definition, text))


@cache
def detectors() -> list[str]:
    """Return the names of the detectors, from the modules that define ``VARIANTS``."""
    return [name for name in _all_detectors() if "*" not in name]


@cache
def detector_patterns() -> list[str]:
    """Return patterns such as "onnx:*.onnx" of the names of detectors that are files of users."""
    return [name for name in _all_detectors() if "*" in name]


@cache
def ground_truths() -> list[str]:
    """Return the names of what takes the place of a detector in a build."""
    return [name for name in _all_ground_truths() if "*" not in name]


@cache
def ground_truth_patterns() -> list[str]:
    """Return patterns of the names of ground truth with noise in files of users."""
    return [name for name in _all_ground_truths() if "*" in name]


@cache
def person_detectors() -> list[str]:
    """Return the names of the person detectors."""
    text = (_PACKAGE / "detectors/people.py").read_text(encoding="utf-8")
    (found,) = _found(r"^PERSON_DETECTORS\b[^=\n]*= *(\(.*?\))", text)
    return sorted(literal_eval(found))


@cache
def datasets() -> list[str]:
    """Return the names of the data sets, from the modules that define ``open_root``."""
    sources = _sources("datasets").items()
    return sorted(name for name, text in sources if _found(r"^def open_root\b", text))


@cache
def joint_sets() -> list[str]:
    """Return the names of the joint sets."""
    text = (_PACKAGE / "skeleton.py").read_text(encoding="utf-8")
    return _found(r'= JointSet\(\s*name="(\w+)"', text)


@cache
def lifters() -> list[str]:
    """Return the names of the architectures that can be trained."""
    text = (_PACKAGE / "training/architectures.py").read_text(encoding="utf-8")
    return _found(r'^ +Architecture\("(\w+)"', text)


@cache
def families() -> list[str]:
    """Return the names of public lifters whose conventions are known."""
    text = (_PACKAGE / "lifters/families.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)["family"]
    return sorted(name for family in found for name in (family["name"], *family["like"]))


@cache
def filters() -> list[str]:
    """Return the names of the filters, from the modules that define ``smoothed``."""
    sources = _sources("lifters/filters").items()
    return sorted(name for name, text in sources if _found(r"^def smoothed\b", text))


def _sources(folder: str) -> dict[str, str]:
    """Return the source of each module and package in a folder, by its name."""
    place = _PACKAGE / folder
    paths = {path.stem: path for path in place.glob("*.py")}
    paths |= {path.parent.name: path for path in place.glob("*/__init__.py")}
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


def _all_detectors() -> list[str]:
    sources = _sources("detectors").items()
    return sorted(name for family, text in sources for name in _variants(family, text))


def _all_ground_truths() -> list[str]:
    (family,) = _found(r'^FAMILY = "([\w-]+)"', _sources("shards")["ground_truth_scores"])
    return _variants(family, _sources("builder")["ground_truth"])


def _variants(family: str, text: str) -> list[str]:
    """Return the names of a family's ``VARIANTS``."""
    found = _found(r"^VARIANTS\b[^=\n]*= *(\(.*?\))", text)
    return [f"{family}:{variant}" for each in found for variant in literal_eval(each)]


def _found(pattern: str, text: str) -> list[str]:
    return re.findall(pattern, text, re.MULTILINE | re.DOTALL)

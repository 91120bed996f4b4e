"""Write docs/api.md from the docstrings: ``python -m tools.api_reference``."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_origin

from corruptbench.files import atomic

PAGE = Path(__file__).parents[1] / "docs/api.md"

#: Module to what of it a user calls; None: all that it exports.
MODULES: dict[str, tuple[str, ...] | None] = {
    "corruptbench": None,
    "corruptbench.corruptions": None,
    "corruptbench.detectors": None,
    "corruptbench.leaderboard": None,
    "corruptbench.lifters.contract": ("Contract",),
    "corruptbench.evaluation.metrics": (
        "mpjpe",
        "p_mpjpe",
        "n_mpjpe",
        "motion_error",
        "pck",
        "auc",
    ),
    "corruptbench.training.samples": ("Samples", "load_samples"),
    "corruptbench.lifters.export": ("export",),
    "corruptbench.lifters.tagn": ("TAGN", "Noise", "Runs", "Scores", "tagn"),
    "corruptbench.lifters.noise_file": ("load_noise",),
    "corruptbench.lifters.ca_input": ("CAInput", "WithScores", "load_input", "padded"),
    "corruptbench.training.confidences": ("learned_from",),
    "corruptbench.lifters.ca_conv": ("CAConv1d", "ConfidenceAware", "attention_bias"),
    "corruptbench.datasets": ("Clip", "ClipId", "open_dataset"),
    "corruptbench.shards.shard_set": ("ShardSet",),
    "corruptbench.shards.croissant": ("croissant", "Publication"),
    "corruptbench.keypoint_evaluation.results": ("DetectorEvaluation", "DetectorResult"),
    "corruptbench.keypoint_evaluation.cell_rows": ("cell_rows",),
    "corruptbench.keypoint_evaluation.score_calibration": (
        "ScoreCalibration",
        "calibration_of",
        "load_calibration",
    ),
}
#: What an alias of a type stands for: it has no docstring of its own.
ALIASES = {"Frame": "(H, W, 3) uint8 RGB"}
HEAD = """# Python API

Written by `python -m tools.api_reference` from the docstrings. Do not edit.
"""
WIDTH = 88
_FUNCTION = re.compile(r"<function .*? at 0x[0-9a-f]+>")
LISTS = ("Args", "Attributes", "Raises", "Warns")
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Warns|Yields):$")
_ITEM = re.compile(r"^    (\*{0,2}[\w.]+)(?: \([^)]*\))?: (.*)$")


def page() -> str:
    """Return the text of docs/api.md."""
    parts = [HEAD]
    documented: set[object] = set()
    for name, wanted in MODULES.items():
        module = import_module(name)
        parts.append(f"## {name}\n")
        for public in wanted or sorted(module.__all__):
            parts += _entry(module, public, documented)
    return "\n".join(parts)


def _entry(module: ModuleType, name: str, documented: set[object]) -> Iterator[str]:
    """Yield the parts of one public name; only its home if it was documented before."""
    value = getattr(module, name)
    if not callable(value):
        return
    yield f"### {name}\n"
    if get_origin(value):
        yield f"`{name}`: {ALIASES[name]}\n"
        return
    if value in documented:
        yield f"See [above](#{name.lower()}).\n"
        return
    documented.add(value)
    yield f"```text\n{_signature(name, value)}\n```\n"
    yield _markdown(inspect.getdoc(value) or "")
    if inspect.isclass(value):
        yield from _methods(value)


def _methods(value: type) -> Iterator[str]:
    """Yield the public methods and properties that a class defines itself."""
    for name, member in vars(value).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        kind = "property" if isinstance(member, property) else _signature(name, function)
        yield f"#### {value.__name__}.{name}\n"
        yield f"```text\n{kind}\n```\n"
        yield _markdown(inspect.getdoc(function) or "")


class _Bare(str):
    """An annotation that is printed without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(name: str, value: Callable[..., object]) -> str:
    """Return ``name(...)``, with one argument a line where it is long."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return name
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    parameters = [p.replace(annotation=_bare(p.annotation)) for p in found.parameters.values()]
    found = found.replace(parameters=parameters, return_annotation=_bare(found.return_annotation))
    flat = _FUNCTION.sub("...", f"{name}{found}")
    if len(flat) <= WIDTH:
        return flat
    arguments = ",\n    ".join(_FUNCTION.sub("...", p) for p in _parameters(found))
    returned = flat.rpartition(")")[2]
    return f"{name}(\n    {arguments}\n){returned}"


def _bare(annotation: object) -> object:
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    """Yield the parameters, a star before those that are keyword only."""
    starred = False
    for parameter in signature.parameters.values():
        starred |= parameter.kind is parameter.VAR_POSITIONAL
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield str(parameter)


def _markdown(doc: str) -> str:
    """Return a docstring as Markdown: sections in bold, their entries as a list."""
    lines, section, code = [], "", False
    for line in doc.splitlines():
        if found := _SECTION.match(line):
            section = found[1]
            lines += [*["```", ""] * code, f"**{section}**", ""]
            code = False
        elif section in LISTS and (item := _ITEM.match(line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            section = section if not line or line.startswith(" ") else ""
            example = not section and line.startswith("    ")
            if example != code and line:
                lines += ["```text"] if example else ["```", ""]
                code = example
            inside = "  " + line[8:] if line.startswith(" " * 8) else line.strip()
            lines.append(line if code else inside if section else line)
    return "\n".join([*lines, *["```"] * code, ""])


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.api_reference", description=__doc__).parse_args()
    with atomic(PAGE) as temporary:
        temporary.write_text(page(), encoding="utf-8")

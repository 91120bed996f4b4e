"""Write docs/api.md from the docstrings: ``python -m tools.api_reference``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from corruptbench.files import atomic

PAGE = Path(__file__).parents[1] / "docs/api.md"

#: Module to what of it a user calls; None: all that it exports.
MODULES: dict[str, tuple[str, ...] | None] = {
    "corruptbench": None,
    "corruptbench.corruptions": None,
    "corruptbench.detectors": None,
    "corruptbench.leaderboard": None,
    "corruptbench.evaluation.contract": ("Contract",),
    "corruptbench.evaluation.metrics": ("mpjpe", "p_mpjpe", "n_mpjpe", "mpjve"),
    "corruptbench.lifters.samples": ("Samples", "load_samples"),
    "corruptbench.lifters.export": ("export",),
    "corruptbench.datasets": ("Clip", "ClipId", "open_dataset"),
    "corruptbench.shards.shard_set": ("ShardSet",),
}
HEAD = """# Python API

Written by `python -m tools.api_reference` from the docstrings. Do not edit.
"""
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")
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
    if value in documented:
        yield "See above.\n"
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


def _signature(name: str, value: object) -> str:
    """Return ``name(...)`` with one argument a line where it is long."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return name
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return name
    flat = f"{name}{signature}".replace("'", "")
    if len(flat) <= 88:
        return flat
    arguments = ",\n    ".join(str(p).replace("'", "") for p in _parameters(signature))
    returned = "" if signature.return_annotation is inspect.Signature.empty else (
        f" -> {signature.return_annotation}"
    )  # fmt: skip
    return f"{name}(\n    {arguments}\n){returned}".replace("'", "")


def _parameters(signature: inspect.Signature) -> Iterator[object]:
    """Yield the parameters, a star before those that are keyword only."""
    starred = False
    for parameter in signature.parameters.values():
        starred |= parameter.kind is parameter.VAR_POSITIONAL
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield parameter


def _markdown(doc: str) -> str:
    """Return a docstring as Markdown: sections in bold, their entries as a list."""
    lines, section, code = [], "", False
    for line in doc.splitlines():
        if found := _SECTION.match(line):
            section = found[1]
            lines += [f"**{section}**", ""]
        elif section in ("Args", "Attributes", "Raises") and (item := _ITEM.match(line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            section = section if not line or line.startswith(" ") else ""
            example = not section and line.startswith("    ")
            if example != code and line:
                lines += ["```text"] if example else ["```", ""]
                code = example
            lines.append(line if code else line.strip())
    return "\n".join([*lines, *["```"] * code, ""])


if __name__ == "__main__":
    with atomic(PAGE) as temporary:
        temporary.write_text(page(), encoding="utf-8")

"""The board as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.view import benchmark_views


def render(
    results: Sequence[Result],
    out_path: Path,
    manifests: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write the page and return its path. The same input gives the same bytes.

    The file contains its own styles, script and figures, and loads nothing over a network. It
    appears whole or not at all.

    Args:
        results: any results; each benchmark gets its own tables. Without any, the page says how to
            submit one.
        out_path: the HTML file; its folder is made if it is missing.
        manifests: by benchmark id, ``{"title": str, "corruptions": [name, ...]}`` with exactly
            these fields: the benchmark's title, and the names of its corruptions in the order of
            columns, figures and lines. A benchmark without a manifest is titled by its id.

    Raises:
        ValueError: a manifest has other fields or types.
        OSError: the file cannot be written.
    """
    text = html(results, manifests)
    with atomic(out_path) as new:
        new.write_bytes(text.encode())
    return out_path


def html(
    results: Sequence[Result], manifests: Mapping[str, Mapping[str, object]] | None = None
) -> str:
    """Return the page as text; see `render`."""
    style, script = _site("style.css"), _site("page.js")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("corruptbench.leaderboard", "site"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["spaced"] = _spaced
    environment.filters["plain"] = _plain
    return environment.get_template("page.html.jinja").render(
        benchmarks=benchmark_views(results, manifests or {}),
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
    )


def _site(name: str) -> str:
    return (
        resources.files("corruptbench.leaderboard")
        .joinpath("site", name)
        .read_text(encoding="utf-8")
    )


def _policy(style: str, script: str) -> str:
    """Return a content policy: a browser then fetches nothing and runs no other script."""
    allowed = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _spaced(name: str) -> str:
    """Return an identifier as words."""
    return name.replace("_", " ")


def _plain(value: object) -> str:
    """Return a contract's value for readers who do not write Python."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, tuple):
        return f"{len(value)} numbers" if len(value) > 6 else ", ".join(map(_plain, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)

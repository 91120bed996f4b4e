"""The board as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.view import benchmark_views


def render(
    results: Sequence[Result],
    out_path: Path,
    manifests: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write the page and return its path; the same input gives the same bytes.

    The file holds its own styles, script and figures and asks for nothing over a network. It
    appears whole or not at all.

    Args:
        results: any results; each benchmark gets its own tables. None at all gives a page that
            says how to submit.
        out_path: the HTML file; its folder is made if it is not there.
        manifests: by benchmark id, ``{"title": str, "corruptions": [name, ...]}``, both and no
            other field: the benchmark's title, and the names of its corruptions in the order that
            columns, figures and lines then follow. A benchmark without is called by its id.

    Raises:
        ValueError: a manifest is not of that shape.
        OSError: the file cannot be written.
    """
    text = html(results, manifests)
    out_path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{out_path.name}.", dir=out_path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, out_path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
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
    """Return a content policy under which a browser fetches nothing and runs no other script."""
    allowed = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _spaced(name: str) -> str:
    """Return an identifier as words."""
    return name.replace("_", " ")


def _plain(value: str | int | float | bool | None) -> str:
    """Return a contract's value for readers who do not write Python."""
    words = {None: "none", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)

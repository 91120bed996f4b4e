"""What every page of one file needs: its templates, its own style and script, and a policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

import jinja2
from markupsafe import Markup, escape

#: Styles of text, tables and figures, of panels, and of narrow windows and paper.
SHARED = ("style.css", "panel.css", "narrow.css")


def templates(package: str) -> jinja2.Environment:
    """Return the templates in the folder ``site`` of a package; they escape what they show."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "site"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["spaced"] = spaced
    environment.filters["plain"] = _plain
    environment.filters["breakable"] = _breakable
    return environment


def site(package: str, name: str) -> str:
    """Return a text file in the folder ``site`` of a package."""
    return resources.files(package).joinpath("site", name).read_text(encoding="utf-8")


def shared_style() -> str:
    """Return the styles of the board's page that other pages of the project have, too."""
    return "".join(site("corruptbench.leaderboard.page", name) for name in SHARED)


def policy(style: str, scripts: Sequence[str], more: str = "") -> str:
    """Return a content policy: a browser then fetches nothing and runs no other scripts.

    ``more`` is a directive of its own, such as "img-src data:".
    """
    run = " ".join(f"'{_digest(script)}'" for script in scripts) or "'none'"
    allowed = f"style-src '{_digest(style)}'; script-src {run}"
    parts = ("default-src 'none'", allowed, more, "base-uri 'none'", "form-action 'none'")
    return "; ".join(part for part in parts if part)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def spaced(name: str) -> str:
    """Return an identifier as words."""
    return name.replace("_", " ")


def _breakable(name: str) -> Markup:
    """Return a name that a line can end in before each plus sign."""
    return escape(name).replace("+", Markup("<wbr>+"))


def _plain(value: object) -> str:
    """Return a contract's value for readers who do not write Python."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, tuple):
        return f"{len(value)} numbers" if len(value) > 6 else ", ".join(map(_plain, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)

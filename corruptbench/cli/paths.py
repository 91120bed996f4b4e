"""Types of options that take a path."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from corruptbench.storage import AnyPath, any_path, local_path


class LocalPath(click.Path):
    """A path of this machine."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Path:
        """Return the path; refuse a URL."""
        return local_path(os.fspath(value))


class ShardsPath(click.ParamType[AnyPath]):
    """A path of this machine or of S3."""

    name = "path"

    def convert(
        self,
        value: str | AnyPath,
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> AnyPath:
        """Return the path; refuse a URL that is not of S3."""
        return any_path(value)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Let the shell offer files."""
        return [CompletionItem(incomplete, type="file")]

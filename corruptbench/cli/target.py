"""Check that the file a command is asked for can be written."""

from __future__ import annotations

import os
from pathlib import Path

import click


def check_target(target: Path, suffixes: dict[str, str], source: Path | None) -> None:
    """Check a target before any work is done; write nothing. An existing file may be replaced.

    Args:
        target: the file.
        suffixes: the suffixes that it may have, in lower case, and what each of them means.
        source: the file that it is made from.

    Raises:
        click.ClickException: the target cannot be written, or is the source.
    """
    from corruptbench.files import check_folder
    from corruptbench.storage import found_at

    expected = " or ".join(f"{s} ({meaning})" if meaning else s for s, meaning in suffixes.items())
    if target.exists() and not target.is_file():
        found = found_at(target)
        raise click.ClickException(f"{target}: {found}; expected the name of a file, {expected}")
    if target.suffix.lower() not in suffixes:
        raise click.ClickException(f"{target}: suffix '{target.suffix}'; expected {expected}")
    if source is not None and os.path.realpath(target) == os.path.realpath(source):
        raise click.ClickException(f"{target}: the same file as the source; name another")
    try:
        check_folder(target.parent)
    except OSError as error:
        raise click.ClickException(
            f"{target}: cannot be written: {error.filename}: {error.strerror}; name another folder"
        ) from None

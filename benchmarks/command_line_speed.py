"""CPU seconds of each --help and of tab completions, each in a process of its own.

Medians over rounds; wanted is less than 0.3 s. Usage: python benchmarks/command_line_speed.py
[rounds]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

import click

from benchmarks.arguments import whole_numbers
from corruptbench.cli import group

WANTED = 0.3
COMPLETED = ["", "build --manifest ", "build --corruption er", "export --layout ", "weights fetch "]


def commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                found += commands(child, (*path, name))
    return found


def seconds(words: tuple[str, ...], environment: dict[str, str]) -> float:
    """Return the user and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "corruptbench", *words],
        stdout=subprocess.DEVNULL, env={**os.environ, **environment}, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def completion(typed: str) -> dict[str, str]:
    return {
        "_CORRUPTBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": f"corruptbench {typed}",
        "COMP_CWORD": str(max(1, len(typed.split()) + typed.endswith(" "))),
    }


def main() -> None:
    (rounds,) = whole_numbers(__doc__, rounds=5)
    cases = {" ".join((*path, "--help")): (((*path, "--help")), {}) for path in commands(group)}
    cases |= {f"{typed}<TAB>": ((), completion(typed)) for typed in COMPLETED}
    slow = 0
    for name, (words, environment) in cases.items():
        median = statistics.median(seconds(words, environment) for _ in range(rounds))
        slow += median >= WANTED
        print(f"{median:6.3f} s  corruptbench {name}", flush=True)
    print(f"{len(cases)} commands, {slow} of them not below {WANTED} s")


if __name__ == "__main__":
    main()

"""Check the words of a result that stand for what was measured: benchmark, detector, command.

They are text that the submitter writes, and a reader takes them for names, or copies them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from corruptbench.leaderboard.look_alike import skeleton
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.published import look_alike_id
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.reference import Reference, reference_for
from corruptbench.leaderboard.schema import Build, Result
from corruptbench.leaderboard.text import short
from corruptbench.leaderboard.visible import expected_instead, unseen

#: A family and a variant or file, as in "movenet:lightning", and the words of replayed noise. The
#: page puts it into a command.
_DETECTOR = re.compile(r"[A-Za-z0-9._+:()-]+( [A-Za-z0-9._+:()-]+)*")
_COMMAND = re.compile(r"corruptbench (evaluate|score)( |$)")
#: What a shell acts on where it is not in quotes. `shlex.quote` quotes it.
_ACTS = frozenset(";|&$<>()`\\\"'*?[]{}!#~^")
_BUILD = "build and evaluate with a detector of corruptbench"


def word_problems(file: str, result: Result) -> Iterator[Problem]:
    """Yield words that look like others, act in a shell, or are not what the owner knows.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result that passes the schema.
    """
    if known := look_alike_id(result.benchmark):
        expected = f"{known}, or an id that does not look like it"
        remedy = "give a benchmark of your own another id"
        yield Problem(file, "benchmark.id", result.benchmark.id, expected, remedy)
    yield from _detector_problems(file, result.build, reference_for(result.benchmark))
    meaning = result.build.score_meaning
    if wanted := expected_instead(meaning):
        yield Problem(file, "build.score_meaning", short(meaning), wanted, _BUILD)
    if not _is_plain_command(result.command):
        expected = "the words of one corruptbench evaluate or score, quoted as shlex.join does"
        remedy = f"write the field so, or {RERUN}"
        yield Problem(file, "command", short(result.command), expected, remedy)


def _detector_problems(file: str, build: Build, owner: Reference | None) -> Iterator[Problem]:
    name = build.detector
    if not _DETECTOR.fullmatch(name):
        expected = "letters, digits and . _ + : ( ) -, with single spaces"
        yield Problem(file, "build.detector", short(name), expected, _BUILD)
    elif owner and name != owner.detector:
        if skeleton(name) == skeleton(owner.detector):
            expected = f"a name that does not look like {owner.detector}"
            yield Problem(file, "build.detector", short(name), expected, _BUILD)
        if build.weights_sha256 == owner.weights_sha256:
            found, expected = f"those of {owner.detector}", f"the weights of {short(name)}"
            yield Problem(file, "build.weights_sha256", found, expected, _BUILD)


def _is_plain_command(text: str) -> bool:
    """Tell whether a text is one command of ours, in which a shell finds nothing to act on."""
    if not _COMMAND.match(text) or unseen(text):
        return False
    try:
        return not _ACTS & set(text) or shlex.join(shlex.split(text)) == text
    except ValueError:  # a quote that does not end
        return False

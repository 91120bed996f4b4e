"""What is said of a result when it becomes a row of a board."""

from __future__ import annotations

import json

from pydantic import ValidationError

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import short


def as_row(
    result: Result,
    about: About | None = None,
    name: str | None = None,
    supersedes: str | None = None,
) -> Result:
    """Return a result as its row says it; see `submit`.

    Raises:
        SubmissionError: the name cannot be that of a row.
    """
    said = {} if supersedes is None else {"supersedes": supersedes}
    return with_name(with_about(result, about).model_copy(update=said), name)


def text_of(result: Result) -> bytes:
    """Return the content of the file of a row. Every row of a board is written so."""
    return f"{result.model_dump_json(indent=2)}\n".encode()


def with_about(result: Result, about: About | None) -> Result:
    """Return a result with what is said about its lifter, field by field in place of its own."""
    if about is None:
        return result
    own = result.lifter.about.model_dump() if result.lifter.about else {}
    whole = About.model_validate({**own, **about.model_dump()})
    return result.model_copy(update={"lifter": result.lifter.model_copy(update={"about": whole})})


def with_name(result: Result, name: str | None) -> Result:
    """Return a result whose row has this name; None leaves the lifter's own.

    Raises:
        SubmissionError: it cannot be the name of a row.
    """
    if name is None:
        return result
    document = result.model_dump(mode="json")
    document["lifter"]["name"] = name
    try:
        return Result.model_validate_json(json.dumps(document), strict=True)
    except ValidationError:
        expected = "letters, digits and . _ + -, at most 80"
        problem = Problem("the row", "name", short(name), expected, "choose another one")
        raise SubmissionError("the name of the row", [problem]) from None

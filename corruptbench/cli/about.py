"""Options that say what the authors of a lifter say about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from corruptbench.errors import InputError, first_problem

if TYPE_CHECKING:
    from corruptbench.leaderboard import About

_TEXTS = {
    "--authors": "Authors, as on the paper.",
    "--paper": "Paper: arXiv:2312.06797, doi:10.1109/..., or an https address.",
    "--code": "Code: an https address.",
    "--report": "Report, such as the page of corruptbench report: an https address.",
    "--venue": 'Where it was published, such as "CVPR Workshops 2024".',
    "--date": "Date of paper or model, such as 2024-06.",
    "--license": "License of code or weights.",
}
_TRAINING_DATA = ("clean", "augmented", "corrupted", "extra")


def about_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; `about_of` takes their values."""
    command = click.option(
        "--training-data", multiple=True, type=click.Choice(_TRAINING_DATA),
        help="What the lifter was trained on; repeatable. clean: uncorrupted video; augmented: "
        "noise on keypoints; corrupted: corrupted video (such rows have a table of their own); "
        "extra: more data than the training split of the benchmark's data set.",
    )(command)  # fmt: skip
    for name, text in reversed(_TEXTS.items()):
        command = click.option(name, metavar="TEXT", help=text)(command)
    return command


def about_of(fields: Mapping[str, Any]) -> About | None:
    """Return what the options say; None without any.

    Raises:
        InputError: a value is not of the form that its help states.
    """
    from pydantic import ValidationError

    from corruptbench.leaderboard import About
    from corruptbench.leaderboard.referee.said import about_faults

    given = {name: value for name, value in fields.items() if value}
    if not given:
        return None
    try:
        about = About.model_validate(given)
    except ValidationError as error:
        raise InputError(f"submit: {first_problem(error, About.model_fields)}") from None
    for fault in about_faults(about):
        raise InputError(f"submit: {fault}", fault.field)
    return about

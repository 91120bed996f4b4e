"""Mean and standard deviation of what a lifter reads or gives, as its contract states them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from corruptbench.errors import first_problem
from corruptbench.records import Record, problem

#: At most as many numbers as 17 joints and 3 channels have, with room for other joint sets.
Numbers = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False, strict=True)], ...], Field(max_length=256)
]


class Statistics(Record):
    """Mean and standard deviation of each number of a flattened (joints, channels) array."""

    mean: Numbers
    std: Numbers


class OutputStatistics(Statistics):
    """Statistics of the output, and the unit that they are in."""

    units: Literal["m", "mm"]


def _word_or_table(table: type[Statistics], *words: str) -> BeforeValidator:
    """Return the check of a field that is one of these words or a table."""

    def check(value: object) -> object:
        if isinstance(value, dict):
            try:
                return table.model_validate(value)
            except ValidationError as error:
                raise problem(first_problem(error, table.model_fields)) from None
        if isinstance(value, table) or value in words:
            return value
        raise problem(f"found {value!r:.80}, expected {', '.join(words)}, or a table")

    return BeforeValidator(check)


Normalize = Annotated[
    Literal["screen", "pixel", "crop", "rays"] | Statistics,
    _word_or_table(Statistics, "screen", "pixel", "crop", "rays"),
]
Units = Annotated[
    Literal["m", "mm", "none"] | OutputStatistics,
    _word_or_table(OutputStatistics, "m", "mm", "none"),
]

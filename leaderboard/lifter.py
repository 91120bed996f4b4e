"""The model of a result, and the contract that it declares."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import AfterValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.records import Name, Sha256, SparseRecord, Text

#: Bounds of a contract's table, of a list of numbers, and of hypotheses and samples. Our own
#: choice: the longest list that a contract needs has a mean for each number of a pose, 51.
MOST_ENTRIES, MOST_NUMBERS, MOST_DRAWS = 20, 500, 10_000
#: Characters of a contract as JSON. Our own choice: those of our rows have below 300, and two lists
#: of `MOST_NUMBERS` have 20,000. A page shows the contract of every row.
MOST_CONTRACT = 50_000
#: Fields of a contract, and checks that can be allowed to fail, in one result.
MOST_FIELDS, MOST_ALLOWED = 50, 20
#: Bounds of the parameters and of the bytes of a model. Our own choice: far above any lifter. A
#: page shows the parameters in millions, and a float cannot hold every integer.
MOST_PARAMETERS, MOST_BYTES = 10**12, 10**15

Whole = Annotated[int, Field(ge=-MOST_BYTES, le=MOST_BYTES)]
Finite = Annotated[float, Field(ge=-MOST_BYTES, le=MOST_BYTES, allow_inf_nan=False)]
Plain = Text | Whole | Finite | bool | None
Numbers = Annotated[tuple[Whole | Finite, ...], Field(max_length=MOST_NUMBERS)]
Table = Annotated[dict[Text, Plain | Numbers], Field(max_length=MOST_ENTRIES)]


class _OneError:
    """Gives a value of several possible types one error, else each type has an error of its own."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = "expected text, a number, true, false, a list of numbers, or a table of these"
        return core_schema.custom_error_schema(handler(source), "form", custom_error_message=text)


Value = Annotated[Plain | Numbers | Table, _OneError()]
Draws = Annotated[int, Field(ge=1, le=MOST_DRAWS)]


def _small_contract(contract: dict[str, object]) -> dict[str, object]:
    if len(json.dumps(contract)) > MOST_CONTRACT:
        expected = f"expected at most {MOST_CONTRACT} characters"
        raise PydanticCustomError("size", "{text}", {"text": expected})
    return contract


class Lifter(SparseRecord):
    """The submitted model; ``contract`` declares the conventions of its input and output.

    Version 3 adds four fields. ``scored_joints`` is the number of joints that its errors are over.
    ``hypotheses`` is the number of poses that it gives for each frame, ``samples`` how often a
    stochastic lifter was run. ``allowed`` names checks that it failed and that were allowed to
    fail. Only where keypoints were filtered before the lifter is there ``filter``, the filter's
    name, with which ``name`` ends. ``about`` is what its authors say about it. Only where the
    lifter was given calibrated scores is there ``calibration_sha256``, the digest of the
    calibration.
    """

    name: Name
    sha256: Sha256
    bytes: int = Field(ge=1, le=MOST_BYTES)
    parameters: int = Field(ge=0, le=MOST_PARAMETERS)
    contract: Annotated[
        dict[Text, Value],
        Field(max_length=MOST_FIELDS),
        AfterValidator(_small_contract),
    ]
    scored_joints: int | None = Field(default=None, ge=1, le=1000)
    hypotheses: Draws | None = None
    samples: Draws | None = None
    allowed: Annotated[tuple[Name, ...], Field(max_length=MOST_ALLOWED)] | None = None
    filter: Name | None = None
    about: About | None = None
    calibration_sha256: Sha256 | None = None

    @property
    def has_units(self) -> bool:
        """Tell whether its poses have a known size, by the contract field ``units``."""
        return self.contract.get("units") != "none"

    def label(self, metric: Metric) -> str:
        """Return the name of a metric, with the number of poses that it is taken over, if it is."""
        mean = METRIC_COLUMNS[metric]
        return mean.label.format(getattr(self, mean.draws)) if mean.draws else mean.label

"""What all records of a result share: the base classes, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

LONGEST_TEXT = 1000  # characters
LONGEST_NAME = 80  # characters
#: What moves the cursor, ends the line, or changes the direction of the text around it.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
#: One line for people, or a name in a data set.
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=f"^[^{_CONTROL}]*$")]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: The greatest number that a page can show in its column; our own choice, far above any error.
GREATEST = 1e6
Millimeters = Annotated[float, Field(ge=0.0, le=GREATEST, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
#: In percent of something else, so that it can be above 100.
Share = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Change = Annotated[float, Field(ge=-GREATEST, le=GREATEST, allow_inf_nan=False)]
Name = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
]


class Record(BaseModel):
    """Base of every record: immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SparseRecord(Record):
    """Base of records whose fields without a value (None) are left out of the file.

    So a version of the schema can add fields, and older files keep their bytes.
    """

    @model_serializer(mode="wrap")
    def _without_missing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        record: dict[str, Any] = serialize(self)
        return {name: value for name, value in record.items() if value is not None}

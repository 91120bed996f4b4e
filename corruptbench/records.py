"""The base class of all typed records that are read from files."""

from __future__ import annotations

import tomllib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from corruptbench.errors import COMPLETE, InputError, first_problem

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def problem(text: str) -> PydanticCustomError:
    """Return the error that a validator raises with a text that itself says what was found."""
    return PydanticCustomError(COMPLETE, "{text}", {"text": text})


class Record(BaseModel):
    """An immutable record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, text: str | bytes, where: str, remedy: str) -> Self:
        """Return the record in a JSON text.

        Args:
            text: JSON.
            where: name of the file, for the message.
            remedy: what to do about a wrong file.

        Raises:
            InputError: it is no such record; names the first field that is wrong.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(
                f"{where}: {first_problem(error, cls.model_fields)}; {remedy}"
            ) from None

    @classmethod
    def parse_toml(cls, text: str, where: str) -> Self:
        """Return the record in a TOML text; see `parse` for ``where``.

        Raises:
            InputError: it is no TOML, or no such record; names the first field that is wrong.
        """
        try:
            content = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also of numbers with too many digits
            raise InputError(f"{where}: not TOML ({error}); correct it") from None
        return cls.checked(content, where)

    @classmethod
    def checked(cls, content: object, where: str) -> Self:
        """Return the record of a content; raise `InputError` that names the first wrong field."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise InputError(f"{where}: {first_problem(error, cls.model_fields)}") from None

"""The base class of all typed records that are read from files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """An immutable record; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""The base of every typed record that is read from a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """Immutable, and no unknown field passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

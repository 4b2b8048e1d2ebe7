"""Kinds of fields that requests have in common: what the database cannot hold is refused where it comes in.

    class Body(BaseModel):
        model_config = ConfigDict(extra="forbid")
        note: Annotated[Text, Field(max_length=500)] = ""
        until: Moment | None = None

PostgreSQL keeps no NUL character and no id beyond 63 bits; moments are bounded so that arithmetic in any zone stays within the calendar.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, SecretStr

__all__ = ["Id", "Moment", "Number", "PathId", "PathSubject", "Said", "Secret", "Subject", "Text"]

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("it holds a NUL character")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("it holds half of a character")
    return value


def _secret(value: SecretStr) -> SecretStr:
    _text(value.get_secret_value())
    return value


def _whole(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _moment(value: datetime) -> datetime:
    if not _FIRST <= value < _LAST:
        raise ValueError("it lies before 1970 or after 2199")
    return value


Text = Annotated[str, AfterValidator(_text)]
"""Any text without NUL and lone surrogates; bound its length where it is used."""

Said = Annotated[str, BeforeValidator(_whole), AfterValidator(_text), Field(min_length=1)]
"""Text that says something: blanks around it are taken off, and something must be left."""

Secret = Annotated[SecretStr, AfterValidator(_secret)]
"""The same for what no log may hold; bound its length where it is used."""

Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
"""A moment with its zone."""

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""Id of a row, in a body or query."""

PathId = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""Id of a row, in the path."""

Number = Annotated[
    str, BeforeValidator(_whole), Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+8613900000001"], max_length=16)
]
"""A phone number with its country code. Only ever in a body: addresses are written into logs."""

Subject = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910"])]
"""What stands for a phone number in an address: its blind index, which only the tenant's key could make. `POST /subjects/find` tells it."""

PathSubject = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910"])]
"""The same, in the path."""

"""What commands about people have in common: who acts, whose number, from which moment, until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from callwright.compliance.freezes import e164
from callwright.errors import InputError, Problem

__all__ = ["ByOption", "moment_of", "number_of"]

ByOption = Annotated[
    str,
    typer.Option("--by", envvar="CALLWRIGHT_USER", help="Who does it: stands in the history.", metavar="NAME"),
]


def number_of(text: str) -> str:
    """An E.164 number as somebody typed it.

    Raises:
        InputError: it has no country code, or is no number.
    """
    number = e164(text)
    if number is None:
        raise InputError(Problem("number", "this is no number with its country code", hint="write +8613900000001"))
    return number


def moment_of(text: str) -> datetime | None:
    """A date or a time as somebody typed it, UTC unless it says otherwise; "" = None.

    Raises:
        InputError: it is none.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "write 2027-03-01, or 2027-03-01T09:00+08:00"
        raise InputError(Problem("time", "this is no date", hint=hint)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""A call that nobody places: what is known of it from the number's own digits and what somebody writes down, for explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from callwright.campaigns.numbers import identify
from callwright.compliance.cases import harmless, moment
from callwright.compliance.facts import CompanyFacts, DialFacts
from callwright.compliance.openings import zone
from callwright.errors import InputError, Place, Problem

__all__ = ["situation"]


def situation(
    number: str, at: str, now: datetime, zones: Sequence[str], regions: Sequence[str], purpose: str, *, rest_fine: bool
) -> tuple[DialFacts, datetime]:
    """Facts and moment of such a call. at: `2026-11-26T10:00`, on the callee's clock or with an offset, "" = now; rest_fine: what is not said
    is as in a call nobody objects to; otherwise nobody knows it.

    Raises:
        InputError: no number that could exist, no moment, or no zone; the field is named `number` or `at`.
    """
    found = identify(number)
    if found is None:
        hint = "Write it with + and country code: +8613800138000."
        raise InputError(Problem("wrong-value", "this is no number that could exist", Place(field="number"), hint))
    where = tuple(zones) or found.zones
    then = _moment(at, now, where)
    facts = (
        harmless(then, found.country, where)
        if rest_fine
        else DialFacts(found.number, "", frozenset(), purpose, company=CompanyFacts())
    )
    from_digits = tuple(found.region.split("/")) if found.region else None
    facts = replace(
        facts, callee=found.number, purpose=purpose, country=found.country, regions=tuple(regions) or from_digits, zones=where or None,
        line_type=found.line_type,
    )  # fmt: skip
    return facts, then


def _moment(at: str, now: datetime, zones: tuple[str, ...]) -> datetime:
    try:
        for name in zones:
            zone(name)
        then = moment(at, zones) if at else now.astimezone(zone(zones[0]) if zones else None)
    except (ValueError, KeyError, OSError) as error:
        hint = "Write 2026-11-26T10:00, and zones like Asia/Shanghai."
        raise InputError(Problem("wrong-value", f"{error}", Place(field="at"), hint)) from None
    if not 1970 <= then.year < 2200:
        raise InputError(Problem("wrong-value", "it lies before 1970 or after 2199", Place(field="at")))
    return then

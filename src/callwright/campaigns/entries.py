"""One row of a list, looked at: a person with the proof of why they may be called, or all that is wrong with the row. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callwright.campaigns.cells import from_text
from callwright.campaigns.mapping import VARIABLE
from callwright.campaigns.numbers import Identity, identify
from callwright.campaigns.rows import MAX_CELL, Fault, Row

__all__ = ["BASES", "UNSHOWN", "Entry", "Rules", "Wrong", "is_zone", "judge", "moment"]

BASES = ("consent", "contract", "legal_obligation", "existing_customer")
_BASIS_WORDS = {
    "同意": "consent", "已同意": "consent", "授权": "consent", "已授权": "consent", "本人同意": "consent",
    "合同": "contract", "合约": "contract", "服务合同": "contract", "法定义务": "legal_obligation", "法律义务": "legal_obligation",
    "老客户": "existing_customer", "现有客户": "existing_customer", "存量客户": "existing_customer",
}  # fmt: skip
_LONGEST = {"wording": 64, "channel": 32, "source": 200, "time_zone": 48, "number": 64, "scope": 500}
_SHORT = min(_LONGEST.values())
UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SKEW = timedelta(days=1)  # "today" begins earlier elsewhere


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows are read. targets: of each column (mapping.py); defaults: values of fields for rows that have none; region: country of
    numbers without +; zone: of times without one; now: aware, what is in the future is measured by it."""

    targets: tuple[str, ...]
    now: datetime
    defaults: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    zone: str = "UTC"


class Entry(NamedTuple):
    """One person. variables: JSON object of strings; scope: words; given_at, valid_until: aware. See numbers.Identity for the rest."""

    line: int
    number: str
    country: str
    region: str
    line_type: str
    zones: tuple[str, ...]
    time_zone: str | None
    variables: str
    basis: str
    scope: tuple[str, ...]
    wording: str
    channel: str
    source: str
    given_at: datetime | None
    valid_until: datetime | None


class Wrong(NamedTuple):
    """A row that is not taken, and everything that is wrong with it."""

    line: int
    faults: tuple[Fault, ...]


def judge(rules: Rules, row: Row) -> Entry | Wrong:
    """What a row says, or all that is wrong with it."""
    if isinstance(row.cells, Fault):
        return Wrong(row.line, (row.cells,))
    faults: list[Fault] = []
    known = dict(rules.defaults)
    variables: dict[str, str] = {}
    if len(row.cells) > len(rules.targets):
        faults.append(Fault("", "too-many-cells"))
    for target, raw in zip(rules.targets, row.cells, strict=False):
        cell = raw.strip()
        if cell[:1] == "'":
            cell = from_text(cell)
        if not cell or not target:
            continue
        if target.startswith(VARIABLE):
            variables[target[len(VARIABLE) :]] = cell
        else:
            known[target] = cell
        if len(cell) > MAX_CELL or (not cell.isprintable() and UNSHOWN.search(cell)):
            faults.append(_unfit(target, cell))
    identity = _number(known.get("number", ""), rules.region, faults)
    basis = _basis(known.get("basis", ""), faults)
    given_at, valid_until = _consent(known, basis, rules, faults)
    zone = known.get("time_zone")
    if zone is not None and not is_zone(zone):
        faults.append(Fault("time_zone", "bad-zone", {"zone": zone[:50]}))
    for name, value in known.items():
        if len(value) > _SHORT and _LONGEST.get(name, MAX_CELL) < len(value) <= MAX_CELL:
            faults.append(Fault(name, "cell-too-long", {"length": len(value), "most": _LONGEST[name]}))
    if faults or identity is None:
        return Wrong(row.line, tuple(faults))
    said = _encode(variables)
    described = (known.get("wording", ""), known.get("channel", ""), known.get("source", ""))
    scope = _words(known.get("scope", ""))
    return Entry(row.line, *identity, zone, said, basis, scope, *described, given_at, valid_until)


def _unfit(target: str, cell: str) -> Fault:
    name = target.removeprefix(VARIABLE)
    if len(cell) > MAX_CELL:
        return Fault(name, "cell-too-long", {"length": len(cell), "most": MAX_CELL})
    return Fault(name, "bad-character")


def _number(text: str, region: str | None, faults: list[Fault]) -> Identity | None:
    identity = identify(text, region) if text and len(text) <= _LONGEST["number"] else None
    if identity is None:
        code = "no-number" if not text else "rounded-number" if _ROUNDED.fullmatch(text) else "bad-number"
        faults.append(Fault("number", code))
    return identity


def _basis(text: str, faults: list[Fault]) -> str:
    basis = _BASIS_WORDS.get(text, text.lower())
    if basis not in BASES:
        bases = ", ".join(BASES)
        fault = Fault("basis", "bad-basis", {"basis": text[:50], "bases": bases})
        faults.append(fault if text else Fault("basis", "no-basis", {"bases": bases}))
    return basis


def _consent(
    known: Mapping[str, str], basis: str, rules: Rules, faults: list[Fault]
) -> tuple[datetime | None, datetime | None]:
    """When the basis began and until when it holds: a day counts to its end."""
    given = _moment("consent_at", known, rules, faults)
    until = _moment("valid_until", known, rules, faults)
    if given is None and basis == "consent" and not known.get("consent_at"):
        faults.append(Fault("consent_at", "no-consent-date"))
    if given is not None and given > rules.now + _SKEW:
        faults.append(Fault("consent_at", "future-time"))
    if until is not None and ":" not in known["valid_until"]:
        until += timedelta(days=1)
    if until is not None and until <= rules.now:
        faults.append(Fault("valid_until", "over"))
    return given, until


def _moment(name: str, known: Mapping[str, str], rules: Rules, faults: list[Fault]) -> datetime | None:
    text = known.get(name)
    if text is None:
        return None
    found = moment(text, rules.zone)
    if found is None:
        faults.append(Fault(name, "bad-time"))
    return found


@lru_cache(8192)
def moment(text: str, zone: str) -> datetime | None:
    """An ISO date or time, or as spreadsheets write them: 2026/11/3, 2026年11月3日 9:30. UTC."""
    try:
        found = _DATE.fullmatch(text)
        if found:
            year, month, day, *clock = (int(part or 0) for part in found.groups())
            value = datetime(year, month, day, *clock, tzinfo=ZoneInfo(zone))  # type: ignore[misc,arg-type]
        else:
            value = datetime.fromisoformat(text)
            value = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
        return value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(2048)
def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(2048)
def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in re.split(r"[;；,，、]", text) if word.strip()))

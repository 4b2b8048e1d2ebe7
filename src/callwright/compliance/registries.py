"""Do-not-call registries as files: a full copy, a change to one, or the answers of a look-up. Pure: what a line means, where a copy reaches.

A registry is called as the rule packs call it (`us-national-dnc`); its first two letters are the country whose numbers it holds. Its files
come in many shapes: one number a line, an area code and seven digits, national or international digits, with a header or without. What a line
says is found out by the header, else by what stands in the cells.

- `full`: whoever does not stand in it is not listed, as far as the copy reaches (the area codes of a subscription, or the whole country);
- `change`: numbers added (`A`) and deleted (`D`) since a day; makes a full copy newer;
- `checked`: numbers that were looked up, each with its answer; nothing is known about any other number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, get_args

import phonenumbers

from callwright.errors import InputError, Place, Problem

__all__ = [
    "KINDS",
    "Copy",
    "Entry",
    "Kind",
    "area_in",
    "area_of",
    "country_of",
    "entries",
    "number_in",
    "reaches",
]

Kind = Literal["full", "change", "checked"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NAME = re.compile(r"[a-z]{2}-[a-z0-9][a-z0-9.-]{0,60}")
_CALLED = {"uk": "GB"}  # where it is not the ISO code
_BETWEEN = str.maketrans("", "", " -().\u00a0\t'\"")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_AREA = re.compile(r"\+[1-9][0-9]{0,9}")
_AREAS = "name every area code of the file, or none"
_LONGEST_LINE = 1000
_NUMBER = frozenset(
    {"number", "phone", "phone number", "telephone", "telephone number", "tel", "msisdn", "号码", "电话"}
)
_AREA_CODE = frozenset({"area", "area code", "areacode", "npa"})
_ANSWER = frozenset({"change", "change type", "action", "op", "type", "status", "listed", "registered", "result"})
_ADDED = frozenset({"a", "add", "added", "+", "i", "insert", "c", "create"})
_DELETED = frozenset({"d", "del", "delete", "deleted", "-", "r", "remove", "removed"})
_LISTED = frozenset({"y", "yes", "1", "true", "listed", "registered", "on", "match", "matched"})
_NOT_LISTED = frozenset(
    {"n", "no", "0", "false", "not listed", "unlisted", "not registered", "unregistered", "off", "no match"}
)


class _Plan(NamedTuple):
    """How national numbers are written: the country's code, the digit before them, how many digits they have without it."""

    code: str
    trunk: str
    digits: re.Pattern[str]


_NANP = _Plan("1", "1", re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}"))
_PLANS = {
    "US": _NANP,
    "CA": _NANP,
    "GB": _Plan("44", "0", re.compile(r"[1-9][0-9]{8,9}")),
    "AU": _Plan("61", "0", re.compile(r"[1-9][0-9]{8}")),
    "FR": _Plan("33", "0", re.compile(r"[1-9][0-9]{8}")),
}


class Entry(NamedTuple):
    """A line that was understood. listed: it stands there, or was added; False = it does not, or was deleted."""

    number: str
    listed: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is loaded. areas: beginnings of the numbers it reaches, () = all of its country; numbers: how many it holds."""

    id: int
    name: str
    kind: str
    as_of: datetime
    areas: tuple[str, ...]
    version: str
    account: str
    numbers: int
    source: str
    by: str
    loaded_at: datetime


def country_of(name: str) -> str:
    """ISO country of a registry.

    Raises:
        InputError: this is no name of one.
    """
    if not _NAME.fullmatch(name):
        hint = "write it as the rule pack does: us-national-dnc"
        raise InputError(Problem("registry", "this is no name of a registry", Place(field="registry"), hint))
    return _CALLED.get(name[:2], name[:2].upper())


def area_of(text: str, country: str) -> str:
    """The beginning of numbers that is meant: `212` in the United States, or `+1212`.

    Raises:
        InputError: it is none of this country.
    """
    plain = text.translate(_BETWEEN)
    code = f"+{_code(country)}"
    if not plain.startswith("+"):
        plan = _PLANS.get(country)
        plain = code + (plain.removeprefix(plan.trunk) if plan is not None else plain)
    if not _AREA.fullmatch(plain) or not plain.startswith(code):
        hint = "write 212, or +1212"
        raise InputError(Problem("area", f"{text[:20]!r} is no area code of {country}", Place(field="areas"), hint))
    return plain


def area_in(number: str) -> str:
    """The beginning by which a registry of that country is subscribed to: `+1212` of the United States and Canada, where a file holds the area
    codes of a subscription only. "" = registries of this country are had whole."""
    return number[:5] if number.startswith("+1") else ""


def reaches(areas: Sequence[str], number: str) -> bool:
    """Whether a full copy that reaches these areas says something about the number."""
    return not areas or number.startswith(tuple(areas))


def number_in(text: str, country: str) -> str | None:
    """The E.164 number that a registry of this country writes so; None = it is none of it."""
    plain = text.translate(_BETWEEN)
    plan = _PLANS.get(country)
    if plan is None:
        return _parsed(plain, country)
    if plain.startswith(("+", "00")):
        number = "+" + plain.removeprefix("+").removeprefix("00")
        return number if number.startswith(f"+{plan.code}") and _E164.fullmatch(number) else None
    if plan.digits.fullmatch(plain):
        return f"+{plan.code}{plain}"
    for before in (plan.trunk, plan.code):
        rest = plain.removeprefix(before)
        if rest != plain and plan.digits.fullmatch(rest):
            return f"+{plan.code}{rest}"
    return None


def entries(
    lines: Iterable[str], file: str, country: str, kind: Kind, areas: Sequence[str] = ()
) -> Generator[Entry | Problem, None, None]:
    """What each line says, in their order; blank lines say nothing. areas: a number beyond them is a problem, () = anywhere in the country.

    Never raises for what the file holds: what cannot be read is a Problem, and after a line that is no text nothing follows.
    """
    at, reading = 0, _Reading(country, kind)
    try:
        for at, line in enumerate(lines, start=1):
            if len(line) > _LONGEST_LINE:
                yield Problem("line", "this line is too long for a registry", Place(file, at), "one number a line")
                continue
            cells = _cells(line, reading)
            if not any(cells):
                continue
            if reading.begin(cells):
                continue
            made = reading.entry(cells)
            if not isinstance(made, Entry):
                yield Problem(made[0], made[1], Place(file, at), made[2])
            elif reaches(areas, made.number):
                yield made
            else:
                yield Problem(
                    "area", "a number of another area code than those that are named", Place(file, at), _AREAS
                )
    except UnicodeDecodeError:
        yield Problem(
            "encoding", "this is no text in UTF-8", Place(file, at + 1), "save it as UTF-8, or unpack it first"
        )


class _Reading:
    """What is known of the columns of one file."""

    def __init__(self, country: str, kind: Kind) -> None:
        self._country, self._kind = country, kind
        self._begun = False
        self._number: int | None = None
        self._area: int | None = None
        self._answer: int | None = None
        self.delimiter: str | None = None
        hint = {"GB": "write +447700900123 or 07700900123"}.get(
            country, "write 2125550123, or 212,5550123, or +12125550123"
        )
        self._bad_number = ("number", f"this is no number of {country}", hint)

    def begin(self, cells: list[str]) -> bool:
        """Look at the first line; whether it is a header."""
        if self._begun:
            return False
        self._begun = True
        names = [cell.casefold().replace("_", " ").strip() for cell in cells]
        for at, name in enumerate(names):
            if name in _NUMBER and self._number is None:
                self._number = at
            elif name in _AREA_CODE and self._area is None:
                self._area = at
            elif name in _ANSWER and self._answer is None:
                self._answer = at
        return self._number is not None

    def entry(self, cells: list[str]) -> Entry | tuple[str, str, str]:
        """What a line says; else code, message and cure."""
        number, rest = self._number_of(cells)
        if number is None:
            return self._bad_number
        if self._kind == "full":
            return Entry(number, True)
        said = self._said(cells, rest).casefold().replace("_", " ")
        yes, no = (_ADDED, _DELETED) if self._kind == "change" else (_LISTED, _NOT_LISTED)
        if said in yes or said in no:
            return Entry(number, said in yes)
        if self._kind == "change":
            return "change", "nothing says whether the number was added or deleted", "end the line with A or D"
        return "answer", "nothing says whether the number is listed", "end the line with Y or N"

    def _number_of(self, cells: list[str]) -> tuple[str | None, int]:
        """The number, and the column behind it."""
        if self._number is not None:
            if self._number >= len(cells):
                return None, 0
            area = cells[self._area] if self._area is not None and self._area < len(cells) else ""
            return number_in(area + cells[self._number], self._country), self._number + 1
        if len(cells) > 1 and len(cells[0]) == 3 and len(cells[1].translate(_BETWEEN)) == 7:
            return number_in(cells[0] + cells[1], self._country), 2
        return number_in(cells[0], self._country), 1

    def _said(self, cells: list[str], rest: int) -> str:
        """The word of a change or a look-up: in its column, else the last cell behind the number that says something."""
        if self._answer is not None:
            return cells[self._answer] if self._answer < len(cells) else ""
        return next((cell for cell in reversed(cells[rest:]) if cell), "")


def _cells(line: str, reading: _Reading) -> list[str]:
    """The cells of a line, without blanks around them."""
    bare = line.strip("\ufeff\r\n\x1a ")
    if reading.delimiter is None and bare:
        reading.delimiter = max(",;\t|", key=bare.count)
    if '"' in bare:
        try:
            return [cell.strip() for cell in next(csv.reader([bare], delimiter=reading.delimiter or ","), [])]
        except csv.Error:
            return [bare]
    return [cell.strip() for cell in bare.split(reading.delimiter)] if bare else []


def _code(country: str) -> str:
    plan = _PLANS.get(country)
    return plan.code if plan is not None else str(phonenumbers.country_code_for_region(country))


def _parsed(plain: str, country: str) -> str | None:
    """By libphonenumber: slower, for every other country."""
    try:
        parsed = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return None
    if parsed.country_code != phonenumbers.country_code_for_region(country) or not phonenumbers.is_possible_number(
        parsed
    ):
        return None
    number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return number if _E164.fullmatch(number) else None

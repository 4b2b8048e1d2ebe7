"""Leads: people on a list, each with the basis on which they may be called. A CSV is taken whole or not at all.

Columns: `number`, `basis` (required); `consent_at` (ISO date or time), `scope` (words separated by ;), `time_zone` (IANA);
every other column is a variable of the script.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from callwright.errors import LeadsError, Place, Problem

__all__ = ["BASES", "Lead", "import_csv", "parse_csv"]

BASES = ("consent", "contract", "legal_obligation")
MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 100_000
MAX_CELL = 2000
KNOWN = ("number", "basis", "consent_at", "scope", "time_zone")


@dataclass(frozen=True, slots=True)
class Lead:
    """One person to call. number: E.164; consent_at: aware; row: 1-based line in the file."""

    number: str
    basis: str
    row: int
    consent_at: datetime | None = None
    scope: frozenset[str] = frozenset()
    time_zone: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def import_csv(path: Path, region: str | None = None) -> tuple[Lead, ...]:
    """The leads of a CSV file.

    Args:
        region: ISO country for numbers without `+` (None = such numbers are an error).

    Raises:
        LeadsError: with every bad row, its place and its cure; nothing is imported then.
    """
    place = Place(str(path))
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise LeadsError(Problem("too-large", f"{size} bytes; at most {MAX_BYTES}", place, "split the list"))
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise LeadsError(Problem("no-file", "there is no such file", place, "check the path")) from None
    except UnicodeDecodeError as error:
        raise LeadsError(
            Problem(
                "not-utf8",
                f"byte {error.start} is not UTF-8",
                place,
                "save the list as CSV UTF-8 (Excel: 'CSV UTF-8 (comma delimited)')",
            )
        ) from None
    except OSError as error:
        raise LeadsError(
            Problem("unreadable", f"cannot be read: {error.strerror}", place, "check its permissions")
        ) from None
    return parse_csv(text, str(path), region)


def parse_csv(text: str, file: str = "<csv>", region: str | None = None) -> tuple[Lead, ...]:
    """As `import_csv`, from text."""
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    problems: list[Problem] = []
    leads: list[Lead] = []
    seen: dict[str, int] = {}
    try:
        _check_header(reader.fieldnames, file)
        for row in reader:
            line = reader.line_num
            if len(leads) + len(problems) >= MAX_ROWS:
                raise LeadsError(Problem("too-many", f"more than {MAX_ROWS} rows", Place(file, line), "split the list"))
            lead = _lead(row, file, line, region, problems)
            if lead is None:
                continue
            if lead.number in seen:
                problems.append(
                    Problem(
                        "duplicate",
                        f"the number stands in line {seen[lead.number]} too",
                        Place(file, line, field="number"),
                        "keep one of the rows",
                    )
                )
                continue
            seen[lead.number] = line
            leads.append(lead)
    except csv.Error as error:
        problems.append(
            Problem(
                "not-csv",
                f"not readable as CSV: {error}",
                Place(file, reader.line_num + 1),
                "check quotes and line breaks",
            )
        )
    if problems:
        raise LeadsError(problems)
    if not leads:
        raise LeadsError(Problem("empty", "no rows", Place(file), "add at least one person below the header"))
    return tuple(leads)


def _check_header(names: object, file: str) -> None:
    header = list(names) if isinstance(names, list | tuple) else []
    missing = [name for name in ("number", "basis") if name not in header]
    if missing:
        hint = "the first line names the columns, for example: number,basis,consent_at,scope,name,company"
        raise LeadsError(Problem("no-column", f"column {' and '.join(missing)} missing", Place(file, 1), hint))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise LeadsError(
            Problem("column-twice", f"column {', '.join(twice)} stands twice", Place(file, 1), "remove one of them")
        )


def _lead(row: dict[str, str | None], file: str, line: int, region: str | None, problems: list[Problem]) -> Lead | None:
    before = len(problems)

    def bad(code: str, field_name: str, message: str, hint: str) -> None:
        problems.append(Problem(code, message, Place(file, line, field=field_name), hint))

    if "" in row:
        bad("too-many-cells", "", "the row has more cells than the header", "check for unquoted commas")
    cells = {key: (value or "").strip() for key, value in row.items() if key}
    for key, value in cells.items():
        if len(value) > MAX_CELL:
            bad("cell-too-long", key, f"{len(value)} characters", f"at most {MAX_CELL}")
    number = _number(cells["number"], region)
    if number is None:
        bad(
            "bad-number",
            "number",
            "not a phone number that exists",
            "write it as E.164: + country code and number, for example +12025550123",
        )
    basis = cells["basis"]
    if basis not in BASES:
        bad("bad-basis", "basis", f"{basis or 'nothing'} is no basis for a call", f"one of {', '.join(BASES)}")
    consent_at = _time(cells.get("consent_at", ""))
    if cells.get("consent_at") and consent_at is None:
        bad("bad-time", "consent_at", "not a date", "write 2026-11-03 or 2026-11-03T09:30:00+08:00")
    if basis == "consent" and not cells.get("consent_at"):
        bad(
            "no-consent-date",
            "consent_at",
            "consent without a date proves nothing",
            "give the day the person consented",
        )
    zone = cells.get("time_zone") or None
    if zone is not None and not _is_zone(zone):
        bad("bad-zone", "time_zone", f"{zone} is no time zone", "an IANA name, for example Asia/Shanghai")
    if len(problems) > before or number is None:
        return None
    scope = frozenset(word.strip() for word in cells.get("scope", "").split(";") if word.strip())
    variables = {key: value for key, value in cells.items() if key not in KNOWN and value}
    return Lead(number, basis, line, consent_at, scope, zone, variables)


def _number(text: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _time(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True

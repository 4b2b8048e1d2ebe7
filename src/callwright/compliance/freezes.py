"""The freeze library (冻结库): numbers nobody calls, neither a robot nor a person. Pure: what a freeze means, and lists as files.

A freeze stands for a scope: `tenant` (everything), `company` or `task` (only for that one), `voice` (robots may not call, people may). It
ends by itself at `until`, or when somebody lifts it and says why.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

from callwright.compliance.facts import Freeze, FreezeScope
from callwright.compliance.freeze_wording import Wrong, told
from callwright.compliance.telling import Language
from callwright.errors import InputError, Place, Problem

__all__ = [
    "COLUMNS",
    "REASONS",
    "SCOPES",
    "NewFreeze",
    "Reading",
    "active",
    "applies",
    "e164",
    "masked",
    "outlasts",
    "period_end",
    "row_of",
    "safe_cell",
    "write_freezes",
]

SCOPES: tuple[FreezeScope, ...] = get_args(FreezeScope)

REASONS: Mapping[str, tuple[str, str, int | None]] = {
    "opt_out": ("asked not to be called", "要求免打扰", None),
    "complaint": ("complained", "投诉", None),
    "wrong_person": ("the number is somebody else's", "非本人", None),
    "refused": ("said no", "拒绝", 90),
    "refused_short": ("several refusals and short calls in a day", "多次拒接或短通话", 90),
    "keyword": ("said words of refusal, confirmed by a person", "疑似拒绝，人工确认", 90),
    "abuse": ("was insulting", "辱骂", 180),
    "imported": ("on a list that was imported", "名单导入", None),
    "erased": ("asked to be forgotten", "要求删除", None),
    "manual": ("frozen by hand", "手工冻结", None),
}
"""Reason -> title in English and Chinese, and for how many days (None = until it is lifted)."""

COLUMNS = ("number", "scope", "scope_id", "reason", "until", "note")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN = re.compile(r"[\s\-().\u00a0]")


@dataclass(frozen=True, slots=True)
class NewFreeze:
    """A freeze to be written. until: None = for good."""

    number: str
    reason: str = "manual"
    scope: FreezeScope = "tenant"
    scope_id: int | None = None
    until: datetime | None = None
    note: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        wrong = _wrong(self.number, str(self.scope), self.scope_id, self.reason, self.until)
        if wrong is not None:
            raise InputError(told(wrong))


@dataclass(frozen=True, slots=True)
class Reading:
    """A list that was read: what can be used, and what is wrong with the rest."""

    freezes: tuple[NewFreeze, ...]
    problems: tuple[Problem, ...]


def active(freeze: Freeze, now: datetime) -> bool:
    """Whether it still stands; `Freeze` is a row that was not lifted."""
    return freeze.until is None or now < freeze.until


def applies(
    freezes: Iterable[Freeze],
    now: datetime,
    *,
    company_id: int | None = None,
    task_id: int | None = None,
    robot: bool = True,
) -> list[Freeze]:
    """Those that forbid this call. A call for a company or task that nobody knows is forbidden by every freeze of that kind."""
    return [freeze for freeze in freezes if active(freeze, now) and _meant(freeze, company_id, task_id, robot)]


def _meant(freeze: Freeze, company_id: int | None, task_id: int | None, robot: bool) -> bool:
    match freeze.scope:
        case "company":
            return company_id is None or freeze.scope_id == company_id
        case "task":
            return task_id is not None and freeze.scope_id == task_id
        case "voice":
            return robot
        case _:
            return True


def outlasts(old: datetime | None, new: datetime | None) -> bool:
    """Whether a freeze until `old` makes one until `new` needless."""
    return old is None or (new is not None and old >= new)


def period_end(reason: str, now: datetime) -> datetime | None:
    """When a freeze for this reason ends by itself; None = never."""
    days = REASONS[reason][2]
    return None if days is None else now + timedelta(days=days)


def e164(text: str) -> str | None:
    """`+86 139-0000 0001` -> `+8613900000001`; None = it is no number with its country code."""
    plain = _BETWEEN.sub("", text.strip().removeprefix("'"))
    return plain if _E164.fullmatch(plain) else None


def masked(number: str) -> str:
    """`+86139****0001`: enough to know it again."""
    return f"{number[:-8]}****{number[-4:]}" if len(number) > 10 else "****"


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection): a ' before = + - @, tab and line ends; none within."""
    plain = text.replace("\r", " ").replace("\n", " ")
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@", "\t", "'", "|", "＝", "＋", "－", "＠")) else plain


def write_freezes(freezes: Iterable[NewFreeze]) -> Iterator[str]:
    """Lines of a CSV with a header, safe to open in a spreadsheet; `campaigns/freeze_lists.py` reads it."""
    yield _csv(COLUMNS)
    for one in freezes:
        until = "" if one.until is None else one.until.astimezone(UTC).isoformat(timespec="seconds")
        scope_id = "" if one.scope_id is None else str(one.scope_id)
        yield _csv([safe_cell(cell) for cell in (one.number, one.scope, scope_id, one.reason, until, one.note)])


def row_of(line: Mapping[str, str], place: Place, now: datetime, lang: Language = "en") -> NewFreeze | Problem:
    """A line of a list, by `COLUMNS`; what is not told is as good as empty. `until` is a date or a time with its zone. lang: of a problem."""
    number = e164(line.get("number", ""))
    scope, reason, scope_id = line.get("scope") or "tenant", line.get("reason") or "imported", line.get("scope_id", "")
    until = _moment(line["until"]) if line.get("until") else None
    if number is None:
        wrong: Wrong | None = Wrong("number")
    elif scope_id and not (scope_id.isascii() and scope_id.isdigit() and len(scope_id) < 19):
        wrong = Wrong("scope-id")
    elif line.get("until") and until is None:
        wrong = Wrong("until")
    elif until is not None and until <= now:
        wrong = Wrong("over")
    else:
        wrong = _wrong(number, scope, int(scope_id) if scope_id else None, reason, until)
    if wrong is not None or number is None:
        return told(wrong or Wrong("number"), lang, place)
    return NewFreeze(
        number, reason, cast("FreezeScope", scope), int(scope_id) if scope_id else None, until,
        line.get("note", "")[:500], place.file[:100],
    )  # fmt: skip


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _wrong(number: str, scope: str, scope_id: int | None, reason: str, until: datetime | None) -> Wrong | None:
    if not _E164.fullmatch(number):
        return Wrong("number")
    if scope not in SCOPES:
        return Wrong("scope", scope[:20], SCOPES)
    if reason not in REASONS:
        return Wrong("reason", reason[:20], REASONS)
    if (scope in ("company", "task")) != (scope_id is not None):
        return Wrong("scope-needs-id")
    return Wrong("until-zone") if until is not None and until.tzinfo is None else None


def _csv(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()

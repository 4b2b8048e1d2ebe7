"""What a tenant decides about its desk: the codes by which agents say how a call came out, what follows a call, and the groups that scripts ask
for. The rules are pure; what was chosen lies among the tenant's settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from callwright.accounts.model import Viewer
from callwright.accounts.tenant_settings import keep_setting, setting
from callwright.errors import InputError, Place, Problem
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["Code", "DeskSettings", "Group", "chosen", "keep", "merged"]

_NAME = "desk"
_FORM = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}")
_MOST_CODES, _MOST_GROUPS = 100, 50
_LONGEST_TITLE, _LONGEST_NAME, _LONGEST_WORK_S = 60, 64, 3600


@dataclass(frozen=True, slots=True)
class Code:
    """How an agent says a call came out. code: what is kept with calls, never changed; archived: nobody chooses it any more, but calls that
    have it are still read."""

    code: str
    en: str
    zh: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Agents whom scripts ask for. name: as scripts write it (`to: {group: NAME}`); en, zh: as people call it."""

    name: str
    en: str
    zh: str


_FIRST = tuple(
    Code(code, en, zh)
    for code, en, zh in (
        ("interested", "interested", "有意向"),
        ("callback", "call back", "约定回拨"),
        ("not_interested", "not interested", "无意向"),
        ("solved", "solved", "已解决"),
        ("no_answer", "nobody answered", "未接通"),
        ("wrong_person", "wrong person", "非本人"),
        ("complaint", "complaint", "投诉"),
        ("no_calls", "wants no calls", "要求免打扰"),
        ("other", "other", "其他"),
    )
)


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """required: an agent says how a call came out before the next one; work_s: so long the time after a call lasts (0 = until the agent ends
    it). With `required` it is a reminder; without, the agent is ready again when it is over."""

    codes: tuple[Code, ...] = _FIRST
    groups: tuple[Group, ...] = ()
    required: bool = False
    work_s: int = 0

    def code(self, name: str) -> Code | None:
        """The code of this name, archived or not."""
        return next((one for one in self.codes if one.code == name), None)


def merged(before: DeskSettings, wanted: DeskSettings, staffed: AbstractSet[str] = frozenset()) -> DeskSettings:
    """What is kept when somebody wants this: codes that are missing are archived, as calls may have them. staffed: groups with agents.

    Raises:
        InputError: a name is not well formed or there twice, a title is missing, no code is left, or a group that has agents is taken away.
    """
    problems = [*_codes(wanted.codes), *_groups(wanted.groups)]
    gone = staffed - {one.name for one in wanted.groups}
    for name in sorted(gone):
        hint = "Take its agents out of it first: an agent without a group takes the calls of all."
        problems.append(Problem("group-in-use", f"the group {name} has agents", Place(field="groups"), hint))
    if not 0 <= wanted.work_s <= _LONGEST_WORK_S:
        problems.append(Problem("bad-time", f"0 to {_LONGEST_WORK_S} seconds", Place(field="work_s")))
    if problems:
        raise InputError(problems)
    known = {one.code for one in wanted.codes}
    left = tuple(replace(one, archived=True) for one in before.codes if one.code not in known)
    return replace(wanted, codes=(*wanted.codes, *left))


def _codes(codes: Sequence[Code]) -> Iterable[Problem]:
    if len(codes) > _MOST_CODES:
        yield Problem("too-many-codes", f"at most {_MOST_CODES} codes", Place(field="codes"))
    if all(one.archived for one in codes):
        yield Problem("no-code", "at least one code can be chosen", Place(field="codes"))
    for at, one in enumerate(codes):
        if not _FORM.fullmatch(one.code):
            hint = "Small letters, digits, - and _; at most 24. People see its words."
            yield Problem("bad-code", f"{one.code!r} is no code", Place(field=f"codes.{at}.code"), hint)
        yield from _titles(one, f"codes.{at}")
    yield from _twice([one.code for one in codes], "codes")


def _groups(groups: Sequence[Group]) -> Iterable[Problem]:
    if len(groups) > _MOST_GROUPS:
        yield Problem("too-many-groups", f"at most {_MOST_GROUPS} groups", Place(field="groups"))
    for at, one in enumerate(groups):
        if not one.name.strip() or len(one.name) > _LONGEST_NAME:
            hint = "The name that scripts ask for, of at most 64 characters."
            yield Problem("bad-group", "a group has a name", Place(field=f"groups.{at}.name"), hint)
        yield from _titles(one, f"groups.{at}")
    yield from _twice([one.name for one in groups], "groups")


def _titles(one: Code | Group, field: str) -> Iterable[Problem]:
    for name in ("en", "zh"):
        title = getattr(one, name)
        if not title.strip() or len(title) > _LONGEST_TITLE:
            message = f"words in both languages, of at most {_LONGEST_TITLE} characters"
            yield Problem("bad-title", message, Place(field=f"{field}.{name}"))


def _twice(names: Sequence[str], field: str) -> Iterable[Problem]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem("twice", f"{name} is there twice", Place(field=field))


async def chosen(scope: Scope) -> DeskSettings:
    """As the tenant chose."""
    value = await setting(scope, _NAME)
    if not value:
        return DeskSettings()
    return DeskSettings(
        tuple(Code(**one) for one in value["codes"]),
        tuple(Group(**one) for one in value["groups"]),
        bool(value["required"]),
        int(value["work_s"]),
    )


async def keep(
    scope: Scope, keys: TenantKeys, viewer: Viewer, wanted: DeskSettings, staffed: AbstractSet[str], now: datetime
) -> DeskSettings:
    """Choose; what is kept then. staffed: groups with agents.

    Raises:
        InputError: see `merged`.
    """
    before = await chosen(scope)
    kept = merged(before, wanted, staffed)
    await keep_setting(scope, keys, viewer, _NAME, asdict(kept), now, told=_told(before, kept))
    return kept


def _told(before: DeskSettings, kept: DeskSettings) -> Mapping[str, Any]:
    """What the audit log says of it. No words: somebody might have written anything into them."""
    codes = len(set(kept.codes) ^ set(before.codes))
    groups = len(set(kept.groups) ^ set(before.groups))
    return {"codes": codes, "groups": groups, "required": kept.required, "work_s": kept.work_s}

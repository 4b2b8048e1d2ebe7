"""What changes from one version of a pack to another, or from one day to another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from callwright.compliance.packs import CompiledRule, Pack

__all__ = ["Change", "between_days", "between_packs"]


@dataclass(frozen=True, slots=True)
class Change:
    """rule: `us/hours`; fields: of a changed rule, what was and what is."""

    kind: Literal["added", "removed", "changed"]
    rule: str
    title: str
    fields: tuple[tuple[str, str, str], ...] = ()


def between_packs(old: Pack, new: Pack) -> tuple[Change, ...]:
    """The rules that differ, in the order of the new pack; the removed ones last."""
    return tuple(_changes(_by_id(old.rules), _by_id(new.rules)))


def between_days(packs: Sequence[Pack], first: date, second: date) -> tuple[Change, ...]:
    """The rules in force at noon UTC of the second day and not of the first, and the other way round; rules of one pack with one id are one."""
    return tuple(_changes(_in_force(packs, first), _in_force(packs, second)))


def _in_force(packs: Sequence[Pack], day: date) -> dict[str, CompiledRule]:
    noon = datetime.combine(day, time(12), UTC)
    return {rule.name: rule for pack in packs for rule in pack.rules if rule.in_force(noon)}


def _by_id(rules: Sequence[CompiledRule]) -> dict[str, CompiledRule]:
    return {rule.name: rule for rule in rules}


def _changes(old: Mapping[str, CompiledRule], new: Mapping[str, CompiledRule]) -> Iterator[Change]:
    for name, rule in new.items():
        before = old.get(name)
        if before is None:
            yield Change("added", name, rule.rule.title)
            continue
        fields = tuple(_fields(_flat(before), _flat(rule)))
        if fields:
            yield Change("changed", name, rule.rule.title, fields)
    for name, rule in old.items():
        if name not in new:
            yield Change("removed", name, rule.rule.title)


def _fields(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name, "-"), new.get(name, "-")


def _flat(rule: CompiledRule) -> dict[str, str]:
    """What a rule says, as lines: its cases are no part of it."""
    value = rule.rule.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"tests"})
    return dict(_lines(value, ""))


def _lines(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _lines(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield path, str(value)

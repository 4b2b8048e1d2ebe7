"""Which do-not-call registries the loaded rule packs ask for, and what a loaded copy is worth to them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from callwright.compliance.packs import Packs
from callwright.compliance.registries import Copy
from callwright.compliance.rules.dnc import Dnc
from callwright.errors import InputError, Place, Problem
from callwright.yaml_problems import did_you_mean

__all__ = ["Asking", "asked", "asking_for", "fresh_until", "newest"]


@dataclass(frozen=True, slots=True)
class Asking:
    """A rule that asks for a registry. days: how old the copy may be."""

    pack: str
    rule: str
    registry: str
    days: int


def asked(packs: Packs) -> Mapping[str, Sequence[Asking]]:
    """By name of the registry, in its order: the rules of every version that is loaded."""
    found: dict[str, list[Asking]] = {}
    for pack in packs.packs:
        for rule in pack.rules:
            if isinstance(rule.check, Dnc):
                name, days = rule.check.registry, rule.check.max_age_days
                found.setdefault(name, []).append(Asking(pack.file.id, rule.rule.id, name, days))
    return dict(sorted(found.items()))


def asking_for(packs: Packs, name: str) -> Sequence[Asking]:
    """The rules that ask for this registry.

    Raises:
        InputError: none does. A copy that no rule looks at would only seem to protect somebody.
    """
    known = asked(packs)
    if name in known:
        return known[name]
    hint = f"{did_you_mean(name, known)} They ask for: {', '.join(known)}. A pack of your own (CALLWRIGHT_PACKS) may ask for others.".strip()
    raise InputError(Problem("registry", f"no rule pack asks for {name[:64]!r}", Place(field="registry"), hint))


def fresh_until(as_of: datetime, rules: Iterable[Asking]) -> datetime | None:
    """Until when a copy of that moment is good enough for every rule; None = no rule asks."""
    return min((as_of + timedelta(days=one.days) for one in rules), default=None)


def newest(copies: Iterable[Copy], name: str) -> Copy | None:
    """The copy of a registry that is of the latest moment; None = none is loaded."""
    return max((one for one in copies if one.name == name), key=lambda one: one.as_of, default=None)

"""The cases of a pack, tried. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from callwright.compliance.cases import harmless, moment, with_facts
from callwright.compliance.facts import DialFacts
from callwright.compliance.openings import zone
from callwright.compliance.pack_model import Case
from callwright.compliance.packs import CompiledRule, Pack, Packs
from callwright.compliance.rules.check import Timely

__all__ = ["Trial", "rehearse"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One case that was tried. failure: "" when it came out as it should."""

    pack: str
    rule: str
    case: str
    failure: str


def rehearse(pack: Pack) -> Iterator[Trial]:
    """Every case of every rule, in order."""
    country = pack.file.places[0] if pack.file.places[0] != "*" else "CN"
    alone = Packs([pack])
    for rule in pack.rules:
        for case in rule.rule.tests:
            yield Trial(pack.name, rule.rule.id, case.name, _failure(alone, rule, case, country))


def _failure(packs: Packs, rule: CompiledRule, case: Case, country: str) -> str:
    zones = case.facts.get("zones") or (rule.pack.clock,)
    now = moment(case.at, tuple(zones)).astimezone(UTC)
    facts = with_facts(harmless(now, country, (rule.pack.clock,)), case.facts)
    if rule not in packs.applying(facts, now):
        return "" if case.expect == "not-applied" else f"expected {case.expect}, but the rule did not apply"
    if case.expect == "not-applied":
        return "the rule applied"
    finding = rule.look(facts, now)
    if finding.outcome != case.expect:
        return f"expected {case.expect}, got {finding.outcome}: {finding.detail}"
    return "" if case.next is None else _wrong_next(rule, case, facts, tuple(zones))


def _wrong_next(rule: CompiledRule, case: Case, facts: DialFacts, zones: tuple[str, ...]) -> str:
    now = moment(case.at, zones).astimezone(UTC)
    found = rule.check.next_at(facts, now) if isinstance(rule.check, Timely) else None
    wanted = None if case.next in (None, "never") else moment(str(case.next), zones)
    if found == wanted:
        return ""
    told = "never" if found is None else found.astimezone(zone(zones[0])).isoformat(timespec="minutes")
    return f"expected to be allowed next at {case.next}, got {told}"

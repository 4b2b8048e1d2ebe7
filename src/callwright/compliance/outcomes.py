"""What a call leaves behind: freezes to write, words for a person to judge. Pure; `campaigns` writes them in the transaction of the finish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC

from callwright.compliance.facts import CallOutcome, DialFacts, DueFreeze, Suspect
from callwright.compliance.packs import Packs

__all__ = ["Consequences", "consequences"]


@dataclass(frozen=True, slots=True)
class Consequences:
    """freezes: to be written now, longest first of those with one scope and reason; suspects: to wait for a person."""

    freezes: tuple[DueFreeze, ...]
    suspects: tuple[Suspect, ...]


def consequences(facts: DialFacts, outcome: CallOutcome, packs: Packs) -> Consequences:
    """What the rules that applied make of a call that is over.

    A rule that fails leaves a suspect, so that a person looks at it and nobody calls meanwhile.

    Args:
        facts: of the person and the task; `past` holds the calls before this one.
    """
    outcome = replace(outcome, at=outcome.at.astimezone(UTC), ended_at=outcome.ended_at.astimezone(UTC))
    freezes: list[DueFreeze] = []
    suspects: list[Suspect] = []
    for rule in packs.applying(facts, outcome.ended_at):
        if rule.follows is None or not rule.refuses:
            continue
        try:
            found = rule.follows.after_call(facts, outcome)
        except Exception:  # noqa: BLE001  fail closed: somebody has to look at it
            found = Suspect((f"{rule.name} failed",), "")
        if found is not None:
            signed = replace(found, rule=rule.name)
            freezes.extend([signed] if isinstance(signed, DueFreeze) else [])
            suspects.extend([signed] if isinstance(signed, Suspect) else [])
    return Consequences(_longest(freezes), tuple(suspects))


def _longest(freezes: list[DueFreeze]) -> tuple[DueFreeze, ...]:
    """One for each scope and reason: the one that ends last."""
    kept: dict[tuple[str, str, int | None], DueFreeze] = {}
    for freeze in freezes:
        key = (freeze.scope, freeze.reason, freeze.scope_id)
        other = kept.get(key)
        if other is None or (other.until is not None and (freeze.until is None or freeze.until > other.until)):
            kept[key] = freeze
    return tuple(kept.values())

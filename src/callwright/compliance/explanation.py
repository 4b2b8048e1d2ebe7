"""Why a call may or may not be placed, rule by rule, with what each rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from callwright.compliance.decision import Decision, decide
from callwright.compliance.facts import DialFacts
from callwright.compliance.house import HOUSE_TITLES
from callwright.compliance.packs import CompiledRule, Packs
from callwright.compliance.reasons import Reason

__all__ = ["Explained", "Explanation", "citation", "explain"]


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule. status: law, draft, norm, contract, or house; source: title and article; doubt: what nobody has verified."""

    reason: Reason
    title: str
    status: str
    source: str = ""
    quote: str = ""
    as_of: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    decision: Decision
    rules: tuple[Explained, ...]


def explain(facts: DialFacts, now: datetime, packs: Packs) -> Explanation:
    """The decision at `now` (aware), and what each of its reasons rests on, in their order."""
    decision = decide(facts, now, packs)
    known = {(rule.pack.id, rule.rule.id): rule for rule in packs.applying(facts, now)}
    return Explanation(decision, tuple(_explained(decision, known)))


def _explained(decision: Decision, known: dict[tuple[str, str], CompiledRule]) -> Iterator[Explained]:
    for reason in decision.reasons:
        rule = known.get((reason.pack, reason.rule)) if reason.version else None
        if rule is None:
            yield Explained(reason, HOUSE_TITLES.get(reason.rule, ""), "house")
            continue
        source, quote, as_of = citation(rule)
        yield Explained(reason, rule.rule.title, rule.rule.status, source, quote, as_of, rule.rule.doubt or "")


def citation(rule: CompiledRule) -> tuple[str, str, str]:
    """What a rule rests on: title and article, the words, and when somebody looked."""
    cited = rule.rule.citation
    source = next(each for each in rule.pack.sources if each.id == cited.source)
    article = cited.article or source.article
    title = f"{source.title}, {article}" if article else source.title
    return title, source.quote or "", source.as_of.isoformat()

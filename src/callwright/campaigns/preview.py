"""Who on a task's list will not be called, and why: the decision about every kind of person at the moment the task would begin. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from callwright.campaigns.crowd import Subject
from callwright.campaigns.facts import Known
from callwright.campaigns.verdicts import judged
from callwright.compliance.decision import Decision, decide
from callwright.compliance.explanation import Explained, explain
from callwright.compliance.facts import DialFacts
from callwright.compliance.packs import Packs

__all__ = ["Group", "Preview", "preview"]

_EXAMPLES = 5
_NOBODY = Known(0, "", b"", "", "", None, "")


@dataclass(frozen=True, slots=True)
class Group:
    """People who are refused for one first reason. passes: it may pass by itself, at the earliest at next_at (None = nobody knows); title,
    source: what the rule asks and rests on ("" = a rule of dispatch); leads: ids of the first of them."""

    rule: str
    pack: str
    title: str
    source: str
    detail: str
    passes: bool
    count: int
    next_at: datetime | None
    leads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """At this moment `allowed` people could be called; the groups are the others, the largest first."""

    at: datetime
    people: int
    allowed: int
    groups: tuple[Group, ...]


def preview(subject: Subject, packs: Packs, at: datetime) -> Preview:
    """at: aware; when the task would begin."""
    crowd = subject.crowd
    counts = np.bincount(crowd.of, minlength=len(crowd.kinds)) if len(crowd) else np.zeros(len(crowd.kinds), np.int64)
    firsts = _firsts(subject)
    allowed = 0
    grouped: dict[tuple[str, str, bool], list[tuple[int, Decision]]] = {}
    for kind, facts in enumerate(crowd.kinds):
        decision = judged(decide, packs, facts, _NOBODY, subject.plan.caps, subject.script_per_30_days, at)
        if decision.allow:
            allowed += int(counts[kind])
            continue
        first = decision.refusals[0] if decision.refusals else None
        key = (
            (first.rule, first.pack, decision.next_allowed_at is not None) if first else ("rule-failed", "house", True)
        )
        grouped.setdefault(key, []).append((kind, decision))
    groups = [
        _group(packs, key, found, [int(counts[kind]) for kind, _ in found], crowd.kinds, firsts, at)
        for key, found in grouped.items()
    ]
    return Preview(at, len(crowd), allowed, tuple(sorted(groups, key=lambda one: -one.count)))


def _firsts(subject: Subject) -> dict[int, list[int]]:
    """The first leads of each kind."""
    order = np.argsort(subject.crowd.of, kind="stable")
    kinds, starts = np.unique(subject.crowd.of[order], return_index=True)
    return {
        int(kind): [int(subject.leads[at]) for at in order[start : start + _EXAMPLES] if subject.crowd.of[at] == kind]
        for kind, start in zip(kinds, starts, strict=True)
    }


def _group(
    packs: Packs,
    key: tuple[str, str, bool],
    found: Sequence[tuple[int, Decision]],
    counts: Sequence[int],
    kinds: Sequence[DialFacts],
    firsts: dict[int, list[int]],
    at: datetime,
) -> Group:
    rule, pack, passes = key
    kind, decision = found[0]
    reason = next((one for one in decision.refusals if (one.rule, one.pack) == (rule, pack)), None)
    told = _told(packs, kinds[kind], rule, pack, at)
    moments = [one.next_allowed_at for _, one in found if one.next_allowed_at is not None]
    leads = [lead for number, _ in found for lead in firsts.get(number, ())]
    return Group(
        rule, pack, told.title if told else "", told.source if told else "", reason.detail if reason else "", passes, sum(counts),
        min(moments, default=None), tuple(leads[:_EXAMPLES]),
    )  # fmt: skip


def _told(packs: Packs, facts: DialFacts, rule: str, pack: str, at: datetime) -> Explained | None:
    return next(
        (one for one in explain(facts, at, packs).rules if (one.reason.rule, one.reason.pack) == (rule, pack)), None
    )

"""How a finished call is graded: the first rule that holds wins, and says in words why (script/1 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callwright.dialogue.names import names_of
from callwright.dialogue.portrait import Attribute, attributes
from callwright.dialogue.state import State
from callwright.script.expression import compile_expression
from callwright.script.model import Script

__all__ = ["Outcome", "outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call comes to. end: the end value ("" = not ended by the dialogue); grade: a letter or None; reason: which rule held and the
    values it read, in the script's language; slots: id -> value; kb: id -> hits; actions: `{"kind", "arg"}` in order."""

    end: str
    grade: str | None
    grade_title: str
    reason: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    kb: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    milestone: int = 0
    score: float = 0.0
    portrait: tuple[Attribute, ...] = ()
    learn: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()
    follow_up: str = ""


def outcome(script: Script, state: State, *, connected: bool, result: str, duration_s: float) -> Outcome:
    """Grade `state`, also for a call that was never answered (a fresh state with `connected=False`).

    result: how the line ended (`answered`, `busy`, `empty_number`, `suspended`, ...); duration_s: seconds since the answer.
    Raises ValueError for a rule that does not compile (a checked script has none).
    """
    interest = frozenset(entry.id for entry in script.kb if entry.interest)
    names = names_of(state, interest, connected=connected, result=result, duration_s=duration_s)
    grade, reason = _grade(script, names)
    return Outcome(
        end=state.end or "",
        grade=grade,
        grade_title=script.grading.scale.get(grade, "") if grade else "",
        reason=reason,
        slots={name: filled.value for name, filled in state.slots.items()},
        tags=state.tags,
        kb=dict(state.kb),
        counters=dict(state.counters),
        milestone=state.milestone,
        score=state.score,
        portrait=attributes(script, state, names),
        learn=state.learn,
        actions=state.actions,
        follow_up=script.grading.follow_up.get(grade, "") if grade else "",
    )


def _grade(script: Script, names: Mapping[str, Any]) -> tuple[str | None, str]:
    rules = script.grading.rules
    zh = script.language == "zh"
    for number, rule in enumerate(rules, 1):
        expression = compile_expression(rule.when)
        if not expression.evaluate(names):
            continue
        values = _values(expression.names, names, zh)
        if zh:
            return rule.grade, f"第 {number} 条规则（共 {len(rules)} 条）成立：{rule.when}" + (
                f"；其中 {values}" if values else ""
            )
        return rule.grade, f"rule {number} of {len(rules)} holds: {rule.when}" + (f"; where {values}" if values else "")
    if not rules:
        return None, "脚本没有评级规则" if zh else "the script has no grading rules"
    return None, f"{len(rules)} 条规则均不成立" if zh else f"none of the {len(rules)} rules holds"


def _values(used: frozenset[str], names: Mapping[str, Any], zh: bool) -> str:
    texts = []
    for name in sorted(used):
        value: Any = names
        for part in name.split("."):
            value = value.get(part, 0) if isinstance(value, Mapping) else 0
        shown = (
            ("、" if zh else ", ").join(map(str, value)) or ("无" if zh else "none")
            if isinstance(value, list)
            else value
        )
        shown = f"{shown:g}" if isinstance(shown, float) else shown
        texts.append(f"{name} = {shown!s}" if shown != "" else f'{name} = ""')
    return ("，" if zh else ", ").join(texts)

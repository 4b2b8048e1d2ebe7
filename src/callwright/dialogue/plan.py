"""A script made ready to be followed: expressions and patterns compiled, what each node expects computed once. Immutable afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from callwright.dialogue.filling import SlotPlan
from callwright.dialogue.values import Context
from callwright.errors import Place, Problem, ScriptError
from callwright.script.expression import Expression, compile_expression
from callwright.script.model import GlobalRule, KbEntry, Node, Script, Variant
from callwright.script.text import placeholders

__all__ = ["CLASSES", "NodePlan", "Plan"]

CLASSES = ("affirm", "deny", "refuse")


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node with its overrides applied. order: the categories tried, `unrecognised` being last anyway;
    kb: entries admitted here whatever the date; reads_back: slots that its texts speak;
    phrases: what may be heard here, for the recogniser."""

    id: str
    node: Node
    barge: str
    backchannel: str
    timeout_ms: int
    order: tuple[str, ...]
    intents: frozenset[str]
    classes: frozenset[str]
    kb: tuple[str, ...]
    reads_back: frozenset[str]
    phrases: tuple[str, ...]


class Plan:
    """What the engine needs of a script. Raises ScriptError (from the constructor) for an expression or pattern that does not compile,
    and for a node that is named but not there."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.language = script.language
        self._problems: list[Problem] = []
        self._expressions = dict(self._compile(script))
        self.slots = self._slots(script)
        self.prefilled = tuple(plan for plan in self.slots.values() if plan.slot.prefill)
        self.kb = {entry.id: entry for entry in script.kb}
        self.kb_order = {entry.id: index for index, entry in enumerate(script.kb)}
        self.interest = frozenset(entry.id for entry in script.kb if entry.interest)
        self.globals = tuple(sorted(script.globals, key=lambda rule: -rule.priority))
        self.word_rules = {rule.id: rule for rule in self.globals if rule.event is None}
        self.count_rules = tuple(rule for rule in self.globals if rule.count)
        self.nodes = {name: self._node(name, node) for name, node in script.flow.nodes.items()}
        self.transfers = {
            plan.node.to.group: plan
            for plan in reversed(self.nodes.values())
            if plan.node.type == "transfer" and plan.node.to
        }
        self._contexts: dict[tuple[str, str], Context] = {}
        window = script.compliance.window
        self._window = (window.from_, window.to) if window else None
        self._check_targets()
        if self._problems:
            raise ScriptError(self._problems)

    def true(self, text: str, names: Any) -> bool:
        """Does the `when` expression hold?"""
        return bool(self._expressions[text].evaluate(names))

    def expression(self, text: str) -> Expression:
        """The compiled expression of this script."""
        return self._expressions[text]

    def event_rules(self, event: str) -> Iterator[GlobalRule]:
        """The rules for an event, highest priority first."""
        return (rule for rule in self.globals if rule.event == event)

    def screening_rule(self) -> GlobalRule | None:
        """What is said to a call screener: the highest rule with that role."""
        return next((rule for rule in self.globals if rule.role == "call_screening"), None)

    def context(self, node: str, now: str) -> Context:
        """The mask for the next sentence at `node`; the same object for the same arguments."""
        found = self._contexts.get((node, now))
        if found is None:
            plan = self.nodes[node]
            kb = frozenset(entry for entry in plan.kb if self.valid(self.kb[entry], now))
            found = Context(kb, plan.intents, plan.classes, now, self._window)
            if len(self._contexts) > 10_000:
                self._contexts.clear()
            self._contexts[(node, now)] = found
        return found

    def valid(self, entry: KbEntry, now: str) -> bool:
        """May the entry be told today? Bounds are inclusive; a bounded entry is not told when the day is unknown."""
        since, until = entry.valid.from_, entry.valid.until
        if since is None and until is None:
            return True
        today = now[:10]
        return bool(today) and (since is None or since <= today) and (until is None or today <= until)

    def _compile(self, script: Script) -> Iterator[tuple[str, Expression]]:
        for text, where in _whens(script):
            try:
                yield text, compile_expression(text)
            except ValueError as error:
                self._problems.append(Problem("bad-expression", f"`{text}`: {error}", Place(field=where)))

    def _slots(self, script: Script) -> dict[str, SlotPlan]:
        plans = {}
        for name, slot in script.slots.items():
            try:
                plans[name] = SlotPlan.of(name, slot, script.language)
            except re.error as error:
                self._problems.append(
                    Problem("bad-pattern", f"the pattern cannot be read: {error}", Place(field=f"slots.{name}"))
                )
        return plans

    def _node(self, name: str, node: Node) -> NodePlan:
        script, keys = self.script, node.next
        # A category left out of an order is not tried here; `unrecognised` always comes last.
        order = tuple(category for category in (node.order or script.turn.order) if category != "unrecognised")
        intents = frozenset(key[7:] for key in keys if key.startswith("intent."))
        classes = frozenset(key for key in keys if key in CLASSES)
        if node.type == "collect":
            classes |= {"refuse"}
            if node.slot not in script.slots:
                self._missing(f"flow.nodes.{name}.slot", f"slot `{node.slot}`")
        kb = tuple(e.id for e in script.kb if (not e.only_in or name in e.only_in) and name not in e.not_in)
        texts = [v.text for v in (*node.say, *node.reask)]
        return NodePlan(
            id=name,
            node=node,
            barge=node.barge.mode or script.turn.barge.mode,
            backchannel=node.barge.backchannel or script.turn.barge.backchannel,
            timeout_ms=node.timeout_ms or script.turn.timeout_ms,
            order=order,
            intents=intents,
            classes=classes,
            kb=kb,
            reads_back=frozenset(n for text in texts for n in placeholders(text) if n in script.slots),
            phrases=tuple(dict.fromkeys(self._phrases(node, intents, classes, kb))),
        )

    def _phrases(
        self, node: Node, intents: frozenset[str], classes: frozenset[str], kb: tuple[str, ...]
    ) -> Iterator[str]:
        script = self.script
        for name in CLASSES:
            if name in classes:
                yield from getattr(script.lexicon, name)
        for name, intent in script.intents.items():
            if name in intents:
                yield from (*intent.phrases, *intent.examples)
        if node.slot in self.slots:
            for canonical, words in (script.slots[node.slot].choices or {}).items():
                yield from (canonical, *words)
        for rule in self.globals:
            if rule.event is None:
                yield from (*rule.phrases, *rule.examples)
        for entry in kb:
            yield from (*self.kb[entry].phrases, *self.kb[entry].examples)

    def _check_targets(self) -> None:
        for where, target in _targets(self.script):
            if target not in self.nodes and target != "return":
                self._missing(where, f"node `{target}`")

    def _missing(self, where: str, what: str) -> None:
        hint = "Write its name as it stands in the script."
        self._problems.append(Problem("unknown-name", f"there is no {what}", Place(field=where), hint))


def _whens(script: Script) -> Iterator[tuple[str, str]]:
    for name, node in script.flow.nodes.items():
        for case in node.cases:
            yield case.when, f"flow.nodes.{name}.cases"
        yield from _variant_whens((*node.say, *node.reask), f"flow.nodes.{name}.say")
    for index, entry in enumerate(script.kb):
        yield from _variant_whens((*entry.answers, *entry.then.lead), f"kb[{index}].answers")
    for index, rule in enumerate(script.globals):
        yield from _variant_whens((*rule.say, *(rule.then.lead if rule.then else ())), f"globals[{index}].say")
    for index, grade in enumerate(script.grading.rules):
        yield grade.when, f"grading.rules[{index}]"
    for index, attribute in enumerate(script.portrait):
        yield attribute.from_, f"portrait[{index}]"


def _variant_whens(variants: Iterable[Variant], where: str) -> Iterator[tuple[str, str]]:
    return ((variant.when, where) for variant in variants if variant.when)


def _targets(script: Script) -> Iterator[tuple[str, str]]:
    yield "flow.start", script.flow.start
    for name, node in script.flow.nodes.items():
        where = f"flow.nodes.{name}"
        for key, step in node.next.items():
            for target in (step,) if isinstance(step, str) else (step.goto, step.then):
                if target:
                    yield f"{where}.next.{key}", target
        yield from ((f"{where}.cases", case.goto) for case in node.cases)
        yield from ((f"{where}.arms", arm.goto) for arm in node.arms)
        yield from (
            (f"{where}.{key}", target) for key, target in (("else", node.case_else), ("enter", node.enter)) if target
        )
    for index, entry in enumerate(script.kb):
        if entry.then.goto:
            yield f"kb[{index}].then.goto", entry.then.goto
    for index, rule in enumerate(script.globals):
        for target in (rule.goto, rule.then.goto if rule.then else None):
            if target:
                yield f"globals[{index}].goto", target

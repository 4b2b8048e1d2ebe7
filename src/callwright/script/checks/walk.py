"""Every place of a script that holds a spoken text, a target, an expression, a pattern or an action, each with its field path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from callwright.errors import Place, Problem
from callwright.script.loader import LoadedScript
from callwright.script.model import Action, NextStep, Script, Then, Variant

__all__ = [
    "RETURN",
    "Found",
    "actions",
    "error",
    "expressions",
    "patterns",
    "recordings",
    "targets",
    "texts",
    "variants",
    "warning",
]

RETURN = "return"  # reserved target: leaves a subflow and goes on at the subflow node's next.ok


class Found(NamedTuple):
    """A string of the script and where it stands."""

    path: str
    text: str


def error(loaded: LoadedScript, code: str, message: str, path: str, hint: str = "") -> Problem:
    """An error at a field path."""
    return Problem(code, message, _short(loaded.place(path)), hint)


def warning(loaded: LoadedScript, code: str, message: str, path: str, hint: str = "") -> Problem:
    """A warning at a field path."""
    return Problem(code, message, _short(loaded.place(path)), hint, "warning")


def _short(place: Place) -> Place:
    return Place(place.file, place.line, place.column, place.field.removesuffix(".text"))


def texts(script: Script) -> Iterator[Found]:
    """Every text the robot may speak, in the order of the blocks."""
    for name, slot in script.slots.items():
        if slot.ask is not None:
            yield Found(f"slots.{name}.ask", slot.ask)
    for name, node in script.flow.nodes.items():
        yield from _said(f"flow.nodes.{name}.say", node.say)
        yield from _said(f"flow.nodes.{name}.reask", node.reask)
        for key, step in node.next.items():
            if isinstance(step, NextStep) and step.say is not None:
                yield Found(f"flow.nodes.{name}.next.{key}.say", step.say)
    for i, entry in enumerate(script.kb):
        yield from _said(f"kb[{i}].answers", entry.answers)
        yield from _said(f"kb[{i}].then.lead", entry.then.lead)
    for i, rule in enumerate(script.globals):
        yield from _said(f"globals[{i}].say", rule.say)
        if rule.then is not None:
            yield from _said(f"globals[{i}].then.lead", rule.then.lead)


def _said(path: str, variants: Iterable[Variant]) -> Iterator[Found]:
    for i, variant in enumerate(variants):
        yield Found(f"{path}[{i}].text", variant.text)


def variants(script: Script) -> Iterator[tuple[str, Variant]]:
    """Every wording that can have a recording, with its path."""
    for name, node in script.flow.nodes.items():
        for kind, group in (("say", node.say), ("reask", node.reask)):
            yield from ((f"flow.nodes.{name}.{kind}[{i}]", variant) for i, variant in enumerate(group))
    for i, entry in enumerate(script.kb):
        for kind, group in (("answers", entry.answers), ("then.lead", entry.then.lead)):
            yield from ((f"kb[{i}].{kind}[{j}]", variant) for j, variant in enumerate(group))
    for i, rule in enumerate(script.globals):
        lead = rule.then.lead if rule.then else ()
        for kind, group in (("say", rule.say), ("then.lead", lead)):
            yield from ((f"globals[{i}].{kind}[{j}]", variant) for j, variant in enumerate(group))


def recordings(script: Script) -> Iterator[tuple[str, Variant]]:
    """Every wording with a recording, with its path."""
    return ((path, variant) for path, variant in variants(script) if variant.audio is not None)


def targets(script: Script) -> Iterator[Found]:
    """Every node id that something leads to (`return` included)."""
    yield Found("flow.start", script.flow.start)
    for name, node in script.flow.nodes.items():
        path = f"flow.nodes.{name}"
        for key, step in node.next.items():
            if isinstance(step, NextStep):
                yield from _present((f"{path}.next.{key}.goto", step.goto), (f"{path}.next.{key}.then", step.then))
            else:
                yield Found(f"{path}.next.{key}", step)
        for i, case in enumerate(node.cases):
            yield Found(f"{path}.cases[{i}].goto", case.goto)
        yield from _present((f"{path}.else", node.case_else), (f"{path}.enter", node.enter))
        for i, arm in enumerate(node.arms):
            yield Found(f"{path}.arms[{i}].goto", arm.goto)
    for i, entry in enumerate(script.kb):
        yield from _then_target(f"kb[{i}]", entry.then)
    for i, rule in enumerate(script.globals):
        yield from _present((f"globals[{i}].goto", rule.goto))
        yield from _then_target(f"globals[{i}]", rule.then)


def _then_target(path: str, then: Then | None) -> Iterator[Found]:
    if then is not None:
        yield from _present((f"{path}.then.goto", then.goto))


def _present(*pairs: tuple[str, str | None]) -> Iterator[Found]:
    return (Found(path, text) for path, text in pairs if text is not None)


def expressions(script: Script) -> Iterator[Found]:
    """Every `when`, and where a portrait attribute comes from."""
    for name, node in script.flow.nodes.items():
        yield from (Found(f"flow.nodes.{name}.cases[{i}].when", case.when) for i, case in enumerate(node.cases))
    for path, variant in variants(script):
        yield from _present((f"{path}.when", variant.when))
    yield from (Found(f"grading.rules[{i}].when", rule.when) for i, rule in enumerate(script.grading.rules))
    yield from (Found(f"portrait[{i}].from", rule.from_) for i, rule in enumerate(script.portrait))


def patterns(script: Script) -> Iterator[Found]:
    """Every regular expression."""
    for name, slot in script.slots.items():
        yield from _present((f"slots.{name}.regex", slot.regex), (f"slots.{name}.dtmf", slot.dtmf))
    groups = [(f"intents.{name}", intent.regex) for name, intent in script.intents.items()]
    groups += [(f"kb[{i}]", entry.regex) for i, entry in enumerate(script.kb)]
    groups += [(f"globals[{i}]", rule.regex) for i, rule in enumerate(script.globals)]
    for path, group in groups:
        yield from (Found(f"{path}.regex[{i}]", text) for i, text in enumerate(group))


def actions(script: Script) -> Iterator[tuple[str, Action]]:
    """Every `do` entry with its path."""
    for name, node in script.flow.nodes.items():
        yield from ((f"flow.nodes.{name}.do[{i}]", action) for i, action in enumerate(node.do))
        for key, step in node.next.items():
            if isinstance(step, NextStep):
                yield from ((f"flow.nodes.{name}.next.{key}.do[{i}]", action) for i, action in enumerate(step.do))
    for i, rule in enumerate(script.globals):
        yield from ((f"globals[{i}].do[{j}]", action) for j, action in enumerate(rule.do))

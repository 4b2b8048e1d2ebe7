"""Everything that names something else names something that exists: nodes, slots, intents, knowledge, variables."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from callwright.errors import Problem
from callwright.script.checks.walk import RETURN, actions, error, expressions, targets, texts, warning
from callwright.script.expression import compile_expression
from callwright.script.loader import LoadedScript
from callwright.script.model import NextStep, Script
from callwright.script.text import placeholders, stray_braces

__all__ = ["NAMES", "check_references"]

# names an expression may read besides kb.<id> and slot.<id>
NAMES = frozenset({
    "connected", "result", "end", "duration_s", "user_turns", "milestone", "affirm", "deny", "refuse", "silence", "unrecognised",
    "kb_interest", "score", "tags",
})  # fmt: skip


def check_references(loaded: LoadedScript) -> Iterator[Problem]:
    """Errors: unknown-node, unknown-slot, unknown-intent, unknown-kb, unknown-variable, unknown-name, bad-placeholder."""
    script = loaded.script
    yield from _nodes(loaded, script)
    yield from _slots_and_intents(loaded, script)
    yield from _placeholders(loaded, script)
    for found in expressions(script):
        yield from _names(loaded, found.path, found.text)
    yield from _tests(loaded, script)
    yield from _unused(loaded, script)


def _or_known(name: str, known: Collection[str]) -> str:
    listed = ", ".join(list(known)[:8])
    return _like(name, known) or (
        f"Known: {listed}{', …' if len(known) > 8 else ''}." if listed else "There is none yet; add it."
    )


def _like(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""


def _nodes(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    nodes = script.flow.nodes
    if RETURN in nodes:
        yield error(
            loaded, "reserved-name", "`return` is reserved: it ends a subflow", "flow.nodes.return", "Rename the node."
        )
    for path, target in targets(script):
        if target not in nodes and target != RETURN:
            yield error(
                loaded, "unknown-node", f"there is no node `{target}`", path, _like(target, nodes) or "Add the node."
            )
        elif target == RETURN and (path.startswith(("flow.start", "globals", "kb")) or path.endswith(".enter")):
            yield error(loaded, "unknown-node", "`return` works only inside a subflow's nodes", path, "Name a node.")
    lists = [
        (f"kb[{i}].{key}", ids)
        for i, e in enumerate(script.kb)
        for key, ids in (("only_in", e.only_in), ("not_in", e.not_in))
    ]
    lists += [(f"tests[{i}].turns[{j}].during", (t.during,)) for i, test in enumerate(script.tests)
              for j, t in enumerate(test.turns) if t.during is not None]  # fmt: skip
    for path, ids in lists:
        for name in ids:
            if name not in nodes:
                yield error(loaded, "unknown-node", f"there is no node `{name}`", path, _or_known(name, nodes))


def _slots_and_intents(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    for name, node in script.flow.nodes.items():
        if node.slot is not None and node.slot not in script.slots:
            hint = _like(node.slot, script.slots) or f"Add `{node.slot}` under `slots`."
            yield error(loaded, "unknown-slot", f"there is no slot `{node.slot}`", f"flow.nodes.{name}.slot", hint)
        for key, step in node.next.items():
            path = f"flow.nodes.{name}.next.{key}"
            intent = key.removeprefix("intent.")
            if key.startswith("intent.") and intent not in script.intents:
                yield error(
                    loaded, "unknown-intent", f"there is no intent `{intent}`", path, _or_known(intent, script.intents)
                )
            if isinstance(step, NextStep) and step.set:
                yield from _set_names(loaded, step.set, f"{path}.set")
    for path, action in actions(script):
        if action.kind == "set" and isinstance(action.arg, dict):
            yield from _set_names(loaded, action.arg, path)


def _set_names(loaded: LoadedScript, names: Collection[str], path: str) -> Iterator[Problem]:
    for name in names:
        if name not in loaded.script.slots and name not in loaded.script.vars:
            hint = _like(str(name), loaded.script.slots) or f"Add `{name}` under `slots`."
            yield error(loaded, "unknown-slot", f"`set` fills a slot or var, and there is no slot `{name}`", path, hint)


def _placeholders(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    known = {*script.vars, *script.slots}
    for path, text in texts(script):
        for name in placeholders(text):
            if name not in known:
                hint = _like(name, known) or f"Add `{name}` under `vars` or `slots`."
                yield error(
                    loaded, "unknown-variable", f"the text uses `{{{name}}}`, which is no var or slot", path, hint
                )
        if stray_braces(text):
            yield error(
                loaded,
                "bad-placeholder",
                "a brace stands alone in the text",
                path,
                "Write {name}, without blanks inside.",
            )


def _names(loaded: LoadedScript, path: str, text: str) -> Iterator[Problem]:
    try:
        names = compile_expression(text).names
    except ValueError:
        return  # reported by the patterns check
    script = loaded.script
    for name in sorted(names):
        head, _, rest = name.partition(".")
        if head == "slot" and rest:
            if rest not in script.slots:
                yield error(loaded, "unknown-slot", f"there is no slot `{rest}`", path, _or_known(rest, script.slots))
        elif head == "kb" and rest:
            ids = [entry.id for entry in script.kb]
            if rest not in ids:
                yield error(loaded, "unknown-kb", f"there is no knowledge entry `{rest}`", path, _or_known(rest, ids))
        elif name not in NAMES:
            hint = _name_hint(script, name)
            yield error(loaded, "unknown-name", f"`{name}` means nothing in an expression", path, hint)


def _name_hint(script: Script, name: str) -> str:
    if name in script.slots:
        return f"Did you mean `slot.{name}`?"
    if any(entry.id == name for entry in script.kb):
        return f"Did you mean `kb.{name}`?"
    return _like(name, NAMES) or f"Put a text in quotes: '{name}'."


def _tests(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    ids = [entry.id for entry in script.kb]
    for i, test in enumerate(script.tests):
        path = f"tests[{i}]"
        for name in test.vars:
            if name not in script.vars:
                yield error(
                    loaded,
                    "unknown-variable",
                    f"there is no var `{name}`",
                    f"{path}.vars.{name}",
                    _or_known(name, script.vars),
                )
        for name in test.expect.kb or ():
            if name not in ids:
                yield error(
                    loaded,
                    "unknown-kb",
                    f"there is no knowledge entry `{name}`",
                    f"{path}.expect.kb",
                    _or_known(name, ids),
                )
        for name in test.expect.slots or ():
            if name not in script.slots:
                where = f"{path}.expect.slots.{name}"
                yield error(loaded, "unknown-slot", f"there is no slot `{name}`", where, _or_known(name, script.slots))


def _unused(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    collected = {node.slot for node in script.flow.nodes.values()}
    written = {
        str(key)
        for _, action in actions(script)
        if action.kind == "set" and isinstance(action.arg, dict)
        for key in action.arg
    }
    steps = [step for node in script.flow.nodes.values() for step in node.next.values()]
    written |= {key for step in steps if isinstance(step, NextStep) for key in step.set or ()}
    for name, slot in script.slots.items():
        if name not in collected and name not in written and not slot.prefill:
            yield warning(
                loaded,
                "unused-slot",
                f"the slot `{name}` is never filled",
                f"slots.{name}",
                "Collect it, or remove it.",
            )
    keys = {key for node in script.flow.nodes.values() for key in node.next}
    for name in script.intents:
        if f"intent.{name}" not in keys:
            hint = f"Add `next: {{intent.{name}: …}}` to a node, or remove it."
            yield warning(loaded, "unused-intent", f"no node goes on by the intent `{name}`", f"intents.{name}", hint)

"""Each part has the shape its kind needs: nodes by type, slots that can be filled, unique ids, sensible times, known actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from callwright.errors import Problem
from callwright.script.checks.walk import actions, error, warning
from callwright.script.loader import LoadedScript
from callwright.script.model import Action, NextStep, Node, Script, Slot

__all__ = ["check_structure"]

_BELONGS = {
    "slot": "collect", "cases": "branch", "case_else": "branch", "to": "transfer", "brief": "transfer", "wait_s": "transfer",
    "enter": "subflow", "arms": "ab",
}  # fmt: skip
_NEEDS = {
    "collect": ("slot", "Name the slot it asks for: `slot: <id>`."),
    "transfer": ("to", "Say who takes over: `to: {group: …}`."),
    "subflow": ("enter", "Name the node the subflow starts at: `enter: <node>`."),
    "ab": ("arms", "Add `arms: [{name: a, goto: …}, {name: b, goto: …}]`."),
    "action": ("do", "Add `do: [{webhook: …}]`."),
}
_OUTGOING = ("marketing", "service", "survey", "notice")
EARLIEST, LATEST = "09:00", "20:00"


def check_structure(loaded: LoadedScript, today: date) -> Iterator[Problem]:
    """Errors and warnings about shape; see docs/reference/script-checks.md for every code."""
    script = loaded.script
    for name, node in script.flow.nodes.items():
        yield from _node(loaded, f"flow.nodes.{name}", name, node)
    for name, slot in script.slots.items():
        yield from _slot(loaded, f"slots.{name}", name, slot)
    yield from _ids(loaded, script)
    yield from _window(loaded, script)
    yield from _kb(loaded, script, today)
    yield from _globals(loaded, script)
    yield from _phrases(loaded, script)
    for path, action in actions(script):
        yield from _action(loaded, script, path, action)
    yield from _grades(loaded, script)


def _node(loaded: LoadedScript, path: str, name: str, node: Node) -> Iterator[Problem]:
    for key, kind in _BELONGS.items():
        if key in node.model_fields_set and node.type != kind:
            shown = "else" if key == "case_else" else key
            message = f"`{shown}` belongs to a node of type {kind}; `{name}` is of type {node.type}"
            yield error(
                loaded, "misplaced-key", message, f"{path}.{shown}", f"Write `type: {kind}`, or remove `{shown}`."
            )
    need = _NEEDS.get(node.type)
    if need and not getattr(node, need[0]):
        yield error(loaded, "incomplete-node", f"the {node.type} node `{name}` has no `{need[0]}`", path, need[1])
    if node.type == "branch" and not node.cases and node.case_else is None:
        yield error(
            loaded, "incomplete-node", f"the branch node `{name}` has neither `cases` nor `else`", path, "Add `cases`."
        )
    if node.type == "branch" and (node.say or node.do):
        hint = "Say it in the node it leads to."
        yield error(loaded, "misplaced-key", f"the branch node `{name}` neither speaks nor acts", path, hint)
    if node.end is not None and node.next:
        yield error(
            loaded, "end-and-next", f"`{name}` both ends the call and goes on", f"{path}.end", "Remove `end` or `next`."
        )
    yield from _way_on(loaded, path, name, node)
    yield from _variants(loaded, path, name, node)
    for key, step in node.next.items():
        if isinstance(step, NextStep) and "max" in step.model_fields_set and step.then is None:
            message = f"`max` without `then`: it is not said what follows after {step.max} times"
            yield warning(loaded, "max-without-then", message, f"{path}.next.{key}.max", "Add `then: <node>`.")


def _way_on(loaded: LoadedScript, path: str, name: str, node: Node) -> Iterator[Problem]:
    if node.end is not None:
        return
    if node.type == "say":
        if not node.next:
            message = f"`{name}` is a dead end: neither `end` nor `next`"
            yield error(loaded, "dead-end", message, path, "Add `end: done`, or `next`.")
        elif not node.listen and not {"any", "ok"} & set(node.next):
            message = f"`{name}` does not listen, so only `next.any` can lead on, and it is missing"
            yield error(loaded, "dead-end", message, path, "Add `next: {any: <node>}`.")
        elif node.listen and not node.say:
            yield warning(loaded, "silent-node", f"`{name}` listens without having said anything", path, "Add `say`.")
    needed = {"collect": "filled", "subflow": "ok"}.get(node.type)
    if needed and not {needed, "any"} & set(node.next):
        message = f"the {node.type} node `{name}` has no `next.{needed}`"
        yield error(loaded, "dead-end", message, path, f"Add `next: {{{needed}: <node>}}`.")


def _variants(loaded: LoadedScript, path: str, name: str, node: Node) -> Iterator[Problem]:
    for i, variant in enumerate(node.say):
        if "weight" in variant.model_fields_set and node.pick != "random":
            message = f"`weight` counts only with `pick: random`; `{name}` has `pick: {node.pick}`"
            yield warning(loaded, "weight-unused", message, f"{path}.say[{i}].weight", "Write `pick: random`.")
    if node.say and all(variant.when is not None for variant in node.say):
        message = f"every wording of `{name}` has a `when`: nothing is said when none is true"
        yield warning(loaded, "no-default-wording", message, f"{path}.say", "Leave `when` out of the last one.")


def _slot(loaded: LoadedScript, path: str, name: str, slot: Slot) -> Iterator[Problem]:
    collecting = any(node.slot == name for node in loaded.script.flow.nodes.values())
    if collecting and not slot.ask:
        yield error(loaded, "slot-without-ask", f"`{name}` is collected, but has no question", path, "Add `ask: …`.")
    if slot.type == "enum" and not slot.choices:
        hint = "Add `choices: {value: [words]}`."
        yield error(loaded, "slot-without-choices", f"`{name}` is an enum without `choices`", path, hint)
    elif slot.type == "text" and not (slot.regex or slot.choices or slot.verbatim or slot.dtmf):
        hint = "Add `choices`, `regex`, or `verbatim: true` for the whole sentence."
        yield error(loaded, "slot-unfillable", f"nothing can fill `{name}`", path, hint)


def _ids(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    groups = [("kb", [entry.id for entry in script.kb], "id"), ("globals", [rule.id for rule in script.globals], "id")]
    groups += [
        (f"flow.nodes.{name}.arms", [arm.name for arm in node.arms], "name") for name, node in script.flow.nodes.items()
    ]
    groups.append(("tests", [test.name for test in script.tests], "name"))
    for path, ids, key in groups:
        seen: Counter[str] = Counter()
        for i, name in enumerate(ids):
            seen[name] += 1
            if seen[name] == 2:
                report = warning if path == "tests" else error
                yield report(
                    loaded, "duplicate-id", f"`{name}` is used twice in {path}", f"{path}[{i}].{key}", "Rename one."
                )


def _window(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    window = script.compliance.window
    if window is None:
        return
    path = "compliance.window"
    if window.from_ >= window.to:
        yield error(
            loaded, "window", f"the window ends ({window.to}) before it begins ({window.from_})", path, "Swap them."
        )
    elif script.purpose in _OUTGOING and (window.from_ < EARLIEST or window.to > LATEST):
        message = f"{window.from_} to {window.to} leaves the hours in which calling is allowed ({EARLIEST} to {LATEST})"
        yield error(loaded, "window", message, path, "Narrow the window.")


def _kb(loaded: LoadedScript, script: Script, today: date) -> Iterator[Problem]:
    for i, entry in enumerate(script.kb):
        path = f"kb[{i}]"
        days = (("review_by", entry.review_by), ("valid.from", entry.valid.from_), ("valid.until", entry.valid.until))
        wrong = [key for key, day in days if day is not None and _day(day) is None]
        for key in wrong:
            yield error(
                loaded, "bad-date", f"`{key}` is not a date of the calendar", f"{path}.{key}", "Write YYYY-MM-DD."
            )
        if wrong:
            continue
        if entry.review_by is not None and entry.review_by < today.isoformat():
            message = f"`{entry.id}` was to be reviewed by {entry.review_by}"
            yield warning(
                loaded, "review-overdue", message, f"{path}.review_by", "Check the answers and set a new date."
            )
        begin, until = entry.valid.from_, entry.valid.until
        if begin and until and begin > until:
            yield error(
                loaded, "bad-date", f"`{entry.id}` is valid from {begin} until {until}", f"{path}.valid", "Swap them."
            )
        elif until is not None and until < today.isoformat():
            message = f"`{entry.id}` has not been used since {until}, when it expired"
            yield warning(loaded, "kb-expired", message, f"{path}.valid", "Remove it, or set a new date.")
        yield from _then(loaded, path, entry.then.resume, entry.then.goto, entry.then.transfer)


def _then(
    loaded: LoadedScript, path: str, resume: str | None, goto: str | None, transfer: str | None
) -> Iterator[Problem]:
    missing = {"goto": goto, "transfer": transfer}
    if resume in missing and missing[resume] is None:
        hint = f"Add `{resume}: …` beside it."
        yield error(loaded, "incomplete-then", f"`resume: {resume}` does not say where to", f"{path}.then", hint)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _globals(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    for i, rule in enumerate(script.globals):
        path = f"globals[{i}]"
        following = [key for key in ("end", "goto", "then") if getattr(rule, key) is not None]
        if len(following) > 1:
            message = f"`{rule.id}` has {' and '.join(following)}; only `{following[0]}` counts"
            yield warning(loaded, "ambiguous-global", message, path, f"Remove `{following[-1]}`.")
        if not following and not rule.say and not rule.do:
            yield error(
                loaded,
                "empty-global",
                f"nothing happens when `{rule.id}` is set off",
                path,
                "Add `say`, `do`, `end` or `goto`.",
            )
        if rule.then is not None:
            yield from _then(loaded, path, rule.then.resume, rule.then.goto, rule.then.transfer)


def _phrases(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    groups = [(f"lexicon.{kind}", getattr(script.lexicon, kind), kind) for kind in ("affirm", "deny", "refuse")]
    groups += [(f"intents.{name}.phrases", intent.phrases, name) for name, intent in script.intents.items()]
    groups += [(f"kb[{i}].phrases", entry.phrases, entry.id) for i, entry in enumerate(script.kb)]
    groups += [(f"globals[{i}].phrases", rule.phrases, rule.id) for i, rule in enumerate(script.globals)]
    owner: dict[str, str] = {}
    for path, phrases, name in groups:
        for i, phrase in enumerate(phrases):
            first = owner.setdefault(phrase.strip().casefold(), path)
            if first != path:
                message = f"`{phrase}` of `{name}` is also in {first.removesuffix('.phrases')}"
                yield warning(loaded, "same-phrase", message, f"{path}[{i}]", "Keep it in one place.")


def _action(loaded: LoadedScript, script: Script, path: str, action: Action) -> Iterator[Problem]:
    arg = action.arg
    fields = arg if isinstance(arg, dict) else {}
    wrong = ""
    if action.kind == "freeze":
        days = fields.get("days", 0)
        if fields.get("scope") not in ("task", "company", "voice"):
            wrong = "`freeze` needs `scope: task`, `company` or `voice`"
        elif isinstance(days, bool) or not isinstance(days, int) or days < 0:
            wrong = "`days` of `freeze` must be a whole number, 0 = no limit"
    elif action.kind in ("sms", "wechat") and not fields.get("template"):
        wrong = f"`{action.kind}` needs a `template`"
    elif action.kind == "tag" and (isinstance(arg, bool | dict | list) or arg in (None, "")):
        wrong = "`tag` needs one word"
    elif action.kind == "set" and not fields:
        wrong = "`set` needs a mapping, for example {set: {slot: value}}"
    elif action.kind == "transfer" and not (fields.get("group") or isinstance(arg, str)):
        wrong = "`transfer` needs a `group`"
    elif action.kind == "report_draft" and script.purpose != "screening":
        wrong = "`report_draft` is only for scripts with `purpose: screening`"
    elif action.kind == "schedule_callback":
        wrong = _callback(script, fields)
    if wrong:
        yield error(loaded, "wrong-action", wrong, path, "See docs/reference/script-1.md, Actions.")


def _callback(script: Script, fields: Mapping[str, Any]) -> str:
    """What is wrong with when a call is promised, "" = nothing."""
    hours, slot = fields.get("after_h"), fields.get("at")
    if hours is None and slot is None:
        return "`schedule_callback` needs `after_h: HOURS` or `at: SLOT`"
    if hours is not None and (isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= 2160):
        return "`after_h` of `schedule_callback` is a number of hours, at most 2160 (90 days)"
    if slot is not None and (slot not in script.slots or script.slots[slot].type != "time"):
        return f"`at` of `schedule_callback` names no slot of the type `time`: {slot}"
    return ""


def _grades(loaded: LoadedScript, script: Script) -> Iterator[Problem]:
    scale = script.grading.scale
    given = {rule.grade for rule in script.grading.rules}
    for i, rule in enumerate(script.grading.rules):
        if scale and rule.grade not in scale:
            hint = f"Add `{rule.grade}: …` to `grading.scale`."
            yield warning(
                loaded, "grade-without-meaning", f"grade {rule.grade} has no meaning", f"grading.rules[{i}]", hint
            )
    for i, test in enumerate(script.tests):
        grade = test.expect.grade
        if grade is not None and grade not in given:
            message = f"the test expects grade {grade}, which no rule gives"
            yield error(
                loaded, "unknown-grade", message, f"tests[{i}].expect.grade", "Add a grading rule, or mend the test."
            )

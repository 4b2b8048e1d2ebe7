"""One step in the making: a working copy of the state, with the acts and entries it has led to so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from callwright.dialogue.names import names_of
from callwright.dialogue.phrases import Default, defaults
from callwright.dialogue.plan import NodePlan, Plan
from callwright.dialogue.state import Filled, Phase, State, plain
from callwright.dialogue.values import Act, Do, End, Entry, Say, Transfer
from callwright.dialogue.wording import choose
from callwright.script.model import Action, Variant
from callwright.script.text import placeholders, render

__all__ = ["Turn"]

_FIELDS = tuple(f.name for f in fields(State))
_LINES = 12
_INTERNAL = frozenset({"tag", "set", "transfer"})


class Turn:
    """Holds the fields of State (same names, mutable) while a step is made. Made by the engine, dropped after the step."""

    seed: int
    channel: str
    now: str
    variables: dict[str, str]
    phase: Phase
    node: str
    stack: tuple[str, ...]
    step: int
    turns: int
    user_turns: int
    milestone: int
    score: float
    counters: dict[str, int]
    runs: dict[str, int]
    visits: dict[str, int]
    wording: dict[str, tuple[int, ...]]
    next_used: dict[str, int]
    rules: dict[str, int]
    kb: dict[str, int]
    tries: dict[str, int]
    slots: dict[str, Filled]
    tags: tuple[str, ...]
    actions: tuple[Mapping[str, Any], ...]
    arms: dict[str, str]
    evidence: dict[str, str]
    lines: tuple[tuple[str, str], ...]
    last_said: tuple[Say, ...]
    learn: tuple[Mapping[str, Any], ...]
    transfer_node: str
    end: str | None

    def __init__(self, plan: Plan, state: State, at_ms: int) -> None:
        for name in _FIELDS:
            value = getattr(state, name)
            setattr(self, name, dict(value) if type(value) is dict else value)
        self.step += 1
        self.plan = plan
        self.at_ms = at_ms
        self.sentence = ""
        self.hops = 0
        self.says: list[Say] = []
        self.does: list[Do] = []
        self.final: Transfer | End | None = None
        self.entries: list[Entry] = []

    def state(self) -> State:
        """The state after the step."""
        if self.says:
            self.last_said = tuple(self.says)
        return State(**{name: getattr(self, name) for name in _FIELDS})

    @property
    def here(self) -> NodePlan:
        """The current node."""
        return self.plan.nodes[self.node]

    def log(self, kind: str, **data: Any) -> None:
        """Append an entry; `step` tells which event it belongs to."""
        self.entries.append(Entry(kind, self.at_ms, {"step": self.step, **data}))

    def count(self, what: str) -> None:
        """One more of affirm, deny, refuse, silence, unrecognised, questions or other_party."""
        self.counters[what] = self.counters.get(what, 0) + 1
        if what in ("silence", "unrecognised"):
            self.runs[what] = self.runs.get(what, 0) + 1
        if self.sentence:
            self.evidence[what] = self.sentence
        self.log("counted", what=what, total=self.counters[what])

    def names(self) -> dict[str, Any]:
        """What expressions may read now."""
        return names_of(self, self.plan.interest, connected=True, result="answered", duration_s=self.at_ms / 1000)

    def true(self, expression: str) -> bool:
        """Does it hold now?"""
        return self.plan.true(expression, self.names())

    def value(self, name: str) -> str | None:
        """What `{name}` stands for; None when nothing is known."""
        filled = self.slots.get(name)
        return filled.spoken if filled is not None else (self.variables.get(name) or None)

    def say_text(self, template: str, source: str, *, barge: str | None = None, audio: str | None = None) -> None:
        """Speak one text. A name without a value leaves a hole, which is logged."""
        names = placeholders(template)
        values = {name: self.value(name) for name in names}
        text = render(template, {name: value or "" for name, value in values.items()}) if names else template
        holes = [name for name, value in values.items() if value is None]
        text = text.strip()
        if not text:
            self.log("unsaid", source=source, why="the text is empty", holes=holes)
            return
        say = Say(text, source, self.node, audio, template, barge or self.plan.script.turn.barge.mode)
        self._speak(say, holes)

    def say_again(self, say: Say) -> None:
        """Speak the same words once more."""
        self._speak(say, [])

    def _speak(self, say: Say, holes: list[str]) -> None:
        self.says.append(say)
        self.lines = (*self.lines, ("robot", say.text))[-_LINES:]
        more = {"holes": holes} if holes else {}
        self.log(
            "said", text=say.text, source=say.source, node=say.node, audio=say.audio, template=say.template, **more
        )

    def heard(self, words: str) -> None:
        """Note what the caller said or pressed."""
        self.sentence = words
        self.lines = (*self.lines, ("caller", words))[-_LINES:]

    def say_variant(
        self, variants: Sequence[Variant], source: str, *, pick: str = "sequence", barge: str | None = None
    ) -> bool:
        """Speak one of several wordings; False when none is admitted."""
        index = self.variant(variants, source, pick)
        if index is None:
            return False
        self.wording[source] = (*self.wording.get(source, ()), index)
        chosen = variants[index]
        self.say_text(chosen.text, f"{source}/{index}", barge=barge, audio=chosen.audio)
        return True

    def variant(self, variants: Sequence[Variant], source: str, pick: str) -> int | None:
        """Which wording would be said now. A wording with a hole is said only when every admitted one has one."""
        if not variants:
            return None
        names: dict[str, Any] | None = None
        admitted: list[int] = []
        for index, variant in enumerate(variants):
            if variant.channel is not None and variant.channel != self.channel:
                continue
            if variant.when is not None:
                names = self.names() if names is None else names
                if not self.plan.true(variant.when, names):
                    continue
            admitted.append(index)
        if len(admitted) > 1:
            whole = [i for i in admitted if all(self.value(name) for name in placeholders(variants[i].text))]
            admitted = whole or admitted
        used = self.wording.get(source, ())
        return choose(pick, admitted, len(variants), used, [v.weight for v in variants], self.seed, source)

    def say_default(self, what: Default, *, barge: str | None = None) -> None:
        """Speak a default sentence of the script's language."""
        texts = defaults(self.plan.language, what)
        source = f"default:{what}"
        used = self.wording.get(source, ())
        index = choose("sequence", range(len(texts)), len(texts), used, (), self.seed, source) or 0
        self.wording[source] = (*used, index)
        self.say_text(texts[index], f"{source}/{index}", barge=barge)

    def do(self, actions: Sequence[Action], by: str) -> str | None:
        """Carry out actions; the group of a `transfer` among them, else None."""
        group: str | None = None
        for action in actions:
            arg = self._filled_in(plain(action.arg))
            self.log("did", action=action.kind, arg=arg, by=by)
            if action.kind == "tag":
                self.tag(str(arg))
            elif action.kind == "set":
                self.assign(arg if isinstance(arg, dict) else {}, by)
            elif action.kind == "transfer":
                group = str(arg.get("group", "")) if isinstance(arg, dict) else str(arg or "")
                continue
            self.actions = (*self.actions, {"kind": action.kind, "arg": arg})
            if action.kind not in _INTERNAL:
                self.does.append(Do(action.kind, arg))
        return group

    def tag(self, tag: str) -> None:
        """Add a tag, once."""
        if tag not in self.tags:
            self.tags = (*self.tags, tag)
            self.evidence[f"tag.{tag}"] = self.sentence

    def assign(self, values: Mapping[str, Any], by: str) -> None:
        """`set`: a declared var (text), else a slot; None empties a slot."""
        for name, given in values.items():
            value = plain(given)
            if name in self.plan.script.vars and name not in self.plan.slots:
                self.variables[name] = "" if value is None else str(value)
            elif value is None:
                self.slots.pop(name, None)
            else:
                self.slots[name] = Filled(value, str(value), "set", self.sentence, self.turns)
            self.log("slot", slot=name, value=value, how="set", by=by)

    def _filled_in(self, arg: Any) -> Any:
        """`{name}` in the texts of an action's argument, where a value is known."""
        if isinstance(arg, str):
            values = {name: self.value(name) or "{" + name + "}" for name in placeholders(arg)}
            return render(arg, values) if values else arg
        if isinstance(arg, dict):
            return {key: self._filled_in(item) for key, item in arg.items()}
        return [self._filled_in(item) for item in arg] if isinstance(arg, list) else arg

    def finish(self, value: str, why: str) -> None:
        """The conversation is over."""
        self.phase = "ended"
        self.end = value
        self.final = End(value)
        self.log("end", value=value, why=why)

    def give_up(self, value: str, why: str) -> None:
        """Say goodbye and end with a value of our own."""
        self.say_default("goodbye")
        self.finish(value, why)

    def acts(self, *after: Act) -> tuple[Act, ...]:
        """Says, actions, then what ends the step."""
        last: tuple[Act, ...] = (self.final,) if self.final is not None else after
        return (*self.says, *self.does, *last)

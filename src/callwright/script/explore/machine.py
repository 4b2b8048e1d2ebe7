"""The abstract transition relation of a script: from a resting state, every input the world can give and where it leads.

It over-approximates the turn engine: whatever the engine can do is in here, some of what is in here the engine cannot do
(docs/explanation/model-checker.md says where and why).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from callwright.script.explore.entrance import KEPT, Entrance, Option, transfer_group
from callwright.script.explore.state import Arrival, Edge, Fault, State, ended
from callwright.script.explore.triggers import takes_refusal
from callwright.script.model import GlobalRule, KbEntry, Node, Script, Then

__all__ = ["Machine", "initial", "successors"]

CLASSES = ("affirm", "deny", "refuse")
SELLING = frozenset({"marketing", "survey"})
# What these rules say is owed to the caller at any time; other rules have to wait for the disclosure.
OWED = frozenset({
    "profanity", "do_not_disturb", "complaint", "ask_robot", "transfer", "repeat", "callback", "wrong_person", "voicemail",
    "call_screening", "minor",
})  # fmt: skip
OTHER_MATTER = OWED - {"ask_robot", "repeat"}  # a node such a rule leads to no longer answers an earlier refusal


class Machine:
    """One script, ready to be explored. Pure; keeps a cache, so make one per script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.nodes = script.flow.nodes
        self.entrance = Entrance(script)
        self.initial = State(node="", phase="ringing")
        self._kb_cache: dict[str, tuple[KbEntry, ...]] = {}

    def successors(self, state: State) -> list[Edge]:
        """Every edge out of `state`, in a fixed order; an ended state has none."""
        if state.phase == "ringing":
            return [*self._answered(state), *self._machine(state)]
        if state.phase == "acting":
            return [*self._acted(state), *self._spoken_rules(state), *self._machine(state)]
        if state.phase == "transferring":
            return [*self._transferred(state), *self._spoken_rules(state), *self._machine(state)]
        if state.phase == "listening":
            return [*self._turn(state), *self._machine(state)]
        return []

    # ------------------------------------------------------------ beside the conversation

    def _answered(self, state: State) -> Iterator[Edge]:
        start = self.script.flow.start
        yield from (Edge("", "answer", "human", arrival) for arrival in self.entrance.enter(start, state))

    def _machine(self, state: State) -> Iterator[Edge]:
        """A machine or a screener is noticed, at the start or later: the first rule for it, else the call ends."""
        rules = sorted((r for r in self.script.globals if r.event == "answered_by_machine"), key=lambda r: -r.priority)
        label = "answered by a machine"
        rule = rules[0] if rules else None
        state = replace(state, node=state.node or self.script.flow.start)
        if rule is None or not (rule.end or rule.goto or rule.then):
            yield Edge(label, "answer", "machine", Arrival((), ended("", "voicemail")))
        else:
            yield from (Edge(label, "global", rule.id, arrival) for arrival in self._rule(rule, state))
        screeners = sorted((r for r in self.script.globals if r.role == "call_screening"), key=lambda r: -r.priority)
        for screener in screeners[:1]:
            label = "answered by a screener"
            if screener.end or screener.goto or screener.then:
                yield from (Edge(label, "global", screener.id, arrival) for arrival in self._rule(screener, state))
            else:
                yield Edge(label, "global", screener.id, Arrival((), ended("", "screened")))

    def _acted(self, state: State) -> Iterator[Edge]:
        for key in ("ok", "error"):
            yield from self._first(state, (key, "any"), f"action: {key}", "action")

    def _transferred(self, state: State) -> Iterator[Edge]:
        yield Edge("transfer: ok", "transfer", "ok", Arrival((), ended(state.node, "transfer")))
        label, node = "transfer: failed", self.nodes.get(state.node)
        if state.fallback:
            yield from self._follow(state, "failed", label, "transfer", state.fallback)
            if not self.entrance.may_be_used_up(state.fallback, "failed", state):
                return
        if node is not None and node.type in ("say", "collect") and node.listen:
            back = replace(state, phase="listening", fallback="")
            yield Edge(label, "transfer", "failed", Arrival((), back))
            if node.type == "collect" and node.slot in self.entrance.maybe_filled:
                yield from self._first(back, ("filled",), label, "transfer")
        else:
            yield Edge(label, "transfer", "failed", Arrival((), ended(state.node, "transfer_failed")))

    # ------------------------------------------------------------ a caller's turn

    def _turn(self, state: State) -> Iterator[Edge]:
        node = self.nodes[state.node]
        yield from self._spoken_rules(state)
        yield from self._knowledge(node, state)
        if node.type == "collect":
            yield from self._fills(node, state)
        yield from self._readings(node, state)
        yield from self._agreed_and_asked(node, state)
        yield from self._not_understood(node, state, state, "caller: not understood")
        yield from self._silence(node, state)
        for key in node.next:
            if key.startswith(("dtmf.", "intent.")):
                intent = self.script.intents.get(key.removeprefix("intent."))
                refuses = intent is not None and takes_refusal(self.script, intent)
                yield from self._follow(self._refused(state) if refuses else state, key, f"caller: {key}", "words")
            elif key == "interrupted":
                yield from self._follow(state, key, "caller: interrupts", "words")
        yield Edge("caller: too many turns", "words", "too_long", Arrival((), ended("", "too_long")))

    def _spoken_rules(self, state: State) -> Iterator[Edge]:
        """Global rules set off by words, by keys, or by a counter (which may be full at any turn)."""
        for rule in self.script.globals:
            if rule.event in (None, "dtmf"):
                label = f"caller: dtmf ({rule.id})" if rule.event else f"caller: global.{rule.id}"
                asked = self._refused(state) if takes_refusal(self.script, rule) else state
                early = self._early(state, f"global.{rule.id}") if self._must_wait(rule) else ()
                for arrival in self._rule(rule, asked):
                    yield Edge(label, "global", rule.id, replace(arrival, faults=(*early, *arrival.faults)))

    def _readings(self, node: Node, state: State) -> Iterator[Edge]:
        for name in CLASSES:  # whatever the order: a category it leaves out may still be read last
            after = self._refused(state) if self._is_refusal(name, node, state) else state
            keys = [
                key
                for key in (name, *(("refused",) if name == "refuse" and node.type == "collect" else ()))
                if key in node.next
            ]
            for key in keys:
                yield from self._take(replace(after, pleading=False), key, f"caller: {name}")
                if not self.entrance.may_be_used_up(state.node, key, after):
                    break
            else:
                yield from self._not_understood(node, after, state, f"caller: {name}")

    def _fills(self, node: Node, state: State) -> Iterator[Edge]:
        slot = node.slot or ""
        filled = state if slot in self.entrance.maybe_filled else replace(state, filled=state.filled | {slot})
        yield from self._first(filled, ("filled",), f"caller: fills {slot}", "slot")

    def _not_understood(self, node: Node, state: State, before: State, label: str) -> Iterator[Edge]:
        """Words that no category took: `any`, then `unrecognised` or the general limit; a question counts its own tries."""
        if "any" in node.next:
            yield from self._follow(state, "any", label, "words")
            if not self.entrance.may_be_used_up(state.node, "any", state):
                return
        if node.type == "collect":
            yield from self._ask_again(node, state, label)
            return
        if "unrecognised" in node.next:
            yield from self._follow(state, "unrecognised", label, "words")
            if not self.entrance.may_be_used_up(state.node, "unrecognised", state):
                return
        if self.script.limits.unrecognised > 1:
            yield self._stay(replace(state, pleading=before.pleading), label, "words")
        yield Edge(label, "words", "unrecognised", Arrival((), ended(state.node, "unrecognised")))

    def _ask_again(self, node: Node, state: State, label: str) -> Iterator[Edge]:
        slot = self.script.slots.get(node.slot or "")
        if slot is None or state.tries >= slot.retries:
            yield from self._first(state, ("failed", "unrecognised", "refused"), label, "slot")
            return
        once_more = replace(state, tries=state.tries + 1)
        if "unrecognised" in node.next:
            for edge in self._follow(state, "unrecognised", label, "words"):
                target = edge.arrival.state
                if target is not None and target.phase == "listening" and target.node == state.node:
                    target = replace(target, tries=state.tries + 1)
                yield replace(edge, arrival=replace(edge.arrival, state=target))
            if not self.entrance.may_be_used_up(state.node, "unrecognised", state):
                return
        yield self._stay(once_more, label, "words")

    def _silence(self, node: Node, state: State) -> Iterator[Edge]:
        label = "caller: silence"
        if "silence" in node.next:
            yield from self._follow(state, "silence", label, "silence")
            if not self.entrance.may_be_used_up(state.node, "silence", state):
                return
        if self.script.limits.silence > 1:
            yield self._stay(state, label, "silence")
        yield Edge(label, "silence", "silence", Arrival((), ended(state.node, "silence")))

    def _knowledge(self, node: Node, state: State) -> Iterator[Edge]:
        for entry in self.admissible(state.node):
            label = f"caller: kb.{entry.id}"
            early = self._early(state, f"kb.{entry.id}")
            asked = self._refused(state) if takes_refusal(self.script, entry) else state
            for arrival in self._then(entry.then, asked):
                yield Edge(label, "kb", entry.id, replace(arrival, faults=(*early, *arrival.faults)))

    def _agreed_and_asked(self, node: Node, state: State) -> Iterator[Edge]:
        """A question and an affirm in one sentence: the answer, then on as after the affirm."""
        for entry in self.admissible(state.node) if "affirm" in node.next else ():
            if _wanted(entry.then) in ("reask", "repeat"):
                label = f"caller: affirm + kb.{entry.id}"
                yield from self._follow(replace(state, pleading=False), "affirm", label, "kb")
                return  # where it leads does not depend on the entry

    def admissible(self, name: str) -> tuple[KbEntry, ...]:
        """The knowledge entries a node lets the caller ask for."""
        if name not in self._kb_cache:
            self._kb_cache[name] = tuple(
                entry
                for entry in self.script.kb
                if (not entry.only_in or name in entry.only_in) and name not in entry.not_in
            )
        return self._kb_cache[name]

    def _early(self, state: State, what: str) -> tuple[Fault, ...]:
        if self.script.compliance.disclosure is None or state.disclosed:
            return ()
        return (Fault("disclosure-late", state.node, what),)

    # ------------------------------------------------------------ what follows

    def _rule(self, rule: GlobalRule, state: State) -> list[Arrival]:
        freezes = any(action.kind == "freeze" for action in rule.do)
        opt_out = rule.role == "do_not_disturb"
        group = transfer_group(rule.do)
        goes = rule.goto or (rule.then.goto if rule.then else None)
        if goes is not None and goes != state.node and rule.role in OTHER_MATTER:
            state = replace(state, pleading=False)
        if rule.end is not None:
            arrivals = [Arrival((), ended(state.node, rule.end))]
        elif rule.goto is not None:
            arrivals = list(self.entrance.enter(rule.goto, self._left(state, rule.goto)))
        elif opt_out:
            arrivals = [Arrival((), ended(state.node, (rule.then.end if rule.then else None) or "optout"))]
        elif group is not None:
            arrivals = [Arrival((), self.entrance.hand_over(group, state))]
        else:
            arrivals = self._then(rule.then, state)
        return [replace(arrival, frozen=arrival.frozen or freezes) for arrival in arrivals]

    @staticmethod
    def _must_wait(rule: GlobalRule) -> bool:
        """It speaks, goes on, and is none of those that answer a caller at any time."""
        return bool(rule.say) and rule.end is None and rule.role not in OWED

    def _then(self, then: Then | None, state: State) -> list[Arrival]:
        """What follows a knowledge answer or a global rule: end, transfer, another node, or the same question again."""
        wanted = _wanted(then)
        if state.phase == "transferring" and (then is None or not (then.end or then.goto)):
            return [Arrival((), state)]  # a person is being fetched already
        if then is not None and wanted == "end":
            return [Arrival((), ended(state.node, then.end or "done"))]
        if then is not None and wanted == "transfer" and then.transfer is not None:
            return [Arrival((), self.entrance.hand_over(then.transfer, state))]
        if then is not None and wanted == "goto" and then.goto is not None:
            return list(self.entrance.enter(then.goto, self._left(state, then.goto)))
        if state.phase == "ringing":  # a machine's rule that goes on: the first question is asked
            start = self.script.flow.start
            heard = self.entrance.discloses(start, self.nodes[start]) and not self.nodes[start].reask
            return [Arrival((start,), replace(state, node=start, phase="listening", disclosed=heard))]
        return [Arrival((), state)]

    def _stay(self, state: State, label: str, kind: str) -> Edge:
        return Edge(label, kind, "", Arrival((), state))

    def _take(self, state: State, key: str, label: str) -> Iterator[Edge]:
        """A class of words that the node has a key for: it is counted, and a rule that waits for the count comes first."""
        refusal = key in KEPT
        name = "refuse" if refusal else key
        after = replace(state, taken=min(2, state.taken + 1)) if refusal else state
        certain = False
        for rule in self.script.globals:
            if not rule.count or name not in rule.count:
                continue
            least = rule.count[name]
            if refusal and after.taken < min(2, least):
                continue
            certain = certain or (refusal and set(rule.count) == {name} and least <= after.taken and rule.max >= 2)
            yield from (Edge(label, "global", rule.id, arrival) for arrival in self._rule(rule, after))
        if not certain:
            yield from self._follow(after, key, label, "words")

    def _first(self, state: State, keys: tuple[str, ...], label: str, kind: str) -> Iterator[Edge]:
        """The first of the keys that the node has and that is not used up; none is a dead end."""
        for key in keys:
            if key in self.nodes[state.node].next:
                yield from self._follow(state, key, label, kind)
                if not self.entrance.may_be_used_up(state.node, key, state):
                    return
        fault = Fault("dead-end", state.node, f"it has no `next.{keys[0]}`")
        yield Edge(label, kind, keys[0], Arrival((), ended(state.node, "dead_end"), (fault,)))

    def _follow(self, state: State, key: str, label: str, kind: str, at: str = "") -> Iterator[Edge]:
        name = at or state.node
        for option in self.entrance.options(name, key, state):
            early = self.entrance.early(name, key, option, state)
            for edge in self._option(option, state, (name, key), label, kind):
                yield replace(edge, arrival=replace(edge.arrival, faults=(*early, *edge.arrival.faults)))

    def _option(self, option: Option, state: State, used: tuple[str, str], label: str, kind: str) -> Iterator[Edge]:
        key = used[1]
        after = replace(option.state, phase="listening", fallback="")
        if option.group is not None:
            yield Edge(label, kind, key, Arrival((), self.entrance.hand_over(option.group, after)), used)
        elif option.stays(state.node):
            yield Edge(label, kind, key, Arrival((), after), used)
            if key == "filled":  # asked again, the slot is still filled: the key is followed once more
                yield from self._filled_again(after, label, kind)
        elif option.target is not None:
            pleading = key in KEPT or (state.pleading and option.target == state.node)
            moved = replace(self._left(after, option.target), pleading=pleading)
            for arrival in self.entrance.enter(option.target, moved, muted=option.muted):
                yield Edge(label, kind, key, arrival, used)

    def _filled_again(self, state: State, label: str, kind: str) -> Iterator[Edge]:
        step = self.nodes[state.node].next["filled"]
        if not isinstance(step, str) and 0 < state.count(state.node, "filled") <= step.max:
            yield from self._first(state, ("filled",), label, kind)
        else:
            fault = Fault("dead-end", state.node, "`next.filled` asks the same question again")
            yield Edge(label, kind, "filled", Arrival((), ended(state.node, "dead_end"), (fault,)))

    def _left(self, state: State, target: str) -> State:
        """Leaving a node: counters of other nodes are forgotten when there are too many to follow; entering forgets the tries."""
        if self.entrance.exact or target == state.node:
            return replace(state, tries=0)
        kept = tuple(use for use in state.used if use[1] in KEPT or use[0] == target)
        return replace(state, tries=0, used=kept, blurred=state.blurred or len(kept) < len(state.used))

    def _is_refusal(self, name: str, node: Node, state: State) -> bool:
        """A `no` to the one sentence that answers a refusal is a refusal too, where something is being sold or asked as a favour."""
        answers_refusal = (
            name == "deny" and state.pleading and node.type != "collect" and self.script.purpose in SELLING
        )
        return name == "refuse" or answers_refusal

    @staticmethod
    def _refused(state: State) -> State:
        return replace(state, refusals=min(2, state.refusals + 1))


def _wanted(then: Then | None) -> str:
    """How the conversation resumes: `resume`, else the first present of end, goto and transfer, else asking again."""
    if then is None:
        return "reask"
    return then.resume or next((what for what in ("end", "goto", "transfer") if getattr(then, what)), "reask")


def initial(script: Script) -> State:
    """The state before the call is answered."""
    return Machine(script).initial


def successors(script: Script, state: State) -> list[Edge]:
    """Every edge out of `state`; use a `Machine` to ask for many."""
    return Machine(script).successors(state)

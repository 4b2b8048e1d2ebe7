"""The turn engine: a pure state machine that takes one event and says what to do next, and why (script/1 section 2).

What the sheet leaves open, and how it is decided here: docs/reference/dialogue.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from callwright.dialogue.afterwards import explicit_opt_out, opted_out, take_late_opt_out
from callwright.dialogue.answering import apply_rule, count_rule, rule_for
from callwright.dialogue.disclosing import disclose
from callwright.dialogue.events import event_data
from callwright.dialogue.flow import can_follow, enter, follow, reask
from callwright.dialogue.plan import Plan
from callwright.dialogue.replies import Reply, reply_keys, reply_words, unmatched, without_guesses
from callwright.dialogue.state import State
from callwright.dialogue.turn import Turn
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import (
    Act,
    ActionDone,
    Answered,
    Context,
    Dtmf,
    Entry,
    Event,
    Hangup,
    Heard,
    Listen,
    OtherParty,
    Silence,
    TimeUp,
    TransferDone,
    Understood,
)
from callwright.errors import InputError, Problem
from callwright.script.model import Script

__all__ = ["MAX_HEARD", "Dialogue", "Step"]

MAX_RESULTS = 8  # results of actions and transfers in a row, without a turn of the caller
_NO_PERSON = frozenset({"machine", "screening"})
MAX_HEARD = 1000  # characters of one utterance that are looked at


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to. acts: Say*, Do*, then exactly one of Listen, Transfer and End; none of these while a result is awaited
    (`state.phase` is `action` or `transfer`) and for an ignored event; Do* alone for an opt-out that comes after the end."""

    state: State
    acts: tuple[Act, ...]
    entries: tuple[Entry, ...]


class Dialogue:
    """Follows one script; holds no conversation, so one object serves any number of them.

    understander: says what a sentence may mean; seed: settles `random`, `rotate` and `ab` for conversations started here;
    channel: `voice`, `web` or `wechat`. Raises ScriptError when an expression, pattern or node name of the script is wrong.
    """

    def __init__(self, script: Script, understander: Understander, *, seed: int = 0, channel: str = "voice") -> None:
        self.script = script
        self.understander = understander
        self.seed = seed
        self.channel = channel
        self.plan = Plan(script)

    def start(self, variables: Mapping[str, str], now: str = "") -> State:
        """A conversation that has not begun. variables: values of the script's `vars` (others are dropped); now: ISO minute, "" = unknown.

        Raises InputError when a required var is missing or `now` is no ISO time: such a number is not dialled.
        """
        declared = self.script.vars
        given = {name: str(value) for name, value in variables.items() if name in declared}
        missing = [name for name, var in declared.items() if var.required and not given.get(name)]
        if missing:
            hint = "Give every required var of the script a value."
            raise InputError(Problem("missing-var", f"no value for {', '.join(missing)}", hint=hint))
        if now:
            try:
                datetime.fromisoformat(now)
            except ValueError:
                raise InputError(Problem("bad-time", f"`{now}` is no time", hint="Write 2026-11-20T17:00.")) from None
        return State(seed=self.seed, channel=self.channel, now=now, variables=given)

    def context(self, state: State) -> Context:
        """The mask under which the next sentence is understood."""
        return self.plan.context(state.node or self.script.flow.start, state.now)

    def step(self, state: State, event: Event) -> Step:
        """Take one event. Never raises for an event of any content in any order; the same arguments give the same step."""
        turn = Turn(self.plan, state, event.at_ms)
        kind, data = event_data(event)
        turn.log(kind, **data, **(self._head(state) if state.phase == "new" else {}))
        if state.phase == "ended" and self._late_opt_out(turn, event):
            return Step(turn.state(), tuple(turn.does), tuple(turn.entries))
        ignored = self._why_ignored(state, event)
        if ignored:
            turn.log("ignored", what=kind, why=ignored)
            return Step(turn.state(), (), tuple(turn.entries))
        self._take(turn, event)
        return self._finished(turn)

    def _head(self, state: State) -> dict[str, object]:
        """What a replay needs besides the events; stands in the first entry."""
        return {
            "script": self.script.id,
            "version": self.script.version,
            "seed": state.seed,
            "channel": state.channel,
            "now": state.now,
            "variables": dict(state.variables),
        }

    def _why_ignored(self, state: State, event: Event) -> str:
        if state.phase == "ended":
            return "the conversation is over"
        if state.phase == "new" and not isinstance(event, Answered | Hangup):
            return "the call is not answered yet"
        if isinstance(event, ActionDone) and state.phase != "action":
            return "no action is awaited"
        if isinstance(event, TransferDone) and state.phase != "transfer":
            return "no transfer is awaited"
        if isinstance(event, Answered) and state.phase != "new" and event.by not in _NO_PERSON:
            return "answered already"
        if isinstance(event, Silence) and state.phase in ("action", "transfer"):
            return "a result is awaited, not the caller"
        return ""

    def _late_opt_out(self, turn: Turn, event: Event) -> bool:
        """Whoever asks over the goodbye, or after it, not to be called again is heard too; False when the event is something else."""
        if not isinstance(event, Heard | Dtmf) or opted_out(turn):
            return False
        if isinstance(event, Dtmf):
            keys = event.digits.strip()[:64]
            named = next((rule for rule in self.plan.event_rules("dtmf") if keys in rule.phrases), None)
            if named is None or named.role != "do_not_disturb":
                return False
            turn.heard(f"[{keys}]")
            take_late_opt_out(turn, named, f"keys {keys}")
            return True
        text = event.text.strip()[:MAX_HEARD]
        found = explicit_opt_out(turn, self._understand(turn, text, event).candidates)
        if found is None:
            return False
        turn.heard(text)
        rule, candidate = found
        take_late_opt_out(turn, rule, candidate.why, candidate)
        return True

    def _take(self, turn: Turn, event: Event) -> None:
        match event:
            case Heard():
                self._heard(turn, event)
            case Silence():
                self._silence(turn)
            case Dtmf():
                self._dtmf(turn, event)
            case Answered():
                self._answered(turn, event)
            case ActionDone():
                self._action_done(turn, event.ok)
            case TransferDone():
                if event.back:
                    self._given_back(turn)
                else:
                    self._transfer_done(turn, event.ok)
            case OtherParty():
                disclose(turn, event.cut)
            case Hangup():
                self._hung_up(turn, event)
            case TimeUp():
                self._time_up(turn)

    # ------------------------------------------------------------ events about the line

    def _answered(self, turn: Turn, event: Answered) -> None:
        if event.by not in _NO_PERSON:
            enter(turn, self.script.flow.start)
            return
        turn.node = turn.node or self.script.flow.start
        if event.by == "screening" and (screener := self.plan.screening_rule()) is not None:
            leads_on = screener.end or screener.goto or screener.then
            apply_rule(turn, screener if leads_on else screener.model_copy(update={"end": "screened"}))
            return
        rule = next(self.plan.event_rules("answered_by_machine"), None)
        if rule is None:
            turn.finish("voicemail", "a machine answered and no rule says what to do")
        elif rule.end or rule.goto or rule.then:
            apply_rule(turn, rule)
        else:
            apply_rule(turn, rule.model_copy(update={"end": "voicemail"}))

    def _hung_up(self, turn: Turn, event: Hangup) -> None:
        rule = next(self.plan.event_rules("hangup"), None)
        if rule is not None:
            turn.log("global", id=rule.id, role=rule.role, priority=rule.priority)
            turn.do(rule.do, f"global:{rule.id}")
        turn.finish((rule.end if rule else None) or "hangup", f"hung up by the {event.by}")

    def _circles(self, turn: Turn) -> bool:
        """Results that lead to further results, without the caller, or past the time limit, do not go on for ever."""
        turn.runs["results"] = turn.runs.get("results", 0) + 1
        late = turn.at_ms >= self.script.limits.max_seconds * 1000
        if turn.runs["results"] <= MAX_RESULTS and not late:
            return False
        turn.phase = "listening"
        turn.log("limit", limit="max_seconds" if late else "results", value=turn.runs["results"], max=MAX_RESULTS)
        turn.give_up(
            "too_long" if late else "loop", "results without a turn of the caller" if not late else "limits.max_seconds"
        )
        return True

    def _action_done(self, turn: Turn, ok: bool) -> None:
        if self._circles(turn):
            return
        turn.phase = "listening"
        key = next((k for k in ("ok" if ok else "error", "any") if can_follow(turn, k)), None)
        if key is None:
            turn.give_up("dead_end", f"action node {turn.node} has no next.{'ok' if ok else 'error'}")
        else:
            follow(turn, key)

    def _transfer_done(self, turn: Turn, ok: bool) -> None:
        if ok:
            turn.finish("transfer", "a person took over")
            return
        # A late failure still says what the script has for it; only results after results are cut short.
        if turn.runs.get("results", 0) and self._circles(turn):
            return
        turn.runs["results"] = max(1, turn.runs.get("results", 0))
        turn.phase = "listening"
        if turn.transfer_node and can_follow(turn, "failed", turn.transfer_node):
            follow(turn, "failed", turn.transfer_node)
            return
        turn.say_default("transfer_failed")
        if turn.here.node.type in ("say", "collect") and turn.here.node.listen:
            reask(turn)
        else:
            turn.give_up("transfer_failed", "nobody took over and the script has no next.failed for it")

    def _given_back(self, turn: Turn) -> None:
        """A person has talked to them, and left: the robot says that it is one, and asks what it wanted to know. A script that had nothing
        more to ask says goodbye."""
        if turn.here.node.type in ("say", "collect") and turn.here.node.listen:
            turn.phase = "listening"
            disclose(turn, ())
            return
        disclose(turn, ())
        turn.give_up("transfer", "a person talked to them, and the script asks nothing more")

    def _time_up(self, turn: Turn) -> None:
        if turn.phase == "transfer":
            turn.log("ignored", what="time_up", why="a person is being fetched; wait_s limits that")
        else:
            turn.log("limit", limit="max_seconds", value=turn.at_ms / 1000, max=self.script.limits.max_seconds)
            turn.give_up("too_long", "limits.max_seconds")

    # ------------------------------------------------------------ the caller's turns

    def _over_limit(self, turn: Turn) -> bool:
        """Step 0. Counts the turn; says goodbye when it is one too many or too late."""
        limits = self.script.limits
        turn.turns += 1
        turn.runs.pop("results", None)
        late = turn.at_ms >= limits.max_seconds * 1000
        if not late and turn.turns <= limits.max_turns:
            return False
        name, value, most = (
            ("max_seconds", turn.at_ms / 1000, limits.max_seconds)
            if late
            else ("max_turns", float(turn.turns), limits.max_turns)
        )
        turn.log("limit", limit=name, value=value, max=most)
        turn.give_up("too_long", f"limits.{name}")
        return True

    def _silence(self, turn: Turn) -> None:
        if self._over_limit(turn):
            return
        turn.count("silence")
        rule = count_rule(turn, "silence")
        if rule is not None:
            apply_rule(turn, rule)
        elif can_follow(turn, "silence"):
            follow(turn, "silence")
        elif turn.runs["silence"] >= self.script.limits.silence:
            turn.log("limit", limit="silence", value=turn.runs["silence"], max=self.script.limits.silence)
            turn.give_up("silence", "limits.silence")
        else:
            turn.say_default("no_input")

    def _dtmf(self, turn: Turn, event: Dtmf) -> None:
        keys = event.digits.strip()[:64]
        waiting = turn.phase in ("action", "transfer")
        rules = list(self.plan.event_rules("dtmf"))
        named = next((rule for rule in rules if keys in rule.phrases), None)
        if waiting:
            if named is not None:
                turn.heard(f"[{keys}]")
                apply_rule(turn, named)
            else:
                turn.log("ignored", what="dtmf", why="a result is awaited, not the caller")
            return
        opts_out = named is not None and named.role == "do_not_disturb"
        if not opts_out and self._over_limit(turn):
            return
        turn.heard(f"[{keys}]")
        turn.user_turns += 1
        turn.runs.pop("silence", None)
        if named is not None and (opts_out or turn.rules.get(named.id, 0) < named.max):
            apply_rule(turn, named)
        elif not reply_keys(turn, keys):
            rule = next((r for r in rules if not r.phrases and turn.rules.get(r.id, 0) < r.max), None)
            if rule is not None:
                apply_rule(turn, rule)
            else:
                unmatched(turn, Reply(Understood("", "")))

    def _heard(self, turn: Turn, event: Heard) -> None:
        text = event.text.strip()[:MAX_HEARD]
        understood = self._understand(turn, text, event)
        if event.during in ("", turn.node):
            understood = without_guesses(turn, understood)
        turn.sentence = text
        found = rule_for(turn, understood.candidates)
        matched = [c.id for c in understood.candidates if c.kind == "global"]
        opt_out = next(
            (r for r in self.plan.word_rules.values() if r.role == "do_not_disturb" and r.id in matched), None
        )
        if turn.phase in ("action", "transfer"):
            if found is None:
                turn.log("ignored", what="heard", why="a result is awaited; only global rules are followed")
                return
            turn.heard(text)
            apply_rule(turn, *found, also=opt_out)
            return
        if opt_out is None and self._dropped(turn, event, understood, found is not None):
            return
        if opt_out is None and self._over_limit(turn):
            return
        turn.turns += opt_out is not None
        turn.runs.pop("results", None)
        turn.heard(text)
        turn.user_turns += 1
        turn.runs.pop("silence", None)
        if found is not None:
            turn.runs.pop("unrecognised", None)
            apply_rule(turn, *found, also=opt_out)
        else:
            reply_words(turn, self._reply(turn, event, understood))

    def _understand(self, turn: Turn, text: str, event: Heard) -> Understood:
        if not text:
            return Understood("", "")
        context = self.plan.context(turn.node or self.script.flow.start, turn.now)
        understood = self.understander.understand(text, context, event.alternatives)
        turn.log(
            "understood",
            normalised=understood.normalised,
            decision=understood.decision,
            candidates=[
                {"type": c.kind, "id": c.id, "span": list(c.span), "source": c.source, "score": c.score, "why": c.why}
                for c in understood.candidates
            ],
            ranking=[list(pair) for pair in understood.ranking],
            emotion=understood.signals.emotion,
            backchannel=understood.only_backchannel,
        )
        return understood

    def _dropped(self, turn: Turn, event: Heard, understood: Understood, ruled: bool) -> bool:
        """Only a listener's "mm" while the robot spoke on: no turn at all."""
        spoken = turn.plan.nodes.get(event.during)
        ignores = spoken is not None and spoken.backchannel == "ignore"
        if ruled or event.interrupted or not ignores or not understood.only_backchannel:
            return False
        turn.log("ignored", what="heard", why="only a backchannel, and the prompt was not interrupted")
        return True

    def _reply(self, turn: Turn, event: Heard, understood: Understood) -> Reply:
        return Reply(
            understood,
            over_prompt=event.during != "",
            elsewhere=event.during not in ("", turn.node),
            interrupted=event.interrupted,
        )

    # ------------------------------------------------------------ the end of a step

    def _finished(self, turn: Turn) -> Step:
        state = turn.state()
        done = turn.final is not None or turn.phase in ("action", "transfer")  # a call may end before it entered a node
        acts = turn.acts() if done else turn.acts(self._listen(turn))
        return Step(state, acts, tuple(turn.entries))

    def _listen(self, turn: Turn) -> Listen:
        here, timing = turn.here, self.script.turn
        slot = self.plan.slots.get(here.node.slot or "") if here.node.type == "collect" else None
        return Listen(
            node=turn.node,
            timeout_ms=here.timeout_ms,
            end_silence_ms=timing.end_silence_ms,
            max_speech_ms=timing.max_speech_ms,
            context=self.plan.context(turn.node, turn.now),
            slot_type=slot.slot.type if slot else None,
            phrases=here.phrases,
            hotwords=timing.hotwords,
        )

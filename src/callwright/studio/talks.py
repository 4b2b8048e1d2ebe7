"""Talking to a draft: conversations in memory, a few for each viewer, gone after a while. They are no records, and call nobody."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from callwright.dialogue.engine import Dialogue
from callwright.dialogue.explaining import explained
from callwright.dialogue.grading import Outcome, outcome
from callwright.dialogue.state import State
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.values import (
    ActionDone,
    Answered,
    Do,
    Dtmf,
    Entry,
    Event,
    Hangup,
    Heard,
    Say,
    Silence,
    Transfer,
    TransferDone,
)
from callwright.errors import ScriptError
from callwright.http.problems import ApiError, absent, conflict
from callwright.script.checks import check
from callwright.script.loader import loads
from callwright.script.model import Script
from callwright.studio.showing import act_line, values_of

__all__ = ["Deed", "Owner", "Talk", "TalkTurn", "Talks", "checked", "prepare"]

Owner = tuple[int, int | None, int | None]
"""Tenant, user, token: whose conversation it is."""

Deed = Literal["say", "key", "silence", "hang_up", "machine", "ok", "failed"]

EACH = 3  # conversations of one viewer; a further one ends the oldest
ALL = 100
IDLE_S = 30 * 60
TURNS = 200
KEPT = 6  # trained scripts


@dataclass(frozen=True, slots=True)
class TalkTurn:
    """What one deed led to. said: the robot's sentences, with where each stands in the script; acts: actions and transfers, as one line each;
    explained: a line for each decision; entries: the same as data."""

    said: tuple[Say, ...]
    acts: tuple[tuple[str, str], ...]
    explained: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Talk:
    """One conversation. seconds: how long it is taken to have lasted (4 s a turn, as in tests)."""

    id: str
    owner: Owner
    dialogue: Dialogue
    state: State
    at: float
    turns: int = 0

    @property
    def came(self) -> Outcome:
        """What the conversation comes to so far: grade with its reason, slots, tags."""
        return outcome(self.dialogue.script, self.state, connected=True, result="answered", duration_s=self.turns * 4.0)


def checked(text: str, today: date) -> Script:
    """The script of a text that can be talked to.

    Raises:
        ScriptError: it has errors; the model checker is not asked.
    """
    loaded = loads(text, "")
    errors = [problem for problem in check(loaded, today, explored=False) if problem.severity == "error"]
    if errors:
        raise ScriptError(errors)
    return loaded.script


def prepare(text: str, today: date) -> Dialogue:
    """What follows a script: checked and trained. Takes some hundred milliseconds.

    Raises:
        ScriptError: see `checked`.
    """
    script = checked(text, today)
    return Dialogue(script, Nlu.train(script))


@dataclass(slots=True)
class Talks:
    """All conversations of an application. clock: seconds, for expiry."""

    clock: Callable[[], float]
    _talks: OrderedDict[str, Talk] = field(default_factory=OrderedDict)
    _trained: OrderedDict[str, Dialogue] = field(default_factory=OrderedDict)

    def trained(self, text: str) -> Dialogue | None:
        """What was prepared for this very text lately."""
        return self._trained.get(_digest(text))

    def remember(self, text: str, dialogue: Dialogue) -> None:
        """Keep it for the next conversation with the same text."""
        self._trained[_digest(text)] = dialogue
        while len(self._trained) > KEPT:
            self._trained.popitem(last=False)

    def start(
        self,
        owner: Owner,
        dialogue: Dialogue,
        variables: Mapping[str, str],
        by: Literal["human", "machine"],
        now: datetime,
    ) -> tuple[Talk, TalkTurn]:
        """Begin: the call is answered. variables: see `values_of`.

        Raises:
            ApiError: 503, too many people are talking just now.
        """
        self._expire()
        mine = [talk.id for talk in self._talks.values() if talk.owner == owner]
        for old in mine[: max(0, len(mine) - EACH + 1)]:
            del self._talks[old]
        if len(self._talks) >= ALL:
            raise ApiError(503, "busy", "too many conversations are held just now", headers={"Retry-After": "30"})
        state = dialogue.start(values_of(dialogue.script, variables), now.strftime("%Y-%m-%dT%H:%M"))
        talk = Talk(secrets.token_urlsafe(18), owner, dialogue, state, self.clock())
        self._talks[talk.id] = talk
        return talk, _take(talk, Answered(0, by))

    def find(self, owner: Owner, which: str) -> Talk:
        """A conversation of this viewer.

        Raises:
            ApiError: 404, there is none (any more), or it is somebody else's.
        """
        self._expire()
        talk = self._talks.get(which)
        if talk is None or talk.owner != owner:
            raise absent("conversation", "Begin a new one: they end after half an hour without a word.")
        return talk

    def deed(self, owner: Owner, which: str, deed: Deed, words: str) -> tuple[Talk, TalkTurn]:
        """The caller does something. words: of `say`, or the keys of `key`.

        Raises:
            ApiError: 404; 409, the conversation is over.
        """
        talk = self.find(owner, which)
        if talk.state.phase == "ended":
            raise conflict("over", f"the conversation is over ({talk.state.end})", "Begin a new one.")
        if talk.turns >= TURNS:
            raise conflict("over", f"a conversation here has at most {TURNS} turns", "Begin a new one.")
        talk.turns += 1
        talk.at = self.clock()
        self._talks.move_to_end(which)
        return talk, _take(talk, _event(talk, deed, words))

    def end(self, owner: Owner, which: str) -> None:
        """Forget a conversation.

        Raises:
            ApiError: 404.
        """
        del self._talks[self.find(owner, which).id]

    def _expire(self) -> None:
        over = self.clock() - IDLE_S
        for old in [talk.id for talk in self._talks.values() if talk.at < over]:
            del self._talks[old]


def _event(talk: Talk, deed: Deed, words: str) -> Event:
    at_ms = talk.turns * 4000
    if deed in ("ok", "failed"):
        done = deed == "ok"
        return TransferDone(at_ms, done) if talk.state.phase == "transfer" else ActionDone(at_ms, done)
    made: dict[str, Event] = {
        "say": Heard(at_ms, words) if words.strip() else Silence(at_ms),
        "key": Dtmf(at_ms, words),
        "silence": Silence(at_ms),
        "hang_up": Hangup(at_ms, "caller"),
        "machine": Answered(at_ms, "machine"),
    }
    return made[deed]


def _take(talk: Talk, event: Event) -> TalkTurn:
    step = talk.dialogue.step(talk.state, event)
    talk.state = step.state
    said = tuple(act for act in step.acts if isinstance(act, Say))
    acts = tuple(act_line(act) for act in step.acts if isinstance(act, Do | Transfer))
    return TalkTurn(said, acts, tuple(explained(step.entries)), step.entries)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

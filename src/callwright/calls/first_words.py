"""What is said before the robot's first word: mostly a greeting, which needs no answer, sometimes a wish already, which does. Pure.

The words are recognised while the length rules of `greeting` still decide who answered. They end sooner than an answer would, so that the
recogniser is done when the robot is about to begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Answered, Context, Heard
from callwright.script.model import Script
from callwright.speech.turn_words import only_backchannel

__all__ = ["FirstWords", "Listening", "asks_for_something", "speaks_as_person"]

END_MS = 240  # pause that ends an utterance here
DOUBT_MS = 600  # how long the opening waits for words that are more than a greeting
SILENT_MS = 300  # the same when the recogniser has not written anything yet
_SHORTEST_MS = 500  # voice with its hangover; no wish is shorter
_GREETINGS = {
    "en": (
        "hello", "hi", "hey", "yes", "yeah", "yep", "ok", "okay", "speaking", "good morning", "good afternoon", "good evening", "this is",
        "who is this", "who's this", "who's calling", "go ahead", "there",
    ),
    "zh": ("喂", "你好", "您好", "哎", "嗯", "诶", "唉", "啊", "呀", "哪位", "谁啊", "谁呀", "你是谁",
        "请讲", "请说", "说", "讲", "是我", "早上好", "下午好", "晚上好"),
}  # fmt: skip
_NO_PERSON = frozenset({"call_screening", "voicemail"})
_NO_WISH = frozenset({"repeat"})  # "what did you say" before anything was said


@dataclass(frozen=True, slots=True)
class FirstWords:
    """A wish from before the robot's first word. answered: the answer itself when it has not been told yet, else the words came late."""

    heard: Heard
    answered: Answered | None


class Listening:
    """Gathers the words until the robot begins: `frame` per 20 ms, `take` each utterance's words, `patience_ms` once somebody answered."""

    def __init__(self, script: Script) -> None:
        self._gap = " " if script.language == "en" else ""
        self._greetings = (*_GREETINGS.get(script.language, ()), *script.lexicon.backchannel)
        self._texts: list[str] = []
        self._voiced_ms = 0
        self._silent_ms = 0
        self._waiting = 0
        self.under_way = False
        self.begin_ms: int | None = None

    @property
    def waiting(self) -> bool:
        """Words of an utterance are still to come."""
        return self.under_way or self._waiting > 0

    def frame(self, now_ms: int, voice: bool) -> Literal["begin", "end", None]:
        """What to tell the recogniser before this frame."""
        if voice:
            self._voiced_ms, self._silent_ms = self._voiced_ms + 20, 0
            if self.under_way:
                return None
            self.under_way = True
            self.begin_ms = now_ms if self.begin_ms is None else self.begin_ms
            return "begin"
        self._silent_ms += 20
        return "end" if self._silent_ms >= END_MS and self.stop() else None

    def stop(self) -> bool:
        """End the utterance under way; False when there is none."""
        if not self.under_way:
            return False
        self.under_way = False
        self._waiting += 1
        return True

    def take(self, text: str) -> None:
        """The words of the oldest utterance that waits for them, "" for none."""
        self._waiting = max(0, self._waiting - 1)
        if text:
            self._texts.append(text)

    def words(self) -> str:
        """Everything taken so far, once."""
        text, self._texts = self._gap.join(self._texts), []
        return text

    def patience_ms(self, partial: str) -> int:
        """How long the opening shall wait for the words; partial: what the recogniser has of the last utterance."""
        if not self.waiting:
            return 0
        text = self._gap.join([*self._texts, partial]).strip()
        if not text:
            return SILENT_MS if self._voiced_ms >= _SHORTEST_MS else 0
        return 0 if only_backchannel(text, self._greetings) else DOUBT_MS


def asks_for_something(script: Script, understander: Understander, text: str) -> bool:
    """Whether a global rule knows words of the text: found by phrase, pattern, sound or curated list, not guessed."""
    return _names_rule(script, understander, text, _NO_WISH)


def speaks_as_person(script: Script, understander: Understander, text: str) -> bool:
    """Whether a global rule that only a person sets off knows words of the text."""
    return _names_rule(script, understander, text, _NO_PERSON)


def _names_rule(script: Script, understander: Understander, text: str, without: frozenset[str]) -> bool:
    rules = {rule.id for rule in script.globals if rule.event is None and rule.role not in without}
    found = understander.understand(text, Context()).candidates if text else ()
    return any(one.kind == "global" and one.source != "ranker" and one.id in rules for one in found)

"""What callers say, heard by the recogniser and read by the understanding of a script, as in a call: with what the node expects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from callwright.calls.answers import spoken_answers
from callwright.calls.vocabulary import vocabulary
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.filling import SlotPlan
from callwright.dialogue.understanding.everyday import Everyday
from callwright.dialogue.understanding.nlu import Nlu
from callwright.script.model import Script
from callwright.speech.asr.decoder import Decoded, PhraseDecoder
from callwright.speech.asr.lexicon import Lexicon
from callwright.speech.asr.matching import phone_distance
from callwright.speech.port import Pcm

__all__ = ["Listener", "Said", "Tally", "callers", "hear", "unseen"]

_NOW = "2026-11-26T09:00"
_ALIKE = 0.75  # a sentence that is taken word by word: how like it must sound
_STEP = 320  # samples: 40 ms


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence kept apart. script: "none" = on another subject, "" = any script of the language."""

    intent: str
    script: str
    text: str
    value: str | None = None


def unseen(language: Literal["zh", "en"]) -> Iterator[Said]:
    """The sentences kept apart for a language, in file order."""
    text = files("callwright.bench").joinpath(f"unseen/{language}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        words, _, value = line.partition("|")
        if language == "zh":
            intent, script, said = words.split(None, 2)
        else:
            intent, said = words.split("\t", 1) if "\t" in words else words.split(None, 1)
            script = "none" if intent == "out_of_script" else ""
        yield Said(intent, script, said.strip(), value.strip() or None)


@dataclass
class Tally:
    """How often something was tried, and how often it went well; processor and audio time of what was heard."""

    said: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    audio_s: float = 0.0
    final_ms: list[float] = field(default_factory=list)

    def add(self, kinds: Iterable[str], good: bool) -> None:
        for kind in kinds:
            self.said[kind] += 1
            self.right[kind] += good

    def share(self, kind: str) -> float:
        """Per cent."""
        return 100 * self.right[kind] / max(1, self.said[kind])


class Listener:
    """A script with its understanding. `expected`: what the node expects where an intent is said; `right`, `false`: judge what was heard."""

    def __init__(self, script: Script, lexicon: Lexicon) -> None:
        self.script = script
        self._lexicon = lexicon
        self._nlu = Nlu.train(script)
        self._everyday = Everyday(script)
        self._plan = Dialogue(script, self._nlu).plan
        self._slots = {name: SlotPlan.of(name, slot, script.language) for name, slot in script.slots.items()}
        self._answers = spoken_answers(script)
        self._collect = {node.slot: name for name, node in script.flow.nodes.items() if node.slot}
        self.phrases = vocabulary(script).phrases

    def expected(self, intent: str) -> tuple[str, ...]:
        node = self._plan.nodes[self._collect.get(intent, self.script.flow.start)]
        return (*node.phrases, *self._answers.get(intent, ()))

    def means(self, intent: str) -> bool:
        """Whether the script has something for this intent."""
        return intent in self._slots or self._target(intent) is not None

    def right(self, intent: str, value: str | None, spoken: str, text: str, others: tuple[str, ...] = ()) -> bool:
        """Whether `text`, heard for `spoken`, leads to the intent; a value must be the one that was said."""
        context = self._plan.context(self._collect.get(intent, self.script.flow.start), _NOW)
        understood = self._nlu.understand(text, context, others)
        slot = self._slots.get(intent)
        if slot is None:
            target = self._target(intent)
            return any((one.kind, one.id) == target for one in understood.candidates)
        if slot.slot.verbatim:
            left, right = self._lexicon.phones(text), self._lexicon.phones(spoken)
            return 1 - phone_distance(left, right) / max(1, len(left), len(right)) >= _ALIKE
        found = slot.read(understood, context, verbatim=True)
        if found is None or value is None:
            return False
        return str(found.value) == value or (slot.slot.type == "time" and _plain(value) in _plain(text))

    def false(self, text: str, others: tuple[str, ...] = ()) -> bool:
        """Whether words on another subject are taken for something."""
        context = self._plan.context(self.script.flow.start, _NOW)
        return bool(self._nlu.understand(text, context, others).candidates)

    def _target(self, intent: str) -> tuple[str, str] | None:
        known: dict[str, tuple[str, str]] = {name: ("intent", name) for name in self.script.intents}
        known |= {entry.id: ("kb", entry.id) for entry in self.script.kb}
        known |= {rule.id: ("global", rule.id) for rule in self.script.globals}
        return known.get(intent) or self._everyday.meaning({"who": "visitor"}.get(intent, intent))


def _plain(text: str) -> str:
    return text.replace("星期", "周").replace("礼拜", "周").replace("周天", "周日")


def hear(decoder: PhraseDecoder, pcm: Pcm, tally: Tally) -> Decoded:
    """One utterance as the first of a call, pushed as it would come; tallies processor time and the time of the final."""
    started = time.process_time()
    decoder.renew()
    decoder.begin()
    for at in range(0, len(pcm), _STEP):
        decoder.push(pcm[at : at + _STEP])
        decoder.consider()
    before = time.process_time()
    decoded = decoder.finish()
    ended = time.process_time()
    tally.cpu_s += ended - started
    tally.audio_s += len(pcm) / 8000
    tally.final_ms.append(1000 * (ended - before))
    return decoded


def callers(index: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of callers-zh that count: `hard` ones, which nothing recognised, are left out."""
    return [item for item in index["items"] if not item["hard"]]

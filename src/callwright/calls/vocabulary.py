"""What a script expects to hear, for the recogniser's language model. Pure."""

from __future__ import annotations

import hashlib
import json

from callwright.calls.answers import spoken_answers
from callwright.script.model import GlobalRule, Intent, KbEntry, Script
from callwright.speech.port import Vocabulary

__all__ = ["vocabulary"]

_PHRASE, _EXAMPLE, _CHOICE = 2.0, 1.0, 2.0
_ANSWER = 0.02  # below one: a value, never replaced by a near one; the question it answers makes it likely


def vocabulary(script: Script) -> Vocabulary:
    """Every phrase, example, choice and spoken answer of the script, once each with its largest weight; the key names the content."""
    weights: dict[str, float] = {}

    def add(phrases: tuple[str, ...], weight: float) -> None:
        for phrase in phrases:
            for part in phrase.split("+"):
                text = part.strip()
                if text:
                    weights[text] = max(weights.get(text, 0.0), weight)

    lexicon = script.lexicon
    for words in (lexicon.affirm, lexicon.deny, lexicon.refuse, lexicon.backchannel):
        add(words, _PHRASE)
    known: list[Intent | KbEntry | GlobalRule] = [*script.intents.values(), *script.kb, *script.globals]
    for entry in known:
        add(entry.phrases, _PHRASE)
        add(entry.examples, _EXAMPLE)
    for slot in script.slots.values():
        for canonical, choices in (slot.choices or {}).items():
            add((canonical, *choices), _CHOICE)
    add(script.turn.hotwords, _PHRASE)
    for answers in spoken_answers(script).values():
        add(answers, _ANSWER)
    phrases = tuple(weights.items())
    digest = hashlib.sha256(json.dumps([script.language, phrases], ensure_ascii=False).encode()).hexdigest()
    return Vocabulary(f"{script.id}-{digest[:16]}", script.language, phrases)

"""Which words can set off which rule: shadowed phrases, rules nothing can set off.

Mirrors the order of understanding: a span inside a longer span is dropped, then the global with the highest priority wins
(file order among equals), then knowledge, then the node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callwright.script.model import GlobalRule, Intent, KbEntry, Script

__all__ = ["Shadow", "by_priority", "can_be_meant", "global_is_dead", "kb_shadow", "swallowed", "takes_refusal"]


@dataclass(frozen=True, slots=True)
class Shadow:
    """`phrase` of a rule never reaches it, because `other` (`global profanity`) takes `longer`, which contains it."""

    phrase: str
    other: str
    longer: str


def by_priority(script: Script) -> list[GlobalRule]:
    """The rules set off by words, in the order they are tried."""
    spoken = [rule for rule in script.globals if rule.event is None]
    return sorted(spoken, key=lambda rule: -rule.priority)


def can_be_meant(rule: GlobalRule | KbEntry) -> bool:
    """There are words that can set it off."""
    return bool(rule.phrases or rule.regex or rule.examples)


def takes_refusal(script: Script, part: GlobalRule | KbEntry | Intent) -> bool:
    """A phrase of `lexicon.refuse` is also one of its own: whoever says it refuses, whatever the part makes of it."""
    own = {_key(phrase) for phrase in part.phrases}
    return any(
        _key(phrase) in own or any(_matches_all(pattern, phrase) for pattern in part.regex)
        for phrase in script.lexicon.refuse
    )


def kb_shadow(script: Script, entry: KbEntry) -> str | None:
    """The rules that take every phrase of a knowledge entry, or None while some words still reach it."""
    if entry.regex or entry.examples:
        return None
    takers = [_taken_by(script, phrase, by_priority(script)) for phrase in entry.phrases]
    return None if None in takers else ", ".join(dict.fromkeys(name for name in takers if name))


def global_is_dead(script: Script, rule: GlobalRule) -> str | None:
    """Why nothing can set a rule off, or None."""
    if rule.event is not None or rule.count:
        return None
    if not can_be_meant(rule):
        return "it has no phrases, regex, examples, event or count"
    if rule.regex or rule.examples:
        return None
    order = by_priority(script)
    before = order[: order.index(rule)]
    takers = [_taken_by(script, phrase, before) for phrase in rule.phrases]
    return None if None in takers else "its phrases are taken by " + ", ".join(dict.fromkeys(n for n in takers if n))


def swallowed(script: Script, rule: GlobalRule, harmless: set[str]) -> Iterator[Shadow]:
    """Phrases of `rule` lost to another reading: the same words at a higher priority, or a longer phrase that contains them.

    `harmless` holds the ids of globals that have the same effect.
    """
    order = by_priority(script)
    above = [other for other in order[: order.index(rule)] if other.id not in harmless]
    rivals = [
        (f"global `{o.id}`", p, o in above) for o in order if o.id not in harmless and o is not rule for p in o.phrases
    ]
    rivals += [(f"knowledge entry `{entry.id}`", phrase, False) for entry in script.kb for phrase in entry.phrases]
    rivals += [
        (f"intent `{name}`", phrase, False) for name, intent in script.intents.items() for phrase in intent.phrases
    ]
    classes = (("affirm", script.lexicon.affirm), ("deny", script.lexicon.deny), ("refuse", script.lexicon.refuse))
    rivals += [(f"lexicon `{name}`", phrase, False) for name, phrases in classes for phrase in phrases]
    own = {_key(phrase) for phrase in rule.phrases}
    for phrase in rule.phrases:
        taker = _taken_by(script, phrase, above)
        if taker is not None:
            yield Shadow(phrase, taker, phrase)
            continue
        for name, longer, _ in rivals:
            if len(_key(longer)) > len(_key(phrase)) and _inside(script, phrase, longer) and _key(longer) not in own:
                yield Shadow(phrase, name, longer)


def _taken_by(script: Script, phrase: str, rules: list[GlobalRule]) -> str | None:
    """The first of `rules` that takes exactly this phrase."""
    for rule in rules:
        if any(_key(other) == _key(phrase) for other in rule.phrases):
            return f"global `{rule.id}`"
        if any(_matches_all(pattern, phrase) for pattern in rule.regex):
            return f"global `{rule.id}`"
    return None


def _inside(script: Script, phrase: str, longer: str) -> bool:
    """`phrase` is found in `longer` as the understanding would find it: on word boundaries in English."""
    if script.language == "zh":
        return _key(phrase) in _key(longer)
    return f" {_key(phrase)} " in f" {_key(longer)} "


def _matches_all(pattern: str, phrase: str) -> bool:
    try:
        return re.fullmatch(pattern, phrase, re.IGNORECASE) is not None
    except re.error:
        return False  # the static checks report it


def _key(phrase: str) -> str:
    return re.sub(r"\s+", " ", phrase.casefold()).strip()

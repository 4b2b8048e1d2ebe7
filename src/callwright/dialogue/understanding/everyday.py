"""What a script's phrases leave open, by what people say on the telephone anyway: "我走不开" means the rule for callbacks, "怎么个收费法"
the entry that knows 多少钱, though neither script says so.

The pack of everyday answers (`callwright.everyday`) is sorted by meaning. A section with a fixed meaning belongs to an answer class or to
the rule of a role; any other section (prices, the way, warranty ...) to the entry whose own phrases stand in most of its sentences. A
sentence is looked up word by word first, then by a classifier learned from the pack; what it finds is a guess, weaker than every rule of
the author. Sections without a home in this script (greetings, small talk) take the sentence and mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from callwright.dialogue.understanding.model_file import load_ranker, save_ranker
from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.patterns import Kind, author_patterns, parts
from callwright.dialogue.understanding.ranker import Ranker
from callwright.dialogue.values import Candidate
from callwright.everyday import VALUES, digest, everyday, examples, learned_file
from callwright.script.model import Script

__all__ = ["Everyday", "learn"]

_CLASSES: tuple[Kind, ...] = ("affirm", "deny", "refuse")
_ROLES = {
    "dnd": "do_not_disturb", "complaint": "complaint", "profanity": "profanity", "robot": "ask_robot", "human": "transfer",
    "repeat": "repeat", "later": "callback", "wrong": "wrong_person",
}  # fmt: skip
_NOTHING = frozenset(
    {"greeting", "backchannel", "thanks", "hold", "voicemail", "small_talk", "other", "value", "reason", "opinion"}
)
_SHARED = 0.04  # of a section's sentences that must have a phrase of the entry in them
_LEAST_SHARED = 2
# Scores from which a guess stands, and from which it may end the call or freeze a number: few sentences of MASSIVE and CLINC150, which mean
# nothing to a telephone script, may reach them.
_ACCEPT = {"zh": 0.5, "en": 0.72}
_FINAL = {"zh": 0.65, "en": 0.8}

Target = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class _Book:
    """The pack of a language: sections of whole sentences, and the classifier."""

    sections: Mapping[str, str]
    ranker: Ranker


class Everyday:
    """Everyday answers read for one script. Immutable; safe to share between threads."""

    def __init__(self, script: Script) -> None:
        """Raises ModelError when the file that was learned from the pack is missing or damaged."""
        self._lang: Language = script.language
        self._book = _book(self._lang)
        self._targets = _targets(script)

    def meaning(self, section: str) -> Target | None:
        """(kind, id) of what the sentences of a section mean to this script."""
        return self._targets.get(section)

    def knows(self, normalised: str) -> bool:
        """Whether it is an everyday answer word by word, whatever it means to this script."""
        return _key(normalised) in self._book.sections

    def read(self, normalised: str, final: frozenset[str] = frozenset()) -> Candidate | None:
        """The one thing a sentence means to this script, or None. final: labels (`kind:id`) that need a surer guess."""
        section, score, why = self._section(normalised)
        target = self._targets.get(section)
        if target is None:
            return None
        kind, ident = target
        least = _FINAL[self._lang] if f"{kind}:{ident}" in final else _ACCEPT[self._lang]
        if score < least:
            return None
        return Candidate(kind, ident, (0, len(normalised)), "ranker", score, f"{why} (everyday answers: {section})")

    def _section(self, normalised: str) -> tuple[str, float, str]:
        known = self._book.sections.get(_key(normalised))
        if known is not None:
            return known, 1.0, "said word by word"
        ranked = self._book.ranker.rank_normalised(normalised)
        if not ranked.ranking:
            return "", 0.0, ""
        section, score = ranked.ranking[0]
        return section, score, ranked.why


@cache
def _book(language: Language) -> _Book:
    sections: dict[str, str] = {}
    for one in everyday(language):
        sections.setdefault(_key(normalise(one.text, language)), _merged(one.section))
    return _Book(sections, load_ranker(learned_file(language), digest(language)))


def _key(normalised: str) -> str:
    return normalised.replace(",", "").replace(" ", "")


def _merged(section: str) -> str:
    return "value" if section in VALUES else section


def _targets(script: Script) -> dict[str, Target]:
    """By section: what it means here."""
    targets: dict[str, Target] = {name: (name, "") for name in _CLASSES}
    for section, role in _ROLES.items():
        rule = next((rule for rule in script.globals if rule.role == role and not rule.event), None)
        if rule is not None:
            targets[section] = ("global", rule.id)
    for section, target in _adopted(script).items():
        targets.setdefault(section, target)
    return targets


def _adopted(script: Script) -> dict[str, Target]:
    """Sections without a fixed meaning, by the entry or intent whose phrases stand in most of their sentences."""
    language: Language = script.language
    phrases: dict[Target, set[str]] = {}
    for pattern in author_patterns(script):
        if pattern.kind in ("kb", "intent") and pattern.source == "phrase":
            key = normalise(parts(pattern.text)[0], language)
            if len(key) > 1:
                phrases.setdefault((pattern.kind, pattern.id), set()).add(f" {key} " if language == "en" else key)
    groups: dict[str, list[str]] = {}
    for section, text in examples(language):
        if section not in _CLASSES and section not in _ROLES and _merged(section) not in _NOTHING:
            view = normalise(text, language)
            groups.setdefault(section, []).append(f" {view} " if language == "en" else view)
    found: dict[str, Target] = {}
    for section, sentences in groups.items():
        shares = {target: _holding(sentences, keys) for target, keys in phrases.items()}
        best = max(shares, key=lambda target: shares[target], default=None)
        if best is not None and shares[best] >= max(_LEAST_SHARED, _SHARED * len(sentences)):
            found[section] = best
    return found


def _holding(sentences: Iterable[str], keys: Iterable[str]) -> int:
    return sum(any(key in sentence for key in keys) for sentence in sentences)


def learn(language: Language) -> Ranker:
    """The classifier of a pack, trained anew (some seconds; needs scikit-learn)."""
    pairs = examples(language)
    return Ranker.train([text for _, text in pairs], [_merged(section) for section, _ in pairs], language)


if __name__ == "__main__":
    languages: tuple[Language, ...] = ("zh", "en")
    for name in languages:
        save_ranker(learn(name), learned_file(name), digest(name), 0)

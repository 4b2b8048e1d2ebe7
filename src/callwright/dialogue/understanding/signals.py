"""How it was said: refusal, abuse, "busy", a person wanted, feeling — and, for the safety rules, "call me no more".

"No more calls" and "a person, please" are read by a grammar (`requests`) and take precedence. The rest are curated lists (`signals_zh`,
`signals_en`), one pass by an automaton over characters and one over sounds (zh, three characters and more, so that a recogniser's
homophones agree), the longest match wins, so a guard phrase ("不投诉", "not busy") takes the place of what it contains. Emotion =
lexicon + negation + intensity; an insult, threat or complaint weighs more. Pure and total.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from callwright.dialogue.understanding import signals_en, signals_zh
from callwright.dialogue.understanding.automata import PhraseAutomaton, SoundAutomaton
from callwright.dialogue.understanding.requests import find_requests
from callwright.dialogue.values import Signals

__all__ = ["Mark", "expand", "marks", "read_signals", "wants_human", "wants_no_calls"]

_GUARD = "guard"
_BY_SOUND = frozenset({"complaint", "threat", "busy", _GUARD})
_SHORTEST_BY_SOUND = 3
_FUZZY_FROM = 4  # shorter phrases must agree in every syllable (tones aside)
_SAME_SYLLABLES = 0.9
_GROUP = re.compile(r"\(([^()]*)\)")
_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_NOTHING = ("",)
_SPELLINGS = (
    ("do not", "(do not|don't|dont)"), ("did not", "(did not|didn't|didnt)"), ("can not", "(can not|can't|cannot|cant)"),
    ("i am", "(i am|i'm|im)"), ("is not", "(is not|isn't)"), ("are not", "(are not|aren't)"), ("have not", "(have not|haven't)"),
    ("i will", "(i will|i'll)"), ("i would", "(i would|i'd)"), ("would not", "(would not|wouldn't)"), ("will not", "(will not|won't)"),
    ("that is", "(that is|that's)"), ("it is", "(it is|it's)"), ("you are", "(you are|you're)"), ("we are", "(we are|we're)"),
    ("was not", "(was not|wasn't)"), ("should not", "(should not|shouldn't)"), ("must not", "(must not|mustn't)"),
)  # fmt: skip
_WEIGHTS = {"insult": -2.0, "threat": -2.0, "complaint": -2.0, "opt_out": -1.0, "negative": -1.0, "positive": 1.0}
MAX_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Mark:
    """A phrase at [start, end) of the text; `phrase` is the wording meant, which differs when it was found by sound."""

    kind: str
    phrase: str
    start: int
    end: int


def expand(pattern: str) -> Iterator[str]:
    """`别(再|)打` -> 别再打, 别打. Groups may nest."""
    match = _GROUP.search(pattern)
    if match is None:
        yield pattern
        return
    for option in match[1].split("|"):
        yield from expand(pattern[: match.start()] + option + pattern[match.end() :])


def _options(pattern: str) -> tuple[list[str], str]:
    """The alternatives a pattern begins with and what follows them; groups may nest."""
    depth, options, begin = 0, [], 1
    for place, char in enumerate(pattern):
        depth += (char == "(") - (char == ")")
        if (char == "|" and depth == 1) or (char == ")" and depth == 0):
            options.append(pattern[begin:place])
            begin = place + 1
        if depth == 0:
            return options, pattern[place + 1 :]
    raise ValueError(f"unclosed group in {pattern!r}")


def first_words(pattern: str) -> frozenset[str]:
    """The words a match of the pattern may begin with."""
    pattern = pattern.lstrip()
    if not pattern.startswith("("):
        match = _WORD.match(pattern)
        words = match[0] if match else ""
        rest = pattern[len(words) :]
        if rest.startswith("("):  # "robot(s|)": the word goes on inside the group
            return frozenset(
                words + head for option in _options(rest)[0] for head in ((_WORD.match(option) or _NOTHING)[0],)
            )
        return frozenset({words} - {""})
    options, rest = _options(pattern)
    found: set[str] = set()
    for option in options:
        found |= first_words(
            option + rest
            if option and not rest.startswith(" ") and not option.endswith(" ") and "(" not in option
            else option
        )
        if not option.strip():
            found |= first_words(rest)
    return frozenset(found)


class _Mandarin:
    """Phrases in automata over characters and over sounds."""

    def __init__(self, blocks: Iterable[tuple[str, str]]) -> None:
        table: dict[str, str] = {}
        for kind, block in blocks:
            for phrase in (phrase for pattern in block.split() for phrase in expand(pattern)):
                table.setdefault(phrase, kind)
        self.entries = tuple(table.items())
        self.words = PhraseAutomaton((phrase, number) for number, (phrase, _) in enumerate(self.entries))
        self.sounds = SoundAutomaton(
            (p, n) for n, (p, kind) in enumerate(self.entries) if kind in _BY_SOUND and len(p) >= _SHORTEST_BY_SOUND
        )

    def all(self, text: str) -> Iterator[tuple[int, Mark]]:
        for start, end, numbers in self.words.find(text):
            yield 0, self._mark(numbers[0], start, end)
        for start, end, _, number, score in self.sounds.find(text):
            if end - start < _FUZZY_FROM and score < _SAME_SYLLABLES:  # 非常满意 is not 非常忙
                continue
            yield 1, self._mark(number, start, end)

    def _mark(self, number: int, start: int, end: int) -> Mark:
        phrase, kind = self.entries[number]
        return Mark(kind, phrase, start, end)


class _English:
    """Patterns as regular expressions, indexed by the word they begin with, so that few are tried at each word."""

    def __init__(self, blocks: Iterable[tuple[str, str]]) -> None:
        self.by_word: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for kind, block in blocks:
            for line in filter(None, map(str.strip, block.splitlines())):
                for full, both in _SPELLINGS:
                    line = re.sub(rf"\b{full}\b", both, line)
                compiled = re.compile(line.replace("(", "(?:").replace(" ", r"\s*") + r"(?!\w)")
                for word in first_words(line):
                    self.by_word.setdefault(word, []).append((compiled, kind))

    def all(self, text: str) -> Iterator[tuple[int, Mark]]:
        for word in _WORD.finditer(text):
            for pattern, kind in self.by_word.get(word[0], ()):
                match = pattern.match(text, word.start())
                if match and match.end() > word.start():
                    yield 0, Mark(kind, match[0].strip(), match.start(), word.start() + len(match[0].rstrip()))


class _Lists:
    """The lists of one language and the rule that picks: requests first, then the longest, a guard before its equals, written before heard."""

    def __init__(self, lists: ModuleType, chinese: bool) -> None:
        blocks = [
            (_GUARD, lists.GUARDS),
            *lists.PHRASES.items(),
            ("negative", lists.NEGATIVE),
            ("positive", lists.POSITIVE),
        ]
        self.chinese = chinese
        self.intense: tuple[str, ...] = lists.INTENSE
        self.flips: tuple[str, ...] = lists.FLIPS
        self.source: _Mandarin | _English = _Mandarin(blocks) if chinese else _English(blocks)

    def find(self, text: str) -> list[Mark]:
        listed = list(self.source.all(text))
        asked = find_requests(text, "zh" if self.chinese else "en")
        if not listed and not asked:
            return []
        found = sorted(listed, key=lambda f: (f[1].start - f[1].end, f[0], f[1].kind != _GUARD, f[1].start))
        chosen: list[Mark] = []
        requests = [Mark(*request) for request in asked]
        for mark in (*requests, *(mark for _, mark in found)):
            if all(mark.end <= other.start or mark.start >= other.end for other in chosen):
                chosen.append(mark)
        return sorted((mark for mark in chosen if mark.kind != _GUARD), key=lambda mark: mark.start)


_QUIET = Signals()


@lru_cache(maxsize=2)
def _lists(lang: str) -> _Lists:
    return _Lists(signals_zh if lang == "zh" else signals_en, lang == "zh")


def marks(text: str, lang: str) -> list[Mark]:
    """All requests and listed phrases of normalised text with their kind:
    opt_out, human, insult, threat, complaint, busy, refuse, negative, positive."""
    return _lists("zh" if lang == "zh" else "en").find(text[:MAX_CHARS])


def _first(text: str, lang: str, kind: str) -> tuple[str, tuple[int, int]] | None:
    requests = find_requests(text[:MAX_CHARS], "zh" if lang == "zh" else "en")
    found = next((request for request in requests if request[0] == kind), None)
    return None if found is None else (found[1], (found[2], found[3]))


def wants_no_calls(text: str, lang: str) -> tuple[str, tuple[int, int]] | None:
    """The caller wants no more calls: (the wording meant, span in the text), else None. For the safety rule in front of everything."""
    return _first(text, lang, "opt_out")


def wants_human(text: str, lang: str) -> tuple[str, tuple[int, int]] | None:
    """The caller asks for a person: (the wording meant, span in the text), else None."""
    return _first(text, lang, "human")


def _weight(mark: Mark, text: str, lists: _Lists) -> float:
    weight = _WEIGHTS.get(mark.kind, 0.0)
    if mark.kind not in ("negative", "positive"):
        return weight
    before = text[max(0, mark.start - 16) : mark.start].rstrip()
    for word in lists.intense:
        if _ends_with(before, word, lists.chinese):
            weight, before = weight * 1.5, before[: -len(word)].rstrip()
            break
    if any(_ends_with(before, word, lists.chinese) for word in lists.flips):
        return -abs(weight) if mark.kind == "positive" else 0.0
    return weight


def _ends_with(before: str, word: str, chinese: bool) -> bool:
    return before.endswith(word) and (chinese or not before[: -len(word)][-1:].isalnum())


def read_signals(text: str, lang: str) -> Signals:
    """How normalised text was said. `refusal` includes "no more calls"; `profanity` is abuse, not mere anger."""
    lists = _lists("zh" if lang == "zh" else "en")
    found = lists.find(text[:MAX_CHARS])
    if not found:
        return _QUIET
    kinds = {mark.kind for mark in found}
    feeling = sum(_weight(mark, text, lists) for mark in found)
    return Signals(
        refusal=bool(kinds & {"refuse", "opt_out"}),
        profanity="insult" in kinds,
        busy="busy" in kinds,
        wants_human="human" in kinds,
        emotion="negative" if feeling <= -1 else "positive" if feeling >= 1 else "neutral",
    )

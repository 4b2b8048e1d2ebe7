"""Author rules: what the script's own phrases, combinations and patterns find in a sentence.

The order of work: phrases (characters), combinations, regular expressions, phrases by sound (Mandarin); then what is asked is no answer,
derived negation, and the longest span wins. Everything found stays: which category goes first is the turn engine's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callwright.dialogue.understanding.automata import PhraseAutomaton, SoundAutomaton
from callwright.dialogue.understanding.hits import Hit, longest
from callwright.dialogue.understanding.negation import asked, asks, is_set_phrase, negation
from callwright.dialogue.understanding.normalise import Language, digits, fold, normalise
from callwright.dialogue.understanding.numerals import english_digits, mandarin_digits
from callwright.dialogue.understanding.patterns import Pattern, parts
from callwright.dialogue.understanding.pinyin import FUZZY
from callwright.dialogue.understanding.standing import in_compound, stands_alone
from callwright.dialogue.values import Candidate
from callwright.errors import Place, Problem, ScriptError

__all__ = ["Rules", "compact"]

_ANSWERS = ("affirm", "deny", "refuse")


@dataclass(frozen=True, slots=True)
class _Part:
    """One searchable piece of a pattern. size: how many pieces the pattern has."""

    pattern: int
    number: int
    size: int
    key: str


class Rules:
    """The compiled rules of a script. Immutable after construction; safe to share between threads."""

    def __init__(self, patterns: Iterable[Pattern], lang: Language, sounds: frozenset[str] = FUZZY) -> None:
        """sounds: the fuzzy classes that fall together (Mandarin). Raises ScriptError for a pattern that is no regular expression."""
        self.patterns = tuple(patterns)
        self._lang: Language = lang
        self._regexes = [(i, _compiled(p)) for i, p in enumerate(self.patterns) if p.source == "regex"]
        self._parts = [part for index, pattern in enumerate(self.patterns) for part in _parts(index, pattern, lang)]
        self._sizes = {part.pattern: part.size for part in self._parts}
        self._phrases = PhraseAutomaton((key, i) for i, part in enumerate(self._parts) for key in self._keys(part))
        whole = [(part.key, i) for i, part in enumerate(self._parts) if part.size == 1] if lang == "zh" else []
        self._sounds = SoundAutomaton(whole, sounds)
        self._numeric = any(char.isdigit() for part in self._parts for char in digits(part.key, lang))

    def find(self, text: str, raw: str = "") -> tuple[Hit, ...]:
        """Everything the rules find in normalised `text`; spans refer to it. raw: what was said, for patterns that name punctuation."""
        view, origins = compact(text, self._lang)
        found = self._explicit(text, view, origins)
        found += self._by_regex(text, raw)
        found += self._by_sound(view, origins, found)
        if not found:
            return ()
        answers = [hit for hit in found if not self._is_no_answer(text, hit)]
        return longest(self._with_negation(text, answers))

    def _keys(self, part: _Part) -> set[str]:
        keys = {part.key, digits(part.key, self._lang)}
        last = part.key.strip().rsplit(" ", 1)[-1]
        if self._lang == "en" and last.isalpha() and len(last) >= 4 and not last.endswith(("s", "x", "y", "ch", "sh")):
            keys.add(f"{part.key[:-1]}s ")  # "price" also finds "prices"
        return keys

    def _explicit(self, text: str, view: str, origins: list[int]) -> list[Hit]:
        single: list[Hit] = []
        pieces: dict[int, dict[int, list[tuple[int, int]]]] = {}
        for begin, end, numbers in self._occurrences(view, origins):
            span = self._trimmed(text, begin, end)
            for number in numbers:
                part = self._parts[number]
                if part.size == 1:
                    single.append(self._hit(part.pattern, span))
                else:
                    pieces.setdefault(part.pattern, {}).setdefault(part.number, []).append(span)
        return single + [hit for index, found in pieces.items() if (hit := self._combination(index, found))]

    def _occurrences(self, view: str, origins: list[int]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Phrase occurrences with their place in the normalised text, also in the view where numbers are digits."""
        for begin, end, numbers in self._phrases.find(view):
            yield origins[begin], origins[end - 1] + 1, numbers
        if not self._numeric:
            return
        counted, sources = mandarin_digits(view) if self._lang == "zh" else english_digits(view)
        if counted != view:
            for begin, end, numbers in self._phrases.find(counted):
                first, last = sources[begin], sources[end]
                if last > first and view[first:last] != counted[begin:end]:
                    yield origins[first], origins[last - 1] + 1, numbers

    def _trimmed(self, text: str, begin: int, end: int) -> tuple[int, int]:
        if self._lang == "en":
            while begin < end and text[begin] == " ":
                begin += 1
            while end > begin and text[end - 1] == " ":
                end -= 1
        return begin, end

    def _combination(self, index: int, found: dict[int, list[tuple[int, int]]]) -> Hit | None:
        """The tightest stretch in which the parts follow one another."""
        size = self._sizes[index]
        if len(found) < size:
            return None
        best: tuple[tuple[int, int], ...] = ()
        for start in found[0]:
            chain = [start]
            for number in range(1, size):
                following = [span for span in found[number] if span[0] >= chain[-1][1]]
                if not following:
                    break
                chain.append(min(following))
            if len(chain) == size and (not best or chain[-1][1] - chain[0][0] < best[-1][1] - best[0][0]):
                best = tuple(chain)
        return self._hit(index, (best[0][0], best[-1][1]), pieces=best) if best else None

    def _by_regex(self, text: str, raw: str) -> list[Hit]:
        if not self._regexes:
            return []
        counted, sources = mandarin_digits(text) if self._lang == "zh" else english_digits(text)
        folded = fold(raw)
        found: list[Hit] = []
        for index, regex in self._regexes:
            spans = [match.span() for match in regex.finditer(text)]
            if not spans and counted != text:
                spans = [(sources[match.start()], sources[match.end()]) for match in regex.finditer(counted)]
            if not spans and folded and folded != text:
                spans = [self._in_text(text, match.group()) for match in regex.finditer(folded) if match.group()]
            found += [self._hit(index, span) for span in spans if span[1] > span[0]]
        return found

    def _in_text(self, text: str, words: str) -> tuple[int, int]:
        """Where words of the raw sentence stand in the normalised one; the whole sentence when they were rewritten."""
        plain = normalise(words, self._lang)
        begin = text.find(plain) if plain else -1
        return (begin, begin + len(plain)) if begin >= 0 else (0, len(text))

    def _by_sound(self, view: str, origins: list[int], explicit: list[Hit]) -> list[Hit]:
        found: list[Hit] = []
        for begin, end, phrase, number, score in self._sounds.find(view):
            index = self._parts[number].pattern
            # A wrong stop request ends a call for good: two syllables by sound only when nothing else is said.
            if self.patterns[index].kind == "global" and len(phrase) < 3 and end - begin < len(view):
                continue
            span = (origins[begin], origins[end - 1] + 1)
            if any(hit.explicit and hit.overlaps(*span) and hit.length >= span[1] - span[0] for hit in explicit):
                continue
            found.append(self._hit(index, span, "pinyin", score, f"{view[begin:end]} ~ {phrase}"))
        return found

    def _is_no_answer(self, text: str, hit: Hit) -> bool:
        """What looks like an answer and is none: a question, a piece of another word, a set phrase."""
        begin, end = hit.span
        if hit.candidate.source == "regex":
            return False
        negated = hit.kind == "affirm" and negation(text, begin, text[begin:end], self._lang) is not None
        if hit.kind == "affirm" and not negated and asks(text, begin, end, self._lang):
            return True
        if self._lang == "en":
            return hit.kind in _ANSWERS and text[begin:end] in ("no", "not") and is_set_phrase(text, begin)
        if hit.kind not in _ANSWERS:
            return end - begin == 1 and in_compound(text, begin)
        if asked(text, begin, end) or (text[begin] in "不没" and text[begin + 1 : begin + 2] == ","):
            return True
        return end - begin == 1 and hit.kind != "affirm" and not stands_alone(text, begin)

    def _with_negation(self, text: str, found: list[Hit]) -> list[Hit]:
        """Deny where a negator stands before an affirming phrase; explicit phrases that overlap it decide instead."""
        kept: list[Hit] = []
        for hit in found:
            if hit.kind != "affirm" or hit.candidate.source == "regex":
                kept.append(hit)
                continue
            begin, end = hit.span
            start = negation(text, begin, text[begin:end], self._lang)
            if start is None:
                if self._lang == "en" or end - begin > 1 or stands_alone(text, begin):
                    kept.append(hit)
                continue
            others = [o for o in found if o is not hit and o.kind != "affirm" and o.explicit and o.overlaps(start, end)]
            if any(o.kind in _ANSWERS for o in others):
                continue  # "不太" is the author's own denial: "不太方便" denies, it does not affirm
            if others:
                kept.append(hit)
                continue
            why = f"{text[start:begin].strip()} + {hit.candidate.why}"
            kept.append(Hit(Candidate("deny", "", (start, end), "derived", 0.9, why), ((start, end),), hit.order))
        return kept

    def _hit(
        self,
        index: int,
        span: tuple[int, int],
        by_sound: str = "",
        score: float = 1.0,
        why: str = "",
        pieces: tuple[tuple[int, int], ...] = (),
    ) -> Hit:
        pattern = self.patterns[index]
        source = "pinyin" if by_sound else pattern.source
        candidate = Candidate(pattern.kind, pattern.id, span, source, score, why or pattern.text)
        return Hit(candidate, pieces or (span,), pattern.order)


def _parts(index: int, pattern: Pattern, lang: Language) -> list[_Part]:
    """What to search for; nothing for a phrase that is only punctuation."""
    if pattern.source == "regex":
        return []
    keys = [key for raw in parts(pattern.text) if (key := normalise(raw, lang))]
    return [_Part(index, number, len(keys), compact(key, lang)[0]) for number, key in enumerate(keys)]


def compact(text: str, lang: Language) -> tuple[str, list[int]]:
    """The view that phrases are searched in, and where each of its characters stands in `text`.

    Mandarin: without boundaries, since recognisers set commas as they please. English: with a space at both ends, so that a phrase
    with its own two spaces is found at whole words only.
    """
    if lang == "en":
        return f" {text} ", [0, *range(len(text)), max(0, len(text) - 1)]
    if text.isalnum():
        return text, list(range(len(text)))
    kept = [(char, position) for position, char in enumerate(text) if char not in ", "]
    return "".join(char for char, _ in kept), [position for _, position in kept]


def _compiled(pattern: Pattern) -> re.Pattern[str]:
    try:
        return re.compile(pattern.text, re.IGNORECASE)
    except re.error as error:
        problem = Problem(
            "bad-regex",
            f"{pattern.text!r} is no regular expression: {error}",
            Place(field=pattern.field),
            "Mend the pattern, or write the words under `phrases`.",
        )
        raise ScriptError(problem) from error

"""How a slot gets its value from a sentence or from keys: choices, then regex, then the grammar of its type, then the whole sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from callwright.dialogue.understanding.normalise import digits, normalise
from callwright.dialogue.understanding.slots import read_slots
from callwright.dialogue.values import Context, SlotValue, Understood
from callwright.script.model import Slot

__all__ = ["Found", "SlotPlan", "whole_number"]

Language = Literal["zh", "en"]
_NUMERAL = "0-9零〇一二两三四五六七八九十百千万"
_NOT_ONE = re.compile(r"一[下点些样起定直会块边共旦]")  # 等一下 is no number
_NUMBERS = frozenset({"int", "number"})
# Types whose words are telling by themselves; a bare number in some sentence is not yet the value of an int slot.
_TELLING = frozenset({"time", "date", "duration", "phone", "money", "age", "name"})
_NEGATED_AFTER = re.compile(r"^(?:都|也|可能|恐怕)?(?:不(?!错)|没(?!问题|事))")
_NEGATED_BEFORE = re.compile(r"(?:不要|不是|不想|除了|(?<!要)不|not |not on |except )$")


@dataclass(frozen=True, slots=True)
class Found:
    """A value for a slot. meaning: the grammar's reading; ambiguous: what else it could be."""

    value: Any
    spoken: str
    how: str
    meaning: Any = None
    ambiguous: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """A slot with its patterns compiled. range: group 1 of an int slot's regex, which every number must match."""

    name: str
    slot: Slot
    language: Language
    choices: tuple[tuple[str, re.Pattern[str]], ...]
    regex: re.Pattern[str] | None
    dtmf: re.Pattern[str] | None
    range: re.Pattern[str] | None

    @classmethod
    def of(cls, name: str, slot: Slot, language: Language) -> SlotPlan:
        """Compile. Raises re.error for a pattern that cannot be read."""
        choices = tuple(
            (
                canonical,
                re.compile(
                    "|".join(_word(word, language) for word in sorted((canonical, *words), key=len, reverse=True))
                ),
            )
            for canonical, words in (slot.choices or {}).items()
        )
        regex = re.compile(slot.regex, re.IGNORECASE) if slot.regex else None
        group = _first_group(slot.regex or "") if slot.type in _NUMBERS else ""
        return cls(
            name=name,
            slot=slot,
            language=language,
            choices=choices,
            regex=regex,
            dtmf=re.compile(slot.dtmf) if slot.dtmf else None,
            range=re.compile(group, re.IGNORECASE) if group else None,
        )

    def read(self, heard: Understood, context: Context, *, verbatim: bool) -> Found | None:
        """The value in a sentence at the slot's own question. verbatim: the whole sentence may be taken."""
        found = (
            self._choice(heard.normalised)
            or self._by_regex(heard, context)
            or self._grammar(heard, context, asked=True)
        )
        if found is None and verbatim and self.slot.verbatim and heard.text and not heard.only_backchannel:
            return Found(heard.text, heard.text, "verbatim")
        return found

    def prefill(self, heard: Understood, context: Context) -> Found | None:
        """The value in a sentence that answers something else: only what is telling by itself."""
        found = self._choice(heard.normalised) or self._by_regex(heard, context)
        if found is None and self.slot.type in _TELLING:
            found = self._grammar(heard, context, asked=False)
        return found

    def keys(self, pressed: str) -> Found | None:
        """The value of pressed keys: they must match `dtmf` as a whole."""
        if self.dtmf is None or self.dtmf.fullmatch(pressed) is None:
            return None
        number = whole_number(pressed, self.language) if self.slot.type in _NUMBERS else None
        return Found(pressed if number is None else number, pressed, "dtmf")

    def _choice(self, text: str) -> Found | None:
        """The one choice that is named. Words inside a longer choice word and negated words do not count; two choices are none."""
        hits = [(m.start(), m.end(), canonical) for canonical, words in self.choices for m in words.finditer(text)]
        hits = [hit for hit in hits if not _inside_longer(hit, hits) and not _negated(text, hit[0], hit[1])]
        named = {canonical for _, _, canonical in hits}
        if len(named) != 1:
            return None
        canonical = named.pop()
        if self.slot.type in _NUMBERS:
            number = whole_number(canonical, self.language)
            return Found(canonical if number is None else number, canonical, "choices")
        return Found(canonical, canonical, "choices")

    def _by_regex(self, heard: Understood, context: Context) -> Found | None:
        if self.regex is None:
            return None
        for text in (heard.text, heard.normalised):
            for match in self.regex.finditer(text):
                begin, end = match.span(1) if match.re.groups == 1 or (self.range and match.re.groups) else match.span()
                begin, end = (begin, end) if begin >= 0 else match.span()
                found = self._taken(text, begin, end, context) if end > begin else None
                if found is not None:
                    return found
        return None

    def _taken(self, text: str, begin: int, end: int, context: Context) -> Found | None:
        words = text[begin:end]
        if self.slot.type not in _NUMBERS:
            return Found(words, words, "regex", self._meaning(words, context))
        outer = text[begin - 1 : begin] + text[end : end + 1]
        if _inside_number(words, outer) or _NOT_ONE.match(text, begin):
            return None
        number = whole_number(words, self.language)
        return None if number is None else Found(number, str(number), "regex")

    def _meaning(self, words: str, context: Context) -> Any:
        values = self._values(normalise(words, self.language), context)
        return values[0].value if values else None

    def _values(self, text: str, context: Context) -> tuple[SlotValue, ...]:
        if self.slot.type in ("text", "enum") or not text:
            return ()
        return read_slots(text, frozenset({self.slot.type}), self.language, context.now, context.window)

    def _grammar(self, heard: Understood, context: Context, *, asked: bool) -> Found | None:
        for value in self._values(heard.normalised, context):
            if self.slot.type not in _NUMBERS:
                return Found(value.value, value.raw, "grammar", value.value, value.ambiguous)
            # "Three or four" is no score; asking again is better than guessing.
            if (
                not asked
                or value.ambiguous
                or isinstance(value.value, Mapping)
                or _NOT_ONE.match(heard.normalised, value.span[0])
            ):
                continue
            if self.slot.type == "int" and (isinstance(value.value, bool) or value.value != int(value.value)):
                continue
            number = int(value.value) if self.slot.type == "int" else value.value
            if self.range is None or self.range.fullmatch(str(number)) or self.range.fullmatch(value.raw):
                return Found(number, str(number), "grammar", value.value, value.ambiguous)
        return None


def whole_number(words: str, language: Language) -> int | None:
    """`八`, `8`, `十二`, `twelve` as an int; None when the words are no whole number."""
    view = digits(normalise(words, language), language)
    return int(view) if re.fullmatch(r"[0-9]{1,15}", view) else None


def _word(word: str, language: Language) -> str:
    pattern = re.escape(normalise(word, language))
    return rf"(?<!\w){pattern}(?!\w)" if language == "en" else pattern


def _inside_longer(hit: tuple[int, int, str], hits: list[tuple[int, int, str]]) -> bool:
    begin, end, _ = hit
    return any(b <= begin and end <= e and e - b > end - begin for b, e, _ in hits)


def _negated(text: str, begin: int, end: int) -> bool:
    return bool(_NEGATED_AFTER.match(text[end:]) or _NEGATED_BEFORE.search(text[:begin]))


def _inside_number(words: str, around: str) -> bool:
    """A digit that continues in the text beside it is a part of another number."""
    if not re.fullmatch(rf"[{_NUMERAL}]+", words):
        return False
    return bool(re.search(rf"[{_NUMERAL}]", around))


def _first_group(pattern: str) -> str:
    """The source of the first capturing group, "" when there is none."""
    escaped = in_class = False
    opens: list[int] = []
    for index, char in enumerate(pattern):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            opens.append(index if pattern[index + 1 : index + 2] != "?" else -1)
        elif char == ")" and opens:
            begin = opens.pop()
            if begin >= 0 and not any(other >= 0 for other in opens):
                return pattern[begin + 1 : index]
    return ""

"""What the words of an utterance tell turn-taking: known to the script or not, a whole answer to this question or not. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping

from callwright.dialogue.filling import SlotPlan
from callwright.dialogue.understanding.normalise import digits, normalise
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Candidate, Context, Listen, Understood
from callwright.script.model import Script
from callwright.speech.port import Vocabulary
from callwright.speech.turn_values import NOTHING, Ending, Words
from callwright.speech.turn_words import unfinished

__all__ = ["Reader"]

_STATED = frozenset({"phrase", "combination", "regex"})  # in the script's own words; the rest is derived or guessed
_PARTICLES = {"zh": "啊呀吧呢嘛哦哈啦嗯呃的了", "en": ""}
_NO_HURRY = frozenset({"repeat"})
_PHONE_DIGITS = {"zh": (11, 12), "en": (10, 11)}
_EXTENSIONS = 12  # longer phrases that are looked at
_REMEMBERED = 2000
_ANY = Context()


class Reader:
    """Reads for all calls of one script. `read(text, listening)`: the words with what they mean at this question. Partials come word by word,
    begin alike in many calls and come again as finals: what was read lately is not read again."""

    def __init__(
        self,
        script: Script,
        understander: Understander,
        vocabulary: Vocabulary,
        answers: Mapping[str, tuple[str, ...]],
    ) -> None:
        """answers: by slot, what may be said at its question (`spoken_answers`)."""
        self._language = script.language
        self._understander = understander
        self._slots = {
            name: SlotPlan.of(node.slot, script.slots[node.slot], script.language)
            for name, node in script.flow.nodes.items()
            if node.slot is not None and node.slot in script.slots
        }
        self._rules = {rule.id for rule in script.globals if rule.event is None and rule.role not in _NO_HURRY}
        self._fillers = tuple(
            sorted((normalise(text, script.language) for text in script.lexicon.backchannel), key=len, reverse=True)
        )
        said = (*(text for text, _ in vocabulary.phrases), *(text for spoken in answers.values() for text in spoken))
        self._phrases = sorted({normalise(text, script.language) for text in said})
        self._extended: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._lately: OrderedDict[tuple[object, ...], Words] = OrderedDict()

    def read(self, text: str, listening: Listen | None, *, sure: bool = False, faint: bool = False) -> Words:
        """sure: the recogniser's final would only repeat the text; faint: a bystander may have said it."""
        if not text:
            return NOTHING
        context = listening.context if listening is not None else _ANY
        node = listening.node if listening is not None else ""
        expected = (context.kb, context.intents, context.classes)
        day = (context.now, context.window) if node in self._slots else None  # only the values of slots depend on it
        key = (text, node, expected, day, sure, faint)
        known = self._lately.get(key)
        if known is not None:
            self._lately.move_to_end(key)
            return known
        words = self._lately[key] = self._read(text, node, context, sure, faint)
        if len(self._lately) > _REMEMBERED:
            self._lately.popitem(last=False)
        return words

    def _read(self, text: str, node: str, context: Context, sure: bool, faint: bool) -> Words:
        understood = self._understander.understand(text, context)
        found = [one for one in understood.candidates if one.source != "ranker"]
        stated = [one for one in found if one.source in _STATED]
        return Words(
            text,
            ending=self._ending(text, understood, found, node, context),
            known=bool(stated),
            urgent=any(one.kind == "global" and one.id in self._rules for one in stated),
            sure=sure,
            meaning=tuple(sorted({(one.kind, one.id) for one in found})),
            faint=faint,
        )

    def _ending(self, text: str, understood: Understood, found: list[Candidate], node: str, context: Context) -> Ending:
        plan = self._slots.get(node)
        whole = self._covers(understood.normalised, found)
        if plan is None:
            if unfinished(text, self._language):
                return "" if whole else "unfinished"
            if not whole:
                return ""
            return "open" if self._goes_on(understood.normalised, node, context) else "complete"
        if whole and all(one.kind in ("global", "refuse", "deny", "kb") for one in found):
            return "complete"  # no answer to the question, and none will follow
        if plan.slot.type == "phone":
            count = sum(map(str.isdigit, digits(understood.normalised, self._language)))
            return "complete" if count in _PHONE_DIGITS[self._language] else "unfinished" if count else ""
        if unfinished(text, self._language, plan.slot.type):
            return "unfinished"
        answers = self._listed(understood.normalised) and plan.read(understood, context, verbatim=False) is not None
        return "complete" if answers and not self._goes_on(understood.normalised, node, context) else ""

    def _covers(self, text: str, found: list[Candidate]) -> bool:
        """Whether phrases, and fillers between them, are all of a text."""
        if not found:
            return False
        rest = list(text)
        for one in found:
            begin, end = one.span
            rest[begin:end] = " " * (end - begin)
        left = "".join(rest)
        for filler in self._fillers:
            left = left.replace(filler, " ")
        particles = _PARTICLES[self._language]
        return not any(letter.isalnum() and letter not in particles for letter in left)

    def _listed(self, text: str) -> bool:
        at = bisect_left(self._phrases, text)
        return at < len(self._phrases) and self._phrases[at] == text

    def _goes_on(self, text: str, node: str, context: Context) -> bool:
        """Whether a longer phrase of the script begins like this and means something else."""
        key = (node, text)
        if key in self._extended:
            self._extended.move_to_end(key)
            return self._extended[key]
        begins = text + ("" if self._language == "zh" else " ")
        at = bisect_left(self._phrases, begins)
        longer = [one for one in self._phrases[at : at + _EXTENSIONS] if one.startswith(begins) and one != text]
        meant = self._meaning(text, node, context) if longer else None
        answer = any(self._meaning(one, node, context) != meant for one in longer)
        self._extended[key] = answer
        if len(self._extended) > _REMEMBERED:
            self._extended.popitem(last=False)
        return answer

    def _meaning(self, text: str, node: str, context: Context) -> object:
        understood = self._understander.understand(text, context)
        plan = self._slots.get(node)
        value = plan.read(understood, context, verbatim=False) if plan is not None else None
        named = {(one.kind, one.id) for one in understood.candidates if one.source != "ranker"}
        return named, None if value is None else value.spoken

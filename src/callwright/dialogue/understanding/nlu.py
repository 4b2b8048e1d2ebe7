"""Understanding of one script: author rules first, then a ranker that may only answer where the rules are silent."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.dialogue.understanding.backchannel import Backchannel
from callwright.dialogue.understanding.hits import Hit
from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.patterns import author_patterns
from callwright.dialogue.understanding.rules import Rules
from callwright.dialogue.values import Candidate, Context, Understood
from callwright.script.model import Script

__all__ = ["Nlu"]

MAX_CHARS = 500  # some 100 s of speech; what follows is not looked at, so that no sentence can hold up a call


class Nlu:
    """Reads sentences for one script. Pure after construction; safe to call from several threads."""

    def __init__(self, lang: Language, rules: Rules, backchannel: Backchannel) -> None:
        self._lang: Language = lang
        self._rules = rules
        self._backchannel = backchannel

    @classmethod
    def rules_only(cls, script: Script) -> Nlu:
        """Phrases, combinations, patterns and sounds of the script, without a ranker. Raises ScriptError for a broken pattern."""
        lang = script.language
        return cls(lang, Rules(author_patterns(script), lang), Backchannel(script.lexicon.backchannel, lang))

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        """What `text` may mean; see `Understander`. Never raises."""
        chosen, normalised, hits = self._best_reading((text, *alternatives))
        candidates = tuple(hit.candidate for hit in hits if _active(hit.candidate, context))
        if chosen:
            candidates = tuple(_noted(c, f"alternative {chosen}: {normalised}") for c in candidates)
        return Understood(
            text=text,
            normalised=normalised,
            candidates=candidates,
            decision="accept" if candidates else "reject",
            only_backchannel=self._backchannel.only(normalised),
        )

    def _best_reading(self, readings: Sequence[str]) -> tuple[int, str, tuple[Hit, ...]]:
        """The reading with the strongest author match; what the recogniser thought best unless another is stronger."""
        best: tuple[int, str, tuple[Hit, ...]] = (0, "", ())
        for number, reading in enumerate(readings):
            said = reading[:MAX_CHARS]
            normalised = normalise(said, self._lang)
            hits = self._rules.find(normalised, said)
            if number == 0 or _strength(hits) > _strength(best[2]):
                best = (number, normalised, hits)
            if any(hit.explicit for hit in best[2]):
                break
        return best


def _strength(hits: tuple[Hit, ...]) -> int:
    return max((2 if hit.explicit else 1 for hit in hits), default=0)


def _active(candidate: Candidate, context: Context) -> bool:
    if candidate.kind == "kb":
        return context.kb is None or candidate.id in context.kb
    if candidate.kind == "intent":
        return context.intents is None or candidate.id in context.intents
    return True


def _noted(candidate: Candidate, note: str) -> Candidate:
    return Candidate(
        candidate.kind, candidate.id, candidate.span, candidate.source, candidate.score, f"{candidate.why} ({note})"
    )

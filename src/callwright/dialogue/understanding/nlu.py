"""Understanding of one script: author rules first, then a ranker that may only answer where the rules leave room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from callwright.dialogue.understanding.backchannel import Backchannel
from callwright.dialogue.understanding.everyday import Everyday
from callwright.dialogue.understanding.hits import Hit
from callwright.dialogue.understanding.lint import lint
from callwright.dialogue.understanding.model_file import load_ranker, save_ranker, script_digest
from callwright.dialogue.understanding.negation import question
from callwright.dialogue.understanding.normalise import Language, normalise
from callwright.dialogue.understanding.patterns import Kind, author_patterns, example_wordings
from callwright.dialogue.understanding.ranker import Labels, Ranked, Ranker
from callwright.dialogue.understanding.rules import Rules
from callwright.dialogue.understanding.signals import read_signals, wants_human, wants_no_calls
from callwright.dialogue.values import Candidate, Context, Understood
from callwright.errors import ModelError, Problem
from callwright.script.model import Script

__all__ = ["Nlu"]

Decision = Literal["accept", "clarify", "reject"]

MAX_CHARS = 500  # some 100 s of speech; what follows is not looked at, so that no sentence can hold up a call
_MAX_ALTERNATIVES = 10
_MIN_REST = {"zh": 3, "en": 8}  # characters beside an affirm phrase that may still hold a question
_FINAL = 0.5  # how far above `accept` the ranker must be to end a call by itself, as a share of what is left to 1
_ANSWERS = ("affirm", "deny", "refuse")
_CURATED = {"do_not_disturb": wants_no_calls, "transfer": wants_human}


class Nlu:
    """Reads sentences for one script. Pure after construction; safe to call from several threads."""

    def __init__(
        self, script: Script, ranker: Ranker | None = None, seed: int = 0, everyday: Everyday | None = None
    ) -> None:
        """Prefer `train`, `load` or `rules_only`. Raises ScriptError for a pattern that is no regular expression."""
        self._script = script
        self._lang: Language = script.language
        self._rules = Rules(author_patterns(script), self._lang)
        self._backchannel = Backchannel(script.lexicon.backchannel, self._lang)
        self._ranker = ranker
        self._everyday = everyday
        self._seed = seed
        self._curated = tuple(
            (rule.id, _CURATED[rule.role]) for rule in script.globals if rule.role in _CURATED and not rule.event
        )
        self._masks: dict[tuple[frozenset[str] | None, frozenset[str] | None], Labels] = {}
        self._freezing = frozenset(
            rule.id
            for rule in script.globals
            if rule.role == "do_not_disturb" or any(act.kind == "freeze" for act in rule.do)
        )
        # These end a call or freeze a number; a phrase of the author may do so at once, a statistical guess needs more.
        self._final = frozenset(
            f"global:{rule.id}" for rule in script.globals if rule.end or any(act.kind == "freeze" for act in rule.do)
        )

    @classmethod
    def rules_only(cls, script: Script) -> Nlu:
        """Phrases, combinations, patterns and sounds of the script, without a ranker. Raises ScriptError for a broken pattern."""
        return cls(script)

    @classmethod
    def train(cls, script: Script, seed: int = 0) -> Nlu:
        """Rules, a ranker learned from phrases and examples (needs scikit-learn; <= 2 s for 50 intents of 30 sentences), and everyday answers.

        A script without any `examples`, or with fewer than two rules that have words, gets rules only: phrases alone are matched better
        than guessed at. Deterministic for a seed. Raises ScriptError.
        """
        everyday = Everyday(script)
        wordings = tuple(example_wordings(script))
        if not any(w.is_example for w in wordings) or len({w.label for w in wordings}) < 2:
            return cls(script, None, seed, everyday)
        texts, labels = [w.text for w in wordings], [w.label for w in wordings]
        return cls(script, Ranker.train(texts, labels, script.language, seed), seed, everyday)

    @classmethod
    def load(cls, path: Path, script: Script) -> Nlu:
        """What `save` wrote. Raises ModelError when the file is missing, damaged, or learned from another script."""
        return cls(script, load_ranker(path, script_digest(script)), 0, Everyday(script))

    def save(self, path: Path) -> None:
        """Write the ranker as .npz. Raises ModelError when there is none, or the file cannot be written."""
        if self._ranker is None:
            raise ModelError(
                Problem(
                    "no-ranker", "there is nothing to save: rules need no file", hint="Add `examples` to the script."
                )
            )
        save_ranker(self._ranker, path, script_digest(self._script), self._seed)

    @property
    def ranker(self) -> Ranker | None:
        return self._ranker

    def check(self) -> tuple[Problem, ...]:
        """What an author should look at: the same words in two places, rules that cannot be reached, too few examples, confusions."""
        return lint(self._script, self._rules, self._seed)

    def understand(self, text: str, context: Context, alternatives: tuple[str, ...] = ()) -> Understood:
        """What `text` may mean; see `Understander`. Never raises."""
        chosen, normalised, hits = self._best_reading((text, *alternatives[:_MAX_ALTERNATIVES]))
        candidates = tuple(hit.candidate for hit in hits if _active(hit.kind, hit.candidate.id, context))
        if chosen:
            note = f" (alternative {chosen}: {normalised})"
            candidates = tuple(replace(c, why=c.why + note) for c in candidates)
        only_backchannel = self._backchannel.only(normalised)
        decision: Decision = "accept" if candidates else "reject"
        ranking: tuple[tuple[str, float], ...] = ()
        if self._ranker is not None and normalised and not only_backchannel:
            ranked = self._ranker.rank_normalised(normalised, self._mask(self._ranker, context), explain=not hits)
            ranking = ranked.ranking
            if not hits:
                decision, found = self._answer(ranked, normalised, context)
                candidates = (found,) if found else ()
            elif _only_yes(candidates):
                found = self._beside(self._ranker, normalised, hits, context)
                candidates += (found,) if found else ()
        if _only_yes(candidates) and not any(hit.span == (0, len(normalised)) for hit in hits):
            found = self._whole_question(normalised, context)
            candidates = (found,) if found else candidates
        if not hits and not candidates and normalised and not only_backchannel:
            found = self._daily(normalised, context)
            if found is not None:
                decision, candidates = "accept", (found,)
        return Understood(
            text=text,
            normalised=normalised,
            candidates=candidates,
            decision=decision,
            ranking=ranking,
            signals=read_signals(normalised, self._lang),
            only_backchannel=only_backchannel,
        )

    def _best_reading(self, readings: Sequence[str]) -> tuple[int, str, tuple[Hit, ...]]:
        """The reading with the strongest author match; what the recogniser thought best unless another is stronger. A whole everyday
        answer in the best reading gives way to nothing in the others but a wish for no more calls."""
        best: tuple[int, str, tuple[Hit, ...]] = (0, "", ())
        whole = False
        for number, reading in enumerate(readings):
            said = reading[:MAX_CHARS]
            normalised = normalise(said, self._lang)
            hits = self._with_safety(normalised, self._rules.find(normalised, said))
            if number == 0:
                best = (number, normalised, hits)
                whole = not hits and self._everyday is not None and self._everyday.knows(normalised)
            elif _strength(hits) > _strength(best[2]) and (not whole or self._wants_no_calls(hits)):
                best = (number, normalised, hits)
            if any(hit.explicit for hit in best[2]):
                break
        return best

    def _wants_no_calls(self, hits: tuple[Hit, ...]) -> bool:
        return any(hit.kind == "global" and hit.candidate.id in self._freezing for hit in hits)

    def _with_safety(self, text: str, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The curated lists stand behind the author's phrases: a wish for no more calls, or for a person, that the script's own words
        miss is heard all the same, if the script has a rule of that role. Author phrases that cover it decide instead."""
        found = list(hits)
        for ident, listed in self._curated:
            if any(hit.kind == "global" and hit.candidate.id == ident for hit in hits):
                continue
            wanted = listed(text, self._lang)
            if wanted is None or any(_covers(hit, wanted[1]) for hit in hits):
                continue
            phrase, span = wanted
            safety = Candidate("global", ident, span, "derived", 0.95, f"{phrase} (curated list)")
            found = [hit for hit in found if not _lies_in(hit.span, span)]
            found.append(Hit(safety, (span,), -1))
        return tuple(sorted(found, key=lambda hit: hit.span[0]))

    def _answer(self, ranked: Ranked, text: str, context: Context) -> tuple[Decision, Candidate | None]:
        """The ranker's own answer, where no author rule spoke."""
        if not ranked.ranking or ranked.decision != "accept":
            return ranked.decision, None
        label, score = ranked.ranking[0]
        kind, ident = _split(label)
        if kind in _ANSWERS and kind not in context.classes:
            return "reject", None
        if kind == "affirm" and question(text, self._lang):
            return "reject", None
        if label in self._final and self._ranker is not None:
            accept = self._ranker.calibration.accept
            if score < accept + _FINAL * (1 - accept):
                return "clarify", None
        return "accept", Candidate(kind, ident, (0, len(text)), "ranker", score, ranked.why)

    def _daily(self, text: str, context: Context) -> Candidate | None:
        """What everyday answers make of a sentence that neither the author's rules nor the script's examples explain."""
        found = self._everyday.read(text, self._final) if self._everyday is not None else None
        if found is None or not _active(found.kind, found.id, context):
            return None
        if found.kind == "affirm" and found.score < 1 and question(text, self._lang):
            return None
        return None if found.kind in _ANSWERS and found.kind not in context.classes else found

    def _whole_question(self, text: str, context: Context) -> Candidate | None:
        """A question that everybody asks is no yes for a word of yes in it ("可以再修吗")."""
        if self._everyday is None or not self._everyday.knows(text):
            return None
        found = self._daily(text, context)
        return found if found is not None and found.kind == "kb" else None

    def _beside(self, ranker: Ranker, text: str, hits: tuple[Hit, ...], context: Context) -> Candidate | None:
        """A question said together with a yes ("好的，那你们在什么位置"): the ranker reads only what the phrases leave."""
        rest = "".join(" " if any(hit.overlaps(i, i + 1) for hit in hits) else char for i, char in enumerate(text))
        rest = normalise(rest, self._lang)
        if len(rest) < _MIN_REST[self._lang]:
            return None
        ranked = ranker.rank_normalised(rest, self._mask(ranker, context))
        if ranked.decision != "accept" or not ranked.ranking[0][0].startswith("kb:"):
            return None
        label, score = ranked.ranking[0]
        return Candidate("kb", _split(label)[1], (0, len(text)), "ranker", score, f"{ranked.why} (in: {rest})")

    def _mask(self, ranker: Ranker, context: Context) -> Labels:
        """Knowledge and intents the node expects, with all globals and answers: they compete even where they are not asked for."""
        key = (context.kb, context.intents)
        found = self._masks.get(key)
        if found is None:
            found = ranker.allowed(lambda label: _active(*_split(label), context))
            if len(self._masks) < 4096:
                self._masks[key] = found
        return found


def _only_yes(candidates: Sequence[Candidate]) -> bool:
    return bool(candidates) and all(candidate.kind == "affirm" for candidate in candidates)


def _split(label: str) -> tuple[Kind, str]:
    kind, _, ident = label.partition(":")
    return kind, ident  # type: ignore[return-value]  # labels are made of kinds by `example_wordings`


def _covers(hit: Hit, span: tuple[int, int]) -> bool:
    return hit.explicit and hit.kind not in _ANSWERS and _lies_in(span, hit.span)


def _lies_in(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _strength(hits: tuple[Hit, ...]) -> int:
    return max((2 if hit.explicit else 1 for hit in hits), default=0)


def _active(kind: Kind, ident: str, context: Context) -> bool:
    if kind == "kb":
        return context.kb is None or ident in context.kb
    if kind == "intent":
        return context.intents is None or ident in context.intents
    return True

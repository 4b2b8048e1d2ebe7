"""What all ears of one script share, and how turns are taken at its nodes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from callwright.calls.reading import Reader
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Listen
from callwright.script.model import Barge, Script
from callwright.speech.port import Recogniser, Vocabulary
from callwright.speech.turn_values import TurnSettings
from callwright.speech.vad import Vad

__all__ = ["EarsParts", "least_voice"]

VERIFIED_MS, UNVERIFIED_MS = 120, 300  # `barge.min_ms` where the script does not say


@dataclass(frozen=True, slots=True)
class EarsParts:
    """What all ears of one script share. accept: score from which the recogniser's words count as recognised; answers: by slot, what may be
    said at its question (`spoken_answers`); answering: what machines that answer say (`machine_vocabulary`), None = told without words."""

    script: Script
    recogniser: Recogniser
    vocabulary: Vocabulary
    understander: Understander
    make_vad: Callable[[], Vad]
    accept: float
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answering: Vocabulary | None = None
    reader: Reader = field(init=False)
    _known: dict[tuple[object, ...], TurnSettings] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        reader = Reader(self.script, self.understander, self.vocabulary, self.answers)
        object.__setattr__(self, "reader", reader)

    def expected(self, act: Listen) -> tuple[str, ...]:
        """What the node expects to hear, the spoken values of its slot included."""
        node = self.script.flow.nodes.get(act.node)
        return (*act.phrases, *self.answers.get((node.slot if node is not None else None) or "", ()))

    def barge(self, node: str) -> Barge:
        """The barge-in rules of a node: the script's, with what the node overrides."""
        base = self.script.turn.barge
        found = self.script.flow.nodes.get(node)
        if found is None:
            return base
        return base.model_copy(update={name: value for name, value in found.barge if value is not None})

    def turns(self, node: str, mode: str, listening: Listen | None) -> TurnSettings:
        """Turn-taking at a node whose prompt may be interrupted as `mode` says. listening: the answer that is waited for, if any. Worked out
        once for all calls."""
        asked = None
        if listening is not None:
            asked = listening.end_silence_ms, listening.max_speech_ms, listening.timeout_ms, listening.slot_type
        key = (node, mode, asked)
        if key not in self._known:
            self._known[key] = self._turns(node, mode, listening)
        return self._known[key]

    def _turns(self, node: str, mode: str, listening: Listen | None) -> TurnSettings:
        script, barge = self.script, self.barge(node)
        settings = TurnSettings(
            mode=mode,  # type: ignore[arg-type]  # the engine's Say.barge is one of the barge modes
            guard_ms=barge.guard_ms,
            min_ms=least_voice(barge, mode),
            min_words=barge.min_words,
            keywords=barge.keywords,
            pause_first=barge.pause_first,
            backchannel=script.lexicon.backchannel,
            answer_backchannel=barge.backchannel == "answer",
            resume=barge.resume,
            end_silence_ms=script.turn.end_silence_ms,
            max_speech_ms=script.turn.max_speech_ms,
            timeout_ms=script.turn.timeout_ms,
            language=script.language,
        )
        if listening is None:
            return settings
        return replace(
            settings,
            end_silence_ms=listening.end_silence_ms,
            max_speech_ms=listening.max_speech_ms,
            timeout_ms=listening.timeout_ms,
            slot_type=listening.slot_type,
        )


def least_voice(barge: Barge, mode: str) -> int:
    """The voice that pauses a prompt, ms: what the author says, else little where words decide afterwards and more where they do not."""
    if barge.min_ms is not None:
        return barge.min_ms
    return VERIFIED_MS if barge.pause_first and mode != "voice" else UNVERIFIED_MS

"""Whose turn it is: a pure state machine between ears, mouth and dialogue (docs/reference/script-1.md, turn algorithm, step 1).

In:  `frame` for every 20 ms (voice flag, where the prompt stands), `partial` and `final` from the recogniser. All times are ms of the call.
Out: decisions, in order, to be carried out at once.

While the robot speaks, voice of `min_ms` after `guard_ms` pauses the prompt; then the words decide: only backchannel -> go on from the sentence
boundary, enough or known words -> interrupted. Words that did not interrupt are never lost: they are handed over when the prompt is over.
While the robot is silent, an utterance ends after `end_silence_ms` of silence, after `early_ms` when it already is a complete expected phrase,
later for numbers and names, and in any case after `max_speech_ms`. A missing final is replaced by the last partial after `final_ms`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Decision",
    "EndUtterance",
    "Interrupt",
    "NoInput",
    "Pause",
    "Playing",
    "ResumeAt",
    "StartUtterance",
    "Turn",
    "TurnSettings",
    "TurnTaker",
    "only_backchannel",
]

Mode = Literal["none", "voice", "words", "sentence", "keywords"]
_PATIENT_SLOTS = frozenset({"int", "number", "phone", "name", "money", "text"})
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What script-1 calls `turn`, for the present node, and the bounds around it (ms). slot_type: what a `collect` node waits for.
    hangover_ms: how long the voice flag outlasts the voice; it counts as silence already passed."""

    mode: Mode = "words"
    guard_ms: int = 500
    min_ms: int = 300
    min_words: int = 2
    keywords: tuple[str, ...] = ()
    pause_first: bool = True
    backchannel: tuple[str, ...] = ()
    answer_backchannel: bool = False
    resume: Literal["continue", "restart", "reask"] = "continue"
    end_silence_ms: int = 700
    max_speech_ms: int = 15_000
    timeout_ms: int = 4_000
    language: Literal["zh", "en"] = "zh"
    slot_type: str | None = None
    early_ms: int = 300
    patience_ms: int = 400
    noise_ms: int = 1_500
    final_ms: int = 2_000
    hangover_ms: int = 160


@dataclass(frozen=True, slots=True)
class Playing:
    """Where the prompt stands. played_ms: heard by the caller so far; boundaries: where its sentences begin (ms, ascending)."""

    played_ms: int
    boundaries: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class StartUtterance:
    """Tell the recogniser: an utterance began at begin_ms (hand it the frames since shortly before)."""

    begin_ms: int


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """Tell the recogniser the utterance is over and wait for its final. why: `silence`, `complete`, `noise` or `too_long`."""

    begin_ms: int
    end_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold the prompt at played_ms; the caller may be interrupting."""

    at_ms: int
    played_ms: int


@dataclass(frozen=True, slots=True)
class ResumeAt:
    """It was no interruption: play on from prompt_ms (a sentence boundary; 0 = from the start). how `reask`: ask the short question instead."""

    at_ms: int
    prompt_ms: int
    how: Literal["continue", "restart", "reask"]


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the prompt for good; the words follow as a Turn."""

    at_ms: int
    played_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Words for the dialogue. overlapped: begun while the robot spoke; interrupted: they cut the prompt off; text may be "" (not understood)."""

    text: str
    begin_ms: int
    end_ms: int
    overlapped: bool
    interrupted: bool


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller said nothing for `timeout_ms`."""

    at_ms: int


Decision = StartUtterance | EndUtterance | Pause | ResumeAt | Interrupt | Turn | NoInput


@dataclass(slots=True)
class _Utterance:
    begin_ms: int
    last_voice_ms: int
    overlapped: bool
    interrupted: bool = False
    text: str = ""
    complete: bool = False
    known: bool = False
    end_ms: int = 0
    ended_at: int = 0


@dataclass(slots=True)
class _Prompt:
    position: Playing
    since_ms: int
    paused_at: int | None = None
    stopped: bool = False
    noise: bool = False  # the present voice was found to be no speech: do not pause for it again
    kept: list[Turn] = field(default_factory=list)


def only_backchannel(text: str, words: tuple[str, ...]) -> bool:
    """Whether a text is nothing but backchannel words, in any order and number. An empty text is not."""
    rest = _NO_WORD.sub("", text.casefold())
    if not rest:
        return False
    known = sorted({w for w in (_NO_WORD.sub("", word.casefold()) for word in words) if w}, key=len, reverse=True)
    reachable = [True] + [False] * len(rest)
    for at in range(len(rest)):
        if reachable[at]:
            for word in known:
                if rest.startswith(word, at):
                    reachable[at + len(word)] = True
    return reachable[-1]


class TurnTaker:
    """Turn-taking of one call. Not thread-safe; feed it in time order."""

    def __init__(self, settings: TurnSettings) -> None:
        self._settings = settings
        self._prompt: _Prompt | None = None
        self._now: _Utterance | None = None
        self._pending: list[_Utterance] = []
        self._late = 0
        self._voice_since: int | None = None
        self._quiet_since = 0

    def configure(self, settings: TurnSettings) -> None:
        """Settings of the node that comes next."""
        self._settings = settings

    @property
    def paused(self) -> bool:
        """The prompt is held back at the moment."""
        return self._prompt is not None and self._prompt.paused_at is not None

    def frame(self, at_ms: int, voice: bool, playing: Playing | None) -> tuple[Decision, ...]:
        """One 20 ms frame. playing: None when nothing is being said; a paused prompt still counts as playing."""
        out = self._follow_prompt(at_ms, playing)
        out += self._overdue(at_ms)
        if voice:
            out += self._on_voice(at_ms)
        else:
            self._voice_since = None
            out += self._on_silence(at_ms)
        out += self._noise(at_ms)
        out += self._too_quiet(at_ms)
        return tuple(out)

    def partial(self, at_ms: int, text: str, *, complete: bool = False, known: bool = False) -> tuple[Decision, ...]:
        """Words so far. complete: they are a whole expected phrase; known: they hold a phrase of a global rule,
        the knowledge base or a class."""
        if self._now is None:
            return ()
        self._now.text, self._now.complete, self._now.known = text, complete, known
        if self._settings.mode == "sentence":
            return ()
        return tuple(self._interrupt_if(at_ms, self._now, text, known))

    def final(self, at_ms: int, text: str, *, known: bool = False) -> tuple[Decision, ...]:
        """The recogniser's word on the oldest utterance that waits for it; late ones are ignored."""
        if self._late:
            self._late -= 1
            return ()
        if not self._pending:
            return ()
        return tuple(self._conclude(at_ms, self._pending.pop(0), text, known))

    # ------------------------------------------------------------ the prompt

    def _follow_prompt(self, at_ms: int, playing: Playing | None) -> list[Decision]:
        if playing is None:
            over, self._prompt = self._prompt, None
            if over is None:
                return []
            self._quiet_since = at_ms
            return self._hand_over(over.kept)
        if self._prompt is None or (playing.played_ms < self._prompt.position.played_ms and self._prompt.stopped):
            self._prompt = _Prompt(playing, at_ms)
        else:
            self._prompt.position = playing
        return []

    def _hand_over(self, kept: list[Turn]) -> list[Decision]:
        if not kept:
            return []
        text = (" " if self._settings.language == "en" else "").join(turn.text for turn in kept)
        return [Turn(text, kept[0].begin_ms, kept[-1].end_ms, True, False)]

    def _speaking(self) -> _Prompt | None:
        """The prompt, unless it was cut off."""
        return self._prompt if self._prompt is not None and not self._prompt.stopped else None

    def _resume(self, at_ms: int, prompt: _Prompt) -> list[Decision]:
        if prompt.paused_at is None:
            return []
        prompt.paused_at = None
        how = self._settings.resume
        before = [b for b in prompt.position.boundaries if b <= prompt.position.played_ms]
        return [ResumeAt(at_ms, max(before, default=0) if how == "continue" else 0, how)]

    # ------------------------------------------------------------ voice and silence

    def _on_voice(self, at_ms: int) -> list[Decision]:
        out: list[Decision] = []
        if self._voice_since is None:
            self._voice_since = at_ms
        if self._now is None:
            self._now = _Utterance(at_ms, at_ms, overlapped=self._speaking() is not None)
            out.append(StartUtterance(at_ms))
        self._now.last_voice_ms = at_ms
        out += self._maybe_pause(at_ms)
        if at_ms - self._now.begin_ms >= self._settings.max_speech_ms:
            out += self._end_utterance(at_ms, "too_long")
        return out

    def _maybe_pause(self, at_ms: int) -> list[Decision]:
        prompt, s = self._speaking(), self._settings
        if prompt is None or self._now is None or self._voice_since is None or s.mode == "none" or prompt.noise:
            return []
        guarded = prompt.position.played_ms < s.guard_ms
        if guarded or at_ms + 20 - self._voice_since < s.min_ms:
            return []
        if s.mode == "voice":
            return self._interrupt(at_ms, prompt, self._now, "voice")
        if s.pause_first and prompt.paused_at is None:
            prompt.paused_at = at_ms
            return [Pause(at_ms, prompt.position.played_ms), *self._recheck(at_ms)]
        return self._recheck(at_ms)

    def _recheck(self, at_ms: int) -> list[Decision]:
        """Words may have come before the guard was over."""
        if self._now is None or self._settings.mode == "sentence":
            return []
        return self._interrupt_if(at_ms, self._now, self._now.text, self._now.known)

    def _on_silence(self, at_ms: int) -> list[Decision]:
        if self._prompt is not None:
            self._prompt.noise = False
        if self._now is None:
            return []
        silent = at_ms - self._now.last_voice_ms + self._settings.hangover_ms
        wait, why = self._patience(self._now)
        return self._end_utterance(at_ms, why) if silent >= wait else []

    def _patience(self, now: _Utterance) -> tuple[int, str]:
        s = self._settings
        if self.paused and (not now.text or only_backchannel(now.text, s.backchannel)):
            return min(s.early_ms, s.end_silence_ms), "complete" if now.text else "noise"
        if s.slot_type in _PATIENT_SLOTS:
            return s.end_silence_ms + s.patience_ms, "silence"
        if now.complete:
            return min(s.early_ms, s.end_silence_ms), "complete"
        return s.end_silence_ms, "silence"

    def _end_utterance(self, at_ms: int, why: str) -> list[Decision]:
        now, self._now = self._now, None
        self._voice_since = None
        if now is None:
            return []
        now.end_ms, now.ended_at = max(now.begin_ms, now.last_voice_ms), at_ms
        self._pending.append(now)
        self._quiet_since = at_ms
        return [EndUtterance(now.begin_ms, now.end_ms, why)]

    # ------------------------------------------------------------ words

    def _counts(self, text: str, known: bool) -> str:
        """Why these words are an interruption; "" when they are none."""
        s = self._settings
        if not text or s.mode in ("none", "voice"):
            return ""
        if only_backchannel(text, s.backchannel):
            return "backchannel" if s.answer_backchannel else ""
        if s.mode == "keywords":
            return next((f"keyword {w}" for w in s.keywords if w.casefold() in text.casefold()), "")
        if known:
            return "known phrase"
        bare = _NO_WORD.sub("", text)
        count = len(bare) if s.language == "zh" else len(text.split())
        return "words" if count >= s.min_words else ""

    def _interrupt_if(self, at_ms: int, utterance: _Utterance, text: str, known: bool) -> list[Decision]:
        prompt = self._speaking()
        if prompt is None or utterance.interrupted or prompt.position.played_ms < self._settings.guard_ms:
            return []
        why = self._counts(text, known)
        return self._interrupt(at_ms, prompt, utterance, why) if why else []

    def _interrupt(self, at_ms: int, prompt: _Prompt, utterance: _Utterance, why: str) -> list[Decision]:
        prompt.stopped, prompt.paused_at, utterance.interrupted = True, None, True
        # What was kept from earlier belongs to the same turn of the caller.
        kept, prompt.kept = prompt.kept, []
        return [Interrupt(at_ms, prompt.position.played_ms, why), *self._hand_over(kept)]

    def _conclude(self, at_ms: int, utterance: _Utterance, text: str, known: bool) -> list[Decision]:
        out = [] if utterance.interrupted else self._interrupt_if(at_ms, utterance, text, known)
        turn = Turn(text, utterance.begin_ms, utterance.end_ms, utterance.overlapped, utterance.interrupted)
        prompt = self._speaking()
        nothing = not text or (
            not self._settings.answer_backchannel and only_backchannel(text, self._settings.backchannel)
        )
        if prompt is not None:
            if not nothing:
                prompt.kept.append(turn)
            return out + (self._resume(at_ms, prompt) if self._now is None else [])
        self._quiet_since = at_ms
        if utterance.overlapped and not utterance.interrupted and nothing:
            return out  # an "uh-huh" that began under the prompt
        return [*out, turn]

    # ------------------------------------------------------------ bounds

    def _overdue(self, at_ms: int) -> list[Decision]:
        out: list[Decision] = []
        while self._pending and at_ms - self._pending[0].ended_at >= self._settings.final_ms:
            utterance = self._pending.pop(0)
            self._late += 1
            out += self._conclude(at_ms, utterance, utterance.text, utterance.known)
        return out

    def _noise(self, at_ms: int) -> list[Decision]:
        """Paused for a voice that has no words: go on."""
        prompt = self._speaking()
        if prompt is None or prompt.paused_at is None:
            return []
        wordless = self._now is None or not self._now.text
        if wordless and not self._pending and at_ms - prompt.paused_at >= self._settings.noise_ms:
            prompt.noise = self._now is not None
            return self._resume(at_ms, prompt)
        return []

    def _too_quiet(self, at_ms: int) -> list[Decision]:
        if self._speaking() is not None or self._now is not None or self._pending:
            self._quiet_since = at_ms if self._speaking() is not None else self._quiet_since
            return []
        if at_ms - self._quiet_since < self._settings.timeout_ms:
            return []
        self._quiet_since = at_ms
        return [NoInput(at_ms)]

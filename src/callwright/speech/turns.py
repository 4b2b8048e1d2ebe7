"""Whose turn it is: a pure state machine between ears, mouth and dialogue (docs/reference/script-1.md, turn algorithm, step 1).

In:  `frame` for every 20 ms (voice flag, where the prompt stands), `partial` and `final` from the recogniser, `key`. Times are ms of the call.
Out: decisions, in order, to be carried out at once.

While the robot speaks, voice of `min_ms` after `guard_ms` pauses the prompt; then the words decide: none or only backchannel -> go on from
the boundary, enough or known words -> interrupted. Words that did not interrupt are never lost: they are handed over when the prompt is over,
those of a global rule as soon as a prompt follows that may be interrupted.
While the robot is silent, an utterance ends after a silence that depends on what was said so far, in any case after `max_speech_ms`. Words
that a final would only repeat are handed over without it; a final that says something else then follows as a correction. A missing final is
replaced by the last partial after `final_ms`.
Every wait has a bound (docs/reference/speech.md): whatever the caller and the recogniser do, a prompt plays on or ends, and after it a Turn or
a NoInput follows within `TurnSettings.longest_ms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from callwright.speech.turn_values import (
    NOTHING,
    Decision,
    EndUtterance,
    Interrupt,
    NoInput,
    Pause,
    Playing,
    ResumeAt,
    StartUtterance,
    Turn,
    TurnSettings,
    Words,
)
from callwright.speech.turn_words import only_backchannel

__all__ = ["TurnTaker"]

_FRAME_MS = 20
_ROUNDING_MS = 5  # frames come a millisecond sooner or later: voice that is long enough by their number is long enough
_PATIENT_SLOTS = frozenset({"int", "number", "phone", "name", "money", "text", "age", "date"})
_IGNORED_IN_A_ROW = 2


@dataclass(slots=True)
class _Utterance:
    """reached: its voice was long enough to count as an interruption; given: the words handed on for it, None as long as none were."""

    begin_ms: int
    last_voice_ms: int
    overlapped: bool
    interrupted: bool = False
    reached: bool = False
    words: Words = NOTHING
    words_at: int = 0
    end_ms: int = 0
    ended_at: int = 0
    given: Words | None = None


@dataclass(slots=True)
class _Prompt:
    """pauses: how often it was paused for nothing; hushed: the present voice was found to be no speech, so it is not paused for it again;
    kept: what was said over it, and whether a global rule knows it."""

    position: Playing
    paused_at: int | None = None
    stopped: bool = False
    hushed: bool = False
    pauses: int = 0
    kept: list[tuple[Turn, bool]] = field(default_factory=list)


class TurnTaker:
    """Turn-taking of one call. Not thread-safe; feed it in time order."""

    def __init__(self, settings: TurnSettings) -> None:
        self._settings = settings
        self._prompt: _Prompt | None = None
        self._now: _Utterance | None = None
        self._waiting: list[_Utterance] = []  # ended, their finals to come; oldest first
        self._voice_since: int | None = None
        self._monologue = False  # the voice goes on that made the last utterance too long
        self._quiet_since = 0
        self._ignored = 0

    def configure(self, settings: TurnSettings) -> None:
        """Settings of the node that comes next."""
        self._settings = settings

    @property
    def longest_ms(self) -> int:
        """See `TurnSettings.longest_ms`, with the settings of now."""
        return self._settings.longest_ms

    @property
    def paused(self) -> bool:
        """The prompt is held back at the moment."""
        return self._prompt is not None and self._prompt.paused_at is not None

    @property
    def resting(self) -> bool:
        """Nothing is being said or held back, and no words are waited for."""
        return self._now is None and not self.paused and all(one.given is not None for one in self._waiting)

    def frame(self, at_ms: int, voice: bool, playing: Playing | None) -> tuple[Decision, ...]:
        """One 20 ms frame. playing: None when it is the caller's turn; a paused prompt still counts as playing."""
        if voice and playing is None and self._goes_on(at_ms):
            return ()
        out = self._follow_prompt(at_ms, playing)
        out += self._overdue(at_ms)
        out += self._on_voice(at_ms) if voice else self._on_silence(at_ms)
        out += self._release(at_ms)
        out += self._too_quiet(at_ms)
        return tuple(out)

    def _goes_on(self, at_ms: int) -> bool:
        """The caller, whose turn it was before this frame, simply speaks on: hundreds of calls do most of the time that is not silence."""
        now = self._now
        if now is None or self._prompt is not None or self._waiting or self._voice_since is None:
            return False
        if at_ms - now.begin_ms >= self._settings.max_speech_ms:
            return False
        now.last_voice_ms = at_ms
        return True

    def partial(self, at_ms: int, words: Words) -> tuple[Decision, ...]:
        """Words so far of the utterance under way."""
        if self._now is None:
            return ()
        self._now.words, self._now.words_at = words, at_ms
        if self._settings.mode == "sentence":
            return ()
        return tuple(self._interrupt_if(at_ms, self._now, words))

    def final(self, at_ms: int, begin_ms: int, words: Words) -> tuple[Decision, ...]:
        """The recogniser's word on the utterance that began at begin_ms; ignored when nothing waits for it."""
        utterance = next((one for one in self._waiting if one.begin_ms == begin_ms), None)
        if utterance is None:
            return ()
        self._waiting.remove(utterance)
        if utterance.given is not None:
            return tuple(self._correct(at_ms, utterance, utterance.given, words))
        return tuple(self._conclude(at_ms, utterance, words))

    def key(self, at_ms: int) -> None:
        """A key was pressed: nobody is silent."""
        self._quiet_since = at_ms

    # ------------------------------------------------------------ the prompt

    def _follow_prompt(self, at_ms: int, playing: Playing | None) -> list[Decision]:
        before = self._prompt
        if playing is None:
            self._prompt = None
            if before is None:
                return []
            self._quiet_since, self._ignored = at_ms, 0
            return self._hand_over(before.kept)
        if before is None:
            self._prompt = _Prompt(playing)
        elif _same_prompt(before, playing):
            before.position = playing
        else:
            self._prompt = _Prompt(playing, kept=before.kept)
        return self._hand_over_urgent(at_ms)

    def _hand_over_urgent(self, at_ms: int) -> list[Decision]:
        """What a global rule knows was said over a prompt that may not be interrupted; the one that follows may be."""
        prompt = self._speaking()
        if prompt is None or self._settings.mode == "none" or not prompt.position.audible:
            return []
        if not any(urgent for _, urgent in prompt.kept):
            return []
        kept, prompt.kept = prompt.kept, []
        prompt.stopped, prompt.paused_at = True, None
        return [Interrupt(at_ms, prompt.position.played_ms, "said before"), *self._hand_over(kept)]

    def _hand_over(self, kept: list[tuple[Turn, bool]]) -> list[Decision]:
        if not kept:
            return []
        turns = [turn for turn, _ in kept]
        text = (" " if self._settings.language == "en" else "").join(turn.text for turn in turns)
        return [Turn(text, turns[0].begin_ms, turns[-1].end_ms, True, False)]

    def _speaking(self) -> _Prompt | None:
        """The prompt, unless it was cut off."""
        return self._prompt if self._prompt is not None and not self._prompt.stopped else None

    def _release(self, at_ms: int) -> list[Decision]:
        """Go on with a paused prompt as soon as nothing speaks for holding it any longer."""
        prompt = self._speaking()
        if prompt is None or prompt.paused_at is None or self._held(at_ms, prompt.paused_at):
            return []
        prompt.paused_at, prompt.hushed = None, self._now is not None
        prompt.pauses += 1
        how = self._settings.resume
        before = [b for b in prompt.position.boundaries if b <= prompt.position.played_ms]
        return [ResumeAt(at_ms, max(before, default=0) if how == "continue" else 0, how)]

    def _held(self, at_ms: int, paused_at: int) -> bool:
        s = self._settings
        if at_ms - paused_at >= (s.max_speech_ms + s.final_ms if s.mode == "sentence" else s.hold_ms):
            return False
        if self._now is not None:
            return at_ms - paused_at < s.noise_ms or not self._wordless(self._now)
        open_ones = (one for one in self._waiting if one.given is None)
        return any(not self._wordless(one) or at_ms - one.ended_at < s.verify_ms for one in open_ones)

    def _wordless(self, utterance: _Utterance) -> bool:
        text = utterance.words.text
        return not text or only_backchannel(text, self._settings.backchannel)

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
            self._monologue = True
        return out

    def _maybe_pause(self, at_ms: int) -> list[Decision]:
        prompt, s = self._speaking(), self._settings
        if prompt is None or self._now is None or self._voice_since is None or s.mode == "none":
            return []
        voice_ms = at_ms + _FRAME_MS - self._voice_since + s.onset_ms
        if not prompt.position.audible or prompt.position.played_ms < s.guard_ms or voice_ms + _ROUNDING_MS < s.min_ms:
            return []
        if s.mode == "voice":
            return [] if self._monologue else self._interrupt(at_ms, prompt, self._now, "voice")
        self._now.reached = True
        out: list[Decision] = []
        quiet = prompt.hushed or self._monologue or prompt.pauses >= s.pauses
        if s.pause_first and prompt.paused_at is None and not quiet:
            prompt.paused_at = at_ms
            out.append(Pause(at_ms, prompt.position.played_ms))
        # Words may have come before the guard was over.
        return out if s.mode == "sentence" else [*out, *self._interrupt_if(at_ms, self._now, self._now.words)]

    def _on_silence(self, at_ms: int) -> list[Decision]:
        self._voice_since, self._monologue = None, False
        if self._prompt is not None:
            self._prompt.hushed = False
        if self._now is None:
            return []
        silent = at_ms - self._now.last_voice_ms + self._settings.hangover_ms
        wait, why = self._patience(self._now)
        return self._end_utterance(at_ms, why) if silent >= wait else []

    def _patience(self, now: _Utterance) -> tuple[int, str]:
        """(ms of silence that end this utterance, what to call it)."""
        s = self._settings
        if self.paused and self._wordless(now):
            return min(s.wordless_ms, s.end_silence_ms), "complete" if now.words.text else "noise"
        fresh = now.words_at >= now.last_voice_ms - s.hangover_ms - s.stale_ms
        if now.words.ending == "complete" and fresh:
            return min(s.early_ms, s.end_silence_ms), "complete"
        if now.words.ending == "open" and fresh:
            return min(s.open_ms, s.end_silence_ms), "complete"
        if now.words.ending == "unfinished":
            return s.end_silence_ms + s.unfinished_ms, "silence"
        if s.slot_type in _PATIENT_SLOTS:
            return s.end_silence_ms + s.patience_ms, "silence"
        return s.end_silence_ms, "silence"

    def _end_utterance(self, at_ms: int, why: str) -> list[Decision]:
        now, self._now = self._now, None
        self._voice_since = None
        if now is None:
            return []
        now.end_ms, now.ended_at = max(now.begin_ms, now.last_voice_ms), at_ms
        self._waiting.append(now)
        self._quiet_since = at_ms
        out: list[Decision] = [EndUtterance(now.begin_ms, now.end_ms, why)]
        alone = all(one.given is not None for one in self._waiting[:-1])  # words come in order
        if why == "complete" and now.words.sure and alone:
            out += self._conclude(at_ms, now, now.words, early=True)
        return out

    # ------------------------------------------------------------ words

    def _counts(self, words: Words) -> str:
        """Why these words are an interruption; "" when they are none."""
        s = self._settings
        if not words.text or s.mode in ("none", "voice"):
            return ""
        if words.urgent:
            return "known phrase"
        if only_backchannel(words.text, s.backchannel):
            return "backchannel" if s.answer_backchannel else ""
        if s.mode == "keywords":
            return next((f"keyword {w}" for w in s.keywords if w.casefold() in words.text.casefold()), "")
        if words.known:
            return "known phrase"
        if words.faint:
            return ""
        count = sum(map(str.isalnum, words.text)) if s.language == "zh" else len(words.text.split())
        return "words" if count >= s.min_words else ""

    def _interrupt_if(self, at_ms: int, utterance: _Utterance, words: Words) -> list[Decision]:
        prompt = self._speaking()
        if prompt is None or utterance.interrupted or not prompt.position.audible:
            return []
        in_time = utterance.reached and prompt.position.played_ms >= self._settings.guard_ms and not self._monologue
        if not in_time and not words.urgent:
            return []
        why = self._counts(words)
        return self._interrupt(at_ms, prompt, utterance, why) if why else []

    def _interrupt(self, at_ms: int, prompt: _Prompt, utterance: _Utterance, why: str) -> list[Decision]:
        prompt.stopped, prompt.paused_at, utterance.interrupted = True, None, True
        # What was kept from earlier belongs to the same turn of the caller.
        kept, prompt.kept = prompt.kept, []
        return [Interrupt(at_ms, prompt.position.played_ms, why), *self._hand_over(kept)]

    def _conclude(self, at_ms: int, utterance: _Utterance, words: Words, *, early: bool = False) -> list[Decision]:
        """Hand the words on, keep them until the prompt is over, or drop what is none."""
        utterance.given = words
        out = [] if utterance.interrupted else self._interrupt_if(at_ms, utterance, words)
        turn = self._turn(utterance, words, early=early)
        backchannel = not self._settings.answer_backchannel and only_backchannel(words.text, self._settings.backchannel)
        nothing = not words.text or (backchannel and not words.urgent)
        prompt = self._speaking()
        if prompt is not None and not (utterance.interrupted and self._gives_way(prompt)):
            if not nothing:
                prompt.kept.append((turn, words.urgent))
            return out + self._release(at_ms)
        if prompt is not None and prompt.position.audible:  # begun since the one that was cut off
            out += self._interrupt(at_ms, prompt, utterance, "said before")
        if nothing and utterance.overlapped and not utterance.interrupted:
            self._quiet_since = at_ms  # an "uh-huh" that began under the prompt
            return out
        if self._negligible(utterance, words):
            self._ignored += 1
            return out
        self._quiet_since, self._ignored = at_ms, 0
        return [*out, turn]

    def _gives_way(self, prompt: _Prompt) -> bool:
        return self._settings.mode != "none" or not prompt.position.audible

    def _negligible(self, utterance: _Utterance, words: Words) -> bool:
        """A cough while an answer is waited for; not when they go on and on."""
        s = self._settings
        short = utterance.end_ms + _FRAME_MS - utterance.begin_ms - s.hangover_ms + s.onset_ms < s.short_ms
        return short and not words.text and not utterance.interrupted and self._ignored < _IGNORED_IN_A_ROW

    def _correct(self, at_ms: int, utterance: _Utterance, given: Words, words: Words) -> list[Decision]:
        """The final of an utterance that was answered already. What it says beyond the partial is not lost."""
        if not words.differs(given) or (only_backchannel(words.text, self._settings.backchannel) and not words.urgent):
            return []
        prompt, stop = self._speaking(), list[Decision]()
        if prompt is not None and not self._gives_way(prompt):
            prompt.kept.append((self._turn(utterance, words, corrects=True), words.urgent))
            return []
        if prompt is not None and prompt.position.audible:
            stop = self._interrupt(at_ms, prompt, utterance, "correction")
        self._quiet_since = at_ms
        return [*stop, self._turn(utterance, words, corrects=True)]

    def _turn(self, utterance: _Utterance, words: Words, *, early: bool = False, corrects: bool = False) -> Turn:
        overlapped, interrupted = utterance.overlapped, utterance.interrupted
        return Turn(words.text, utterance.begin_ms, utterance.end_ms, overlapped, interrupted, early, corrects)

    # ------------------------------------------------------------ bounds

    def _overdue(self, at_ms: int) -> list[Decision]:
        if not self._waiting:
            return []
        s, out = self._settings, list[Decision]()
        for utterance in list(self._waiting):
            if utterance.given is None and at_ms - utterance.ended_at >= s.final_ms:
                out += self._conclude(at_ms, utterance, utterance.words)
            if at_ms - utterance.ended_at >= s.late_ms:
                self._waiting.remove(utterance)
        return out

    def _too_quiet(self, at_ms: int) -> list[Decision]:
        if self._speaking() is not None:
            self._quiet_since = at_ms
            return []
        if self._now is not None or any(one.given is None for one in self._waiting):
            return []
        if at_ms - self._quiet_since < self._settings.timeout_ms:
            return []
        self._quiet_since, self._ignored = at_ms, 0
        return [NoInput(at_ms)]


def _same_prompt(before: _Prompt, playing: Playing) -> bool:
    was = before.position
    if (was.mark, was.audible) != (playing.mark, playing.audible):
        return False
    return not (before.stopped and playing.played_ms < was.played_ms)

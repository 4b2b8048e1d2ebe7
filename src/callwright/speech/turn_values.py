"""What goes into turn-taking and comes out of it: settings, words, where the prompt stands, decisions. All frozen; times are ms of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "NOTHING",
    "Decision",
    "EndUtterance",
    "Ending",
    "Interrupt",
    "Mode",
    "NoInput",
    "Pause",
    "Playing",
    "ResumeAt",
    "StartUtterance",
    "Turn",
    "TurnSettings",
    "Words",
]

Mode = Literal["none", "voice", "words", "sentence", "keywords"]
Resume = Literal["continue", "restart", "reask"]
Ending = Literal["", "complete", "open", "unfinished"]


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """What script-1 calls `turn`, for the present node, and the bounds around it (ms). slot_type: what a `collect` node waits for.

    End of an utterance, ms of silence: `end_silence_ms`; early_ms after a complete expected answer; open_ms when more words would change its
    meaning; patience_ms more in slots that are dictated; unfinished_ms more when the words are plainly not at their end; wordless_ms when the
    prompt was paused for a voice without words.
    stale_ms: how old a complete answer may be when the voice stops; short_ms: a voice as short as this without words is no utterance.
    Bounds: noise_ms, how long a prompt is held for a voice without words; hold_ms, in any case; verify_ms, how long after such an utterance
    its final may still change that; final_ms, how long a final is waited for; late_ms, how long a late one is still
    taken; pauses, how often one prompt may be paused for nothing.
    onset_ms, hangover_ms: how late the voice flag rises and falls; the first counts as voice, the second as silence already passed.
    """

    mode: Mode = "words"
    guard_ms: int = 500
    min_ms: int = 120
    min_words: int = 2
    keywords: tuple[str, ...] = ()
    pause_first: bool = True
    backchannel: tuple[str, ...] = ()
    answer_backchannel: bool = False
    resume: Resume = "continue"
    end_silence_ms: int = 700
    max_speech_ms: int = 15_000
    timeout_ms: int = 4_000
    language: Literal["zh", "en"] = "zh"
    slot_type: str | None = None
    early_ms: int = 180
    open_ms: int = 400
    patience_ms: int = 400
    unfinished_ms: int = 800
    wordless_ms: int = 300
    noise_ms: int = 1_500
    hold_ms: int = 3_000
    verify_ms: int = 300
    final_ms: int = 2_000
    late_ms: int = 10_000
    pauses: int = 3
    stale_ms: int = 400
    short_ms: int = 300
    onset_ms: int = 20
    hangover_ms: int = 160

    @property
    def longest_ms(self) -> int:
        """From the end of a prompt to the next Turn or NoInput at most, whatever the caller does: something said under the prompt may end
        as nothing, a cough or two may be ignored, then an utterance may begin just before the time-out."""
        cough_ms = self.short_ms + self.hangover_ms + self.end_silence_ms + self.unfinished_ms + self.final_ms
        return 2 * (self.max_speech_ms + self.final_ms) + 2 * cough_ms + self.timeout_ms + 100


@dataclass(frozen=True, slots=True)
class Words:
    """What the recogniser has of an utterance, read by somebody who knows the script.

    ending: `complete`, a whole expected answer; `open`, one that more words would turn into another; `unfinished`, plainly not at its end (a
    number under way, a conjunction, a hesitation); "" else. known: they hold a phrase of a global rule, the knowledge base or a class.
    urgent: a global rule's (an opt-out, a wish for a person, abuse). sure: a final would only repeat them. meaning: compared, to tell whether
    two readings mean the same. faint: said so quietly that a bystander may have said them.
    """

    text: str
    ending: Ending = ""
    known: bool = False
    urgent: bool = False
    sure: bool = False
    meaning: tuple[tuple[str, str], ...] = ()
    faint: bool = False

    def differs(self, other: Words) -> bool:
        """Whether these words say something that the other ones do not. Words that mean nothing say more only than none at all."""
        if not self.text:
            return False
        return self.meaning != other.meaning if self.meaning else not other.text


NOTHING = Words("")


@dataclass(slots=True)
class Playing:
    """Where the prompt stands; nobody changes it (not frozen, since one is made per frame and call). played_ms: heard by the caller so far;
    boundaries: where speech goes on after a pause (ms, ascending); mark: which prompt it is; audible: False while the robot has the turn
    but nothing is heard yet."""

    played_ms: int
    boundaries: tuple[int, ...] = (0,)
    mark: str = ""
    audible: bool = True


@dataclass(frozen=True, slots=True)
class StartUtterance:
    """Tell the recogniser: an utterance began at begin_ms (hand it the frames since shortly before)."""

    begin_ms: int


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """Tell the recogniser the utterance is over; its final is to come back as `final(..., begin_ms, ...)`.
    why: `silence`, `complete`, `noise` or `too_long`."""

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
    """It was no interruption: play on from prompt_ms (a boundary; 0 = from the start). how `reask`: ask the short question instead."""

    at_ms: int
    prompt_ms: int
    how: Resume


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the prompt for good; the words follow as a Turn."""

    at_ms: int
    played_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Words for the dialogue. overlapped: begun while the robot spoke; interrupted: they cut the prompt off; text may be "" (not understood).
    early: taken from a partial, before the final; corrects: the final of an utterance that was already answered says something else."""

    text: str
    begin_ms: int
    end_ms: int
    overlapped: bool
    interrupted: bool
    early: bool = False
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller said nothing for `timeout_ms`."""

    at_ms: int


Decision = StartUtterance | EndUtterance | Pause | ResumeAt | Interrupt | Turn | NoInput

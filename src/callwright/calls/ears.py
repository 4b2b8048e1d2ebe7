"""The ears of one call: frames go through voice activity, greeting rules, turn-taking and the recogniser, and come out as dialogue events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from callwright.calls.answerer import Answerer
from callwright.calls.ears_parts import EarsParts
from callwright.calls.first_words import FirstWords, Listening, asks_for_something, speaks_as_person
from callwright.calls.greeting import GreetingRules, Verdict
from callwright.calls.log import EventLog
from callwright.calls.mouth import Mouth, Speaking
from callwright.calls.scribe import Scribe, Spoken
from callwright.dialogue.values import Answered, Event, Heard, Listen, Silence
from callwright.speech.port import Final, RecogniserStream
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
    Words,
)
from callwright.speech.turns import TurnTaker
from callwright.telephony.port import Frame

__all__ = ["AskAgain", "Ears", "EarsParts"]

REOPEN_S = 0.5
MOST_REOPEN_S = 8.0
LAST_WORDS_S = 1.5
PARTING_S = 1.0  # whoever speaks when the last prompt is over may finish the sentence
_PARTING_PAUSE_MS = 400
_LONGEST_UTTERANCE_MS = 20_000
_REST_FRAMES = 4
_NOTHING_YET = (None, None, None)
_INAUDIBLE = Playing(0, audible=False)
_UNCERTAIN_SLOTS = frozenset({"text", "name"})  # any words fill them, so words that fit nothing are words all the same


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The prompt of this node was broken off by what was no interruption: its short question shall be said instead."""

    node: str


class Ears:
    """`on_frame` for every 20 ms; `listen` arms the wait for an answer; events come through `hear`."""

    def __init__(
        self,
        parts: EarsParts,
        mouth: Mouth,
        log: EventLog,
        now_ms: Callable[[], int],
        hear: Callable[[Event | AskAgain | FirstWords | Exception], None],
        greeting: GreetingRules | None = None,
    ) -> None:
        self._parts = parts
        self._mouth = mouth
        self._log = log
        self._now_ms = now_ms
        self._hear = hear
        self._vad = parts.make_vad()
        self._vad.on_voice(self._on_voice)
        self._who = Answerer(parts.script.language, greeting, parts.recogniser, parts.answering, log)
        self._greeting = self._who.greeting
        self._first = Listening(parts.script)
        # A person answered: when it is told, should the first words not be known before.
        self._answer_by: int | None = None
        self._known = False  # who answered is known and told
        self._taker = TurnTaker(self._parts.turns("", "none", None))
        self._scribe = Scribe(log, now_ms, self._on_partial, self._on_words, hear)
        self._listening: Listen | None = None
        self._configured: tuple[str, str, Listen | None] = ("", "", None)
        self._configured_for: tuple[Speaking | None, Listen | None, bool | None] = _NOTHING_YET
        self._sure = False  # the recogniser's finals only repeat its partials
        self._closing = False
        self._overhearing = False
        self._leaving = False
        self._parting: anyio.Event | None = None
        self._voice_ms = self._frame_ms = 0  # the last frame with voice, the last frame
        self._rest = 0  # silent frames that need no more than voice activity
        self._wakes_at = 0.0  # mean square from which on they need that at once
        self._passed_over: list[Frame] = []
        self._muted = False
        self._during: deque[tuple[int, str]] = deque(maxlen=16)  # (beginning of an utterance, node that was being said)
        self._alternatives: dict[str, tuple[str, ...]] = {}

    @property
    def longest_ms(self) -> int:
        """How long turn-taking may listen until it has something to tell."""
        return self._taker.longest_ms

    async def open(self) -> None:
        """Connect the recogniser. The first words are kept for it; other words from before it is there count as not understood. One that
        cannot be opened is tried again as long as the call lasts, which goes on meanwhile: by keys, by the script's ladders, to a person."""
        stream = await self._opened()
        self._sure = self._parts.recogniser.abilities.final_repeats
        if self._listening is not None:
            stream.set_context(self._parts.expected(self._listening), self._listening.hotwords)
        self._scribe.attach(stream)

    async def _opened(self) -> RecogniserStream:
        wait_s, told = REOPEN_S, False
        while True:
            try:
                return await self._parts.recogniser.open(self._parts.vocabulary, self._scribe.take)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller must not notice more than being asked again
                if not told:
                    self._log.add("fault", message=f"nothing is heard: {str(error) or type(error).__name__}")
            told = True
            self._scribe.go_without()
            await anyio.sleep(wait_s)
            wait_s = min(2 * wait_s, MOST_REOPEN_S)

    async def find_out(self) -> None:
        """Find out by their words who answered; returns when that is known, or nobody asks any more."""
        await self._who.run()

    async def close(self) -> None:
        """Let go of the recogniser."""
        self._who.stop()
        self._vad.close()
        await self._scribe.close()

    def listen(self, act: Listen) -> None:
        """Wait for the caller as the node wants."""
        self._listening, self._overhearing = act, False
        self._scribe.expect(self._parts.expected(act), act.hotwords)

    def deafen(self, *, closing: bool = False, firm: bool = False) -> None:
        """No answer is waited for until `listen`. closing: these prompts are the last ones and are said to their end; firm: the first of
        them may not be interrupted, not even by words that began before it."""
        self._listening = None
        self._closing = closing
        self._overhearing = False
        if closing:
            self._mouth.resume(None)
        if firm and not self._mouth.busy:
            self._configured, self._configured_for = ("", "none", None), _NOTHING_YET
            self._taker.configure(self._parts.turns(*self._configured))

    def overhear(self) -> None:
        """A person is being fetched: no answer is waited for, but what is said is taken (an opt-out counts at any time)."""
        self._overhearing = True

    def key(self) -> None:
        """A key was pressed: nobody is silent."""
        self._taker.key(self._now_ms())

    def cut_in(self) -> None:
        """Something else than words ends the prompt (a key, the time): it is dropped, unless it may not be interrupted."""
        speaking = self._mouth.speaking
        if speaking is not None and speaking.say.barge != "none":
            self._mouth.stop()

    async def last_words(self) -> None:
        """What was said until now is taken, the utterance under way too; nothing after it. Waits for the recogniser `LAST_WORDS_S`, and
        not at all when nobody said anything."""
        if self._muted:
            return
        self._leaving, self._listening = True, None
        self._finish_utterance()
        await self._scribe.settled(LAST_WORDS_S)
        if self._greeting.verdict is None or self._answer_by is not None:
            self._tell_answer()

    async def parting_words(self, *, gone: bool) -> None:
        """The last prompt is over: take what was said over it. Whoever is speaking may finish, for `PARTING_S` at most.
        gone: nobody is on the line any more."""
        if self._muted or self._greeting.verdict == "machine":
            return
        if self._scribe.under_way and not gone:
            self._parting = anyio.Event()
            with anyio.move_on_after(PARTING_S):
                await self._parting.wait()
        await self.last_words()

    def mute(self) -> None:
        """A person talks now: hear nothing more. What was said before still comes."""
        if not self._muted:
            self._leaving, self._listening = True, None
            self._finish_utterance()
            self._muted = True
            self._who.stop()

    def unmute(self) -> None:
        """The robot talks again: hear from now on."""
        if self._muted:
            self._muted = self._leaving = self._closing = False
            self._rest, self._configured, self._configured_for = 0, ("", "", None), _NOTHING_YET

    def _finish_utterance(self) -> None:
        """Let silence pass in no time: the prompt is over, and so is the utterance under way."""
        if self._greeting.verdict is None:
            if self._first.stop():
                self._scribe.end()
            return
        now = later = self._now_ms()
        while later == now or (self._scribe.under_way and later - now < _LONGEST_UTTERANCE_MS):
            later += 20
            self._carry_out(self._taker.frame(later, False, None))

    # ------------------------------------------------------------ frames

    def on_frame(self, frame: Frame) -> None:
        """20 ms of the caller; called in the event loop."""
        if self._rest and self._mouth.even and not self._leaving:
            self._rest -= 1
            if frame.energy is not None and frame.energy < self._wakes_at:
                self._passed_over.append(frame)
                return
            if self._passed_over:
                self._catch_up()
            now = self._frame_ms = self._now_ms()
            voice = self._vad.push(frame.pcm, frame.energy, *self._mouth.coast(1))
            if not voice:
                self._scribe.push(frame.pcm)
                return
            self._mouth.tick()
        else:
            if self._passed_over:
                self._catch_up()
            now = self._frame_ms = self._now_ms()
            self._mouth.tick()
            if self._muted or self._leaving:
                return
            voice = self._vad.push(frame.pcm, frame.energy, self._mouth.level_dbfs)
        self._tell_left_out()
        if voice:
            self._voice_ms = now
        if not self._known and not self._who_answered(frame, voice, now):
            return
        self._configure()
        if decisions := self._taker.frame(now, voice, self._playing()):
            self._carry_out(decisions)
        self._scribe.push(frame.pcm)
        if self._parting is not None and (not self._scribe.under_way or now - self._voice_ms >= _PARTING_PAUSE_MS):
            self._parting.set()
        if not voice and self._nothing_happens():
            self._rest, self._wakes_at = _REST_FRAMES, self._vad.wakes_at
        else:
            self._rest = 0

    def _who_answered(self, frame: Frame, voice: bool, now: int) -> bool:
        """The first seconds; False: nobody knows yet, and it is not the caller's turn."""
        verdict = self._who.push(frame.pcm, voice)
        if self._greeting.verdict is None:
            self._before_us(frame, voice, now)
            return False
        if verdict is not None:
            self._judged(verdict, now)
        if self._answer_by is not None and now >= self._answer_by and not self._greeting.suspecting:
            self._tell_answer()
        self._known = self._who.over and self._answer_by is None
        return True

    def _catch_up(self) -> None:
        """The frames that were passed over, now that somebody looks: no voice is in them."""
        frames, self._passed_over = self._passed_over, []
        pcm = [frame.pcm for frame in frames]
        self._vad.pass_over(pcm, [frame.energy or 0.0 for frame in frames], self._mouth.coast(len(frames)))
        self._scribe.pass_over(pcm)

    def _on_voice(self) -> None:
        """A voice is known between two frames: what it changes (a prompt that pauses) is changed now, 20 ms sooner."""
        if self._muted or self._leaving or self._greeting.verdict is None:
            return
        try:
            self._rest = 0
            self._mouth.tick()
            self._configure()
            self._voice_ms = self._frame_ms
            self._carry_out(self._taker.frame(self._frame_ms, True, self._playing()))
        except Exception as error:  # noqa: BLE001 - told to the call, which ends by it: the model serves other calls too
            self._hear(error)

    def _nothing_happens(self) -> bool:
        """The caller is silent, and nobody waits for words or for who it is: until there is a voice, every fifth frame tells enough, and those
        of a quiet line are looked at together then. (Hundreds of calls are mostly in this state, and what a frame costs is above all to
        touch all the objects of a call.)"""
        return self._known and self._parting is None and self._taker.resting

    def _before_us(self, frame: Frame, voice: bool, now: int) -> None:
        """Nobody knows yet who answered: the words go to the recogniser all the same."""
        change = self._first.frame(now, voice)
        if change == "begin":
            self._start_utterance(now, first=True)
        elif change == "end":
            self._scribe.end()
        self._scribe.push(frame.pcm)

    def _playing(self) -> Playing | None:
        """What the robot says; None when it is the caller's turn."""
        speaking = self._mouth.speaking
        if speaking is not None:
            return Playing(speaking.played_ms, speaking.prompt.boundaries, speaking.mark)
        if self._mouth.busy or (self._listening is None and not self._overhearing):
            return _INAUDIBLE
        return None

    def _judged(self, verdict: Verdict, now: int) -> None:
        self._log.add("greeting", verdict=verdict, why=self._greeting.why)
        if self._first.stop():
            self._scribe.end()
        if verdict == "human":
            self._answer_by = now + max(self._first.patience_ms(self._scribe.partial), self._who.patience_ms)
        else:
            self._answer_by = None
            self._hear(Answered(now, verdict))

    def _tell_answer(self) -> None:
        """A person answered; with the first words, should they be more than a greeting and known by now."""
        self._answer_by = None
        answered = Answered(self._now_ms(), "human")
        heard = None if self._first.waiting else self._wish()
        if heard is not None:
            self._hear(FirstWords(heard, answered))
        elif self._greeting.verdict is not None:
            self._hear(answered)

    def _wish(self) -> Heard | None:
        """What was wished for before the robot said anything; a greeting is no wish."""
        text = self._first.words()
        if not text:
            return None
        known = asks_for_something(self._parts.script, self._parts.understander, text)
        now = self._now_ms()
        begun = self._log.now_ms() - (now - (self._first.begin_ms or 0))
        self._log.add("first_words", begin_ms=begun, text=text, known=known)
        if not known:
            return None
        self._log.add("utterance", begin_ms=begun, text=text, overlapped=False, interrupted=False)
        return Heard(now, text)

    def _configure(self) -> None:
        speaking, listening = self._mouth.speaking, self._listening
        what, when, last = self._configured_for
        if speaking is what and listening is when and self._closing is last:
            return
        self._configured_for = speaking, listening, self._closing
        node = speaking.say.node if speaking is not None else (listening.node if listening is not None else "")
        mode = (
            "none" if self._closing else (speaking.say.barge if speaking is not None else self._configured[1] or "none")
        )
        wanted = (node, mode, listening)
        if wanted != self._configured:
            self._configured = wanted
            self._taker.configure(self._parts.turns(node, mode, listening))

    def _tell_left_out(self) -> None:
        left = self._vad.left_out()
        if left is not None:
            self._log.add(
                "left_out", why=left.why, level_dbfs=round(left.level_dbfs), limit_dbfs=round(left.limit_dbfs)
            )

    # ------------------------------------------------------------ decisions

    def _carry_out(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            match decision:
                case StartUtterance(begin_ms=begin_ms):
                    self._start_utterance(begin_ms)
                case EndUtterance(why=why):
                    faint = self._vad.faint
                    self._log.add("end_of_speech", {"why": why, **({"faint": True} if faint else {})})
                    self._scribe.end(faint=faint)
                case Pause(played_ms=played_ms):
                    self._mouth.pause()
                    self._log.add("paused", played_ms=played_ms)
                case ResumeAt(prompt_ms=prompt_ms, how=how):
                    self._resume(prompt_ms, how)
                case Interrupt(played_ms=played_ms, why=why):
                    self._log.add("interrupted", played_ms=played_ms, why=why)
                    self._mouth.stop()
                case Turn():
                    self._turn(decision)
                case NoInput():
                    if self._listening is not None:
                        self._hear(Silence(self._now_ms()))

    def _resume(self, prompt_ms: int, how: str) -> None:
        speaking = self._mouth.speaking
        self._log.add("resumed", at_prompt_ms=prompt_ms, how=how)
        if how == "reask" and speaking is not None and self._listening is not None:
            node = self._listening.node
            if speaking.say.source.startswith(f"node:{node}/") and self._parts.script.flow.nodes[node].reask:
                self._mouth.stop()
                self._hear(AskAgain(node))
                return
        self._mouth.resume(prompt_ms)

    def _start_utterance(self, begin_ms: int, *, first: bool = False) -> None:
        if self._mouth.speaking is not None:
            self._during.append((begin_ms, self._mouth.speaking.say.node))
        self._vad.mark()
        self._scribe.begin(begin_ms, first=first)

    def _turn(self, turn: Turn) -> None:
        if self._leaving and not turn.text:
            return
        begun = self._log.now_ms() - (self._now_ms() - turn.begin_ms)
        told = {"early": True} if turn.early else {"corrects": True} if turn.corrects else {}
        said = {"text": turn.text, "overlapped": turn.overlapped, "interrupted": turn.interrupted}
        self._log.add("utterance", {"begin_ms": begun, **said, **told})
        spoken = [node for begin_ms, node in self._during if begin_ms == turn.begin_ms]
        during = spoken[0] if turn.overlapped and spoken else ""
        alternatives = self._alternatives.pop(turn.text, ())
        self._hear(Heard(self._now_ms(), turn.text, during, turn.interrupted, alternatives))

    # ------------------------------------------------------------ words

    def _on_partial(self, spoken: Spoken) -> None:
        if spoken.first:
            if speaks_as_person(self._parts.script, self._parts.understander, spoken.partial):
                self._greeting.vouch()
            return
        self._log.passing("partial", text=spoken.partial)
        words = self._read(spoken.partial, sure=self._sure, faint=self._vad.faint)
        self._carry_out(self._taker.partial(self._now_ms(), words))

    def _on_words(self, spoken: Spoken) -> None:
        """An utterance is over and read; without a final, its last partial stands for it."""
        if spoken.first:
            self._take_first(spoken.final)
            return
        words = self._read(spoken.partial, faint=spoken.faint)
        if spoken.final is not None:
            words = self._read(spoken.final.text, faint=spoken.faint)
            if not self._counts(spoken.final, words):
                words = NOTHING
            elif spoken.final.alternatives:
                self._alternatives[words.text] = spoken.final.alternatives
        self._carry_out(self._taker.final(self._now_ms(), spoken.begin_ms, words))

    def _take_first(self, final: Final | None) -> None:
        """Words from before our own. A doubtful reading counts as a greeting: a wrong stop request would end the call for good."""
        text = final.text if final is not None and final.score >= self._parts.accept else ""
        self._first.take(text)
        self._who.read(text)
        if self._first.waiting or self._leaving or self._greeting.verdict != "human":
            return
        if self._greeting.suspecting:
            return
        if self._answer_by is not None:
            if not self._who.patience_ms:
                self._tell_answer()
        elif (heard := self._wish()) is not None:
            self._hear(FirstWords(heard, None))

    def _counts(self, final: Final, words: Words) -> bool:
        """Words below the threshold are noise, unless the node takes any words, or a rule of the script knows them."""
        if final.score >= self._parts.accept:
            return True
        free = self._listening is not None and self._listening.slot_type in _UNCERTAIN_SLOTS
        return free or words.known

    def _read(self, text: str, *, sure: bool = False, faint: bool = False) -> Words:
        return self._parts.reader.read(text, self._listening, sure=sure, faint=faint)

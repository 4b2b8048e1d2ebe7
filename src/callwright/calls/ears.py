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
from callwright.calls.mouth import Mouth
from callwright.dialogue.values import Answered, Context, Event, Heard, Listen, Silence
from callwright.speech.port import (
    Final,
    Hearing,
    Partial,
    Pcm,
    RecogniserStream,
    RecognitionError,
)
from callwright.speech.turns import (
    Decision,
    EndUtterance,
    Interrupt,
    NoInput,
    Pause,
    Playing,
    ResumeAt,
    StartUtterance,
    Turn,
    TurnTaker,
)
from callwright.telephony.port import Frame

__all__ = ["AskAgain", "Ears", "EarsParts"]

PRE_ROLL_FRAMES = 15  # 300 ms before the voice flag: the beginning of the first word
LAST_WORDS_S = 1.5
PARTING_S = 1.0  # whoever speaks when the last prompt is over may finish the sentence
_PARTING_PAUSE_MS = 400
_LONGEST_UTTERANCE_MS = 20_000
_UNCERTAIN_SLOTS = frozenset({"text", "name"})  # any words fill them, so words that fit nothing are words all the same


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The prompt of this node was broken off by what was no interruption: its short question shall be said instead."""

    node: str


@dataclass(slots=True)
class _Ended:
    """An utterance that is over. Its words are taken in the order of the utterances, whatever becomes of the recogniser.
    first: it was said before the robot's first word."""

    partial: str
    first: bool = False
    final: Final | None = None
    done: bool = False


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
        self._who = Answerer(parts.script.language, greeting, parts.recogniser, parts.answering, log)
        self._greeting = self._who.greeting
        self._first = Listening(parts.script)
        self._early: list[list[Pcm]] = []  # utterances of first words from before the recogniser was there
        self._answer_by: int | None = (
            None  # a person answered: when it is told, should the first words not be known before
        )
        self._taker = TurnTaker(self._parts.turns("", "none", None))
        self._stream: RecogniserStream | None = None
        self._recent: deque[Pcm] = deque(maxlen=PRE_ROLL_FRAMES)
        self._listening: Listen | None = None
        self._configured: tuple[str, str, Listen | None] = ("", "", None)
        self._closing = False
        self._overhearing = False
        self._leaving = False
        self._parting: anyio.Event | None = None
        self._voice_ms = 0
        self._muted = False
        self._in_utterance = False
        self._lost = False
        self._partial = ""
        self._ended: deque[_Ended] = deque()
        self._settled = anyio.Event()
        self._during: deque[tuple[int, str]] = deque(maxlen=16)  # (beginning of an utterance, node that was being said)
        self._alternatives: dict[str, tuple[str, ...]] = {}

    async def open(self) -> None:
        """Connect the recogniser. The first words are kept for it; other words from before it is there count as not understood."""
        stream = await self._parts.recogniser.open(self._parts.vocabulary, self._take_hearing)
        if self._listening is not None:
            stream.set_context(self._parts.expected(self._listening), self._listening.hotwords)
        self._stream = stream
        # An utterance under way goes on without it: the recogniser would hear half of it.
        self._lost = self._in_utterance and not self._first.under_way
        while self._early:
            stream.begin()
            for pcm in self._early.pop(0):
                stream.push(pcm)
            if self._early or not self._first.under_way:
                stream.end()

    async def find_out(self) -> None:
        """Find out by their words who answered; returns when that is known, or nobody asks any more."""
        await self._who.run()

    async def close(self) -> None:
        """Let go of the recogniser."""
        self._who.stop()
        self._vad.close()
        if self._stream is not None:
            await self._stream.close()
            self._stream = None

    def listen(self, act: Listen) -> None:
        """Wait for the caller as the node wants."""
        self._listening, self._overhearing = act, False
        if self._stream is not None:
            self._stream.set_context(self._parts.expected(act), act.hotwords)

    def deafen(self, *, closing: bool = False, firm: bool = False) -> None:
        """No answer is waited for until `listen`. closing: these prompts are the last ones and are said to their end; firm: the first of
        them may not be interrupted, not even by words that began before it."""
        self._listening = None
        self._closing = closing
        self._overhearing = False
        if closing:
            self._mouth.resume(None)
        if firm and not self._mouth.busy:
            self._configured = ("", "none", None)
            self._taker.configure(self._parts.turns(*self._configured))

    def overhear(self) -> None:
        """A person is being fetched: no answer is waited for, but what is said is taken (an opt-out counts at any time)."""
        self._overhearing = True

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
        if self._ended:
            self._settled = anyio.Event()
            with anyio.move_on_after(LAST_WORDS_S):
                await self._settled.wait()
        for ended in self._ended:
            ended.done = True
        self._settle()
        if self._greeting.verdict is None or self._answer_by is not None:
            self._tell_answer()

    async def parting_words(self, *, gone: bool) -> None:
        """The last prompt is over: take what was said over it. Whoever is speaking may finish, for `PARTING_S` at most.
        gone: nobody is on the line any more."""
        if self._muted or self._greeting.verdict == "machine":
            return
        if self._in_utterance and not gone:
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

    def _finish_utterance(self) -> None:
        """Let silence pass in no time: the prompt is over, and so is the utterance under way."""
        if self._greeting.verdict is None:
            if self._first.stop():
                self._end_utterance("gone", first=True)
            return
        now = later = self._now_ms()
        while later == now or (self._in_utterance and later - now < _LONGEST_UTTERANCE_MS):
            later += 20
            self._carry_out(self._taker.frame(later, False, None))

    # ------------------------------------------------------------ frames

    def on_frame(self, frame: Frame) -> None:
        """20 ms of the caller; called in the event loop."""
        self._mouth.tick()
        if self._muted or self._leaving:
            return
        voice = self._vad.push(frame.pcm, frame.energy, self._mouth.level_dbfs)
        self._tell_left_out()
        now = self._now_ms()
        self._voice_ms = now if voice else self._voice_ms
        verdict = self._who.push(frame.pcm, voice)
        if self._greeting.verdict is None:
            self._before_us(frame, voice, now)
            return
        if verdict is not None:
            self._judged(verdict, now)
        if self._answer_by is not None and now >= self._answer_by and not self._greeting.suspecting:
            self._tell_answer()
        self._configure()
        playing = None
        if self._mouth.speaking is not None:
            playing = Playing(self._mouth.speaking.played_ms, self._mouth.speaking.prompt.boundaries)
        elif self._mouth.busy or (self._listening is None and not self._overhearing):
            playing = Playing(0)
        self._carry_out(self._taker.frame(now, voice, playing))
        if self._in_utterance and self._stream is not None and not self._lost:
            self._stream.push(frame.pcm)
        self._recent.append(frame.pcm)
        if self._parting is not None and (not self._in_utterance or now - self._voice_ms >= _PARTING_PAUSE_MS):
            self._parting.set()

    def _before_us(self, frame: Frame, voice: bool, now: int) -> None:
        """Nobody knows yet who answered: the words go to the recogniser all the same."""
        change = self._first.frame(now, voice)
        if change == "begin":
            self._start_utterance(now)
            if self._stream is None:
                self._early.append(list(self._recent))
        elif change == "end":
            self._end_utterance("silence", first=True)
        if self._in_utterance and self._stream is None:
            self._early[-1].append(frame.pcm)
        elif self._in_utterance and self._stream is not None and not self._lost:
            self._stream.push(frame.pcm)
        self._recent.append(frame.pcm)

    def _judged(self, verdict: Verdict, now: int) -> None:
        self._log.add("greeting", verdict=verdict, why=self._greeting.why)
        if self._first.stop():
            self._end_utterance("silence", first=True)
        if verdict == "human":
            self._answer_by = now + max(self._first.patience_ms(self._partial), self._who.patience_ms)
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
                    self._end_utterance(why)
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

    def _start_utterance(self, begin_ms: int) -> None:
        self._in_utterance, self._lost, self._partial = True, False, ""
        if self._mouth.speaking is not None:
            self._during.append((begin_ms, self._mouth.speaking.say.node))
        if self._stream is not None:
            self._stream.begin()
            for pcm in self._recent:
                self._stream.push(pcm)

    def _end_utterance(self, why: str, *, first: bool = False) -> None:
        self._in_utterance = False
        if not first:
            self._log.add("end_of_speech", why=why)
        unheard = self._lost or (self._stream is None and not first)
        self._ended.append(_Ended(self._partial, first=first, done=unheard))
        if self._stream is not None:
            self._stream.end()
        self._lost = False
        self._settle()

    def _turn(self, turn: Turn) -> None:
        if self._leaving and not turn.text:
            return
        begun = self._log.now_ms() - (self._now_ms() - turn.begin_ms)
        self._log.add(
            "utterance", begin_ms=begun, text=turn.text, overlapped=turn.overlapped, interrupted=turn.interrupted
        )
        spoken = [node for begin_ms, node in self._during if begin_ms == turn.begin_ms]
        during = spoken[0] if turn.overlapped and spoken else ""
        alternatives = self._alternatives.pop(turn.text, ())
        self._hear(Heard(self._now_ms(), turn.text, during, turn.interrupted, alternatives))

    # ------------------------------------------------------------ the recogniser

    def _take_hearing(self, hearing: Hearing) -> None:
        """Called by the recogniser, which serves other calls too: a fault of ours ends this call, not its reading."""
        try:
            self._on_hearing(hearing)
        except Exception as error:  # noqa: BLE001 - handed to the call, which ends by it
            self._hear(error)

    def _on_hearing(self, hearing: Hearing) -> None:
        waiting = next((ended for ended in self._ended if not ended.done), None)
        match hearing:
            case Partial(text=text):
                if self._in_utterance and not self._lost:
                    self._partial = text
                    if self._first.under_way:
                        if speaks_as_person(self._parts.script, self._parts.understander, text):
                            self._greeting.vouch()
                        return
                    complete, known = self._classify(text)
                    self._carry_out(self._taker.partial(self._now_ms(), text, complete=complete, known=known))
            case Final():
                self._log.add("recognised", text=hearing.text, raw=hearing.raw, score=round(hearing.score, 3))
                if waiting is not None:
                    waiting.final, waiting.done = hearing, True
            case RecognitionError(message=message, under_way=under_way):
                self._log.add("fault", message=message)
                if self._in_utterance and (under_way or waiting is None):
                    self._lost = True
                elif waiting is not None:
                    waiting.done = True
        self._settle()

    def _settle(self) -> None:
        """Hand over the words of ended utterances, oldest first. Without a final, the last partial stands for it."""
        while self._ended and self._ended[0].done:
            ended = self._ended.popleft()
            if ended.first:
                self._take_first(ended.final)
                continue
            text = ended.partial
            if ended.final is not None:
                text = ended.final.text if self._counts(ended.final) else ""
                if text and ended.final.alternatives:
                    self._alternatives[text] = ended.final.alternatives
            self._carry_out(self._taker.final(self._now_ms(), text, known=self._classify(text)[1]))
        if not self._ended:
            self._settled.set()

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

    def _counts(self, final: Final) -> bool:
        """Words below the threshold are noise, unless the node takes any words, or a rule of the script knows them."""
        if final.score >= self._parts.accept:
            return True
        free = self._listening is not None and self._listening.slot_type in _UNCERTAIN_SLOTS
        return free or self._classify(final.text)[1]

    def _classify(self, text: str) -> tuple[bool, bool]:
        """(the whole text is an expected phrase, some rule of the script knows a part of it)."""
        if not text:
            return False, False
        context = self._listening.context if self._listening is not None else Context()
        understood = self._parts.understander.understand(text, context)
        spans = [one.span for one in understood.candidates if one.source in ("phrase", "combination", "regex")]
        whole = any(end - begin >= len(understood.normalised) for begin, end in spans)
        return whole, bool(spans)

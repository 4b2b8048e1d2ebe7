"""The ears of one call: frames go through voice activity, greeting rules, turn-taking and the recogniser, and come out as dialogue events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import anyio

from callwright.calls.greeting import Greeting
from callwright.calls.log import EventLog
from callwright.calls.mouth import Mouth
from callwright.dialogue.understanding.port import Understander
from callwright.dialogue.values import Answered, Context, Event, Heard, Listen, Silence
from callwright.script.model import Barge, Script
from callwright.speech.port import (
    Final,
    Hearing,
    Partial,
    Pcm,
    Recogniser,
    RecogniserStream,
    RecognitionError,
    Vocabulary,
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
    TurnSettings,
    TurnTaker,
)
from callwright.speech.vad import Vad
from callwright.telephony.port import Frame

__all__ = ["AskAgain", "Ears", "EarsParts"]

PRE_ROLL_FRAMES = 15  # 300 ms before the voice flag: the beginning of the first word
LAST_WORDS_S = 1.5
_LONGEST_UTTERANCE_MS = 20_000
_UNCERTAIN_SLOTS = frozenset({"text", "name"})  # any words fill them, so words that fit nothing are words all the same


@dataclass(frozen=True, slots=True)
class EarsParts:
    """What all ears of one script share. accept: score from which the recogniser's words count as recognised; answers: by slot, what may be
    said at its question (`spoken_answers`)."""

    script: Script
    recogniser: Recogniser
    vocabulary: Vocabulary
    understander: Understander
    make_vad: Callable[[], Vad]
    accept: float
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The prompt of this node was broken off by what was no interruption: its short question shall be said instead."""

    node: str


@dataclass(slots=True)
class _Ended:
    """An utterance that is over. Its words are taken in the order of the utterances, whatever becomes of the recogniser."""

    partial: str
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
        hear: Callable[[Event | AskAgain | Exception], None],
    ) -> None:
        self._parts = parts
        self._mouth = mouth
        self._log = log
        self._now_ms = now_ms
        self._hear = hear
        self._vad = parts.make_vad()
        self._greeting = Greeting()
        self._taker = TurnTaker(self._settings("", "none", None))
        self._stream: RecogniserStream | None = None
        self._recent: deque[Pcm] = deque(maxlen=PRE_ROLL_FRAMES)
        self._listening: Listen | None = None
        self._configured: tuple[str, str, Listen | None] = ("", "", None)
        self._closing = False
        self._overhearing = False
        self._leaving = False
        self._muted = False
        self._in_utterance = False
        self._lost = False
        self._partial = ""
        self._ended: deque[_Ended] = deque()
        self._settled = anyio.Event()
        self._during: deque[tuple[int, str]] = deque(maxlen=16)  # (beginning of an utterance, node that was being said)
        self._alternatives: dict[str, tuple[str, ...]] = {}

    async def open(self) -> None:
        """Connect the recogniser; what is said before it is there counts as not understood."""
        stream = await self._parts.recogniser.open(self._parts.vocabulary, self._take_hearing)
        if self._listening is not None:
            stream.set_context(self._parts.expected(self._listening), self._listening.hotwords)
        # An utterance under way goes on without it: the recogniser would hear half of it.
        self._lost = self._in_utterance
        self._stream = stream

    async def close(self) -> None:
        """Let go of the recogniser."""
        if self._stream is not None:
            await self._stream.close()
            self._stream = None

    def listen(self, act: Listen) -> None:
        """Wait for the caller as the node wants."""
        self._listening, self._overhearing = act, False
        if self._stream is not None:
            self._stream.set_context(self._parts.expected(act), act.hotwords)

    def deafen(self, *, closing: bool = False) -> None:
        """No answer is waited for until `listen`. closing: these prompts are the last ones and are said to their end."""
        self._listening = None
        self._closing = closing
        self._overhearing = False
        if closing:
            self._mouth.resume(None)

    def overhear(self) -> None:
        """A person is being fetched: no answer is waited for, but what is said is taken (an opt-out counts at any time)."""
        self._overhearing = True

    def cut_in(self) -> None:
        """Something else than words ends the prompt (a key, the time): it is dropped, unless it may not be interrupted."""
        speaking = self._mouth.speaking
        if speaking is not None and speaking.say.barge != "none":
            self._mouth.stop()

    async def last_words(self) -> None:
        """The caller has gone: what was said until then is taken, the utterance under way too; waits for the recogniser `LAST_WORDS_S`."""
        if self._muted or self._greeting.verdict is None:
            return
        self._leaving, self._listening = True, None
        now = later = self._now_ms()
        while later == now or (self._in_utterance and later - now < _LONGEST_UTTERANCE_MS):
            later += 20
            self._carry_out(self._taker.frame(later, False, None))
        if self._ended:
            self._settled = anyio.Event()
            with anyio.move_on_after(LAST_WORDS_S):
                await self._settled.wait()
        for ended in self._ended:
            ended.done = True
        self._settle()

    def mute(self) -> None:
        """A person talks now: hear nothing more."""
        self._muted = True

    # ------------------------------------------------------------ frames

    def on_frame(self, frame: Frame) -> None:
        """20 ms of the caller; called in the event loop."""
        self._mouth.tick()
        if self._muted:
            return
        voice = self._vad.push(frame.pcm)
        now = self._now_ms()
        verdict = self._greeting.push(voice)
        if verdict is not None:
            self._log.add("greeting", verdict=verdict)
            self._hear(Answered(now, verdict))
        if self._greeting.verdict is None:
            self._recent.append(frame.pcm)
            return
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

    def _configure(self) -> None:
        speaking, listening = self._mouth.speaking, self._listening
        node = speaking.say.node if speaking is not None else (listening.node if listening is not None else "")
        mode = (
            "none" if self._closing else (speaking.say.barge if speaking is not None else self._configured[1] or "none")
        )
        wanted = (node, mode, listening)
        if wanted != self._configured:
            self._configured = wanted
            self._taker.configure(self._settings(node, mode, listening))

    def _settings(self, node: str, mode: str, listening: Listen | None) -> TurnSettings:
        script, barge = self._parts.script, self._parts.barge(node)
        settings = TurnSettings(
            mode=mode,  # type: ignore[arg-type]  # the engine's Say.barge is one of the barge modes
            guard_ms=barge.guard_ms,
            min_ms=barge.min_ms,
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

    def _end_utterance(self, why: str) -> None:
        self._in_utterance = False
        self._log.add("end_of_speech", why=why)
        unheard = self._stream is None or self._lost
        self._ended.append(_Ended(self._partial, done=unheard))
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
            text = ended.partial
            if ended.final is not None:
                text = ended.final.text if self._counts(ended.final) else ""
                if text and ended.final.alternatives:
                    self._alternatives[text] = ended.final.alternatives
            self._carry_out(self._taker.final(self._now_ms(), text, known=self._classify(text)[1]))
        if not self._ended:
            self._settled.set()

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

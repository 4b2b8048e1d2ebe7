"""What happens in one situation of each kind: who speaks, what, when and how loud. The generator that is handed in decides; nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from callwright.bench.situations import Echo, Expect, Kind, Prompt, Word
from callwright.bench.situations_sounds import (
    Wave,
    breath,
    cough,
    door,
    keyboard,
    level,
    put,
    silence,
    telephone_band,
)
from callwright.bench.situations_voices import Clips, Take, hummed, joined, levelled, synthesised
from callwright.speech.port import Pcm
from callwright.testing.people.voices import Voices

__all__ = ["ANSWERS", "BACKCHANNEL", "Draft", "Stage", "draw"]

Language = Literal["zh", "en"]
_GUARD_MS = 1_000  # nobody speaks before: the robot's own guard is not what is measured
_LEFT_MS = 1_200  # of the prompt, when a situation over it begins
_STEADY_MS = 400  # of voice in the prompt from there on, so that its falling silent can be seen
_TAIL_MS = 200
_SPEECH_DBFS = (-26.0, -18.0)
_FLOORS_DBFS = (-70.0, -64.0, -58.0, -52.0)

ANSWERS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "zh": {
        "affirm": (
            "可以",
            "可以你说吧",
            "好没问题",
            "方便",
            "我现在方便",
            "有时间你说吧",
            "好就这样吧",
            "当然可以",
            "感兴趣",
            "需要",
            "好我们去",
        ),
        "deny": ("现在不方便", "我没时间", "不是", "我不知道"),
        "refuse": ("不需要", "我没有兴趣", "我不感兴趣", "我不想听", "暂时不需要"),
    },
    "en": {
        "affirm": ("yes that works", "sure", "yes please", "that is fine", "sounds good", "yes it does", "go ahead"),
        "deny": ("I can't make it", "that doesn't work for me", "no I can't", "I'm not home"),
        "refuse": ("no thank you", "I'm not interested", "please cancel it", "I don't need it"),
    },
}
"""Whole phrases the script of the bench expects. The Mandarin ones are those of the recordings."""
_FREE_EN = (
    "well my neighbour said he could let you in",
    "we had somebody here last month already",
    "it stopped working again yesterday evening",
    "the heating makes a strange noise at night",
)
_OPT_OUT_EN = ("stop calling me", "please don't call me again", "take me off your list", "remove my number")
_BYSTANDER_EN = ("did you feed the cat this morning", "where did you put the car keys", "dinner is nearly ready")
BACKCHANNEL: Mapping[Language, tuple[str, ...]] = {
    "zh": ("嗯", "嗯嗯", "哦", "啊", "对", "好", "你说", "在听"),
    "en": ("uh huh", "mm hmm", "mhm", "right", "I see", "okay"),
}
"""What the script of the bench takes for listening, not for an answer."""
_CUT_ZH = (("行你说", 1, 3), ("好没问题", 0, 1), ("没事儿你说", 3, 5))
_DIGITS_ZH = (("三", "三分"), ("四", "四分"), ("五", "五分"), ("五", "五岁"), ("七", "七岁"))
_ORDER: tuple[tuple[str, Language], ...] = (
    ("answer_over", "zh"), ("answer_whole", "zh"), ("backchannel", "zh"), ("cough", "zh"), ("bystander", "zh"), ("number", "zh"),
    ("answer_over", "en"), ("optout", "zh"), ("echo", "zh"), ("answer_free", "zh"), ("noise", "en"), ("answer_whole", "en"),
    ("backchannel", "en"), ("number", "en"), ("answer_over", "zh"), ("answer_whole", "zh"), ("bystander", "en"), ("echo", "en"),
    ("optout", "en"), ("backchannel", "zh"), ("noise", "zh"), ("hesitation", "zh"), ("answer_free", "en"), ("echo_talk", "zh"),
)  # fmt: skip
"""Kinds in turn: every 24 situations hold each of these once."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What situations are made of."""

    prompts: Mapping[str, Prompt]
    audio: Mapping[str, Pcm]
    clips: Clips
    english: Voices


@dataclass(frozen=True, slots=True)
class Draft:
    """A situation before its noise and its files (see `Situation`); before: what the caller says on picking up."""

    kind: Kind
    language: Language
    wave: Wave
    over_prompt: bool
    prompt: str
    expect: Expect
    speech_ms: tuple[tuple[int, int], ...] = ()
    words: tuple[Word, ...] = ()
    text: str = ""
    complete: bool = False
    before: Wave | None = None
    echo: Echo | None = None
    noise_dbfs: float = -64.0
    voice: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class _Hand:
    """One drawing."""

    stage: Stage
    language: Language
    rng: np.random.Generator
    number: int

    def one_of(self, choices: Sequence[Take]) -> Take:
        return choices[int(self.rng.integers(len(choices)))]

    def word_of(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    async def say(self, text: str, voice: str = "") -> Take:
        """In English; the voice is drawn unless it is named."""
        names = self.stage.english.names
        return await synthesised(self.stage.english, voice or self.word_of(names), text, "en")

    def floor(self) -> float:
        return _FLOORS_DBFS[int(self.rng.integers(len(_FLOORS_DBFS)))]

    def loudness(self) -> float:
        return float(self.rng.uniform(*_SPEECH_DBFS))

    def reaction(self) -> int:
        """How long after the question an answer begins."""
        return int(self.rng.integers(250, 900))

    def onset(self, prompt: str, left_ms: int = _LEFT_MS, latest_ms: int = 6_000) -> int:
        """A time in the prompt at which it goes on being heard for a while; left_ms: of the prompt, after that time."""
        pcm = self.stage.audio[prompt].astype(np.float64)
        loud = np.sqrt((pcm[: len(pcm) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)) > 150
        steady = _STEADY_MS // 20
        fit = [
            frame
            for frame in range(_GUARD_MS // 20, min(latest_ms // 20, len(loud) - left_ms // 20))
            if loud[frame : frame + steady].mean() > 0.8
        ]
        return 20 * fit[int(self.rng.integers(len(fit)))]


async def draw(stage: Stage, number: int, rng: np.random.Generator) -> Draft:
    """The draft of the situation with this number."""
    kind, language = _ORDER[number % len(_ORDER)]
    return await _DRAWN[kind](_Hand(stage, language, rng, number))


def _said(hand: _Hand, take: Take, at_ms: int, dbfs: float, kind: Kind, node: str, expect: Expect) -> Draft:
    """This caller says something at a time: over the prompt of the node, or after it where the robot only asks."""
    return Draft(
        kind,
        hand.language,
        put(silence(at_ms + take.ms + _TAIL_MS), level(take.wave, dbfs), at_ms),
        over_prompt=node in ("offer", "disclosure"),
        prompt=f"{hand.language}-{node}",
        expect=expect,
        speech_ms=tuple((begin + at_ms, end + at_ms) for begin, end in take.spans),
        words=tuple(Word(word.text, word.begin_ms + at_ms, word.end_ms + at_ms) for word in take.words),
        text=take.text,
        noise_dbfs=hand.floor(),
        voice=take.voice,
    )


async def _answer(hand: _Hand) -> Take:
    """A whole phrase the script expects."""
    if hand.language == "zh":
        known = {text for texts in ANSWERS["zh"].values() for text in texts}
        takes = hand.stage.clips.takes(("affirm", "deny", "refuse"), script="edu-trial-invite", noisy=True)
        return hand.one_of([take for take in takes if take.text in known])
    return await hand.say(hand.word_of([text for texts in ANSWERS["en"].values() for text in texts]))


async def _free(hand: _Hand) -> Take:
    """Words nobody expects at this question."""
    if hand.language == "zh":
        return hand.one_of(hand.stage.clips.takes(("reason", "out_of_script"), script="after-sales-visit", noisy=True))
    return await hand.say(hand.word_of(_FREE_EN))


async def _answer_over(hand: _Hand) -> Draft:
    free = bool(hand.rng.random() < 0.25)
    take = await (_free(hand) if free else _answer(hand))
    draft = _said(hand, take, hand.onset(f"{hand.language}-offer"), hand.loudness(), "answer", "offer", "stop")
    return replace(draft, complete=not free)


async def _answer_whole(hand: _Hand) -> Draft:
    draft = _said(hand, await _answer(hand), hand.reaction(), hand.loudness(), "answer", "ask", "answer")
    return replace(draft, complete=True)


async def _answer_free(hand: _Hand) -> Draft:
    take = await _free(hand)
    if hand.rng.random() < 0.5:
        other = await _free(hand)
        if hand.language == "en" or other.voice == take.voice:
            take = joined([take, other], [float(hand.rng.uniform(60, 250))], hand.language)
    return _said(hand, take, hand.reaction(), hand.loudness(), "answer", "ask", "answer")


async def _backchannel(hand: _Hand) -> Draft:
    kind = hand.rng.random()
    if hand.language == "en":
        take = await hand.say(hand.word_of(BACKCHANNEL["en"]))
    elif kind < 0.5:
        take = hummed(hand.rng, "嗯", float(hand.rng.uniform(220, 450)))
    elif kind < 0.7:
        take = hummed(hand.rng, "嗯嗯", float(hand.rng.uniform(380, 600)), syllables=2)
    else:
        sentence, begin, end = _CUT_ZH[int(hand.rng.integers(len(_CUT_ZH)))]
        take = hand.stage.clips.word(sentence, begin, end, "yue-tan")
    at_ms = hand.onset(f"{hand.language}-offer", 2_500)
    return _said(hand, take, at_ms, hand.loudness() - 2, "backchannel", "offer", "resume")


async def _burst(hand: _Hand, kind: Kind, sounds: Sequence[tuple[str, Callable[[np.random.Generator], Wave]]]) -> Draft:
    """A sound without words over the prompt."""
    prompt = f"{hand.language}-offer"
    what, make = sounds[int(hand.rng.integers(len(sounds)))]
    dbfs = hand.rng.uniform(-30, -16)
    at_ms = hand.onset(prompt, 2_500)
    wave = level(make(hand.rng), dbfs)
    return Draft(
        kind, hand.language, put(silence(at_ms), np.concatenate([wave, silence(_TAIL_MS)]), at_ms), True, prompt,
        "resume" if kind == "cough" else "ignore", noise_dbfs=hand.floor(), what=f"{what} at {dbfs:.0f} dBFS",
    )  # fmt: skip


async def _cough(hand: _Hand) -> Draft:
    return await _burst(hand, "cough", (("cough", cough),))


async def _noise(hand: _Hand) -> Draft:
    return await _burst(hand, "noise", (("door", door), ("keyboard", keyboard), ("breath", breath)))


async def _bystander(hand: _Hand) -> Draft:
    """Somebody else in the room talks; every other time this caller has been heard before."""
    prompt = f"{hand.language}-offer"
    at_ms, caller_dbfs = hand.onset(prompt, 3_500), hand.loudness()
    below = float(hand.rng.uniform(12, 20))
    if hand.language == "zh":
        other = hand.one_of(hand.stage.clips.takes(("out_of_script",)))
        mine = [
            take for take in hand.stage.clips.takes(("affirm",)) if take.voice != other.voice and len(take.text) > 3
        ]
        before = hand.one_of(mine)
    else:
        names = hand.stage.english.names
        other = await hand.say(hand.word_of(_BYSTANDER_EN), names[0])
        before = await hand.say("hello this is me speaking", names[1])
    far = telephone_band(other.wave, 300.0, float(hand.rng.uniform(1800, 3200)))
    known = bool(hand.number // len(_ORDER) % 2)
    draft = _said(hand, replace(other, wave=far), at_ms, caller_dbfs - below, "bystander", "offer", "resume")
    return replace(
        draft,
        speech_ms=(),
        before=np.concatenate([level(before.wave, caller_dbfs), silence(_TAIL_MS)]) if known else None,
        what=f"{below:.0f} dB below the caller, {'heard before' if known else 'never heard'}",
    )


def _echo_of(hand: _Hand) -> Echo:
    return Echo(20 * int(hand.rng.integers(3, 16)), round(float(hand.rng.uniform(-25, -12)), 1))


async def _echo(hand: _Hand) -> Draft:
    prompt, echo = f"{hand.language}-offer", _echo_of(hand)
    wave = silence(hand.stage.prompts[prompt].duration_ms + echo.delay_ms + _TAIL_MS)
    what = f"echo {echo.delay_ms} ms, {echo.gain_db:.0f} dB"
    return Draft("echo", hand.language, wave, True, prompt, "ignore", echo=echo, noise_dbfs=hand.floor(), what=what)


async def _echo_talk(hand: _Hand) -> Draft:
    """This caller speaks, and the line has an echo."""
    echo = _echo_of(hand)
    draft = _said(
        hand, await _answer(hand), hand.onset(f"{hand.language}-offer"), hand.loudness(), "echo", "offer", "stop"
    )
    what = f"echo {echo.delay_ms} ms, {echo.gain_db:.0f} dB, with real talk"
    return replace(draft, echo=echo, complete=True, what=what)


async def _number(hand: _Hand) -> Draft:
    """Digits in groups, 400 to 900 ms between them."""
    rng = hand.rng
    sizes = ((4, 4, 3), (3, 4, 4), (3, 3, 4))[int(rng.integers(3))]
    if hand.language == "zh":
        groups = []
        for size in sizes:
            digits = [_DIGITS_ZH[int(rng.integers(len(_DIGITS_ZH)))] for _ in range(size)]
            takes = [levelled(hand.stage.clips.word(sentence, 0, 1, "yue-tan"), -20.0) for _, sentence in digits]
            groups.append(joined(takes, [float(rng.uniform(20, 60)) for _ in takes[1:]], "zh"))
    else:
        names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        voice = hand.word_of(hand.stage.english.names)
        groups = [await hand.say(" ".join(names[int(rng.integers(10))] for _ in range(size)), voice) for size in sizes]
    pauses = [float(rng.uniform(400, 900)) for _ in groups[1:]]
    take = joined(groups, pauses, hand.language)
    draft = _said(hand, take, hand.reaction(), hand.loudness(), "number", "number", "answer")
    return replace(draft, what="pauses " + ", ".join(f"{pause:.0f} ms" for pause in pauses))


async def _optout(hand: _Hand) -> Draft:
    """Said over the disclosure, which is never interrupted."""
    if hand.language == "zh":
        take = hand.one_of(hand.stage.clips.takes(("dnd",), noisy=True))
    else:
        take = await hand.say(hand.word_of(_OPT_OUT_EN))
    at_ms = hand.onset(f"{hand.language}-disclosure", 1_500)
    return _said(hand, take, at_ms, hand.loudness(), "optout_disclosure", "disclosure", "ignore")


async def _hesitation(hand: _Hand) -> Draft:
    """A hum, a pause to think, and then the answer: one turn."""
    pause = float(hand.rng.uniform(250, 450))
    answer = levelled(await _answer(hand), -20.0)
    hum = levelled(hummed(hand.rng, "嗯" if hand.language == "zh" else "mm", float(hand.rng.uniform(300, 500))), -24.0)
    take = replace(joined([hum, answer], [pause], hand.language), voice=answer.voice)
    draft = _said(hand, take, hand.reaction(), hand.loudness(), "hesitation", "ask", "answer")
    return replace(draft, what=f"thinks for {pause:.0f} ms")


_DRAWN: Mapping[str, Callable[[_Hand], Awaitable[Draft]]] = {
    "answer_over": _answer_over,
    "answer_whole": _answer_whole,
    "answer_free": _answer_free,
    "backchannel": _backchannel,
    "cough": _cough,
    "noise": _noise,
    "bystander": _bystander,
    "echo": _echo,
    "echo_talk": _echo_talk,
    "number": _number,
    "optout": _optout,
    "hesitation": _hesitation,
}

"""Ears and mouth: what every recogniser and every voice offers to `calls`. Ports are meant to last. Audio is 8 kHz mono int16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Abilities",
    "Final",
    "Hearing",
    "Language",
    "Partial",
    "Pcm",
    "Recogniser",
    "RecogniserStream",
    "RecognitionError",
    "Vocabulary",
    "Voice",
]

Pcm = npt.NDArray[np.int16]
Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a script expects to hear: every phrase and example by the place it belongs to, values of slots included.
    phrases: (text, weight); the language model is built from them and cached by `key`."""

    key: str
    language: Language
    phrases: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Partial:
    """The recogniser's text so far; at_ms on the stream's audio clock (frames pushed * 20)."""

    text: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Final:
    """An utterance. score: 0..1 how well it fits what the script expects; `text` is "" when it was nothing of it.
    alternatives: next best texts; raw: what the engine itself wrote."""

    text: str
    begin_ms: int
    end_ms: int
    score: float
    alternatives: tuple[str, ...] = ()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class RecognitionError:
    """The recogniser failed; the call goes on without ears until `recovered` or ends with a named cause. under_way: the utterance that
    has not ended yet is lost (no Final follows its end); else it stands for the Final of the oldest one that waits for its own."""

    message: str
    under_way: bool = False


Hearing = Partial | Final | RecognitionError


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an engine can do. name: for logs and settings; rate: Hz that it is sent (audio comes in at 8 kHz and is brought up for it);
    packet_ms: how much audio travels to it at a time; hotwords: it uses the words of `set_context`; dictation: it writes whatever is said
    (False: only what the script expects, and `Final.score` tells how well it fits); most_streams: how many it serves at once, None = no
    limit (a call has one, and one more until it is known who answered); final_repeats: when a short silence has passed, its last partial is
    all that was said, and the final only repeats it (an engine that hears in chunks is behind by one)."""

    name: str
    rate: int
    packet_ms: int
    hotwords: bool
    dictation: bool
    most_streams: int | None = None
    final_repeats: bool = False


class RecogniserStream(Protocol):
    """Ears of one call. Events come through the callback given to `Recogniser.open`, in the event loop."""

    def begin(self) -> None:
        """An utterance starts with the next frame."""

    def push(self, frame: Pcm) -> None:
        """20 ms; never blocks (a full queue drops the oldest and says so with RecognitionError)."""

    def end(self) -> None:
        """The utterance is over: exactly one Final (or RecognitionError) follows."""

    def set_context(self, phrases: tuple[str, ...], hotwords: tuple[str, ...] = ()) -> None:
        """What the current node expects; counts for the next utterance."""

    async def close(self) -> None: ...


class Recogniser(Protocol):
    """A recognition engine that serves many calls."""

    @property
    def abilities(self) -> Abilities: ...

    async def ready(self, vocabulary: Vocabulary) -> None:
        """Asked before anybody is rung: returns when it can hear. Raises ModelError or CallwrightError that says what is wrong and how to
        mend it."""

    async def open(self, vocabulary: Vocabulary, on_event: Callable[[Hearing], None]) -> RecogniserStream:
        """Ears for a call. Raises CallwrightError when it cannot serve one now."""

    async def aclose(self) -> None: ...


class Voice(Protocol):
    """A synthesiser. `name` goes into the cache key of a prompt."""

    name: str

    async def render(self, text: str) -> Pcm:
        """8 kHz mono int16. Raises ModelError when the engine is missing, CallwrightError when it fails."""

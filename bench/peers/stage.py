"""What both servers need of one call: its audio and what the stub recogniser hears when. Standard library only: it runs in their environments.

A caller opens a websocket as Twilio Media Streams does: `connected`, `start`, then 20 ms of mu-law per `media` message, both ways.
`start.customParameters.stage` is JSON: {"prompt": WAV, "reply": WAV, "sentences_ms": [...], "interruptible": true,
"hears": [[at_ms, text, final], ...]}.
The caller's audio begins with the first frame after a `mark` named `caller`; `at_ms` counts from there, by frames received, not by a clock.
"""

import json
import wave
from dataclasses import dataclass, field
from functools import lru_cache

FRAME_MS = 20
RATE = 8000


@lru_cache(maxsize=64)
def pcm(path):
    """The samples of a WAV file, 8 kHz mono int16, as bytes."""
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{path} is not 8 kHz mono 16 bit")
        return file.readframes(file.getnframes())


@dataclass
class Stage:
    """One call. prompt, reply: samples; sentences_ms: where the sentences of the prompt begin; hears: (at_ms, text, final) in order."""

    sid: str
    prompt: bytes
    reply: bytes
    sentences_ms: list
    hears: list
    interruptible: bool
    frames: int = field(default=-1)  # caller frames since the mark; -1: the caller's audio has not begun

    @classmethod
    def of(cls, start):
        """From the `start` message."""
        given = json.loads(start["start"]["customParameters"]["stage"])
        hears = sorted((at, text, bool(final)) for at, text, final in given["hears"])
        return cls(
            start["start"]["streamSid"],
            pcm(given["prompt"]),
            pcm(given["reply"]),
            given["sentences_ms"],
            hears,
            given["interruptible"],
        )

    def mark(self, name):
        """A `mark` message came."""
        if name == "caller":
            self.frames = 0

    def frame(self):
        """One frame of the caller's side came: its position since the mark (ms, its end), None before."""
        if self.frames < 0:
            return None
        self.frames += 1
        return self.frames * FRAME_MS

    def due(self, at_ms):
        """What the recogniser has to say up to here, each once: [(text, final)]."""
        said = []
        while self.hears and self.hears[0][0] <= at_ms:
            _, text, final = self.hears.pop(0)
            said.append((text, final))
        return said

    def sentence(self, at_ms):
        """Where the sentence of the prompt that is spoken at `at_ms` begins (ms)."""
        return max((begin for begin in self.sentences_ms if begin <= at_ms), default=0)

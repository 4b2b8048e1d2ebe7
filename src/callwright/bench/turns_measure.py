"""What one situation came to, from what the caller sent and what came back. Pure.

The robot's prompts are known byte for byte, so it is known what part of which prompt every packet holds. Times are the caller's: when a frame
left its socket, when a packet reached it (kernel).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from callwright.bench.situations import Situation
from callwright.bench.turns_score import Outcome

__all__ = ["Heard", "measure"]

_BYTES_MS = 8
_FRAME = 160
_NEEDLE = 800  # bytes by which a place in a prompt is known
_NEAR_MS = (-30.0, 60.0)  # where speech goes on, relative to a boundary
_SLIP = 480  # bytes that may be missing without a stop
_END = 480  # a prompt heard up to so many bytes before its end was said to its end
_EARLY_MS = 300.0  # a prompt that falls silent so long before the caller speaks did so in a pause of its own
_SILENT = np.array([0xD5, 0x55, 0xFF, 0x7F], np.uint8)  # the two smallest values of A-law and of mu-law

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Heard:
    """One call as the caller had it. sent_ns: when each frame of the situation's audio left; frame, came_ns, audio: the robot's packets
    (number by time stamp, arrival, shape (n, 160) G.711 bytes); first: number of the first that was no silence, -1 = none."""

    sent_ns: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]
    came_ns: npt.NDArray[np.int64]
    audio: Bytes
    first: int

    def stream(self) -> tuple[Bytes, npt.NDArray[np.int64]]:
        """All bytes from the first sound on, and the arrival of each frame. A number that is missing was never sent: a robot that is late
        goes on where it was."""
        order = np.argsort(self.frame, kind="stable")
        kept = order[self.frame[order] >= self.first]
        return self.audio[kept].reshape(-1), self.came_ns[kept]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The prompt from byte `offset` to byte `until`, heard from byte `begin` to byte `end` of the stream."""

    offset: int
    until: int
    begin: int
    end: int


def measure(
    one: Situation, heard: Heard, disclosure: bytes, prompt: bytes, boundaries_ms: Sequence[float], turns: int
) -> Outcome:
    """Compare what came with what could be said. disclosure: what every call begins with; prompt: the situation's; both G.711; boundaries_ms:
    where the prompt may be taken up again; turns: how many turns the robot took, from its log."""
    if heard.first < 0 or not len(heard.sent_ns):
        return Outcome(one.id, fault="the situation did not begin")
    stream, came = heard.stream()
    expected = 0 if one.prompt.endswith("-disclosure") else len(disclosure)
    stretches, reply = _walk(stream, expected, np.frombuffer(prompt, np.uint8))
    if not stretches or stretches[0].offset > _NEEDLE:
        return Outcome(one.id, fault="the prompt was not heard from its beginning")
    begin_ns, end_ns = _speech(one, heard)
    stops = [stretch for stretch in stretches if stretch.until < len(prompt) - _END]
    silent_ms = [(_silent_ns(stream, came, stretch.end) - begin_ns) / 1e6 for stretch in stops]
    after = [at for at in silent_ms if at >= -_EARLY_MS]
    again = [stretch.offset / _BYTES_MS for stretch in stretches[1:]]
    return Outcome(
        one.id,
        stop_ms=max(0.0, after[0]) if after else None,
        resumed=bool(after) and stretches[-1] not in stops,
        resume_at_boundary=all(_near(place, boundaries_ms) for place in again) if again else None,
        turn_ms=(int(came[reply // _FRAME]) - end_ns) / 1e6 if reply is not None else None,
        ended_turns=turns,
        early_stops=len(silent_ms) - len(after),
    )


def _near(place_ms: float, boundaries_ms: Sequence[float]) -> bool:
    return any(_NEAR_MS[0] <= place_ms - mark <= _NEAR_MS[1] for mark in boundaries_ms)


def _speech(one: Situation, heard: Heard) -> tuple[int, int]:
    """When the frames with the first and the last voice of the caller (of a bystander, of the whole audio) were sent."""
    spans = (
        one.speech_ms or tuple((word.begin_ms, word.end_ms) for word in one.words) or ((0, len(heard.sent_ns) * 20),)
    )
    first, last = spans[0][0] // 20, (spans[-1][1] - 1) // 20
    return int(heard.sent_ns[min(first, len(heard.sent_ns) - 1)]), int(heard.sent_ns[min(last, len(heard.sent_ns) - 1)])


def _silent_ns(stream: Bytes, came: npt.NDArray[np.int64], end: int) -> int:
    """When what was heard up to a byte had sounded: the last packet with a sound has come, and been played."""
    sounds = np.flatnonzero(~np.isin(stream[:end], _SILENT))
    last = int(sounds[-1]) // _FRAME if len(sounds) else 0
    return int(came[last]) + 20_000_000


def _walk(stream: Bytes, expected: int, prompt: Bytes) -> tuple[list[_Stretch], int | None]:
    """The stretches of the prompt in the stream, from where it is expected, and where something else is said after them."""
    stretches: list[_Stretch] = []
    at = _sound(stream, max(0, expected - 2 * _FRAME) if expected else 0)
    while at is not None:
        place = _place(stream, at, prompt)
        if place is None:
            if stretches:
                return stretches, at
            at = _sound(stream, at + _FRAME) if at < expected + 50 * _FRAME else None
            continue
        count = _alike(stream[at:], prompt[place:])
        one = _Stretch(place, place + count, at, at + count)
        last = stretches[-1] if stretches else None
        if last is not None and one.begin - last.end <= _SLIP and 0 <= one.offset - last.until <= _SLIP:
            stretches[-1] = replace(last, until=one.until, end=one.end)  # a packet was lost, nothing else
        else:
            stretches.append(one)
        at = _sound(stream, one.end)
    return stretches, None


def _sound(stream: Bytes, begin: int) -> int | None:
    """The first byte from there on that is no silence."""
    loud = np.flatnonzero(~np.isin(stream[begin:], _SILENT))
    return begin + int(loud[0]) if len(loud) else None


def _place(stream: Bytes, at: int, prompt: Bytes) -> int | None:
    """Where in the prompt this is."""
    found = prompt.tobytes().find(stream[at : at + _NEEDLE].tobytes())
    return found if found >= 0 else None


def _alike(ours: Bytes, theirs: Bytes) -> int:
    """How many bytes are the same from the beginning on."""
    count = min(len(ours), len(theirs))
    other = np.flatnonzero(ours[:count] != theirs[:count])
    return int(other[0]) if len(other) else count

"""What waits to be decoded by one worker process: who is waited for comes first, audio that had to wait is joined. Pure."""

from __future__ import annotations

from collections import deque

import numpy as np

from callwright.speech.asr.frames import HEADER, Kind, unpack_header

__all__ = ["Backlog"]

_MOST_JOINED = 3840  # bytes: 240 ms, about as long as a pause before it is looked at
_LITTLE = 1920  # bytes: 120 ms, as often as partials are told
_QUIET = 25.0  # times less power than the loudest packet lately (14 dB, about as `pauses.py`): the caller pauses
_FADES = 0.98  # each packet: a bump is not for the whole utterance what is loud


class Backlog:
    """`feed` takes bytes as they come; `next` gives the message to handle.

    The messages of a stream keep their order. A stream whose utterance has ended is served before all others, since somebody waits for an
    answer; then one whose caller has just fallen silent, since an answer may be due; then those for which more waits than a little audio, else
    the oldest message. So where there is more to do than time, those wait who are in the middle of a sentence, and what waits for them is
    done at once, for less than in small parts (docs/adr/0019). Audio of a stream that lies one behind the other is joined, up to 240 ms. What
    still waits of an utterance that is dropped is not handled at all.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._order: deque[int] = deque()  # the stream of each message that waits, oldest first
        self._streams: dict[int, deque[tuple[Kind, bytes]]] = {}
        self._ended: deque[int] = deque()  # streams with an end that waits
        self._full: dict[int, None] = {}  # streams for which more waits than a little audio
        self._loudest: dict[int, float] = {}  # power of a sample in the loudest packet of a stream lately
        # Streams whose newest packet is quiet, while something waits for them; taken in turns.
        self._pausing: dict[int, None] = {}

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._order)

    @property
    def awaited(self) -> bool:
        """Whether an utterance that is over waits for its result."""
        return bool(self._ended)

    @property
    def due(self) -> bool:
        """Whether anything waits but a little audio of callers who are in the middle of a sentence."""
        return bool(self._ended or self._pausing or self._full)

    def feed(self, some: bytes) -> None:
        """Raises ValueError: a message is none."""
        self._bytes += some
        at = 0
        while len(self._bytes) - at >= HEADER.size:
            kind, number, length = unpack_header(bytes(self._bytes[at : at + HEADER.size]))
            end = at + HEADER.size + length
            if end > len(self._bytes):
                break
            self._put(kind, number, bytes(self._bytes[at + HEADER.size : end]))
            at = end
        del self._bytes[:at]

    def next(self) -> tuple[Kind, int, bytes]:
        """Raises IndexError: nothing waits."""
        if not self._order:
            raise IndexError("nothing waits")
        number = next(iter(self._ended or self._pausing or self._full or self._order))
        self._order.remove(number)  # its oldest
        waiting = self._streams[number]
        kind, body = waiting.popleft()
        if kind is Kind.END:
            self._ended.remove(number)
        if not waiting:
            del self._streams[number]
            self._pausing.pop(number, None)
        if not waiting or (len(waiting) == 1 and _little(*waiting[0])):
            self._full.pop(number, None)
        return kind, number, body

    def _put(self, kind: Kind, number: int, body: bytes) -> None:
        waiting = self._streams.setdefault(number, deque())
        if kind is Kind.AUDIO:
            self._listen(number, body)
        elif kind in {Kind.BEGIN, Kind.CLOSE, Kind.DROP}:
            self._loudest.pop(number, None)
            self._pausing.pop(number, None)
            self._never_mind(number, waiting)
        if kind is Kind.AUDIO and waiting and waiting[-1][0] is Kind.AUDIO:
            joined = waiting[-1][1] + body
            if len(joined) <= _MOST_JOINED:
                waiting[-1] = (kind, joined)
                if not _little(kind, joined):
                    self._full.setdefault(number)
                return
        waiting.append((kind, body))
        if len(waiting) > 1 or not _little(kind, body):
            self._full.setdefault(number)
        self._order.append(number)
        if kind is Kind.END:
            self._ended.append(number)

    def _never_mind(self, number: int, waiting: deque[tuple[Kind, bytes]]) -> None:
        """Audio of an utterance that has no end: nobody wants to know what it was."""
        while waiting and waiting[-1][0] is Kind.AUDIO:
            waiting.pop()
            del self._order[max(at for at, one in enumerate(self._order) if one == number)]

    def _listen(self, number: int, body: bytes) -> None:
        """Whether the caller of this stream has fallen silent."""
        pcm = np.frombuffer(body, np.int16, len(body) // 2).astype(np.float32)
        power = float(pcm @ pcm) / max(1, len(pcm))
        loudest = max(power, self._loudest.get(number, 0.0) * _FADES)
        self._loudest[number] = loudest
        if power * _QUIET < loudest:
            self._pausing.setdefault(number)
        else:
            self._pausing.pop(number, None)


def _little(kind: Kind, body: bytes) -> bool:
    return kind is Kind.AUDIO and len(body) < _LITTLE

"""Keys as RFC 4733 telephone-events, both ways. Sans-IO: one step a tick out, one call a packet in."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from callwright.errors import LineError
from callwright.telephony.port import FRAME_SAMPLES
from callwright.telephony.rtp.packet import KEYS, KeyEvent

__all__ = ["KeyReceiver", "KeySender", "OutEvent"]

_TICKS = 5  # 100 ms a key
_END_COPIES = 3  # RFC 4733 section 2.5.1.4
_GAP_TICKS = 3  # 60 ms of audio between keys, so that a receiver hears two
_SPLIT = 0xFFFF


class OutEvent(NamedTuple):
    """One telephone-event packet to send: its timestamp is that of the beginning of the key."""

    event: KeyEvent
    timestamp: int
    marker: bool


class KeySender:
    """Keys waiting to be sent: per key 4 updates and 3 copies of the end, one packet a tick, all with one timestamp."""

    __slots__ = ("_began", "_gap", "_step", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._step = 0
        self._began = 0
        self._gap = 0

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or self._gap > 0

    def send(self, digits: str) -> None:
        """Queue keys 0-9 * # A-D. Raises LineError naming the first that is none, and then queues nothing."""
        codes = []
        for digit in digits.upper():
            code = KEYS.find(digit)
            if code < 0:
                raise LineError(f"DTMF: {digit!r} is no telephone key (0-9, *, #, A-D)")
            codes.append(code)
        self._waiting.extend(codes)

    def clear(self) -> None:
        """Forget keys that wait (the peer no longer takes events)."""
        self._waiting.clear()
        self._step = self._gap = 0

    def step(self, timestamp: int) -> OutEvent | None:
        """The packet of this tick, or None: send audio."""
        if self._gap:
            self._gap -= 1
            return None
        if not self._waiting:
            return None
        if self._step == 0:
            self._began = timestamp
        self._step += 1
        ended = self._step >= _TICKS
        event = KeyEvent(self._waiting[0], min(self._step, _TICKS) * FRAME_SAMPLES, ended)
        out = OutEvent(event, self._began, self._step == 1)
        if self._step == _TICKS + _END_COPIES - 1:
            self._waiting.popleft()
            self._step = 0
            self._gap = _GAP_TICKS
        return out


class KeyReceiver:
    """Tells each key press once, at its first packet that arrives, however many packets of it are lost, doubled or reordered."""

    __slots__ = ("_event", "_timestamp")

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._event = KeyEvent(0, 0, True)

    def reset(self) -> None:
        """A new source with its own timestamps."""
        self._timestamp = None
        self._event = KeyEvent(0, 0, True)

    def receive(self, event: KeyEvent, timestamp: int, marker: bool) -> str | None:
        """The key, when this packet is the first of a press."""
        if event.code >= len(KEYS):
            return None
        if self._timestamp is None:
            self._begin(event, timestamp)
            return KEYS[event.code]
        step = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        if step < 0:
            return None  # a straggler of an earlier press
        if step == 0:
            if event.duration >= self._event.duration:
                self._event = event._replace(end=event.end or self._event.end)
            return None
        same = event.code == self._event.code and not marker and not self._event.end and self._goes_on(event, step)
        self._begin(event, timestamp)
        return None if same else KEYS[event.code]

    def _goes_on(self, event: KeyEvent, step: int) -> bool:
        """A held key under a new timestamp: split at 65,535 units (section 2.5.1.3), or a sender that moves the timestamp with the
        duration of every packet (seen in gateways)."""
        return step == _SPLIT or step == event.duration - self._event.duration

    def _begin(self, event: KeyEvent, timestamp: int) -> None:
        self._timestamp = timestamp
        self._event = event

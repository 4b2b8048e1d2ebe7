"""Server-sent events out of bytes (WHATWG HTML, section 9.2.6). Pure: give it the pieces as they come."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

__all__ = ["Event", "Events"]

_LONGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """name: `message` when none is given."""

    name: str
    data: str


@dataclass
class Events:
    """Of one stream. Comments, ids and `retry` are left out: who reconnects asks for all of it again."""

    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )
    _rest: str = ""
    _cr: bool = False
    _begun: bool = False
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes.

        Raises:
            ValueError: a line is longer than 4 MB; this is no stream of events of ours.
        """
        text = self._decoder.decode(piece)
        if text and not self._begun:
            text, self._begun = text.removeprefix("\ufeff"), True
        if self._cr and text:
            text, self._cr = text.removeprefix("\n"), False
        if text.endswith("\r"):
            self._cr = True
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(self._rest) > _LONGEST:
            raise ValueError("a line of events is too long")
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: str) -> Event | None:
        if not line:
            event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None

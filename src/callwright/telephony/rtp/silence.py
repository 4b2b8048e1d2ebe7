"""The watch that tells when a far side that should send has fallen silent."""

from __future__ import annotations

import time
from collections.abc import Callable

from callwright.telephony.rtp.session import Session

__all__ = ["SilenceWatch"]


class SilenceWatch:
    """`begin` and `restart` belong to the event loop, `look` to the tick thread. post: calls back in the event loop."""

    def __init__(self, session: Session, post: Callable[[Callable[[], None]], None]) -> None:
        self._session = session
        self._post = post
        self._watch: tuple[float, Callable[[], None]] | None = None
        self._from_ms = 0.0

    @property
    def on(self) -> bool:
        return self._watch is not None

    def begin(self, timeout_ms: int, callback: Callable[[], None]) -> None:
        """Call back, once, when no valid packet came for timeout_ms while the peer should send. 0 = stop watching."""
        self.restart()
        self._watch = (timeout_ms, callback) if timeout_ms > 0 else None

    def restart(self) -> None:
        """Silence counts from now on."""
        self._from_ms = time.monotonic() * 1000

    def look(self, now_ms: float) -> None:
        """Once a tick."""
        watch = self._watch
        if watch is None or not self._session.receiving or self._session.comfort.noise is not None:
            return  # who says that it is silent is not dead
        if now_ms - max(self._from_ms, self._session.stats.last_packet_ms) >= watch[0]:
            self._watch = None
            self._post(watch[1])

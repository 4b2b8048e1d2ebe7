"""Keys pressed by INFO (`application/dtmf-relay`), for a far side that did not agree to telephone-event: one after the other."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import ref

from callwright.errors import LineError
from callwright.telephony.sip.wire import Request, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.call import Call

__all__ = ["KeyPresses"]

PRESSED_MS = 160
PAUSE_MS = 100
MOST = 100

_KEYS = re.compile(r"[0-9A-D*#]*")


class KeyPresses:
    """Keys wait until the one before was answered and is over. A far side that does not take them loses the rest.

    running: the INFO under way.
    """

    __slots__ = ("_owner", "_pausing", "_waiting", "running")

    def __init__(self, call: Call) -> None:
        self.running: Request | None = None
        self._owner = ref(call)
        self._waiting = ""
        self._pausing = False

    @property
    def _call(self) -> Call:
        call = self._owner()
        assert call is not None, "only a call asks its own parts for anything"
        return call

    def press(self, digits: str, now_ms: int) -> None:
        """Press `digits` (0-9, A-D, *, #) behind those that wait.

        Raises:
            LineError: other letters, more than 100 waiting, the call is not up, or its far side says that it takes no INFO.
        """
        if not _KEYS.fullmatch(digits) or len(self._waiting) + len(digits) > MOST:
            raise LineError(f"keys are 0-9, A-D, * and #, at most {MOST} at a time")
        if self._call.state != "answered":
            raise LineError("keys are pressed in a call that is up")
        if not self._call.may_take("INFO"):
            raise LineError("the far side takes neither telephone-event nor INFO")
        self._waiting += digits
        self._go(now_ms)

    def _go(self, now_ms: int) -> None:
        call = self._call
        if not self._waiting or self.running is not None or self._pausing:
            return
        if call.state != "answered" or call.dialog is None or not call.confirmed:
            self._waiting = "" if call.state != "answered" else self._waiting
            return
        key, self._waiting = self._waiting[0], self._waiting[1:]
        body = f"Signal={key}\r\nDuration={PRESSED_MS}\r\n".encode()
        info = call.make_in(call.dialog, "INFO", (("Content-Type", "application/dtmf-relay"),))
        self.running = replace(info, body=body)
        call.agent.start_client(self.running, call.dialog.next_hop(), call, now_ms)

    def on_response(self, response: Response, now_ms: int) -> None:
        """The INFO under way was answered."""
        if response.code < 200:
            return
        self.running = None
        if response.code >= 300:
            self._waiting = ""
            return
        self._pausing = True
        self._call.set_timer("keys", now_ms + PRESSED_MS + PAUSE_MS, self._over)

    def on_failure(self) -> None:
        """Nobody answered it."""
        self.running, self._waiting = None, ""

    def _over(self, now_ms: int) -> None:
        self._pausing = False
        self._go(now_ms)

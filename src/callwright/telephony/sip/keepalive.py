"""OPTIONS to the trunk at regular times: is it there, and how long does it take to answer (RFC 3261 section 11)? Sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.fields import host_text
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.outside import Asker
from callwright.telephony.sip.wire import Response

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["Health", "Keepalive"]

_UNWILLING = frozenset((408, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Health:
    """alive: None = not known yet. Any answer shows a trunk that is there, but for those that say it cannot serve (503 and the like).

    round_trip_ms: of the last answer; failures: in a row.
    """

    alive: bool | None = None
    at_ms: int = 0
    code: int = 0
    round_trip_ms: int = 0
    failures: int = 0


class Keepalive(Asker):
    """Made by `Agent.watch`. Asks every `interval_ms`, whether or not the last one was answered; `on_change` hears of every result.

    patience_ms: how long an answer may take (0 = 32 s).
    """

    def __init__(
        self,
        agent: Agent,
        hop: Hop,
        interval_ms: int,
        on_change: Callable[[], None],
        account: Account,
        patience_ms: int = 0,
    ) -> None:
        self._target = f"sip:{host_text(hop.host)}:{hop.port}"
        domain = host_text(account.domain or agent.identity.host)
        super().__init__(agent, hop, self._target, f"sip:{agent.identity.user}@{domain}", account)
        self.health = Health()
        self._interval_ms = interval_ms
        self._patience_ms = patience_ms
        self._asked_ms = 0
        self._on_change = on_change

    def move(self, hop: Hop) -> None:
        """Ask another server from now on."""
        self.hop = hop
        self._target = self._uri = f"sip:{host_text(hop.host)}:{hop.port}"

    def start(self, now_ms: int) -> None:
        """Ask now, and from now on."""
        self.agent.timers.set(self, now_ms + self._interval_ms, self.start)
        if not self.busy:
            self._asked_ms = now_ms
            if self._patience_ms:
                self.agent.timers.set((self, "patience"), now_ms + self._patience_ms, self.give_up)
            self.ask("OPTIONS", self._target, (("Accept", "application/sdp"),), now_ms)

    def close(self) -> None:
        """Ask no more."""
        self.agent.timers.cancel(self)
        self.agent.timers.cancel((self, "patience"))

    def answered(self, response: Response, now_ms: int) -> None:
        alive = response.code not in _UNWILLING
        failures = 0 if alive else self.health.failures + 1
        self.health = Health(alive, now_ms, response.code, now_ms - self._asked_ms, failures)
        self._on_change()

    def unanswered(self, kind: str, now_ms: int) -> None:
        self.health = replace(self.health, alive=False, at_ms=now_ms, code=0, failures=self.health.failures + 1)
        self._on_change()

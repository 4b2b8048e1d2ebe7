"""REGISTER (RFC 3261 section 10): keep our address known to a registrar, renew it in time, take it back at the end. Sans-IO."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callwright.errors import WireError
from callwright.telephony.sip.accounts import Account
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.outside import Asker
from callwright.telephony.sip.wire import Headers, Response

if TYPE_CHECKING:
    from callwright.telephony.sip.agent import Agent

__all__ = ["Registration", "RegistrationStatus"]

FIRST_WAIT_MS = 2_000
LONGEST_WAIT_MS = 300_000
LONGEST_S = 604_800
LATEST = 0.8
EARLIEST = 0.7

_SECONDS = re.compile(r"\s*(\d{1,10})(?:\D.*)?")
_EXPIRES = re.compile(r";\s*expires\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RegistrationStatus:
    """state: `registering` (also while renewing), `registered`, `failed` (waiting to try again), `closing`, `closed`.

    code, reason: what the registrar said last (0 = it did not answer); expires_at_ms: until when we are known; failures in a row.
    """

    state: Literal["registering", "registered", "failed", "closing", "closed"]
    at_ms: int
    expires_at_ms: int = 0
    code: int = 0
    reason: str = ""
    failures: int = 0


class Registration(Asker):
    """Made by `Agent.register`. user, registrar: `sip:user@registrar` (host or host:port) is made known;
    `on_change` hears of every new status.
    """

    def __init__(
        self,
        agent: Agent,
        user: str,
        registrar: str,
        hop: Hop,
        expires_s: int,
        on_change: Callable[[], None],
        account: Account,
    ) -> None:
        self._aor = f"sip:{user}@{registrar}"
        parse_uri(self._aor)
        super().__init__(agent, hop, f"sip:{registrar}", self._aor, account)
        self.status = RegistrationStatus("registering", 0)
        self._expires_s = expires_s
        self._raised = 0
        self._closing = False
        self._on_change = on_change

    def start(self, now_ms: int) -> None:
        """Register now."""
        self._register(now_ms)

    def close(self, now_ms: int) -> None:
        """Take the address back (Expires: 0); `closed` follows at once when we are not known. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        self.agent.timers.cancel(self)
        if self.busy:
            return  # what is under way comes first: a registrar must not see both out of order
        self._take_back(now_ms)

    def _take_back(self, now_ms: int) -> None:
        if self.status.expires_at_ms <= now_ms:
            self._set(RegistrationStatus("closed", now_ms))
            return
        self._set(RegistrationStatus("closing", now_ms, self.status.expires_at_ms))
        self.ask("REGISTER", self._aor, (("Expires", "0"),), now_ms)

    def _register(self, now_ms: int) -> None:
        before = self.status
        self._set(
            RegistrationStatus("registering", now_ms, before.expires_at_ms, before.code, before.reason, before.failures)
        )
        extra: Headers = (("Expires", str(self._expires_s)),)
        self.ask("REGISTER", self._aor, extra, now_ms)

    def _set(self, status: RegistrationStatus) -> None:
        self.status = status
        self._on_change()

    # ------------------------------------------------------------ answers

    def answered(self, response: Response, now_ms: int) -> None:
        if self.status.state == "closing":
            self._set(RegistrationStatus("closed", now_ms, code=response.code, reason=response.reason))
        elif response.code < 300:
            self._on_success(response, now_ms)
        elif response.code == 423 and self._longer(response):
            self._register(now_ms)
        else:
            self._failed(response.code, response.reason, _seconds(response.get("retry-after")) or 0, now_ms)

    def _on_success(self, response: Response, now_ms: int) -> None:
        granted = self._granted(response)
        self._raised = 0
        if not granted:
            self._failed(response.code, "the registrar keeps no contact of ours", 0, now_ms)
            return
        self._set(RegistrationStatus("registered", now_ms, now_ms + granted * 1000, response.code, response.reason))
        if self._closing:
            self._take_back(now_ms)
            return
        share = EARLIEST + (LATEST - EARLIEST) * self._chance()
        self.agent.timers.set(self, now_ms + int(granted * 1000 * share), self._register)

    def _granted(self, response: Response) -> int:
        """Seconds granted to our own contact, else those of Expires, else what we asked for (section 10.2.4)."""
        contacts = response.items("contact")
        mine = [item for item in contacts if _address(item) == _address(self.agent.contact)]
        if contacts and not mine:
            return 0
        match = _EXPIRES.search(mine[0]) if mine else None
        seconds = int(match[1]) if match else _seconds(response.get("expires"))
        return min(self._expires_s if seconds is None else seconds, LONGEST_S)

    def _longer(self, response: Response) -> bool:
        least = _seconds(response.get("min-expires"))
        self._raised += 1
        if least is None or not self._expires_s < least <= LONGEST_S or self._raised > 3:
            return False
        self._expires_s = least
        return True

    def unanswered(self, kind: str, now_ms: int) -> None:
        if self.status.state == "closing":
            self._set(RegistrationStatus("closed", now_ms))
        else:
            self._failed(0, "no answer" if kind == "timeout" else "could not be sent", 0, now_ms)

    def _failed(self, code: int, reason: str, retry_after_s: int, now_ms: int) -> None:
        """Try again later: twice as long each time, spread over half of it (RFC 5626 section 4.5), not before Retry-After."""
        failures = self.status.failures + 1
        self._set(RegistrationStatus("failed", now_ms, self.status.expires_at_ms, code, reason, failures))
        if self._closing:
            self._take_back(now_ms)
            return
        longest = min(FIRST_WAIT_MS * 2 ** min(failures - 1, 20), LONGEST_WAIT_MS)
        wait = max(int(longest * (0.5 + 0.5 * self._chance())), min(retry_after_s, 3_600) * 1000)
        self.agent.timers.set(self, now_ms + wait, self._register)

    def _chance(self) -> float:
        return int(self.agent.new_id()[:8], 16) / 0xFFFFFFFF


def _seconds(value: str) -> int | None:
    match = _SECONDS.fullmatch(value)
    return int(match[1]) if match else None


def _address(contact: str) -> tuple[str, str, int]:
    """User, host and port of a contact: what makes it ours, whatever the registrar added."""
    text = contact.partition("<")[2].partition(">")[0] or contact.partition(";")[0]
    try:
        uri = parse_uri(text)
    except WireError:
        return "", "", 0
    return uri.user, uri.host, uri.port or 5060

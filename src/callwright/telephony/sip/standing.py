"""How a line that was opened for one provider stands with it: its registration, and whether the proxy answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callwright.errors import LineError, WireError
from callwright.telephony.sip.agent import Agent
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.hops import Hop
from callwright.telephony.sip.keepalive import Health, Keepalive
from callwright.telephony.sip.locate import place_of
from callwright.telephony.sip.reach import Reach
from callwright.telephony.sip.registration import Registration, RegistrationStatus

__all__ = ["Standing"]


class Standing:
    """Nothing is kept up until `register` or `watch` asks for it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._told = asyncio.Event()
        self._registration: Registration | None = None
        self._keepalive: Keepalive | None = None

    @property
    def registration(self) -> RegistrationStatus | None:
        """How our registration stands; None without."""
        return self._registration.status if self._registration else None

    @property
    def health(self) -> Health | None:
        """What the last OPTIONS to the proxy found; None without keep-alive."""
        return self._keepalive.health if self._keepalive else None

    async def changed(self) -> None:
        """Wait until `registration` or `health` may have changed."""
        self._told.clear()
        await self._told.wait()

    def watch(self, proxy: Hop, interval_ms: int, now_ms: int) -> None:
        """Ask the proxy by OPTIONS from now on."""
        self._keepalive = self._agent.watch(proxy, interval_ms, now_ms, self._told.set)

    async def register(
        self, address: str, proxy: Hop | None, reach: Reach, expires_s: int, now_ms: Callable[[], int]
    ) -> None:
        """Keep `user@registrar` registered, by way of the proxy, else of the registrar's host.

        Raises:
            LineError: the address is not written so, or its host does not resolve.
        """
        user, at, registrar = address.rpartition("@")
        try:
            place = parse_uri(f"sip:{registrar}")
            if not at or not user:
                raise WireError("no user")
            hop = proxy or (await reach.find(place_of(place)))[0]
            self._registration = self._agent.register(user, registrar, hop, expires_s, now_ms(), self._told.set)
        except WireError as error:
            raise LineError("`register` is written user@registrar") from error

    def close(self, now_ms: int) -> None:
        """Take the registration back, ask no more."""
        if self._registration is not None:
            self._registration.close(now_ms)
        if self._keepalive is not None:
            self._keepalive.close()

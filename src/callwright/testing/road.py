"""The road between lines of ours and telephones: direct, or through relays that lose, repeat and reorder a tenth of everything.

On the bad road each line has a relay of its own for SIP (`lossy_proxy`), and one for audio when its engine is a real one (`lossy_media`).
Telephones name the address they are bound to in their Contact and cannot be told another, so the relay renames it: requests within the
dialog pass through as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from callwright.telephony.port import DialOrder
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import MediaEngine
from callwright.testing.lossy_media import LossyMedia
from callwright.testing.lossy_proxy import LINE_FACE, LossyProxy, Passage
from callwright.testing.sipp import CALLEE, HOST, permit

__all__ = ["ROADS", "Road"]

ROADS = ("direct", "lossy")


class Road:
    """kind: one of ROADS; host: the address lines and telephones are bound to; seed: of the relays.

    sip, audio: what each line's relays counted, outward and inward."""

    def __init__(self, kind: str, host: str = HOST, seed: str = "road") -> None:
        assert kind in ROADS
        self.lossy = kind == "lossy"
        self.us = LINE_FACE if self.lossy else host
        self.sip: list[tuple[Passage, Passage]] = []
        self.audio: list[tuple[Passage, Passage]] = []
        self._host, self._seed = host, seed
        self._proxies: dict[int, LossyProxy] = {}

    @asynccontextmanager
    async def line(self, engine: MediaEngine, **settings: Any) -> AsyncIterator[SipLine]:
        """A line of ours, as `SipLine.open` makes it; telephones reach it at `us` and its port."""
        async with AsyncExitStack() as stack:
            if self.lossy:
                seed = f"{self._seed} {len(self.sip)}"
                proxy = await stack.enter_async_context(LossyProxy.open(seed, host=self._host, rename=True))
                self._proxies[proxy.line_port] = proxy
                self.sip.append((proxy.outward, proxy.inward))
                settings |= {"port": proxy.line_port, "advertise": self.us}
                if isinstance(engine, RtpEngine):
                    engine = media = await stack.enter_async_context(LossyMedia.of(engine, seed))
                    self.audio.append((media.outward, media.inward))
            yield await stack.enter_async_context(SipLine.open(self._host, engine=engine, **settings))

    async def order(self, line: SipLine, port: int, call_id: str = "attempt-1", **changes: Any) -> DialOrder:
        """An order for the telephone at `port`; `changes` are further fields of DialOrder."""
        return DialOrder(permit(), await self.uri(line, port), call_id, **changes)

    async def uri(self, line: SipLine, port: int) -> str:
        """The telephone at `port`, as this line reaches it."""
        host, at = (self._host, port)
        if self.lossy:
            host, at = await self._proxies[line.address[1]].face((self._host, port))
        return f"sip:{CALLEE}@{host}:{at}"

    def ours(self, line: SipLine, user: str = "robot") -> str:
        """A line of ours, as everybody else reaches it."""
        return f"sip:{user}@{self.us}:{line.address[1]}"

    def check(self) -> None:
        """Every relay carried something, and together they lost some of it."""
        both = [passage for pair in self.sip for passage in pair]
        assert all(passage.carried for passage in both), both
        assert not self.lossy or any(passage.lost + passage.repeated + passage.reordered for passage in both), both

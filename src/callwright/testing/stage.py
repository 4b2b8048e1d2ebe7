"""Where one scenario of sipp is played: a line of ours, sipp, and between them nothing, or a relay that loses, repeats and reorders.

Through the relay sipp plays a copy of the scenario (see `scenario`), in which its Via and Contact name the face the line knows it by. A
message it did not wait for (a copy that came late) does not fail the call, and after its last step it goes on answering copies.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from callwright.telephony.port import DialOrder, LegAnswered, LegEnded, LegEvent
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.leg import MediaEngine, SipLeg
from callwright.testing.lossy_proxy import LINE_FACE, LossyProxy
from callwright.testing.media import FakeMediaEngine
from callwright.testing.scenario import PLAYED, for_lossy_network
from callwright.testing.sipp import CALLEE, HOST, Sipp, free_port, permit, sipp

__all__ = ["AS_WRITTEN", "Player", "Stage", "answered", "follow", "rest", "until"]

AS_WRITTEN: Mapping[str, str] = MappingProxyType({})
_TOLERANT = ("-default_behaviors", "all,-abortunexp")
_LOG = "played.log"


@dataclass
class Player:
    """sipp playing a scenario. address: where the line reaches it; log: what its `<log>` actions wrote; linger: it goes on answering copies
    after its last step."""

    process: Sipp
    address: tuple[str, int]
    calls: int
    log: Path
    linger: bool

    async def passed(self) -> None:
        """The scenario was played to its end as written, by every call. Raises AssertionError with what sipp says."""
        if not self.linger:
            await self.process.passed()
            return
        while self.process.process.returncode is None:
            if self.log.exists() and self.log.read_text().count(PLAYED) >= self.calls:
                return
            await asyncio.sleep(0.02)
        await self.process.passed()


class Stage:
    """One scenario's surroundings; `async with` opens and frees the relay. seed: of the relay; scenarios: folder of the files."""

    def __init__(self, folder: Path, scenarios: Path, *, lossy: bool = False, seed: str = "") -> None:
        self.lossy = lossy
        self.proxy: LossyProxy | None = None
        self.engine = FakeMediaEngine()
        self._folder = folder
        self._scenarios = scenarios
        self._seed = seed
        self._stack = AsyncExitStack()
        self._count = 0

    async def __aenter__(self) -> Stage:
        if self.lossy:
            self.proxy = await self._stack.enter_async_context(LossyProxy.open(self._seed))
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._stack.aclose()

    @property
    def us(self) -> str:
        """The address in our Via and Contact."""
        return LINE_FACE if self.lossy else HOST

    @asynccontextmanager
    async def line(self, engine: MediaEngine | None = None, **settings: Any) -> AsyncGenerator[SipLine, None]:
        """A line of ours, as `SipLine.open` makes it; its peers know it by `us`."""
        if self.proxy is not None:
            settings |= {"port": self.proxy.line_port, "advertise": self.us}
        async with SipLine.open(HOST, engine=engine or self.engine, **settings) as line:
            yield line

    @asynccontextmanager
    async def sipp(
        self, scenario: str, *arguments: str, calls: int = 1, port: int = 0, change: Mapping[str, str] = AS_WRITTEN
    ) -> AsyncGenerator[Player, None]:
        """sipp that waits to be called. scenario: name of a file without `.xml`; change: text in it, and what stands there instead."""
        port = port or free_port()
        address = await self.proxy.face((HOST, port)) if self.proxy else (HOST, port)
        text = self._read(scenario, change)
        async with self._play(text, (), arguments, calls, port, address) as player:
            yield player

    @asynccontextmanager
    async def caller(
        self, line: SipLine, scenario: str, *arguments: str, calls: int = 1, change: Mapping[str, str] = AS_WRITTEN
    ) -> AsyncGenerator[Player, None]:
        """sipp that calls `line`. scenario: name of a file without `.xml`, or a whole text."""
        port = free_port()
        address = await self.proxy.face((HOST, port)) if self.proxy else (HOST, port)
        target = f"{self.us}:{line.address[1]}"
        text = self._read(scenario, change)
        async with self._play(text, (target,), arguments, calls, port, address) as player:
            yield player

    @asynccontextmanager
    async def _play(
        self,
        text: str,
        target: tuple[str, ...],
        arguments: tuple[str, ...],
        calls: int,
        port: int,
        address: tuple[str, int],
    ) -> AsyncGenerator[Player, None]:
        self._count += 1
        folder = self._folder / f"sipp-{self._count}"
        folder.mkdir()
        path, log = folder / "scenario.xml", folder / _LOG
        path.write_text(for_lossy_network(text, address) if self.lossy else text, encoding="latin-1")
        more = ("-trace_logs", "-log_file", _LOG, *(_TOLERANT if self.lossy else ()))
        async with sipp(folder, path, *target, *arguments, *more, calls=calls, port=port) as process:
            yield Player(process, address, calls, log, self.lossy)

    def _read(self, scenario: str, change: Mapping[str, str]) -> str:
        text = scenario if scenario.startswith("<") else (self._scenarios / f"{scenario}.xml").read_text()
        for old, new in change.items():
            assert old in text, f"{scenario}.xml holds no {old!r}"
            text = text.replace(old, new)
        return text

    def order(self, peer: Player, **changes: Any) -> DialOrder:
        """An order for a peer; `changes` are further fields of DialOrder."""
        host, port = peer.address
        changes.setdefault("call_id", "attempt-1")
        return DialOrder(permit(), f"sip:{CALLEE}@{host}:{port}", **changes)


# ---------------------------------------------------------------- what a leg did


async def follow(leg: SipLeg, hang_up_after: type[LegEvent] | None = None) -> list[LegEvent]:
    """Every event of the leg up to its end; hangs up when an event of the given kind comes."""
    seen: list[LegEvent] = []
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        async for event in leg.events():
            seen.append(event)
            if hang_up_after is not None and isinstance(event, hang_up_after):
                tasks.create_task(leg.hangup())
    return seen


async def answered(leg: SipLeg) -> None:
    """Wait until the call is up. Raises AssertionError when it ends first."""
    async for event in leg.events():
        if isinstance(event, LegAnswered):
            return
        assert not isinstance(event, LegEnded), f"the call ended unanswered: {event}"


async def rest(leg: SipLeg) -> LegEnded:
    """How the call ends."""
    seen = await follow(leg)
    assert isinstance(seen[-1], LegEnded)
    return seen[-1]


async def until(
    leg: SipLeg, direction: Literal["->", "<-"], word: str, count: int = 1, *, copies: bool = False
) -> None:
    """Wait until the ladder holds that many messages of a direction beginning with `word`; copies: sent or received again count too."""
    for _ in range(3_000):
        lines = [rung.line for rung in leg.ladder if rung.direction == direction and (copies or not rung.again)]
        if sum(line.startswith(word) for line in lines) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"fewer than {count} times {direction} {word}: {[rung.line for rung in leg.ladder]}")

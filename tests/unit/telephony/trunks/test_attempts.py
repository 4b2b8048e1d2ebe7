"""One leg over several attempts, with fake legs on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from callwright.errors import LineError
from callwright.telephony.port import LegAnswered, LegEnded, LegEvent, LegRejected, LegRinging, LegSignal, LegTrying
from callwright.telephony.trunks.attempts import Attempt, TrunkLeg, is_failure
from callwright.telephony.trunks.breaker import CircuitBreaker
from callwright.testing.virtual_time import run_virtual


class FakeSipLeg:
    """A fake leg: says what it was told to, and whether somebody may have been rung."""

    def __init__(self, name: str, *events: LegEvent, rung: bool = False) -> None:
        self.call_id = name
        self.media = None
        self.rung = rung
        self.ladder = (LegSignal(0, "->", f"INVITE {name}"),)
        self.hangups: list[str] = []
        self._queue: asyncio.Queue[LegEvent] = asyncio.Queue()
        for event in events:
            self._queue.put_nowait(event)

    async def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        while True:
            event = await self._queue.get()
            yield event
            if isinstance(event, LegEnded):
                return

    async def hangup(self, reason: str = "") -> None:
        self.hangups.append(reason)
        self._queue.put_nowait(LegEnded(9, "cancelled", "us"))


def attempt(name: str, *events: LegEvent, rung: bool = False) -> Any:
    breaker = CircuitBreaker(1, 1_000, 1_000)
    member: Any = SimpleNamespace(trunk=SimpleNamespace(name=name), breaker=breaker)
    leg: Any = FakeSipLeg(name, *events, rung=rung)
    return Attempt(member, leg, False)


REFUSED = (LegTrying(1), LegRejected(2, 503, "no"), LegEnded(2, "rejected", "peer", "503 no"))
SILENT = (LegEnded(2, "timeout", "network"),)
TALKED = (LegTrying(3), LegRinging(4), LegAnswered(5), LegEnded(6, "bye", "peer"))


def follow(first: Any, *others: Any) -> tuple[list[LegEvent], TrunkLeg]:
    left = list(others)

    async def further() -> Any:
        if not left:
            return None
        item = left.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    async def main() -> tuple[list[LegEvent], TrunkLeg]:
        leg = TrunkLeg(first, further, lambda: 7)
        await leg.follow()
        return [event async for event in leg.events()], leg

    return run_virtual(main())


def test_one_trying_one_end_and_the_messages_of_every_attempt() -> None:
    bad, good = attempt("a", *REFUSED), attempt("b", *TALKED)
    seen, leg = follow(bad, good)
    assert seen == [LegTrying(1), LegRinging(4), LegAnswered(5), LegEnded(6, "bye", "peer")]
    assert [rung.line for rung in leg.ladder] == ["INVITE a", "INVITE b"]
    assert (leg.trunk, leg.call_id, leg.sip.call_id) == ("b", "a", "b")
    assert [item.member.breaker.state(7) for item in (bad, good)] == ["open", "closed"]


@pytest.mark.parametrize(
    ("events", "rung", "moves"),
    [
        (REFUSED, False, True),
        (REFUSED, True, False),
        (SILENT, False, True),
        (SILENT, True, False),
        ((LegEnded(2, "transport_error", "network"),), False, True),
        ((LegRejected(2, 408, "x"), LegEnded(2, "rejected", "peer")), False, True),
        ((LegRejected(2, 486, "x"), LegEnded(2, "rejected", "peer")), False, False),
        ((LegRejected(2, 603, "x"), LegEnded(2, "rejected", "peer")), False, False),
        ((LegEnded(2, "no_answer", "us"),), False, False),
        ((LegEnded(2, "cancelled", "us"),), False, False),
        ((LegEnded(2, "bye", "peer"),), True, False),
    ],
)
def test_when_it_goes_on(events: tuple[LegEvent, ...], rung: bool, moves: bool) -> None:
    _, leg = follow(attempt("a", *events, rung=rung), attempt("b", *TALKED))
    assert leg.trunk == ("b" if moves else "a")


def test_without_a_further_trunk_the_last_word_stands() -> None:
    for others in ((), (LineError("all are full"),)):
        seen, leg = follow(attempt("a", *REFUSED), *others)
        assert seen == list(REFUSED)
        assert leg.trunk == "a"


def test_only_5xx_and_408_are_the_trunks() -> None:
    assert [code for code in range(300, 700) if is_failure(code)] == [408, *range(500, 600)]


def test_hung_up_while_the_next_trunk_is_awaited() -> None:
    async def main() -> list[LegEvent]:
        waiting = asyncio.Event()

        async def further() -> Any:
            waiting.set()
            await asyncio.sleep(3_600)

        leg = TrunkLeg(attempt("a", *REFUSED), further, lambda: 7)
        following = asyncio.ensure_future(leg.follow())
        await waiting.wait()
        leg.sip.hangup = _at_once  # type: ignore[method-assign]
        await leg.hangup()
        await following
        return [event async for event in leg.events()]

    assert run_virtual(main()) == list(REFUSED)


async def _at_once(reason: str = "") -> None:
    """A leg that is over already."""


def test_hung_up_during_the_second_attempt() -> None:
    async def main() -> list[LegEvent]:
        second = attempt("b", LegRinging(3))

        async def further() -> Any:
            return second

        leg = TrunkLeg(attempt("a", *SILENT), further, lambda: 7)
        following = asyncio.ensure_future(leg.follow())
        assert await anext(leg.events()) == LegRinging(3)
        await leg.hangup("enough")
        await following
        assert second.leg.hangups == ["enough"]
        return [event async for event in leg.events()]

    assert run_virtual(main()) == [LegEnded(9, "cancelled", "us")]

"""The alarm of a line, in virtual time."""

from __future__ import annotations

import asyncio
from typing import cast

from callwright.telephony.sip.alarm import Alarm
from callwright.testing.virtual_time import VirtualLoop, run_virtual


class Rung:
    """When an alarm rang, in seconds."""

    def __init__(self) -> None:
        self.loop = cast(VirtualLoop, asyncio.get_running_loop())
        self.at: list[float] = []
        self.alarm = Alarm(self.loop, lambda: self.at.append(round(self.loop.time(), 2)))


def test_it_rings_in_time() -> None:
    async def run() -> None:
        rung = Rung()
        rung.alarm.set(2_000)
        rung.alarm.set(3_000)  # later than what is set: nothing changes
        rung.alarm.set(1_000)
        await asyncio.sleep(5)
        assert rung.at == [1.0]

    run_virtual(run())


def test_who_was_held_up_listens_for_a_round_trip_before_it_takes_anybody_for_silent() -> None:
    async def run() -> None:
        rung = Rung()
        rung.alarm.set(1_000)
        rung.loop.call_at(0.5, rung.loop.leap, 6.5)  # the process stands still from 0.5 s to 7 s
        rung.loop.call_at(7.2, lambda: rung.at.append(7.2))  # what came meanwhile is heard
        await asyncio.sleep(20)
        assert rung.at == [7.2, 7.5]
        rung.alarm.set(21_000)  # and the next one is in time again
        await asyncio.sleep(5)
        assert rung.at[2:] == [21.0]

    run_virtual(run())


def test_what_is_set_meanwhile_for_earlier_does_not_wait_once_more() -> None:
    async def run() -> None:
        rung = Rung()
        rung.alarm.set(1_000)
        rung.loop.call_at(0.5, rung.loop.leap, 6.5)
        rung.loop.call_at(7.1, rung.alarm.set, 900)
        await asyncio.sleep(20)
        assert rung.at == [7.1]

    run_virtual(run())


def test_a_late_alarm_may_be_cancelled() -> None:
    async def run() -> None:
        rung = Rung()
        rung.alarm.set(1_000)
        rung.loop.call_at(0.5, rung.loop.leap, 6.5)
        rung.loop.call_at(7.1, rung.alarm.cancel)
        await asyncio.sleep(20)
        assert rung.at == []

    run_virtual(run())

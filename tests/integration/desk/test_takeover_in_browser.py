"""Chromium with a fake microphone takes a real call over loopback RTP over, talks, and gives it back; what both sides hear is measured."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from tests.integration.desk.chromium import MICROPHONE_HZ, NEEDS_CHROMIUM, page_at, person_heard
from tests.integration.desk.conftest import house, speaks_again, strength

pytestmark = [pytest.mark.anyio, pytest.mark.integration, *NEEDS_CHROMIUM]

LOUD = 1000.0


async def test_a_call_is_taken_over_in_the_browser_and_given_back(tmp_path: Path) -> None:
    async with (
        house(tmp_path) as found,
        page_at(f"{found.console.url}/live", tmp_path) as page,
    ):
        await page.click(".live-row")
        await page.get_by_role("button", name="Take over").click()
        await page.get_by_text("You talk with the person called").wait_for()
        loudest = 0.0
        async with asyncio.timeout(40):
            while loudest < LOUD:
                await asyncio.sleep(0.2)
                loudest = max(loudest, strength(found.telephone.last(10), MICROPHONE_HZ))
        hertz, decibels = await person_heard(page)
        assert await found.standing() == "person"
        await page.get_by_role("button", name="Give back").click()
        await page.get_by_role("button", name="Take over").wait_for()
        async with asyncio.timeout(40):
            while not speaks_again(found.live):  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.1)
        assert not found.telephone.over.is_set()
    told = f"telephone: {loudest:.0f} of 32768 at {MICROPHONE_HZ:.0f} Hz; browser: {decibels:.0f} dB at {hertz:.0f} Hz"
    sys.stdout.write(told + "\n")

"""Chromium as an agent's browser: with a microphone that says a tone, and a way to look at the sound that comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.desk.conftest import PERSON_HZ, tone
from tests.sound import PEAK, WATCH, write_microphone

from callwright.web.console import built

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["MICROPHONE_HZ", "NEEDS_CHROMIUM", "page_at", "person_heard"]

CHROMIUM = Path("/usr/bin/chromium")
NEEDS_CHROMIUM = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
    pytest.mark.skipif(not built(), reason="the console is not built: make web"),
]

MICROPHONE_HZ = 1000.0


@asynccontextmanager
async def page_at(url: str, folder: Path) -> AsyncIterator[Page]:
    """The page as an agent sees it; its microphone says `MICROPHONE_HZ`. folder: for the file of that."""
    from playwright.async_api import async_playwright

    microphone = write_microphone(folder / "tone.wav", tone(MICROPHONE_HZ, 12_000, 48_000))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}", "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        try:
            context = await chromium.new_context(
                extra_http_headers={"x-fake-roles": "agent"},
                locale="en-US",
                permissions=["microphone"],
                reduced_motion="reduce",
            )
            page = await context.new_page()
            page.set_default_timeout(40_000)
            await page.add_init_script(WATCH)
            await page.goto(url)
            yield page
        finally:
            await chromium.close()


async def person_heard(page: Page) -> tuple[float, float]:
    """Waits until the page plays what the person called hums; its frequency and loudness (dB)."""
    async with asyncio.timeout(40):
        while True:
            hertz, decibels = await page.evaluate(PEAK)
            if abs(hertz - PERSON_HZ) < 10 and decibels > -50:
                return hertz, decibels

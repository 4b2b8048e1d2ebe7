"""Chromium with a fake microphone takes a real call over loopback RTP over, talks, and gives it back; what both sides hear is measured."""

from __future__ import annotations

import asyncio
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.integration.desk.conftest import PERSON_HZ, house, speaks_again, strength, tone

from callwright.web.console import built

if TYPE_CHECKING:
    from playwright.async_api import Page

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.integration,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
    pytest.mark.skipif(not built(), reason="the console is not built: make web"),
]

MICROPHONE_HZ = 1000.0
LOUD = 1000.0

# Keeps what the page makes, so that the test can look at the sound that comes out of it.
WATCH = """
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("track", (event) => { window.heard = event.streams[0] ?? new MediaStream([event.track]); });
  }
};
"""
# The strongest frequency that comes from the call, and how loud it is.
PEAK = """
async () => {
  if (!window.heard) return [0, -200];
  window.ears ??= (() => {
    const sound = new AudioContext({ sampleRate: 16000 });
    const analyser = sound.createAnalyser();
    analyser.fftSize = 4096;
    sound.createMediaStreamSource(window.heard).connect(analyser);
    return analyser;
  })();
  await new Promise((done) => setTimeout(done, 400));
  const bins = new Float32Array(window.ears.frequencyBinCount);
  window.ears.getFloatFrequencyData(bins);
  const at = bins.indexOf(Math.max(...bins));
  return [at * 16000 / 4096, bins[at]];
}
"""


def _microphone(path: Path) -> Path:
    """A tone that comes and goes: what is steady counts as noise, which browsers take away."""
    on = tone(MICROPHONE_HZ, 12_000, 48_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(np.tile(np.concatenate([3 * on, np.zeros(12_000, np.int16)]), 4).tobytes())
    return path


@asynccontextmanager
async def page_at(url: str, microphone: Path) -> AsyncIterator[Page]:
    from playwright.async_api import async_playwright

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
                extra_http_headers={"x-fake-roles": "agent"}, locale="en-US", permissions=["microphone"]
            )
            page = await context.new_page()
            page.set_default_timeout(40_000)
            await page.add_init_script(WATCH)
            await page.goto(url)
            yield page
        finally:
            await chromium.close()


async def test_a_call_is_taken_over_in_the_browser_and_given_back(tmp_path: Path) -> None:
    async with (
        house(tmp_path) as found,
        page_at(f"{found.console.url}/live", _microphone(tmp_path / "tone.wav")) as page,
    ):
        await page.click(".live-row")
        await page.get_by_role("button", name="Take over").click()
        await page.get_by_text("You talk with the person called").wait_for()
        loudest = 0.0
        async with asyncio.timeout(40):
            while loudest < LOUD:
                await asyncio.sleep(0.2)
                loudest = max(loudest, strength(found.telephone.last(10), MICROPHONE_HZ))
        async with asyncio.timeout(40):
            while True:
                hertz, decibels = await page.evaluate(PEAK)
                if abs(hertz - PERSON_HZ) < 10 and decibels > -50:
                    break
        assert await found.standing() == "person"
        await page.get_by_role("button", name="Give back").click()
        await page.get_by_role("button", name="Take over").wait_for()
        async with asyncio.timeout(40):
            while not speaks_again(found.live):  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.1)
        assert not found.telephone.over.is_set()
    told = f"telephone: {loudest:.0f} of 32768 at {MICROPHONE_HZ:.0f} Hz; browser: {decibels:.0f} dB at {hertz:.0f} Hz"
    sys.stdout.write(told + "\n")

"""The embedded voice with the real espeak-ng, as a program and as the library of the wheel."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import CallwrightError, ModelError
from callwright.speech.tts.espeak import EspeakVoice

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def wait_for(marker: Path) -> None:
    """Until the process has written its id."""
    for _ in range(1000):
        if marker.exists() and marker.read_text():
            return
        time.sleep(0.01)
    raise AssertionError(f"{marker} was not written")


def script(folder: Path, body: str) -> str:
    path = folder / "espeak"
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("lang", "text"), [("zh", "您好，请问现在方便吗？"), ("en", "Good morning, is this a good time?")]
)
@pytest.mark.parametrize("program", ["espeak-ng", None])
async def test_both_ways_speak_at_one_loudness(espeak: str, lang: str, text: str, program: str | None) -> None:
    pcm = await EspeakVoice(lang, program=program).render(text)  # type: ignore[arg-type]
    assert 1.0 < len(pcm) / 8000 < 6.0
    frames = pcm[: len(pcm) // 160 * 160].astype(float).reshape(-1, 160)
    power = np.square(frames).mean(axis=1)
    active = power[power > power.max() / 1000].mean()
    assert 10 * np.log10(active / 32768**2) == pytest.approx(-20, abs=1.5)
    assert np.abs(pcm.astype(int)).max() <= 32767 * 10 ** (-3 / 20) + 1


async def test_text_is_never_read_as_an_option_or_a_command(espeak: str) -> None:
    quiet = await EspeakVoice("en").render("--version $(touch x) `touch x`; -f /etc/passwd")
    assert len(quiet) > 8000


async def test_variant_and_speed_change_the_sound_and_the_name(espeak: str) -> None:
    plain, other = EspeakVoice("en"), EspeakVoice("en", "f3", 120)
    assert plain.name != other.name
    assert len(await other.render("one two three four five")) > 1.2 * len(await plain.render("one two three four five"))


async def test_nothing_to_say_is_no_sound() -> None:
    assert len(await EspeakVoice("en").render("  ")) == 0


async def test_a_hanging_engine_is_killed(tmp_path: Path) -> None:
    voice = EspeakVoice("en", program=script(tmp_path, "import time; time.sleep(60)"), timeout_s=0.3)
    with pytest.raises(CallwrightError, match="longer than"):
        await voice.render("hello")


async def test_a_failing_engine_says_why(tmp_path: Path) -> None:
    voice = EspeakVoice("en", program=script(tmp_path, "import sys; sys.exit('no such voice')"))
    with pytest.raises(CallwrightError, match="no such voice"):
        await voice.render("hello")


async def test_without_any_engine_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callwright.speech.tts.espeak.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="apt-get install espeak-ng"):
        await EspeakVoice("en", program="no-such-espeak").render("hello")


async def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    body = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(EspeakVoice("en", program=script(tmp_path, body)).render("hello"))
    await asyncio.to_thread(wait_for, marker)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="variant"):
        EspeakVoice("en", "f3; rm")
    with pytest.raises(ValueError, match="words per minute"):
        EspeakVoice("en", speed=9999)

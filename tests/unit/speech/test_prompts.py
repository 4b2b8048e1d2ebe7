from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from callwright.errors import AudioError, CallwrightError
from callwright.speech.port import Pcm
from callwright.speech.prompts import Prompts
from callwright.speech.wav import write_wav

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class CountingVoice:
    """A voice of 100 ms a character that remembers what it was asked."""

    name = "counting/1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def render(self, text: str) -> Pcm:
        self.asked.append(text)
        await asyncio.sleep(0)
        if "broken" in text:
            raise CallwrightError("the voice broke")
        return np.full(800 * len(text), 1000, np.int16)


def encode(pcm: Pcm) -> bytes:
    return (pcm >> 8).astype(np.int8).tobytes()


async def test_sentences_are_rendered_apart_so_that_boundaries_are_exact() -> None:
    voice = CountingVoice()
    prompt = await Prompts(voice, None, encode).prepare("您好。3.5元，可以吗？")
    assert voice.asked == ["您好。", "3.5元，可以吗？"]
    assert prompt.boundaries == (0, 450)
    assert prompt.duration_ms == 300 + 150 + 900
    assert len(prompt.encoded) == prompt.duration_ms * 8
    assert (prompt.source, prompt.note) == ("synthesised", "")


async def test_the_same_text_is_rendered_once_even_when_asked_at_the_same_time() -> None:
    voice = CountingVoice()
    prompts = Prompts(voice, None, encode)
    first, second = await asyncio.gather(prompts.prepare("hello"), prompts.prepare("hello"))
    assert first == second == await prompts.prepare("hello")
    assert voice.asked == ["hello"]


async def test_the_disk_serves_the_next_process_and_damage_is_rendered_again(tmp_path: Path) -> None:
    first = await Prompts(CountingVoice(), None, encode, cache=tmp_path).prepare("hello. again.")
    voice = CountingVoice()
    assert await Prompts(voice, None, encode, cache=tmp_path).prepare("hello. again.") == first
    assert voice.asked == []
    (file,) = list((tmp_path / "prompts").rglob("*.cwp"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert await Prompts(voice, None, encode, cache=tmp_path).prepare("hello. again.") == first
    assert voice.asked == ["hello.", "again."]
    assert {path.name for path in file.parent.iterdir()} == {file.name}, "a half-written file is left over"


async def test_voice_and_codec_are_part_of_the_key(tmp_path: Path) -> None:
    a = await Prompts(CountingVoice(), None, encode, codec="PCMA").prepare("hello")
    u = await Prompts(CountingVoice(), None, encode, codec="PCMU").prepare("hello")
    assert a.key != u.key


async def test_an_unwritable_cache_does_not_stop_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    prompt = await Prompts(CountingVoice(), None, encode, cache=tmp_path / "file").prepare("hello")
    assert prompt.duration_ms == 500


async def test_a_recording_wins_and_a_missing_one_is_synthesised_with_a_note(tmp_path: Path) -> None:
    speech = np.full(4000, 5000, np.int16)
    write_wav(tmp_path / "hello.wav", np.concatenate([speech, np.zeros(3200, np.int16), speech]))
    voice = CountingVoice()
    prompts = Prompts(voice, tmp_path, encode)
    recorded = await prompts.prepare("hello", "hello.wav")
    assert (recorded.source, recorded.duration_ms, recorded.boundaries) == ("recorded", 1400, (0, 890))
    assert voice.asked == []
    missing = await prompts.prepare("hello", "gone.wav")
    assert missing.source == "synthesised"
    assert "gone.wav is missing" in missing.note


async def test_a_broken_recording_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"not audio at all")
    with pytest.raises(AudioError):
        await Prompts(CountingVoice(), tmp_path, encode).prepare("hello", "bad.wav")


async def test_a_recording_outside_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="outside"):
        await Prompts(CountingVoice(), tmp_path, encode).prepare("hello", "../secret.wav")


async def test_a_failing_voice_is_not_cached() -> None:
    voice = CountingVoice()
    prompts = Prompts(voice, None, encode)
    for _ in range(2):
        with pytest.raises(CallwrightError, match="broke"):
            await prompts.prepare("broken")
    assert voice.asked == ["broken", "broken"]


async def test_memory_is_bounded() -> None:
    voice = CountingVoice()
    prompts = Prompts(voice, None, encode, keep=1)
    for text in ("a", "b", "a"):
        await prompts.prepare(text)
    assert voice.asked == ["a", "b", "a"]
    await prompts.aclose()


async def test_fragments_and_values_are_spliced(tmp_path: Path) -> None:
    tone = (6000 * np.sin(np.arange(8000) / 3)).astype(np.int16)
    template = "您好{name}，我是{company}的助手。请问方便吗？"
    text = "您好王先生，我是晨光的助手。请问方便吗？"
    for number in (1, 2):
        write_wav(tmp_path / f"hello.{number}.wav", tone)
    voice = CountingVoice()
    prompts = Prompts(voice, tmp_path, encode, cache=tmp_path / "cache")
    missing = await prompts.prepare(text, "hello.wav", template)
    assert missing.source == "synthesised"
    assert "hello.3.wav" in missing.note
    write_wav(tmp_path / "hello.3.wav", tone)
    voice.asked.clear()
    spliced = await prompts.prepare(text, "hello.wav", template)
    assert (spliced.source, spliced.note) == ("spliced", "")
    assert voice.asked == ["王先生", "晨光"], "only the values are synthesised"
    assert spliced.duration_ms == pytest.approx(3 * 1000 + 500 + 2 * 100 + 80 + 3 * 20 + 150, abs=250)
    assert await prompts.prepare(text, "hello.wav", template) == spliced
    voice.asked.clear()
    assert (
        await Prompts(voice, tmp_path, encode, cache=tmp_path / "cache").prepare(text, "hello.wav", template) == spliced
    )
    assert voice.asked == []
    other = await prompts.prepare(text.replace("王", "李"), "hello.wav", template)
    assert other.key != spliced.key
    write_wav(tmp_path / "hello.2.wav", tone // 2)
    assert (await prompts.prepare(text, "hello.wav", template)).key != spliced.key


async def test_a_text_with_values_is_never_a_fixed_recording(tmp_path: Path) -> None:
    """It would greet everybody by the name of the one it was recorded for."""
    write_wav(tmp_path / "hello.wav", np.full(4000, 5000, np.int16))
    prompt = await Prompts(CountingVoice(), tmp_path, encode).prepare("Hello Ann!", "hello.wav", "Hello {name}!")
    assert prompt.source == "synthesised"
    other = await Prompts(CountingVoice(), tmp_path, encode).prepare("Goodbye.", "hello.wav", "Hello {name}!")
    assert "not what" in other.note


async def test_an_empty_value_is_left_out(tmp_path: Path) -> None:
    write_wav(tmp_path / "hello.1.wav", (6000 * np.sin(np.arange(8000) / 3)).astype(np.int16))
    voice = CountingVoice()
    prompt = await Prompts(voice, tmp_path, encode).prepare("您好，", "hello.wav", "您好{name}，")
    assert (prompt.source, voice.asked) == ("spliced", [])


async def test_the_recordings_folder_beside_the_script_comes_first(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    write_wav(tmp_path / "hello.wav", np.full(4000, 5000, np.int16))
    write_wav(tmp_path / "recordings" / "hello.wav", np.full(8000, 5000, np.int16))
    assert (await Prompts(CountingVoice(), tmp_path, encode).prepare("hello", "hello.wav")).duration_ms == 1000

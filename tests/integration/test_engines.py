"""Calls of one vocabulary share engines, and hear nothing of each other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.decoder import Decoded, PhraseDecoder
from callwright.speech.asr.engines import Engines
from callwright.speech.asr.lexicon import EnglishLexicon, read_dictionary
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import find_english_model
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav

pytestmark = [pytest.mark.integration, pytest.mark.skipif(shutil.which("flite") is None, reason="flite is missing")]

SENTENCES = ("where is the clinic", "i need to reschedule", "yes please", "the doctor said tuesday in the evening")
PACKET = 320  # 40 ms


@pytest.fixture
def engines() -> Iterator[Engines]:
    path, dictionary = find_english_model()
    acoustic = AcousticModel(path, TUNING["en"])
    phrases = tuple((text, 1.0) for text in SENTENCES[:2])
    found = Engines(VocabularyModel("en", phrases, EnglishLexicon(read_dictionary(dictionary)), TUNING["en"]), acoustic)
    yield found
    found.close()
    acoustic.close()


def said(text: str, voice: str, folder: Path) -> Pcm:
    path = folder / "speech.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True, timeout=20)
    speech = read_wav(path).astype(float) * 0.5
    noise = np.random.default_rng(4).normal(0, 8, len(speech) + 4_800)
    noise[1_600 : 1_600 + len(speech)] += speech
    return np.clip(noise, -32768, 32767).astype(np.int16)


def packets(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + PACKET] for at in range(0, len(pcm), PACKET)]


def alone(engines: Engines, pcms: list[Pcm]) -> list[Decoded]:
    decoder = PhraseDecoder(engines)
    found = []
    for pcm in pcms:
        decoder.begin()
        for packet in packets(pcm):
            decoder.push(packet)
            decoder.consider()
        found.append(decoder.finish())
    return found


def test_calls_at_once_hear_what_each_would_hear_alone(engines: Engines, tmp_path: Path) -> None:
    calls = [[said(text, voice, tmp_path) for text in SENTENCES] for voice in ("rms", "kal16", "slt")]
    expected = [alone(engines, call) for call in calls]
    assert engines.made == 1
    decoders = [PhraseDecoder(engines) for _ in calls]
    heard: list[list[Decoded]] = [[] for _ in calls]
    for number in range(len(SENTENCES)):
        spoken = [packets(call[number]) for call in calls]
        for decoder in decoders:
            decoder.expect((SENTENCES[number],) if number < 2 else ())
            decoder.begin()
        for at in range(max(map(len, spoken))):
            for decoder, some in zip(decoders, spoken, strict=True):
                if at < len(some):
                    decoder.push(some[at])
                    decoder.consider()
        for decoder, found in zip(decoders, heard, strict=True):
            found.append(decoder.finish())
    assert engines.made == 3  # as many as spoke at once
    texts = [[decoded.text for decoded in found] for found in heard]
    assert [found[:3] for found in texts] == [list(SENTENCES[:3])] * 3
    assert [found[3] for found in texts] == [found[3].text for found in expected]  # without a context either time
    alone(engines, calls[0])
    assert engines.made == 3


def test_after_a_fault_the_engines_are_others(engines: Engines, tmp_path: Path) -> None:
    decoder, whole = PhraseDecoder(engines), engines.whole
    decoder.begin()
    decoder.push(said("yes please", "rms", tmp_path))
    decoder.abandon()
    assert engines.whole is not whole
    assert alone(engines, [said("yes please", "rms", tmp_path)])[0].text == "yes please"
    assert engines.made == 2  # the one that was lent is not lent again

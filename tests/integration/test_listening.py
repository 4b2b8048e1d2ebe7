"""Ears as a call uses them: voice activity and turn-taking cut the utterance out of a noisy line, the recogniser names it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.engines import Engines
from callwright.speech.asr.lexicon import EnglishLexicon, read_dictionary
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import find_english_model
from callwright.speech.port import Pcm
from callwright.speech.turn_values import EndUtterance, StartUtterance, TurnSettings
from callwright.speech.turns import TurnTaker
from callwright.speech.vad import Vad
from callwright.speech.wav import read_wav

pytestmark = pytest.mark.integration
PREROLL = 10  # frames


def line(folder: Path, text: str) -> Pcm:
    program = shutil.which("flite")
    if program is None:
        pytest.skip("flite is not installed (apt-get install flite)")
    path = folder / "speech.wav"
    subprocess.run([program, "-voice", "rms", "-t", text, "-o", str(path)], check=True, timeout=20)
    speech = read_wav(path)
    pcm = np.random.default_rng(3).normal(0, 15, len(speech) + 24000)
    pcm[8000 : 8000 + len(speech)] += speech * 0.5
    return np.clip(pcm, -32768, 32767).astype(np.int16)


def test_an_answer_is_cut_out_and_understood(tmp_path: Path) -> None:
    path, dictionary = find_english_model()
    vocabulary = VocabularyModel(
        "en", (("where is the clinic", 1.0),), EnglishLexicon(read_dictionary(dictionary)), TUNING["en"]
    )
    acoustic = AcousticModel(path, TUNING["en"])
    engines = Engines(vocabulary, acoustic)
    decoder = PhraseDecoder(engines)
    for text in ("yes please", "where is the clinic", "i need to reschedule"):
        pcm = line(tmp_path, text)
        frames = [pcm[at : at + 160] for at in range(0, len(pcm) - 159, 160)]
        vad, taker = Vad(), TurnTaker(TurnSettings(language="en", timeout_ms=60_000))
        starts: list[int] = []
        ends: list[tuple[int, int]] = []
        for number, frame in enumerate(frames):
            for decision in taker.frame(number * 20, vad.push(frame), None):
                if isinstance(decision, StartUtterance):
                    starts.append(number)
                elif isinstance(decision, EndUtterance):
                    ends.append((starts[-1], number))
        assert len(ends) == 1, f"{text!r} was cut into {len(ends)} pieces"
        decoder.renew()
        decoder.begin()
        for frame in frames[ends[0][0] - PREROLL : ends[0][1]]:
            decoder.push(frame)
        assert decoder.finish().text.replace("where's", "where is") == text
    engines.close()
    acoustic.close()


def test_ever_new_contexts_do_not_pile_up(tmp_path: Path) -> None:
    path, dictionary = find_english_model()
    vocabulary = VocabularyModel(
        "en", (("where is the clinic", 1.0),), EnglishLexicon(read_dictionary(dictionary)), TUNING["en"]
    )
    acoustic = AcousticModel(path, TUNING["en"])
    engines = Engines(vocabulary, acoustic)
    decoder = PhraseDecoder(engines)
    for number in range(70):
        decoder.expect(("where is the clinic", f"number {number}"))
    assert len(engines.whole._contexts) == 64
    pcm = line(tmp_path, "where is the clinic")
    decoder.begin()
    decoder.push(pcm[6400:-6400])
    assert decoder.finish().text.replace("where's", "where is") == "where is the clinic"
    engines.close()
    acoustic.close()

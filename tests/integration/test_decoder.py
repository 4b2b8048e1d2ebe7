"""One English decoder on its real model: what the live pass is sure of, and what the thorough one is kept for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.engines import PHONES, Engines
from callwright.speech.asr.lexicon import EnglishLexicon, read_dictionary
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import find_english_model
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav

pytestmark = [pytest.mark.integration]

PHRASES = (("where is the clinic", 2.0), ("please cancel my appointment", 2.0), ("two", 0.02))
PACKET = 320  # 40 ms


@pytest.fixture(scope="module")
def decoder() -> Iterator[PhraseDecoder]:
    path, dictionary = find_english_model()
    acoustic = AcousticModel(path, TUNING["en"])
    lexicon = EnglishLexicon(read_dictionary(dictionary))
    engines = Engines(VocabularyModel("en", PHRASES, lexicon, TUNING["en"]), acoustic)
    yield PhraseDecoder(engines)
    engines.close()
    acoustic.close()


@pytest.fixture
def thorough(decoder: PhraseDecoder, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Counts passes over a whole utterance."""
    watched = Mock(wraps=decoder._whole.decode)
    monkeypatch.setattr(decoder._whole, "decode", watched)
    decoder.renew()
    return watched


def said(text: str, folder: Path) -> Pcm:
    program = shutil.which("flite")
    if program is None:
        pytest.skip("flite is not installed (apt-get install flite)")
    path = folder / "speech.wav"
    subprocess.run([program, "-voice", "rms", "-t", text, "-o", str(path)], check=True, timeout=20)
    speech = read_wav(path).astype(float)
    loud = np.flatnonzero(np.abs(speech) > 300)
    noise = np.random.default_rng(2).normal(0, 6, loud[-1] - loud[0])
    return np.asarray(speech[loud[0] : loud[-1]] * 0.6 + noise, dtype=np.int16)


def silence(ms: int) -> Pcm:
    return np.random.default_rng(3).normal(0, 6, 8 * ms).astype(np.int16)


def hear(decoder: PhraseDecoder, pcm: Pcm) -> list[int]:
    """Push it as it would come; where, in ms, something was made ready."""
    ready: list[int] = []
    for at in range(0, len(pcm), PACKET):
        decoder.push(pcm[at : at + PACKET])
        if decoder.consider():
            ready.append((at + PACKET) // 8)
    return ready


def test_a_known_sentence_needs_no_thorough_pass(decoder: PhraseDecoder, thorough: Mock, tmp_path: Path) -> None:
    speech = said("where is the clinic", tmp_path)
    decoder.begin()
    ready = hear(decoder, np.concatenate([silence(200), speech, silence(400)]))
    assert ready, "the result is made ready in the pause"
    end_ms = 200 + len(speech) // 8
    assert ready[-1] <= end_ms + 200
    decoded = decoder.finish()
    assert (decoded.text, decoded.raw, decoded.score) == ("where is the clinic", "where is the clinic", 1.0)
    assert 0 < decoded.begin_ms < decoded.end_ms <= end_ms + 150
    assert not thorough.called


def test_what_is_not_known_gets_one_when_the_pause_lasts(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path
) -> None:
    speech = said("the purple elephants play chess", tmp_path)
    decoder.begin()
    ready = hear(decoder, np.concatenate([silence(200), speech, silence(60)]))
    assert not [at for at in ready if at > 200 + len(speech) // 8], "it might only be a breath"
    assert hear(decoder, silence(240))
    assert thorough.called
    assert decoder.finish().score < 1.0


OWN_WORDS, MISHEARD = "that time is fine with my wife", "send the bill to my office"


def test_own_words_count_when_they_explain_the_sound_about_as_well_as_bare_phones(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heard(text: str) -> tuple[float, float, str]:
        decoder.renew()
        decoder.begin()
        hear(decoder, np.concatenate([silence(200), said(text, tmp_path), silence(400)]))
        decoded = decoder.finish()
        return decoded.score, round(float(np.abs(decoder._whole_mean).sum()), 2), decoded.text

    accept_at = TUNING["en"].accept_at

    def by_fit_alone() -> tuple[float, float, str]:
        with monkeypatch.context() as without:
            without.setattr("callwright.speech.asr.decoder.in_doubt", lambda fit, accept_at: False)
            return heard(OWN_WORDS)

    plain, own, misheard = by_fit_alone(), heard(OWN_WORDS), heard(MISHEARD)
    assert [call.args[1] for call in thorough.call_args_list].count(PHONES) == 2, "both were in doubt"
    assert (own[2], misheard[2] == MISHEARD) == (OWN_WORDS, False)
    assert misheard[0] < accept_at <= own[0]
    assert plain[0] < accept_at
    assert plain[1:] == own[1:], "text and the caller's mean are those of the words"
    assert by_fit_alone() == plain, "the engine is left as it was"


def test_what_comes_after_a_long_pause_is_heard_too(decoder: PhraseDecoder, thorough: Mock, tmp_path: Path) -> None:
    """The quiet after 150 ms waits; when the caller goes on, nothing of it is lost."""
    first, second = said("please cancel", tmp_path), said("my appointment", tmp_path)
    decoder.begin()
    hear(decoder, np.concatenate([silence(200), first, silence(500), second, silence(300)]))
    decoded = decoder.finish()
    assert decoded.text == "please cancel my appointment"
    assert decoded.end_ms > (200 + 500 + len(first) // 8)


def test_silence_is_nothing(decoder: PhraseDecoder, thorough: Mock) -> None:
    decoder.begin()
    assert decoder.finish().text == ""
    assert not thorough.called


def test_what_a_pause_made_ready_is_the_partial(
    decoder: PhraseDecoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The end of a turn need not wait for the silence when the thorough pass knows the sentence that the live one did not."""
    decoder.renew()
    monkeypatch.setattr(decoder, "_first", lambda: "where is")
    decoder.begin()
    hear(decoder, np.concatenate([silence(200), said("where is the clinic", tmp_path)]))
    assert decoder.partial() == "where is"
    assert hear(decoder, silence(300))
    assert decoder.partial() == "where is the clinic"
    decoder.finish()


@pytest.mark.parametrize(
    ("wrote", "passes"), [("where is a clinic", 0), ("where is", 1), ("please cancel an appointment", 1)]
)
def test_what_the_live_pass_nearly_wrote_is_taken_for_a_known_sentence(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrote: str, passes: int
) -> None:
    decoder.begin()
    decoder.push(said("where is the clinic", tmp_path))
    monkeypatch.setattr(decoder, "_first", lambda: wrote)
    found = decoder.finish()
    assert thorough.call_count == passes
    assert found.text == "where is the clinic"
    assert passes or (0.85 <= found.score < 1 and found.alternatives == (wrote,))


@pytest.mark.parametrize(
    "wrote", ["please don't cancel my appointment", "please can my appointment", "i can't make that"]
)
def test_what_turns_a_sentence_round_is_heard_again(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrote: str
) -> None:
    decoder.begin()
    decoder.push(said("please cancel my appointment", tmp_path))
    monkeypatch.setattr(decoder, "_first", lambda: wrote)
    assert decoder.finish().text == "please cancel my appointment"
    assert thorough.call_count == 1


@pytest.mark.parametrize("packet_ms", [20, 60, 120, 240])
def test_the_pause_that_ends_the_last_word_is_heard_however_long_packets_are(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path, packet_ms: int
) -> None:
    """Packets are joined when the worker lags. Of a packet that reaches beyond the 150 ms that are decoded of a pause the beginning is."""
    decoder.renew()
    decoder.begin()
    speech = said("where is the clinic", tmp_path)
    sound = np.concatenate([silence(200), speech, silence(100 + 2 * packet_ms)])
    for at in range(0, len(sound), 8 * packet_ms):
        decoder.push(sound[at : at + 8 * packet_ms])
    decoder.push(silence(packet_ms))
    assert decoder.partial() == "where is the clinic"
    assert len(decoder._held) * 10 == pytest.approx(decoder._pauses.quiet_ms - 150, abs=40)
    assert decoder.consider(1000), "what the live pass is sure of waits for nobody"
    assert not thorough.called
    decoder.finish()


def test_a_thorough_pass_waits_as_long_as_it_is_told_to(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.renew()
    decoder.begin()
    decoder.push(said("where is the clinic", tmp_path))
    monkeypatch.setattr(decoder, "_first", lambda: "where is")
    decoder.push(silence(240))
    assert not decoder.consider(400)
    decoder.push(silence(240))
    assert decoder.consider(400)
    assert thorough.called
    decoder.finish()


def test_an_utterance_that_is_dropped_costs_no_pass_and_leaves_the_decoder_as_it_was(
    decoder: PhraseDecoder, thorough: Mock, tmp_path: Path
) -> None:
    decoder.renew()
    decoder.begin()
    decoder.push(said("where is", tmp_path))
    decoder.expect(("please cancel my appointment",))
    decoder.drop()
    assert not thorough.called
    assert decoder._phrases == ("please cancel my appointment",)
    decoder.begin()
    hear(decoder, np.concatenate([silence(200), said("please cancel my appointment", tmp_path)]))
    assert decoder.finish().text == "please cancel my appointment"
    decoder.expect(())

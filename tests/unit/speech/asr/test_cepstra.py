"""The front end against the one inside the engine, which the acoustic models were trained for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pocketsphinx
import pytest

from callwright.speech.asr.cepstra import CEPSTRA, Cepstra, FrontEnd
from callwright.speech.asr.engine import feature_parameters
from callwright.speech.models import find_english_model
from callwright.speech.port import Pcm

WINDOW = 500.0  # frames that the engine takes a mean set from outside to be worth


def vowels() -> Pcm:
    """Two seconds: a buzz of 120 Hz through moving resonances, with some hiss."""
    at = np.arange(16_000)
    buzz = np.zeros(16_000)
    for harmonic in range(1, 30):
        hz = 120.0 * harmonic
        near = 1 / (1 + ((hz - 700 - 300 * np.sin(at / 2500)) / 200) ** 2) + 0.5 / (1 + ((hz - 2300) / 300) ** 2)
        buzz += near * np.sin(2 * np.pi * hz * at / 8000)
    return np.asarray(buzz * 3000 + np.random.default_rng(4).normal(0, 60, 16_000), dtype=np.int16)


def by_engine(model: Path, folder: Path, pcm: Pcm, rate: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean of the engine's own cepstra."""
    words = folder / "words.dict"
    words.write_text("yes Y EH S\n")
    parameters = {key: value for key, value in feature_parameters(model).items() if key != "cmn"}
    features = folder / "feat.params"
    features.write_text("".join(f"-{key} {value}\n" for key, value in parameters.items()))
    decoder = pocketsphinx.Decoder(
        hmm=str(model), dict=str(words), lm=None, loglevel="FATAL", samprate=rate, cmn="live", featparams=str(features)
    )
    decoder.add_jsgf_string("one", "#JSGF V1.0; grammar one; public <one> = yes;")
    decoder.activate_search("one")
    decoder.set_cmn(",".join(["0"] * CEPSTRA))
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), no_search=False, full_utt=False)
    decoder.end_utt()
    seen = decoder.n_frames()
    running = np.array([float(value) for value in decoder.get_cmn(False).split(",")])
    return np.asarray(running * (WINDOW + seen) / seen)


def test_it_makes_the_cepstra_of_the_engine(tmp_path: Path) -> None:
    model, _ = find_english_model()
    pcm = vowels()
    own = FrontEnd(feature_parameters(model) | {"upperf": "3900"}, 8000, 0.0).push(pcm)
    (tmp_path / "model").mkdir()
    for file in model.iterdir():
        if file.name != "feat.params":
            (tmp_path / "model" / file.name).symlink_to(file)
    lines = (model / "feat.params").read_text().replace("6800", "3900")
    (tmp_path / "model" / "feat.params").write_text(lines)
    theirs = by_engine(tmp_path / "model", tmp_path, pcm, 8000)
    assert own.mean(axis=0) == pytest.approx(theirs, abs=0.6)


def test_filters_of_16_khz_are_folded_onto_8_khz(tmp_path: Path) -> None:
    """An image of nothing leaves the upper filters empty; the mirror image fills them as much as the lower half is full."""
    model, _ = find_english_model()
    parameters = feature_parameters(model) | {"remove_noise": "no"}
    pcm = vowels()
    without, with_image = (FrontEnd(parameters, 16_000, image).push(pcm) for image in (0.0, 0.4))
    assert without.shape == with_image.shape
    # c1 is the tilt from low to high: with a band above 4 kHz it falls less steeply.
    assert without[:, 1].mean() > with_image[:, 1].mean() + 20


@pytest.mark.parametrize("size", [80, 160, 320, 333])
def test_pieces_give_the_same_as_the_whole(size: int) -> None:
    parameters = feature_parameters(find_english_model()[0])
    pcm = vowels()
    whole = FrontEnd(parameters, 16_000, 0.4).push(pcm)
    front = FrontEnd(parameters, 16_000, 0.4)

    def in_pieces() -> Cepstra:
        front.reset()
        return np.concatenate([front.push(pcm[at : at + size]) for at in range(0, len(pcm), size)])

    assert np.allclose(in_pieces(), whole, atol=1e-3)
    assert np.allclose(in_pieces(), whole, atol=1e-3), "reset forgets the utterance before"


def test_less_than_a_window_is_no_frame() -> None:
    front = FrontEnd({"nfilt": "20", "wlen": "0.025"}, 8000, 0.0)
    assert front.push(np.zeros(199, np.int16)).shape == (0, CEPSTRA)
    assert front.push(np.zeros(1, np.int16)).shape == (1, CEPSTRA)


@pytest.mark.parametrize("wrong", [{"transform": "legacy"}, {"nfilt": "many"}])
def test_what_a_model_cannot_ask_for(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"transform|invalid literal"):
        FrontEnd(wrong, 8000, 0.0)

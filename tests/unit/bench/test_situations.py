"""The labelled set is built from its seed alone, says where everything is spoken, and is read back as it was written."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from callwright.bench.situations import SituationSet, read_set
from callwright.bench.situations_build import build
from callwright.bench.situations_sounds import cough, hum, level, noise, put, silence, telephone_band
from callwright.bench.situations_voices import joined, spoken
from callwright.errors import ModelError
from callwright.speech.wav import read_wav

SHARED = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared"))
ROUND = 24  # situations in which every kind comes once


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SituationSet]:
    if not (SHARED / "audio" / "callers-zh" / "index.json").is_file():
        pytest.skip("no recordings of callers: set CALLWRIGHT_SHARED")
    if not shutil.which("espeak-ng"):
        pytest.skip("no espeak-ng for the prompts")
    yield asyncio.run(build(tmp_path_factory.mktemp("situations"), SHARED, count=ROUND))


def dbfs(pcm: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(np.float64) ** 2) / 32768.0**2))


@pytest.mark.shared
class TestBuilt:
    def test_is_read_back_as_it_was_written(self, built: SituationSet) -> None:
        assert read_set(built.folder) == built

    def test_a_round_holds_every_kind_in_both_languages(self, built: SituationSet) -> None:
        assert {one.kind for one in built.situations} == {
            "answer", "backchannel", "cough", "noise", "bystander", "echo", "number", "optout_disclosure", "hesitation",
        }  # fmt: skip
        assert {one.language for one in built.situations} == {"zh", "en"}
        assert {one.expect for one in built.situations} == {"stop", "resume", "ignore", "answer"}

    def test_speech_stands_where_the_index_says(self, built: SituationSet) -> None:
        for one in built.situations:
            pcm = read_wav(built.folder / one.audio)
            assert len(pcm) % 160 == 0
            for begin, end in one.speech_ms:
                assert 0 <= begin < end <= len(pcm) // 8
                assert dbfs(pcm[begin * 8 : end * 8]) > one.noise_dbfs + 15
            before = pcm[: (one.speech_ms[0][0] if one.speech_ms else 0) * 8]
            if len(before) > 800:
                assert dbfs(before) == pytest.approx(one.noise_dbfs, abs=1.5)

    def test_words_follow_each_other_and_make_the_text(self, built: SituationSet) -> None:
        for one in built.situations:
            glue = " " if one.language == "en" else ""
            if one.kind != "hesitation":  # its hum is a word of Mandarin
                assert glue.join(word.text for word in one.words) == one.text
            assert all(word.begin_ms < word.end_ms for word in one.words)
            assert [word.begin_ms for word in one.words] == sorted(word.begin_ms for word in one.words)

    def test_what_begins_over_a_prompt_begins_while_it_is_heard(self, built: SituationSet) -> None:
        for one in built.situations:
            if one.over_prompt and one.speech_ms:
                begin = one.speech_ms[0][0]
                prompt = read_wav(built.folder / built.prompts[one.prompt].audio)
                assert 1000 <= begin <= built.prompts[one.prompt].duration_ms - 1200
                assert dbfs(prompt[begin * 8 : begin * 8 + 3200]) > -40

    def test_dictated_numbers_have_their_pauses(self, built: SituationSet) -> None:
        for one in built.situations:
            if one.kind == "number":
                gaps = [later[0] - earlier[1] for earlier, later in zip(one.speech_ms, one.speech_ms[1:], strict=False)]
                assert len(gaps) == 2
                assert all(395 <= gap <= 905 for gap in gaps)

    def test_a_bystander_is_nobody_s_speech_and_far_below(self, built: SituationSet) -> None:
        for one in built.situations:
            if one.kind == "bystander":
                assert not one.speech_ms
                assert one.words
                pcm = read_wav(built.folder / one.audio)
                assert dbfs(pcm[one.words[0].begin_ms * 8 : one.words[-1].end_ms * 8]) < -29

    def test_boundaries_of_prompts_are_where_voice_begins(self, built: SituationSet) -> None:
        for prompt in built.prompts.values():
            pcm = read_wav(built.folder / prompt.audio)
            assert len(pcm) // 8 == prompt.duration_ms
            assert set(prompt.sentences_ms) <= set(prompt.clauses_ms)
            for at in prompt.clauses_ms:
                assert np.abs(pcm[at * 8 : at * 8 + 160]).max() > 100
                assert at == 0 or np.abs(pcm[at * 8 - 800 : at * 8]).max() == 0

    def test_the_same_seed_gives_the_same_files(self, built: SituationSet, tmp_path: Path) -> None:
        again = asyncio.run(build(tmp_path, SHARED, count=6))
        assert again.situations == built.situations[:6]
        for one in again.situations:
            ours, theirs = ((folder / one.audio).read_bytes() for folder in (tmp_path, built.folder))
            assert hashlib.sha256(ours).digest() == hashlib.sha256(theirs).digest()

    @pytest.mark.parametrize("harm", ["no index", "other format", "unknown kind", "no audio"])
    def test_a_damaged_folder_is_named(self, built: SituationSet, tmp_path: Path, harm: str) -> None:
        folder = tmp_path / "set"
        shutil.copytree(built.folder, folder)
        index = folder / "index.json"
        data = json.loads(index.read_text())
        if harm == "no index":
            index.unlink()
        elif harm == "other format":
            index.write_text(json.dumps(data | {"format": "situations/9"}))
        elif harm == "unknown kind":
            data["situations"][0]["kind"] = "sneeze"
            index.write_text(json.dumps(data))
        else:
            (folder / built.situations[0].audio).unlink()
        with pytest.raises(ModelError, match="situations"):
            read_set(folder)


class TestSounds:
    def test_level_sets_the_loud_part(self) -> None:
        wave = np.concatenate([np.zeros(4000), np.sin(np.arange(4000) * 0.5)])
        loud = level(wave, -20.0)[4000:]
        assert 20 * np.log10(np.sqrt(np.mean(loud**2)) / 32768) == pytest.approx(-20.0, abs=0.2)

    def test_noise_has_its_level(self) -> None:
        wave = noise(1000, -58.0, np.random.default_rng(1))
        assert len(wave) == 8000
        assert dbfs(wave) == pytest.approx(-58.0, abs=0.1)

    def test_put_makes_room(self) -> None:
        assert len(put(silence(100), silence(100), 50)) == 1200

    def test_a_cough_begins_at_once(self) -> None:
        for seed in range(10):
            wave = np.abs(cough(np.random.default_rng(seed)))
            assert wave[:160].max() > 0.5 * wave.max()
            assert 150 <= len(wave) // 8 <= 1600

    def test_a_hum_is_voiced_and_low(self) -> None:
        wave = hum(np.random.default_rng(1), 300)
        power = np.abs(np.fft.rfft(wave)) ** 2
        hertz = np.fft.rfftfreq(len(wave), 1 / 8000)
        assert power[hertz < 700].sum() > 3 * power[hertz > 700].sum()

    def test_a_wall_takes_the_high_part(self) -> None:
        white = np.random.default_rng(1).standard_normal(8000)
        power = np.abs(np.fft.rfft(telephone_band(white, 300, 1800))) ** 2
        assert power[3000:].sum() < 0.01 * power[400:1600].sum()


class TestTakes:
    def test_a_take_is_trimmed_and_its_words_are_even(self) -> None:
        wave = np.concatenate([np.zeros(800), 5000 * np.sin(np.arange(4000) * 0.6), np.zeros(800)])
        take = spoken(wave, "二三", "v", "zh")
        assert take.spans == ((0, 500),)
        assert [(word.text, word.begin_ms, word.end_ms) for word in take.words] == [("二", 0, 250), ("三", 250, 500)]

    def test_short_gaps_belong_to_the_speech(self) -> None:
        take = spoken(5000 * np.sin(np.arange(1600) * 0.6), "one two", "v", "en")
        assert joined([take, take], [100], "en").spans == ((0, 500),)
        apart = joined([take, take], [400], "en")
        assert apart.spans == ((0, 200), (600, 800))
        assert apart.text == "one two one two"
        assert apart.words[2].begin_ms == 600

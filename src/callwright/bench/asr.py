"""`callwright bench asr`: how well the embedded recogniser understands, through the understanding of a script, and how many calls it bears.

Mandarin: human callers (callers-zh) against three scripts. English: synthetic callers on an appointment call. Both: sentences kept apart, in
wordings that neither script nor pack has. Every utterance counts as the first of a call: the hardest case.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from callwright.bench.asr_callers import Listener, Tally, callers, hear, unseen
from callwright.bench.asr_load import sustained
from callwright.bench.report import Figure, Report, machine
from callwright.errors import Place, Problem, SettingsError
from callwright.everyday import everyday
from callwright.script.builtin import template_path
from callwright.script.loader import load
from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.decoder import PhraseDecoder
from callwright.speech.asr.engines import Engines
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, read_dictionary
from callwright.speech.asr.matching import phone_distance
from callwright.speech.asr.tuning import TUNING
from callwright.speech.asr.vocabulary_model import VocabularyModel
from callwright.speech.models import MANDARIN, find_english_model, find_model
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav

__all__ = ["run"]

_EXAMPLES = ("trial_lesson", "appointment", "csat")
_VOICES = ("rms", "kal16", "awb", "slt")
_TARGET_VOICES = ("rms", "kal16")  # the other two are for comparison
_TAIL = 2400  # samples of line after the words: the silence in which a turn ends
_ENGLISH_SAID = [
    "yes",
    "yes please",
    "yes that's fine",
    "okay",
    "sure",
    "that works for me",
    "absolutely",
    "that's correct",
    "no",
    "no i can't",
    "i can't make it",
    "no thank you",
    "not that day",
    "i need to reschedule",
    "can we change the time",
    "another day please",
    "i want to cancel",
    "please cancel my appointment",
    "i'm not interested",
    "how much does it cost",
    "how much is it",
    "where is the clinic",
    "how do i get there",
    "is there parking",
    "which doctor is it",
    "stop calling me",
    "please don't call again",
    "remove my number",
    "are you a robot",
    "can i speak to a human",
    "can you say that again",
    "call me back later",
    "wrong number",
    "tuesday afternoon",
    "tomorrow at ten",
    "thursday at three",
]


def run(shared: Path, models: Path, *, say: Callable[[str], None] = lambda _: None) -> Report:
    """Measure both languages. shared: folder with `audio/callers-zh` and `formats/examples`. Raises SettingsError
    or ModelError when data are missing."""
    figures = [*_mandarin(shared, models, say), *_english(say)]
    say("sustained streams, real time")
    callers_folder = shared / "audio" / "callers-zh"
    said = [read_wav(path) for path in sorted(callers_folder.glob("*-yue-tan.wav"))[:40]]
    script = load(shared / "formats" / "examples" / f"{_EXAMPLES[0]}.yaml").script
    figures += sustained(models, script, said)
    return Report("asr", machine(), tuple(figures))


def _mandarin(shared: Path, models: Path, say: Callable[[str], None]) -> list[Figure]:
    folder = shared / "audio" / "callers-zh"
    try:
        index: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        items = callers(index)
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            Problem("no-data", f"cannot read the callers: {error}", Place(str(folder)), "set CALLWRIGHT_SHARED")
        ) from error
    model = find_model(MANDARIN, models)
    lexicon = ChineseLexicon(read_dictionary(model / "mandarin_notone.dic"))
    acoustic = AcousticModel(model / "hmm", TUNING["zh"])
    tally, texts = Tally(), Tally()
    pack = {lexicon.phones(one.text) for one in everyday("zh")}
    accept = TUNING["zh"].accept_at
    for number, name in enumerate(_EXAMPLES):
        script = load(shared / "formats" / "examples" / f"{name}.yaml").script
        say(f"Mandarin, script {script.id}")
        listener = Listener(script, lexicon)
        known = pack | {lexicon.phones(text) for text, _ in listener.phrases}
        decoder = PhraseDecoder(Engines(VocabularyModel("zh", listener.phrases, lexicon, TUNING["zh"]), acoustic))
        for item in items:
            if item["script"] not in (script.id, "none") and not (item["script"] == "any" and number == 0):
                continue
            intent = item["intent"]
            decoder.expect(listener.expected(intent))
            line = np.concatenate([read_wav(folder / item["file"]), np.zeros(_TAIL, dtype=np.int16)])
            decoded = hear(decoder, line, tally)
            kind, taken = ("noisy" if item["noisy"] else "clean"), decoded.score >= accept
            if item["script"] == "none":
                false = taken and listener.false(decoded.text, decoded.alternatives)
                tally.add((f"{kind} strange", "strange"), false)
                continue
            right = listener.right(intent, item["value"], item["text"], decoded.text, decoded.alternatives)
            wording = "known" if lexicon.phones(item["text"]) in known else "new"
            kinds = (kind, f"{kind} {item['voice']}", f"{kind} {wording}")
            tally.add(kinds, right and taken)
            tally.add((f"{kind} wrong",), taken and not right)
        decoder.engines.close()
        for one in unseen("zh"):
            if one.script == script.id and lexicon.phones(one.text) not in known:
                texts.add(("unseen",), listener.right(one.intent, one.value, one.text, one.text))
            elif one.script == "none":
                texts.add(("strange",), listener.false(one.text))
    return [
        Figure("zh clean: intent right", tally.share("clean"), "%", 90, "least"),
        Figure("zh noisy 15 dB: intent right", tally.share("noisy"), "%", 70, "least"),
        Figure("zh out of script: false intents", tally.share("strange"), "%", 5, "most"),
        Figure("zh out of script, clean: false intents", tally.share("clean strange"), "%"),
        Figure("zh out of script, noisy: false intents", tally.share("noisy strange"), "%"),
        Figure("zh clean: wrong intent or value accepted", tally.share("clean wrong"), "%"),
        Figure("zh noisy: wrong intent or value accepted", tally.share("noisy wrong"), "%"),
        Figure("zh clean, wording in script or pack: intent right", tally.share("clean known"), "%"),
        Figure("zh clean, wording in neither: intent right", tally.share("clean new"), "%", 80, "least"),
        Figure("zh clean, voice yue-tan: intent right", tally.share("clean yue-tan"), "%"),
        Figure("zh clean, voice chen-wang: intent right", tally.share("clean chen-wang"), "%"),
        Figure("zh sentences kept apart, as text: intent right", texts.share("unseen"), "%", 80, "least"),
        Figure("zh sentences kept apart, as text, out of script: false intents", texts.share("strange"), "%"),
        Figure("zh CPU per second of speech", tally.cpu_s / tally.audio_s, "s"),
        Figure(
            "zh final after the end, processor time, p50", float(np.percentile(tally.final_ms, 50)), "ms", 120, "most"
        ),
        Figure("zh final after the end, processor time, p95", float(np.percentile(tally.final_ms, 95)), "ms"),
    ]


def _english(say: Callable[[str], None]) -> list[Figure]:
    program = shutil.which("flite")
    if program is None:
        raise SettingsError(Problem("no-flite", "flite is not installed", hint="apt-get install flite"))
    path, dictionary = find_english_model()
    acoustic = AcousticModel(path, TUNING["en"])
    lexicon = EnglishLexicon(read_dictionary(dictionary))
    listener = Listener(load(template_path("appointment_en")).script, lexicon)
    decoder = PhraseDecoder(Engines(VocabularyModel("en", listener.phrases, lexicon, TUNING["en"]), acoustic))
    known = {
        lexicon.phones(text) for text in (*(one.text for one in everyday("en")), *(t for t, _ in listener.phrases))
    }
    apart = [one for one in unseen("en") if one.script == "none" or listener.means(one.intent)]
    figures: list[Figure] = []
    together, texts = Tally(), Tally()
    for voice in _VOICES:
        say(f"English, voice {voice}")
        tally = Tally()
        errors = words = 0.0
        decoder.expect(listener.expected("affirm"))
        for text in _ENGLISH_SAID:
            heard = hear(decoder, _spoken(program, voice, text), tally).text.casefold()
            tally.add(("exact",), heard == text)
            errors += phone_distance(heard.split(), text.split())
            words += len(text.split())
        target = voice in _TARGET_VOICES
        rate = 100 * errors / words
        figures.append(
            Figure(f"en {voice}: word errors", rate, "%", 10 if target else None, "most" if target else "none")
        )
        figures.append(Figure(f"en {voice}: answers exact", tally.share("exact"), "%"))
        if target:
            for one in apart:
                decoded = hear(decoder, _spoken(program, voice, one.text), tally)
                taken = decoded.score >= TUNING["en"].accept_at
                if one.script == "none":
                    together.add(("strange",), taken and listener.false(decoded.text, decoded.alternatives))
                elif lexicon.phones(one.text) not in known:
                    right = listener.right(one.intent, one.value, one.text, decoded.text, decoded.alternatives)
                    together.add(("unseen",), right and taken)
        figures.append(Figure(f"en {voice}: CPU per second of speech", tally.cpu_s / tally.audio_s, "s"))
        together.final_ms += tally.final_ms
    for one in apart:
        if one.script != "none" and lexicon.phones(one.text) not in known:
            texts.add(("unseen",), listener.right(one.intent, one.value, one.text, one.text))
    decoder.engines.close()
    acoustic.close()
    return [
        *figures,
        Figure("en sentences kept apart, heard: intent right", together.share("unseen"), "%", 80, "least"),
        Figure("en sentences kept apart, as text: intent right", texts.share("unseen"), "%", 80, "least"),
        Figure("en sentences kept apart, heard, out of script: false intents", together.share("strange"), "%"),
        Figure(
            "en final after the end, processor time, p50",
            float(np.percentile(together.final_ms, 50)),
            "ms",
            120,
            "most",
        ),
    ]


def _spoken(program: str, voice: str, text: str) -> Pcm:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run([program, "-voice", voice, "-t", text, "-o", str(path)], check=True, timeout=30)  # noqa: S603 - fixed texts
        speech = read_wav(path)
    line = np.random.default_rng(1).normal(0, 6, len(speech) + 800 + _TAIL)
    line[800 : 800 + len(speech)] += speech * 0.6
    return line.astype(np.int16)

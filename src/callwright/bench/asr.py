"""How well the embedded recogniser understands: human Mandarin callers against three scripts, synthetic English callers on an appointment call.

Intent right = the phrase nearest to what was handed on belongs to the intent spoken (spoken values must be right themselves). The channel mean
starts afresh for every utterance: the hardest case, the first word of a call.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from callwright.bench.report import Figure, Report, machine
from callwright.errors import Place, Problem, SettingsError
from callwright.everyday import everyday
from callwright.script.loader import load
from callwright.script.model import Script
from callwright.speech.asr.decoder import TUNING, Decoded, PhraseDecoder, VocabularyModel
from callwright.speech.asr.lexicon import ChineseLexicon, EnglishLexicon, read_dictionary
from callwright.speech.models import MANDARIN, find_english_model, find_model
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav

__all__ = ["run"]

_VALUES = frozenset({"child_age", "score"})
_TIMES = frozenset({"when", "new_time"})
_ENGLISH_SCRIPT = [
    "that works",
    "i can make it",
    "not that day",
    "another day",
    "cancel the appointment",
    "not coming",
    "reschedule",
    "change the time",
    "how much",
    "what does it cost",
    "where is the clinic",
    "how do i get there",
    "which doctor",
    "parking",
    "stop calling",
    "remove my number",
    "are you a robot",
    "real person",
    "say that again",
]
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


@dataclass
class _Tally:
    said: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    audio_s: float = 0.0

    def share(self, kind: str) -> float:
        return 100 * self.right[kind] / max(1, self.said[kind])


def run(shared: Path, models: Path, *, say: Callable[[str], None] = lambda _: None) -> Report:
    """Measure both languages. shared: folder with `audio/callers-zh` and `formats/examples`. Raises SettingsError
    or ModelError when data are missing."""
    figures: list[Figure] = []
    mandarin = _mandarin(shared, models, say)
    figures += [
        Figure("zh clean: intent right", mandarin.share("clean"), "%", 85, "least"),
        Figure("zh clean, wording in the vocabulary: intent right", mandarin.share("clean known wording"), "%"),
        Figure("zh clean, wording not in it: intent right", mandarin.share("clean new wording"), "%"),
        Figure("zh clean, voice yue-tan: intent right", mandarin.share("clean yue-tan"), "%"),
        Figure("zh clean, voice chen-wang: intent right", mandarin.share("clean chen-wang"), "%"),
        Figure("zh clean: accepted", mandarin.share("clean accepted"), "%"),
        Figure("zh noisy 15 dB: intent right", mandarin.share("noisy"), "%"),
        Figure("zh out of script: accepted", mandarin.share("clean strange"), "%", 20, "most"),
        Figure("zh CPU per second of speech", mandarin.cpu_s / mandarin.audio_s, "s", 0.2, "most"),
    ]
    program = shutil.which("flite")
    if program is None:
        raise SettingsError(Problem("no-flite", "flite is not installed", hint="apt-get install flite"))
    for voice in ("rms", "kal16", "awb", "slt"):
        say(f"English, voice {voice}")
        english = _english(program, voice)
        target = 90.0 if voice in ("rms", "kal16") else None
        figures.append(
            Figure(f"en {voice}: answers exact", english.share("clean"), "%", target, "least" if target else "none")
        )
        figures.append(Figure(f"en {voice}: CPU per second of speech", english.cpu_s / english.audio_s, "s"))
    return Report("asr", machine(), tuple(figures))


def _hear(decoder: PhraseDecoder, pcm: Pcm, tally: _Tally) -> Decoded:
    started = time.process_time()
    decoder.renew()
    decoder.begin()
    for at in range(0, len(pcm), 320):
        decoder.push(pcm[at : at + 320])
    decoded = decoder.finish()
    tally.cpu_s += time.process_time() - started
    tally.audio_s += len(pcm) / 8000
    return decoded


def _mandarin(shared: Path, models: Path, say: Callable[[str], None]) -> _Tally:
    folder = shared / "audio" / "callers-zh"
    try:
        items: list[dict[str, Any]] = json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            Problem("no-data", f"cannot read the callers: {error}", Place(str(folder)), "set CALLWRIGHT_SHARED")
        ) from error
    model = find_model(MANDARIN, models)
    lexicon = ChineseLexicon(read_dictionary(model / "mandarin_notone.dic"))
    tally = _Tally()
    for number, name in enumerate(("trial_lesson", "appointment", "csat")):
        script = load(shared / "formats" / "examples" / f"{name}.yaml").script
        say(f"Mandarin, script {script.id}")
        labelled = _labelled(script)
        vocabulary = VocabularyModel("zh", tuple((text, 1.0) for text, _ in labelled), lexicon, TUNING["zh"])
        labels: dict[tuple[str, ...], str] = {}
        for text, label in [*labelled, *((text, section) for section, text, _, _ in everyday("zh"))]:
            labels.setdefault(lexicon.words(text), label)
        decoder = PhraseDecoder(vocabulary, model / "hmm")
        for item in items:
            if item["script"] in (script.id, "none") or (item["script"] == "any" and number == 0):
                decoded = _hear(decoder, read_wav(folder / item["file"]), tally)
                _judge(item, decoded, labels, vocabulary, tally)
        decoder.close()
    return tally


def _judge(
    item: dict[str, Any],
    decoded: Decoded,
    labels: dict[tuple[str, ...], str],
    vocabulary: VocabularyModel,
    tally: _Tally,
) -> None:
    kind = "noisy" if item["noisy"] else "clean"
    if item["script"] == "none":
        tally.said[f"{kind} strange"] += 1
        tally.right[f"{kind} strange"] += decoded.score >= TUNING["zh"].accept_at
        return
    lexicon, intent = vocabulary.lexicon, item["intent"]
    same = lexicon.phones(decoded.text) == lexicon.phones(item["text"])
    label = labels.get(lexicon.words(vocabulary.matcher.nearest(decoded.text).phrase), "")
    if intent in _TIMES:
        right = label in _TIMES and str(item["value"]).removeprefix("周")[-2:] in decoded.text
    else:
        right = label == intent and intent not in _VALUES
    accepted = decoded.score >= TUNING["zh"].accept_at
    known = "known wording" if lexicon.words(item["text"]) in labels else "new wording"
    heard = same or right
    voice = f"{kind} {item['voice']}"
    for name, good in ((kind, heard), (voice, heard), (f"{kind} accepted", accepted), (f"{kind} {known}", heard)):
        tally.said[name] += 1
        tally.right[name] += good


def _labelled(script: Script) -> list[tuple[str, str]]:
    """Every phrase of a script with the intent it belongs to."""
    classes = {"affirm": script.lexicon.affirm, "deny": script.lexicon.deny, "refuse": script.lexicon.refuse}
    found = [(phrase, label) for label, phrases in classes.items() for phrase in phrases]
    found += [(phrase, "backchannel") for phrase in script.lexicon.backchannel]
    found += [(p, name) for name, intent in script.intents.items() for p in (*intent.phrases, *intent.examples)]
    found += [(p, entry.id) for entry in script.kb for p in (*entry.phrases, *entry.examples)]
    found += [(p, rule.id) for rule in script.globals for p in (*rule.phrases, *rule.examples)]
    for name, slot in script.slots.items():
        found += [(word, name) for choice, words in (slot.choices or {}).items() for word in (choice, *words)]
    return found


def _english(program: str, voice: str) -> _Tally:
    acoustic, dictionary = find_english_model()
    lexicon = EnglishLexicon(read_dictionary(dictionary))
    vocabulary = VocabularyModel("en", tuple((text, 1.0) for text in _ENGLISH_SCRIPT), lexicon, TUNING["en"])
    decoder = PhraseDecoder(vocabulary, acoustic)
    tally = _Tally()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for text in _ENGLISH_SAID:
            subprocess.run([program, "-voice", voice, "-t", text, "-o", str(path)], check=True, timeout=30)  # noqa: S603 - fixed texts
            speech = read_wav(path)
            line = np.random.default_rng(1).normal(0, 6, len(speech) + 2400)
            line[800 : 800 + len(speech)] += speech * 0.6
            tally.said["clean"] += 1
            tally.right["clean"] += _hear(decoder, line.astype(np.int16), tally).text == text
    decoder.close()
    return tally

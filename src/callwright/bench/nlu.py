"""`callwright bench nlu`: how well and how fast sentences are understood, on public sets and on a script of fifty intents."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from callwright.bench.intents import Sentences, banking77, clinc150, few_shot, massive_zh
from callwright.bench.noise import garble
from callwright.bench.report import Figure, Report, machine
from callwright.dialogue.engine import Dialogue
from callwright.dialogue.understanding.nlu import Nlu
from callwright.dialogue.understanding.ranker import Ranker
from callwright.dialogue.values import Answered, Context, Event, Heard, Silence
from callwright.script.builtin import template_path, templates
from callwright.script.loader import load
from callwright.script.model import Script

__all__ = ["run", "script_of"]

_SEEDS = (0, 1, 2)
_ROUNDS = 3  # of a speed figure; the best counts: what else a machine does only ever adds time
_KEPT = 0.95  # share of right answers that stay accepted where strangers are counted


def run(folder: Path, *, say: Callable[[str], None] = lambda _: None) -> Report:
    """Every figure of the benchmark; `say` is told what is under way. Raises SettingsError when a set is missing."""
    banking, clinc, massive = banking77(folder), clinc150(folder), massive_zh(folder)
    figures: list[Figure] = []
    parts: tuple[tuple[str, Callable[[], Iterator[Figure]]], ...] = (
        ("speed on fifty intents", lambda: _fifty(massive[0])),
        ("dialogue turns", _turns),
        ("BANKING77", lambda: _banking(*banking)),
        ("MASSIVE zh-CN", lambda: _massive(*massive)),
        ("CLINC150", lambda: _clinc(*clinc)),
    )
    for name, part in parts:
        say(name)
        figures += part()
    return Report("nlu", machine(), tuple(figures))


def script_of(sentences: Sentences, lang: str, phrases: int = 3) -> Script:
    """A script that has one intent for every label: the first sentences as phrases too, all as examples."""
    groups: dict[str, list[str]] = {}
    for text, label in zip(sentences.texts, sentences.labels, strict=True):
        groups.setdefault(label, []).append(text[:200])
    intents = {
        f"intent-{number}": {"phrases": groups[label][:phrases], "examples": groups[label]}
        for number, label in enumerate(sorted(groups))
    }
    return Script.model_validate(
        {
            "format": "script/1",
            "id": "bench",
            "title": "bench",
            "lang": lang,
            "purpose": "service",
            "lexicon": {"affirm": ["可以", "好的"], "deny": ["不是"], "refuse": ["不需要"], "backchannel": ["嗯"]},
            "intents": intents,
            "flow": {"start": "a", "nodes": {"a": {"say": ["?"], "end": "done"}}},
        }
    )


def _accuracy(found: Sequence[tuple[str, float]], truth: Sequence[str]) -> float:
    return 100 * float(np.mean([label == right for (label, _), right in zip(found, truth, strict=True)]))


def _banking(train: Sentences, test: Sentences) -> Iterator[Figure]:
    few: list[float] = []
    for seed in _SEEDS:
        drawn = few_shot(train, 10, seed)
        few.append(_accuracy(Ranker.train(drawn.texts, drawn.labels, "en", seed).scores(test.texts), test.labels))
    yield Figure("BANKING77 10-shot accuracy, mean of 3 draws", round(float(np.mean(few)), 2), "%", 75, "least")
    full = Ranker.train(train.texts, train.labels, "en").scores(test.texts)
    yield Figure("BANKING77 full accuracy", round(_accuracy(full, test.labels), 2), "%", 91, "least")


def _clinc(train: Sentences, test: Sentences, strange: Sequence[str]) -> Iterator[Figure]:
    ranker = Ranker.train(train.texts, train.labels, "en")
    known = ranker.scores(test.texts)
    yield Figure("CLINC150 full accuracy", round(_accuracy(known, test.labels), 2), "%", 92, "least")
    right = [score for (label, score), truth in zip(known, test.labels, strict=True) if label == truth]
    floor = float(np.quantile(right, 1 - _KEPT))
    caught = 100 * float(np.mean([score < floor for _, score in ranker.scores(strange)]))
    yield Figure("CLINC150 out-of-scope recall, 95 % of right answers kept", round(caught, 2), "%", 87, "least")


def _massive(train: Sentences, test: Sentences) -> Iterator[Figure]:
    ranker = Ranker.train(train.texts, train.labels, "zh")
    clean = _accuracy(ranker.scores(test.texts), test.labels)
    yield Figure("MASSIVE zh-CN full accuracy", round(clean, 2), "%", 83, "least")
    generator = random.Random(0)
    noisy = _accuracy(ranker.scores([garble(text, 0.2, generator) for text in test.texts]), test.labels)
    yield Figure("MASSIVE zh-CN loss at 20 % homophone noise", round(clean - noisy, 2), "points", 3, "most")


def _fifty(train: Sentences) -> Iterator[Figure]:
    """Fifty intents of thirty sentences: the size of a large script."""
    drawn = few_shot(train, 30, 0)
    counts = {label: drawn.labels.count(label) for label in set(drawn.labels)}
    chosen = set(sorted(counts, key=lambda label: (-counts[label], label))[:50])
    pairs = [(text, label) for text, label in zip(drawn.texts, drawn.labels, strict=True) if label in chosen]
    script = script_of(Sentences.of(pairs), "zh-CN")
    nlu = Nlu.train(script)  # the first training loads scikit-learn; that is told apart from training
    sentences = [text for text, label in zip(train.texts, train.labels, strict=True) if label in chosen]
    sample = random.Random(1).sample(sentences, min(2000, len(sentences)))
    context = Context(intents=frozenset(list(script.intents)[:10]))
    for text in sample[:200]:
        nlu.understand(text, context)
    trained, middle, slow = [], [], []
    for _ in range(_ROUNDS):
        begin = time.process_time()
        Nlu.train(script)
        trained.append(time.process_time() - begin)
        times = [_timed(nlu, text, context) for text in sample]
        middle.append(float(np.percentile(times, 50)))
        slow.append(float(np.percentile(times, 99)))
    yield Figure("training 50 intents x 30 sentences", round(min(trained), 3), "s", 2, "most")
    yield Figure("understand, 50 intents, p50", round(min(middle), 1), "us", 100, "most")
    yield Figure("understand, 50 intents, p99", round(min(slow), 1), "us", 1000, "most")


def _timed(nlu: Nlu, text: str, context: Context) -> float:
    """Microseconds of this thread's processor time: what other programs on the machine do is not counted."""
    begin = time.thread_time_ns()
    nlu.understand(text, context)
    return (time.thread_time_ns() - begin) / 1000


def _turns() -> Iterator[Figure]:
    """Whole turns (understanding, engine, log entries) of the built-in templates' own tests, as processor time of one core."""
    scripts = [load(template_path(name)).script for name in templates()]
    dialogues = [(Dialogue(script, Nlu.train(script)), script) for script in scripts]
    rates: list[float] = []
    for _ in range(_ROUNDS):
        begin = time.process_time()
        turns = sum(sum(_play(dialogue, script)) for dialogue, script in dialogues for _ in range(10))
        rates.append(turns / (time.process_time() - begin))
    yield Figure("dialogue turns on one core", round(max(rates)), "turns/s", 2000, "least")


def _play(dialogue: Dialogue, script: Script) -> Iterator[int]:
    """How many events each test of the script took. Stops where the conversation ends."""
    values = {name: var.example or "x" for name, var in script.vars.items()}
    for test in script.tests:
        state = dialogue.start({**values, **test.vars})
        events: list[Event] = [Answered()]
        events += [
            Heard(1000 * (n + 1), turn.say) if turn.say else Silence(1000 * (n + 1))
            for n, turn in enumerate(test.turns)
        ]
        taken = 0
        for event in events:
            if state.phase == "ended":
                break
            state = dialogue.step(state, event).state
            taken += 1
        yield taken

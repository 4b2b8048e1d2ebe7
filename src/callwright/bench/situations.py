"""The labelled set of `bench turns`: what happens on a call while the robot speaks and after it, as plain files any program can read.

A folder holds `index.json` (shape: `as_json`), the prompts and the callers as int16 mono WAV at 8 kHz. What is said, when, and what the robot
should do stands in the index, from the construction; nothing of it is measured. The same seed builds the same folder, byte for byte.

    python -m callwright.bench.situations FOLDER [--seed N] [--situations N]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from callwright.errors import ModelError, Place, Problem

__all__ = ["FORMAT", "Echo", "Expect", "Kind", "Prompt", "Situation", "SituationSet", "Word", "read_set"]

FORMAT = "situations/1"
Kind = Literal[
    "answer", "backchannel", "cough", "noise", "bystander", "echo", "number", "optout_disclosure", "hesitation"
]
Expect = Literal["stop", "resume", "ignore", "answer"]
"""stop: the prompt must stop for good; resume: it may pause but must be said to its end; ignore: it shall not even pause; answer: the prompt
is over, the robot must answer once."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word (Mandarin: a character) and where it is spoken, ms of the situation's audio."""

    text: str
    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Echo:
    """What the far telephone sends back of the robot's own voice, to be mixed live by whoever plays the situation: a robot that falls silent
    has no echo any more. gain_db is negative."""

    delay_ms: int
    gain_db: float


@dataclass(frozen=True, slots=True)
class Prompt:
    """audio: file; text; sentences_ms, clauses_ms: where sentences begin, and where anything begins after a pause."""

    audio: str
    text: str
    language: Literal["zh", "en"]
    duration_ms: int
    sentences_ms: tuple[int, ...]
    clauses_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing that happens on one call.

    audio: the caller's side, begun with the prompt (`over_prompt`) or when it has ended; before: what the caller says on picking up, "" =
    nothing; speech_ms: true voiced spans of this caller; words: what can be heard, bystanders included, with its times; text: all
    words; complete: the words are a whole phrase the script expects; noise_dbfs: the line's noise, also before and after the audio;
    voice, what: who speaks and what was mixed in, for people who read results."""

    id: str
    kind: Kind
    language: Literal["zh", "en"]
    audio: str
    over_prompt: bool
    prompt: str
    speech_ms: tuple[tuple[int, int], ...]
    text: str
    expect: Expect
    words: tuple[Word, ...] = ()
    complete: bool = False
    before: str = ""
    echo: Echo | None = None
    noise_dbfs: float = -65.0
    voice: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class SituationSet:
    """A whole folder."""

    folder: Path
    seed: int
    prompts: Mapping[str, Prompt]
    situations: tuple[Situation, ...]
    rate: int = field(default=8000)

    def as_json(self) -> dict[str, Any]:
        """What `index.json` holds; times in ms, levels in dBFS."""
        return {
            "format": FORMAT,
            "rate": self.rate,
            "seed": self.seed,
            "prompts": {name: asdict(prompt) for name, prompt in self.prompts.items()},
            "situations": [asdict(one) for one in self.situations],
        }

    def write_index(self) -> None:
        """Write `index.json`."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1)
        (self.folder / "index.json").write_text(text + "\n", encoding="utf-8")


def read_set(folder: Path) -> SituationSet:
    """The set in a folder. Raises ModelError: there is none, or it is damaged (a file that is missing included)."""
    path = folder / "index.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["rate"] != 8000:
            raise ValueError(f"it is {data['format']} at {data['rate']} Hz")
        prompts = {name: _prompt(entry) for name, entry in data["prompts"].items()}
        situations = tuple(_situation(entry, prompts) for entry in data["situations"])
        seed = int(data["seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"no set of situations: {error}") from None
    files = {prompt.audio for prompt in prompts.values()} | {one.audio for one in situations}
    files |= {one.before for one in situations if one.before}
    missing = sorted(name for name in files if "/" in name or not (folder / name).is_file())
    if missing:
        raise _damaged(path, f"{len(missing)} of its files are missing: {', '.join(missing[:3])}")
    return SituationSet(folder, seed, prompts, situations)


def _prompt(entry: dict[str, Any]) -> Prompt:
    marks = {name: tuple(int(at) for at in entry[name]) for name in ("sentences_ms", "clauses_ms")}
    return Prompt(**{**entry, **marks})


def _situation(entry: dict[str, Any], prompts: Mapping[str, Prompt]) -> Situation:
    if entry["kind"] not in get_args(Kind) or entry["expect"] not in get_args(Expect) or entry["prompt"] not in prompts:
        raise ValueError(f"{entry['id']} is of a kind, prompt or expectation that is unknown")
    changes = {
        "speech_ms": tuple((int(begin), int(end)) for begin, end in entry["speech_ms"]),
        "words": tuple(Word(**word) for word in entry["words"]),
        "echo": Echo(**entry["echo"]) if entry["echo"] else None,
        "kind": cast("Kind", entry["kind"]),
    }
    return Situation(**{**entry, **changes})


def _damaged(path: Path, message: str) -> ModelError:
    hint = "build it anew: python -m callwright.bench.situations FOLDER"
    return ModelError(Problem("no-situations", message, Place(str(path)), hint))


if __name__ == "__main__":
    from callwright.bench.situations_build import main

    main()

"""Recording review with the embedded recogniser: human recordings, some of them in each other's place or of something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callwright.speech.asr.lexicon import ChineseLexicon, read_dictionary
from callwright.speech.asr.pocketsphinx import PocketsphinxRecogniser
from callwright.speech.models import MANDARIN, find_model
from callwright.speech.recordings.importing import Wanted, import_recordings
from callwright.speech.recordings.reviewing import review

pytestmark = [pytest.mark.anyio, pytest.mark.integration]
RIGHT, SWAPPED, STRANGE = 8, 2, 2


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_says_something_else_is_found(shared: Path, tmp_path: Path) -> None:
    folder = shared / "audio" / "callers-zh"
    items = json.loads((folder / "index.json").read_text(encoding="utf-8"))["items"]
    clean = [item for item in items if item["voice"] == "yue-tan" and not item["noisy"] and len(item["text"]) >= 6]
    known = list({item["text"]: item for item in clean if item["intent"] != "out_of_script"}.values())
    strange = [item for item in clean if item["intent"] == "out_of_script"]
    lines = known[: RIGHT + SWAPPED + STRANGE]
    spoken = [item["file"] for item in lines]
    for at in range(RIGHT, RIGHT + SWAPPED, 2):
        spoken[at], spoken[at + 1] = spoken[at + 1], spoken[at]
    spoken[RIGHT + SWAPPED :] = [item["file"] for item in strange[:STRANGE]]
    source = tmp_path / "speaker"
    source.mkdir()
    wanted = [Wanted(f"p{number:02}.wav", item["text"]) for number, item in enumerate(lines)]
    for one, name in zip(wanted, spoken, strict=True):
        (source / one.file).write_bytes((folder / name).read_bytes())
    import_recordings(wanted, "zh", source, tmp_path / "recordings")
    (tmp_path / "recordings" / "p00.wav").write_bytes(b"broken")
    models = shared / "models"
    lexicon = ChineseLexicon(read_dictionary(find_model(MANDARIN, models) / "mandarin_notone.dic"))
    recogniser = PocketsphinxRecogniser(models, workers=1)
    try:
        results = await review(wanted, tmp_path / "recordings", "zh", recogniser, lexicon)
    finally:
        await recogniser.aclose()
    assert results[0].verdict == "unreadable"
    right = [result.verdict == "right" for result in results[1:RIGHT]]
    assert sum(right) >= len(right) - 1, results
    wrong = results[RIGHT:]
    assert all(result.verdict in ("suspicious", "mixed-up") for result in wrong), wrong
    swapped = wrong[:SWAPPED]
    assert sum(result.verdict == "mixed-up" for result in swapped) >= 1, swapped
    assert all(result.other != result.file for result in swapped)

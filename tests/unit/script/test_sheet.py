from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import InputError
from callwright.script.builtin import template_path
from callwright.script.checks import recordings
from callwright.script.checks.recordings import check_recordings
from callwright.script.loader import LoadedScript, load, loads
from callwright.script.sheet import recording_sheet, unrecordable
from callwright.speech.wav import write_wav


def with_say(*says: str) -> LoadedScript:
    text = template_path("appointment_en").read_text(encoding="utf-8")
    at = text.index("    say:")
    end = text.index("\n    ", text.index("\n", at)) if says else at
    lines = "".join(f"      - {say}\n" for say in says)
    head = text[:at] + "    say:\n" + lines
    rest = text[end + 1 :].splitlines(keepends=True)
    while rest and rest[0].startswith("      "):
        rest.pop(0)
    return loads(head + "".join(rest))


def test_wordings_are_listed_with_names_and_places(shared: Path) -> None:
    lines = recording_sheet(load(shared / "formats" / "examples" / "trial_lesson.yaml").script)
    named = [line for line in lines if line.named]
    assert [line.file for line in named][:4] == [f"opening_1.{n}.wav" for n in (1, 2, 3, 4)]
    assert named[2].text == "的智能语音助手，根据"
    assert "{company}[的智能语音助手，根据]{source}" in named[2].whole
    assert named[0].where == "flow.nodes.opening.say[0]"
    assert {line.file: line.text for line in named}["kb_price_2.wav"].startswith("这次来听不收费")
    assert len({line.file for line in lines}) == len(lines)


def test_wordings_without_a_name_get_one_and_texts_without_a_place_are_told() -> None:
    script = load(template_path("appointment_en")).script
    lines = recording_sheet(script)
    assert all(not line.named for line in lines)
    assert all(line.file.endswith(".wav") and "/" not in line.file and "[" not in line.file for line in lines)
    assert len({line.file for line in lines}) == len(lines) > 10
    asked = {slot.ask for slot in script.slots.values() if slot.ask}
    assert asked <= set(unrecordable(script))


def test_one_file_cannot_say_two_texts() -> None:
    loaded = with_say('{text: "Hello there.", audio: a.wav}', '{text: "Good day.", audio: a.wav}')
    with pytest.raises(InputError, match="two texts"):
        recording_sheet(loaded.script)


@pytest.mark.parametrize("name", ["../a.wav", "/a.wav", "a.mp3", "a"])
def test_a_name_that_leads_out_or_is_no_wav_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no name of a recording"):
        recording_sheet(with_say(f'{{text: "Hello there.", audio: {name}}}').script)


def test_recorded_fragments_satisfy_the_check(tmp_path: Path) -> None:
    import numpy as np

    loaded = with_say('{text: "Hello {name}, this is {company}.", audio: a.wav}')
    loaded = LoadedScript(loaded.script, loaded.places, loaded.file, tmp_path)
    (problem,) = check_recordings(loaded)
    assert (problem.code, problem.severity) == ("recording-with-variable", "warning")
    assert "a.1.wav, a.2.wav" in problem.message
    (tmp_path / "recordings").mkdir()
    for number in (1, 2):
        write_wav(tmp_path / "recordings" / f"a.{number}.wav", np.ones(800, np.int16))
    assert list(check_recordings(loaded)) == []
    (tmp_path / "recordings" / "a.2.wav.txt").write_text("this was")
    assert [problem.code for problem in check_recordings(loaded)] == ["recording-differs"]
    assert recordings.wav_fault(tmp_path / "recordings" / "a.1.wav") == ""

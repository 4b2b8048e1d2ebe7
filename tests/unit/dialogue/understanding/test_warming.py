"""Nobody who is on the line waits for what is compiled when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from callwright.dialogue.understanding import later
from callwright.dialogue.understanding.requests import find_requests
from callwright.dialogue.understanding.slots import TYPES, read_slots
from callwright.dialogue.understanding.warming import warm

lang, said, warmed = sys.argv[1], sys.argv[2], sys.argv[3] == "warm"
if warmed:
    warm(lang)
later.re = None  # from now on nothing can be compiled any more
find_requests(said, lang)
print(len(read_slots(said, TYPES, lang)))
"""


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "请在后天上午十点给我打电话"), ("en", "call me at ten the day after tomorrow")]
)
def test_the_first_utterance_compiles_nothing(lang: str, said: str) -> None:
    def told(how: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", PROGRAM, lang, said, how], capture_output=True, text=True)

    assert int(told("warm").stdout) > 0
    assert "NoneType" in told("cold").stderr

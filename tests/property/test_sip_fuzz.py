"""A short run of the fuzzer (an hour of it: `python -m callwright.testing.fuzz --seconds 3600`)."""

from __future__ import annotations

import random
import sys

import pytest

from callwright.telephony.sip.agent import Agent
from callwright.testing import fuzz


def test_broken_messages_in_any_order() -> None:
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"python -m callwright.testing.fuzz --seed {seed}\n")
    assert fuzz.run(seed, 15) > 0


def test_the_fuzzer_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that forgets a call too late, and one that raises, are found."""
    monkeypatch.setattr(Agent, "_forget", lambda self, call: None)
    with pytest.raises(fuzz.FuzzError, match="something is left"):
        fuzz.run(1, 60)
    monkeypatch.undo()
    monkeypatch.setattr(Agent, "_on_response", lambda *_message: 1 // 0)
    with pytest.raises(fuzz.FuzzError, match="ZeroDivisionError"):
        fuzz.run(1, 60)

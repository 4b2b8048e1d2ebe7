"""What the first utterance of a process would have to wait for: grammars of requests, patterns of numbers and times; half a second in all."""

from __future__ import annotations

from callwright.dialogue.understanding.later import compile_all
from callwright.dialogue.understanding.requests import find_requests

__all__ = ["warm"]

_SAID = {"zh": "别再给我打电话了", "en": "please do not call me again"}


def warm(language: str) -> None:
    """Do it now. language: of the script."""
    lang = "zh" if language == "zh" else "en"
    find_requests(_SAID[lang], lang)
    compile_all()

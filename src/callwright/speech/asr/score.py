"""One number that says whether an utterance was something this vocabulary knows. Pure.

Where passes agree (`score`), strangers are told by four things: the passes do not agree, known phrases do not cover the text, a loop of bare
phones explains the sound much better than the words do (Young, "Detecting misrecognitions and out-of-vocabulary words", ICASSP 1994), and the
text has too few sounds for the length of the voice. Where one reading is weighed by how well it fits known phrases, the loop decides only what
that leaves in doubt (`reconsidered`). Weights and threshold: docs/explanation/recognition.md.
"""

from __future__ import annotations

from callwright.speech.asr.consensus import Agreed

__all__ = ["in_doubt", "log_ratio", "reconsidered", "score"]

_RATIO, _RATE, _NEAREST = 0.2, 0.3, 0.1
_WORST, _BEST = -3.0, -0.8  # nats per frame
_SLOW = 4.0  # phones per second of loud voice
_UNHEARD = -4.0  # nats per frame, where a pass found nothing
_DOUBTFUL = 0.45  # fit from which words may still have been meant
_EVEN = -3.0  # nats per frame at which the loop speaks neither for words in doubt nor against them
_CERTAIN = -0.2


def score(agreed: Agreed, ratio: float, phones: int, voiced_ms: int) -> float:
    """0..1. ratio: log likelihood of the words against that of a phone loop, nats per 10 ms, of the better pass; phones: of the text;
    voiced_ms: how long the loud part of the utterance is."""
    rate = phones * 1000 / max(200, voiced_ms)
    found = (
        agreed.agreement * agreed.known
        + _RATIO * min(max(ratio, _WORST), _BEST)
        + _RATE * min(rate, _SLOW) / _SLOW
        + _NEAREST * agreed.nearest
    )
    return min(max(found, 0.0), 1.0)


def log_ratio(words: float, loop: float, frames: int) -> float:
    """Log likelihood of the words against that of the phone loop, nats per frame of 10 ms. words, loop: of the whole utterance, 0 = nothing
    was found."""
    return (words - loop) / frames if words and loop else _UNHEARD


def in_doubt(fit: float, accept_at: float) -> bool:
    """Whether the fit alone does not tell a sentence in words of its own from one on another subject."""
    return _DOUBTFUL <= fit < accept_at


def reconsidered(fit: float, ratio: float) -> float:
    """0..1: how well words in doubt fit, with what the phone loop says to them; never less than without."""
    return min(max(fit, fit + _RATIO * (min(ratio, _CERTAIN) - _EVEN)), 1.0)

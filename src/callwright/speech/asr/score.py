"""One number that says whether an utterance was something this vocabulary knows. Pure.

Strangers are told by four things: the passes do not agree, known phrases do not cover the text, a loop of bare phones explains the sound much
better than the words do (Young, "Detecting misrecognitions and out-of-vocabulary words", ICASSP 1994), and the text has too few sounds for
the length of the voice. Weights and threshold: docs/explanation/recognition.md.
"""

from __future__ import annotations

from callwright.speech.asr.consensus import Agreed

__all__ = ["score"]

_RATIO, _RATE, _NEAREST = 0.2, 0.3, 0.1
_WORST, _BEST = -3.0, -0.8  # nats per frame
_SLOW = 4.0  # phones per second of loud voice


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

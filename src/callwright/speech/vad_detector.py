"""The voice detector of a process: opened once, gives each call a stream."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from callwright.errors import ModelError
from callwright.speech.vad import Detector, Vad, VadRules, WebRtcDetector
from callwright.speech.vad_silero import SileroBatch, SileroModel, VadStats

__all__ = ["VoiceDetector"]

log = logging.getLogger(__name__)

_SILERO = VadRules(onset_frames=1, lag_frames=2)


class VoiceDetector:
    """`stream()` per call. engine: `silero`, or `webrtc`; why_not: why the wanted model is not used, "" when it is."""

    def __init__(self, detector: Callable[[], Detector], rules: VadRules, engine: str, stats: VadStats) -> None:
        self._detector = detector
        self._rules = rules
        self.engine = engine
        self.stats = stats
        self.why_not = ""

    @classmethod
    def open(cls, engine: str = "auto", model: Path | None = None) -> VoiceDetector:
        """auto: Silero's model, and WebRTC's detector where that cannot be used, which is logged once. model: another file of it.

        Raises:
            ModelError: `silero` is asked for by name and cannot be used.
        """
        why_not = ""
        if engine != "webrtc":
            try:
                batch = SileroBatch(SileroModel(model), WebRtcDetector)
            except ModelError as error:
                if engine == "silero":
                    raise
                why_not = error.problems[0].message
                log.warning("%s; WebRTC's detector is used, which takes more noise for speech", error)
            else:
                return cls(batch.detector, _SILERO, "silero", batch.stats)
        detector = cls(WebRtcDetector, VadRules(), "webrtc", VadStats())
        detector.why_not = why_not
        return detector

    def stream(self, *, everybody: bool = False) -> Vad:
        """Voice activity of one call; `close` it when the call is over. everybody: bystanders count too, for recordings and for what the
        network lets us hear before anybody answered."""
        rules = replace(self._rules, bystander_db=None, echo_db=None) if everybody else self._rules
        return Vad(self._detector(), rules)

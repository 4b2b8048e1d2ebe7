"""Figures of a serving process for Prometheus. No telephone number is in any label.

What changes all the time (live calls, trunks, ticks) is read when it is asked for; what a call was like is counted when it has ended, from
its event log.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callwright.calls.live import LiveCall, LiveCalls

__all__ = ["LineMetrics", "Ticks", "TrunkState", "VoiceRuns"]

Line = Mapping[str, Any]


class Ticks(Protocol):
    """Counters of the media engine (`telephony.rtp.engine.EngineStats`)."""

    ticks: int
    late: int
    skipped: int
    dropped: int
    failed: int
    worst_ms: float


class VoiceRuns(Protocol):
    """Counters of the voice detector (`speech.vad_silero.VadStats`)."""

    windows: int
    slow: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class TrunkState:
    """registered, alive: None = not asked for, or not known yet; breaker: `closed`, `open`, `half_open`, "" = none."""

    name: str
    registered: bool | None = None
    alive: bool | None = None
    round_trip_ms: int = 0
    breaker: str = ""


class LineMetrics:
    """`registry` is what a scrape reads. recognisers: how many are ready; voices: the process's voice detector, None = not
    there yet."""

    def __init__(
        self,
        live: LiveCalls,
        ticks: Ticks,
        trunks: Callable[[], Iterable[TrunkState]],
        recognisers: Callable[[], int] = lambda: 0,
        voices: Callable[[], VoiceRuns | None] = lambda: None,
    ) -> None:
        registry = self.registry = CollectorRegistry()
        registry.register(_Now(live, ticks, trunks, recognisers, voices))
        self._calls = Counter(
            "callwright_calls", "Calls that have ended.", ["direction", "trunk", "disposition"], registry=registry
        )
        self._refused = Counter(
            "callwright_calls_refused",
            "Calls that came in and were not answered.",
            ["trunk", "code"],
            registry=registry,
        )
        self._responses = Counter(
            "callwright_sip_responses",
            "Final SIP responses of ended calls.",
            ["method", "to", "class"],
            registry=registry,
        )
        self._again = Counter(
            "callwright_sip_retransmissions", "SIP messages that were sent again.", ["by"], registry=registry
        )
        self._setup = Histogram(
            "callwright_setup_seconds", "From the first message to the answer.", ["direction"],
            buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60), registry=registry,
        )  # fmt: skip
        self._talk = Histogram(
            "callwright_talk_seconds", "From the answer to the end.", ["direction"],
            buckets=(5, 10, 20, 30, 60, 120, 300, 600, 1800), registry=registry,
        )  # fmt: skip
        self._lost = Histogram(
            "callwright_rtp_lost_ratio", "Share of received audio that was lost, by leg.",
            buckets=(0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1), registry=registry,
        )  # fmt: skip
        self._jitter = Histogram(
            "callwright_rtp_jitter_seconds", "Jitter (RFC 3550) at the end of a leg.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2), registry=registry,
        )  # fmt: skip
        self._mos = Histogram(
            "callwright_rtp_mos",
            "Estimated MOS of a leg.",
            buckets=(1.5, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.5),
            registry=registry,
        )
        self._recordings = Counter("callwright_recording_failures", "Recordings that are not whole.", registry=registry)
        self._recogniser = Counter(
            "callwright_recogniser_faults",
            "Faults other than of recording, desk or log: mostly the recogniser's.",
            registry=registry,
        )
        self.reloads = Counter("callwright_reloads", "Reloads of the line file.", ["result"], registry=registry)
        self.unfinished = Gauge(
            "callwright_unfinished_calls", "Calls found without an end at the start.", registry=registry
        )
        self.draining = Gauge("callwright_draining", "1 while no new call is taken.", registry=registry)
        self.resting = Gauge(
            "callwright_resting", "1 while no new call is taken because the media lag.", registry=registry
        )
        self.rests = Counter("callwright_rests", "How often that began.", registry=registry)

    def refused(self, trunk: str, code: int) -> None:
        """A call that came in was turned away."""
        self._refused.labels(trunk, str(code)).inc()

    def ended(self, call: LiveCall) -> None:
        """A call has its last line."""
        lines = call.log.lines
        kinds = {line["kind"]: line for line in lines}
        self._calls.labels(call.direction, call.trunk, str(kinds.get("ended", {}).get("disposition", "unknown"))).inc()
        if "connected" in kinds:
            self._setup.labels(call.direction).observe(kinds["connected"]["at_ms"] / 1000)
            over = kinds.get("released", lines[-1])
            self._talk.labels(call.direction).observe(max(0, over["at_ms"] - kinds["connected"]["at_ms"]) / 1000)
        for line in lines:
            if line["kind"] == "sip":
                self._signalled(line)
            elif line["kind"] == "rtp":
                self._heard(line)
            elif line["kind"] == "fault":
                self._failed(str(line.get("message", "")))

    def _signalled(self, line: Line) -> None:
        sent = line.get("direction") == "->"
        if line.get("again"):
            self._again.labels("us" if sent else "peer").inc()
            return
        first, method = str(line.get("line", "")), str(line.get("request", "")).rpartition(" ")[2]
        code = first[8:11]
        if first.startswith("SIP/2.0 ") and code.isdigit() and code >= "200" and method in _METHODS:
            self._responses.labels(method, "peer" if sent else "us", f"{code[0]}xx").inc()

    def _heard(self, line: Line) -> None:
        received, lost = line.get("received", 0), max(0, line.get("lost", 0))
        if received + lost:
            self._lost.observe(lost / (received + lost))
            self._jitter.observe(line.get("jitter_ms", 0) / 1000)
        if line.get("mos") is not None:
            self._mos.observe(line["mos"])

    def _failed(self, message: str) -> None:
        if message.startswith("recording"):
            self._recordings.inc()
        elif "recogni" in message:
            self._recogniser.inc()


_METHODS = frozenset(("INVITE", "BYE", "CANCEL", "UPDATE", "REFER", "INFO", "PRACK", "NOTIFY"))
_STATES = {"with a person": "person", "dialling": "setup", "trying": "setup", "ringing": "setup"}


class _Now(Collector):
    """What is so at this moment."""

    def __init__(
        self,
        live: LiveCalls,
        ticks: Ticks,
        trunks: Callable[[], Iterable[TrunkState]],
        recognisers: Callable[[], int],
        voices: Callable[[], VoiceRuns | None],
    ) -> None:
        self._live = live
        self._voices = voices
        self._ticks = ticks
        self._trunks = trunks
        self._recognisers = recognisers

    def collect(self) -> Iterator[Metric]:
        yield self._calls()
        yield from self._of_trunks()
        ticks = self._ticks
        for name, words, value in (
            ("callwright_ticks", "Ticks of 20 ms the media engine has run.", ticks.ticks),
            ("callwright_ticks_late", "Ticks that began 20 ms late or more.", ticks.late),
            ("callwright_ticks_skipped", "Ticks that were given up: a gap in every call.", ticks.skipped),
            ("callwright_frames_dropped", "Frames nobody took in time.", ticks.dropped),
            ("callwright_streams_failed", "Streams that an error of ours ended.", ticks.failed),
        ):
            yield CounterMetricFamily(name, words, value)
        yield GaugeMetricFamily(
            "callwright_tick_worst_seconds", "The longest lateness of a tick.", ticks.worst_ms / 1000
        )
        if (voices := self._voices()) is not None:
            yield CounterMetricFamily(
                "callwright_voice_windows", "Windows of 32 ms looked at for voice.", voices.windows
            )
            yield CounterMetricFamily("callwright_voice_seconds", "Time that took.", voices.wall_s)
            yield CounterMetricFamily("callwright_voice_slow", "Runs of it longer than a tick of 20 ms.", voices.slow)
        yield GaugeMetricFamily("callwright_recognisers", "Recognisers that are ready.", self._recognisers())

    def _calls(self) -> Metric:
        family = GaugeMetricFamily(
            "callwright_calls_live", "Calls at this moment.", labels=["direction", "trunk", "state"]
        )
        found = Tally((call.direction, call.trunk, _STATES.get(call.state, "talking")) for call in self._live)
        for labels, count in found.items():
            family.add_metric(list(labels), count)
        return family

    def _of_trunks(self) -> Iterator[Metric]:
        alive = GaugeMetricFamily("callwright_trunk_alive", "1: OPTIONS is answered.", labels=["trunk"])
        registered = GaugeMetricFamily("callwright_trunk_registered", "1: our registration stands.", labels=["trunk"])
        trip = GaugeMetricFamily("callwright_trunk_round_trip_seconds", "Of the last OPTIONS.", labels=["trunk"])
        breaker = GaugeMetricFamily(
            "callwright_trunk_breaker", "1: the breaker is in this state.", labels=["trunk", "state"]
        )
        for trunk in self._trunks():
            if trunk.alive is not None:
                alive.add_metric([trunk.name], float(trunk.alive))
                trip.add_metric([trunk.name], trunk.round_trip_ms / 1000)
            if trunk.registered is not None:
                registered.add_metric([trunk.name], float(trunk.registered))
            for state in ("closed", "half_open", "open") if trunk.breaker else ():
                breaker.add_metric([trunk.name, state], float(trunk.breaker == state))
        yield from (alive, registered, trip, breaker)

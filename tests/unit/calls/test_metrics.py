"""What a scrape shows: live calls, trunks, ticks, and what ended calls were like. No number is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prometheus_client import generate_latest

from callwright.calls.live import LiveCall, LiveCalls
from callwright.calls.log import EventLog
from callwright.calls.metrics import LineMetrics, TrunkState
from callwright.speech.vad_silero import VadStats

NUMBER = "+1202***0123"


@dataclass
class Ticks:
    ticks: int = 500
    late: int = 3
    skipped: int = 2
    dropped: int = 1
    failed: int = 0
    worst_ms: float = 41.5


def call(call_id: str = "a", state: str = "ringing", *lines: dict[str, Any]) -> LiveCall:
    log = EventLog(None, lambda: 0)
    for line in lines:
        log.add(line.pop("kind"), line)
        log.lines[-1]["at_ms"] = line.get("at_ms", 0)
    return LiveCall(
        call_id, "visit", NUMBER, datetime(2026, 11, 20, tzinfo=UTC), log, state, direction="in", trunk="office"
    )


def scrape(metrics: LineMetrics) -> dict[str, float]:
    """Names with labels to values. Digits of a caller are looked for in names and labels: a value may be a time of day with any digits."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    shown = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
    assert not any("0123" in name or "1202" in name for name in shown)
    return shown


def test_what_is_so_now() -> None:
    live = LiveCalls()
    states = (TrunkState("office", True, True, 12, "closed"), TrunkState("spare", None, False, 0, "open"))
    metrics = LineMetrics(live, Ticks(), lambda: states, lambda: 2, lambda: VadStats(windows=400, slow=1, wall_s=0.5))
    with live.during(call("a")), live.during(call("b", "speaking")), live.during(call("c", "heard")):
        shown = scrape(metrics)
    assert shown['callwright_calls_live{direction="in",state="setup",trunk="office"}'] == 1
    assert shown['callwright_calls_live{direction="in",state="talking",trunk="office"}'] == 2
    assert shown['callwright_trunk_alive{trunk="office"}'] == 1
    assert shown['callwright_trunk_alive{trunk="spare"}'] == 0
    assert shown['callwright_trunk_registered{trunk="office"}'] == 1
    assert 'callwright_trunk_registered{trunk="spare"}' not in shown
    assert shown['callwright_trunk_round_trip_seconds{trunk="office"}'] == 0.012
    assert shown['callwright_trunk_breaker{state="open",trunk="spare"}'] == 1
    assert shown['callwright_trunk_breaker{state="closed",trunk="spare"}'] == 0
    assert (shown["callwright_ticks_late_total"], shown["callwright_ticks_skipped_total"]) == (3, 2)
    assert (shown["callwright_tick_worst_seconds"], shown["callwright_recognisers"]) == (0.0415, 2)
    assert (shown["callwright_voice_windows_total"], shown["callwright_voice_slow_total"]) == (400, 1)
    assert shown["callwright_voice_seconds_total"] == 0.5
    assert "callwright_calls_live" not in scrape(metrics)


def test_what_an_ended_call_was_like() -> None:
    live = LiveCalls()
    metrics = LineMetrics(live, Ticks(), tuple)
    live.on_end.append(metrics.ended)
    ended = call(
        "a",
        "completed",
        {"kind": "came_in"},
        {"kind": "sip", "direction": "<-", "line": "INVITE sip:*1@x SIP/2.0", "request": "1 INVITE"},
        {"kind": "sip", "direction": "->", "line": "SIP/2.0 180 Ringing", "request": "1 INVITE"},
        {"kind": "sip", "direction": "->", "line": "SIP/2.0 200 OK", "request": "1 INVITE"},
        {"kind": "sip", "direction": "->", "line": "SIP/2.0 200 OK", "request": "1 INVITE", "again": True},
        {"kind": "connected", "at_ms": 800},
        {"kind": "sip", "direction": "<-", "line": "SIP/2.0 403 +12020123", "request": "2 HACK_1202"},
        {"kind": "released", "at_ms": 20_800, "cause": "bye"},
        {"kind": "rtp", "received": 990, "lost": 10, "jitter_ms": 4.0, "mos": 4.1},
        {"kind": "fault", "message": "recording: no space left"},
        {"kind": "fault", "message": "the recogniser is overloaded"},
        {"kind": "ended", "disposition": "completed"},
    )
    with live.during(ended):
        pass
    metrics.refused("office", 503)
    shown = scrape(metrics)
    assert shown['callwright_calls_total{direction="in",disposition="completed",trunk="office"}'] == 1
    assert shown['callwright_calls_refused_total{code="503",trunk="office"}'] == 1
    assert shown['callwright_sip_responses_total{class="2xx",method="INVITE",to="peer"}'] == 1
    assert [name for name in shown if name.startswith("callwright_sip_responses_total")] == [
        'callwright_sip_responses_total{class="2xx",method="INVITE",to="peer"}'
    ]
    assert shown['callwright_sip_retransmissions_total{by="us"}'] == 1
    assert shown['callwright_setup_seconds_sum{direction="in"}'] == 0.8
    assert shown['callwright_talk_seconds_sum{direction="in"}'] == 20
    assert shown['callwright_rtp_lost_ratio_bucket{le="0.01"}'] == 1
    assert shown['callwright_rtp_lost_ratio_bucket{le="0.005"}'] == 0
    assert shown["callwright_rtp_jitter_seconds_sum"] == 0.004
    assert shown["callwright_rtp_mos_sum"] == 4.1
    assert (shown["callwright_recording_failures_total"], shown["callwright_recogniser_faults_total"]) == (1, 1)


def test_a_call_that_left_nothing_is_unknown() -> None:
    metrics = LineMetrics(LiveCalls(), Ticks(), tuple)
    metrics.ended(call())
    assert scrape(metrics)['callwright_calls_total{direction="in",disposition="unknown",trunk="office"}'] == 1

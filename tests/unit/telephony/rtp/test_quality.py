from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.telephony.port import MediaStats, WireCodec
from callwright.telephony.rtp.quality import assess, delay_impairment, loss_impairment, mos, rating

CODECS: list[WireCodec] = ["PCMA", "PCMU", "G722", "OPUS"]


def test_known_points() -> None:
    assert mos(93.2) == pytest.approx(4.41, abs=0.01)  # G.107: the default call
    assert mos(80) == pytest.approx(4.03, abs=0.01)  # G.107 table B.1: satisfied
    assert mos(60) == pytest.approx(3.10, abs=0.01)
    assert mos(50) == pytest.approx(2.58, abs=0.01)
    assert (mos(0), mos(100)) == (1.0, 4.5)


def test_loss_of_g711_with_concealment() -> None:
    """G.113 appendix I, Bpl 25.1: 95 * 1 / (1 + 25.1) of R for one per cent."""
    assert loss_impairment("PCMA", 0.01) == pytest.approx(95 / 26.1)
    assert loss_impairment("PCMA", 0.0) == 0.0
    assert loss_impairment("PCMA", 0.05, burst=3.0) > loss_impairment("PCMA", 0.05, burst=1.0)


def test_delay() -> None:
    assert delay_impairment(100) == pytest.approx(2.4)
    assert delay_impairment(300) == pytest.approx(0.024 * 300 + 0.11 * (300 - 177.3))


def test_a_good_call_and_one_without_reports() -> None:
    good = assess(
        MediaStats(sent=5000, received=5000, round_trip_ms=40.0, round_trip_max_ms=90.0, far_reports=9), "PCMA"
    )
    assert good.mos is not None
    assert good.mos > 4.3
    assert good.far_mos == good.mos
    assert good.delay_ms == 20 + 20 + 40
    alone = assess(MediaStats(sent=100), "PCMU")
    assert (alone.mos, alone.far_mos, alone.far_lost, alone.round_trip_ms) == (None, None, None, None)


def test_each_direction_by_itself() -> None:
    bad_way_out = assess(MediaStats(sent=1000, received=1000, far_reports=2, far_lost=100), "PCMA")
    assert bad_way_out.mos is not None
    assert bad_way_out.far_mos is not None
    assert bad_way_out.far_mos < 3.5 < 4.2 < bad_way_out.mos
    late = assess(MediaStats(sent=1000, received=900, lost=100, late=50, gaps=20), "PCMA")
    assert (late.loss, late.burst) == (0.15, 5.0)
    assert json.loads(json.dumps(late.to_json()))["lost"] == 100


@given(st.sampled_from(CODECS), st.floats(0, 1), st.floats(0, 1), st.floats(0, 2000), st.floats(0, 2000))
def test_more_loss_or_delay_is_never_better(
    codec: WireCodec, loss: float, more: float, delay: float, longer: float
) -> None:
    loss, more = sorted((loss, more))
    delay, longer = sorted((delay, longer))
    assert rating(codec, more, longer) <= rating(codec, loss, delay)
    assert 1.0 <= mos(rating(codec, more, longer)) <= mos(rating(codec, loss, delay)) + 1e-9 <= 4.5


@given(st.builds(MediaStats, *[st.integers(0, 10**6)] * 4), st.sampled_from(CODECS))
def test_any_counters(stats: MediaStats, codec: WireCodec) -> None:
    quality = assess(stats, codec)
    assert 0 <= quality.loss <= 1
    assert quality.mos is None or 1 <= quality.mos <= 4.5

"""How good a call sounded, from its counters: the E-model of ITU-T G.107 in its short form, as monitoring uses it. Pure.

R = 93.2 - Id - Ie,eff: 93.2 is R of a call with all other parameters at the defaults of G.107. Id is the impairment by delay after Cole and
Rosenbluth ("Voice over IP performance monitoring", ACM CCR 31(2), 2001), Ie,eff that by codec and loss (G.107 equation 7-29), the mean
opinion is that of G.107 annex B. It is an estimate of listening and waiting, not a measurement of sound: no echo, noise or level is in it.
"""

from __future__ import annotations

from typing import NamedTuple

from callwright.telephony.port import FRAME_MS, CallQuality, MediaStats, WireCodec

__all__ = ["assess", "delay_impairment", "loss_impairment", "mos", "rating"]

_R0 = 93.2
_FAR_BUFFER_MS = 40.0  # what a far side that does not tell is taken to buffer
_LOOKAHEAD_MS: dict[WireCodec, float] = {"PCMU": 0.0, "PCMA": 0.0, "G722": 1.5, "OPUS": 6.5}


class _Robustness(NamedTuple):
    """ie: what the codec itself costs; bpl: how well it bears loss (G.113)."""

    ie: float
    bpl: float


_CODECS: dict[WireCodec, _Robustness] = {
    # G.113 appendix I, G.711 with concealment. Ours (the last frame fading) is simpler than that of G.711 appendix I, without any it is 4.3.
    "PCMU": _Robustness(0.0, 25.1),
    "PCMA": _Robustness(0.0, 25.1),
    # No figures exist for these two behind a conversion to 8 kHz. Assumed: G.722 carries its own error on after a loss, Opus has FEC.
    "G722": _Robustness(0.0, 12.0),
    "OPUS": _Robustness(2.0, 20.0),
}


def delay_impairment(delay_ms: float) -> float:
    """Id of a one-way delay from mouth to ear."""
    return 0.024 * delay_ms + (0.11 * (delay_ms - 177.3) if delay_ms > 177.3 else 0.0)


def loss_impairment(codec: WireCodec, loss: float, burst: float = 1.0) -> float:
    """Ie,eff. loss: share of frames not heard, 0 to 1; burst: mean run of lost packets, compared with what chance alone would make of
    that loss (BurstR, at least 1)."""
    ie, bpl = _CODECS[codec]
    percent = 100 * min(max(loss, 0.0), 1.0)
    ratio = max(1.0, burst * (1 - percent / 100))
    return ie + (95 - ie) * percent / (percent / ratio + bpl) if percent else ie


def rating(codec: WireCodec, loss: float, delay_ms: float, burst: float = 1.0) -> float:
    """R, 0 to 93.2: above 80 most are content, below 60 most complain."""
    return max(0.0, _R0 - delay_impairment(delay_ms) - loss_impairment(codec, loss, burst))


def mos(r: float) -> float:
    """Mean opinion, 1 (bad) to 4.5 (G.107 annex B)."""
    if r <= 6.52:  # where the polynomial turns upwards again
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def assess(
    stats: MediaStats, codec: WireCodec, *, ptime_ms: int = FRAME_MS, buffer_ms: float = 2 * FRAME_MS
) -> CallQuality:
    """Of one leg. buffer_ms: what our jitter buffer holds now.

    A frame that came late is lost to the ear. What the far side hears is known from its reports only. Without a round trip the network
    counts as no delay.
    """
    expected = stats.received + stats.lost
    loss = min(1.0, (stats.lost + stats.late) / expected) if expected else 0.0
    burst = stats.lost / stats.gaps if stats.gaps and stats.lost else 0.0
    network_ms = (stats.round_trip_ms or 0.0) / 2
    fixed_ms = network_ms + ptime_ms + _LOOKAHEAD_MS[codec]
    far_loss = min(1.0, stats.far_lost / stats.sent) if stats.sent else 0.0
    heard = rating(codec, loss, fixed_ms + buffer_ms, burst or 1.0) if expected else None
    far = rating(codec, far_loss, fixed_ms + _FAR_BUFFER_MS) if stats.far_reports else None
    return CallQuality(
        codec=codec,
        sent=stats.sent,
        received=stats.received,
        lost=stats.lost,
        late=stats.late,
        loss=round(loss, 4),
        burst=round(burst, 2),
        jitter_ms=round(stats.jitter_ms, 1),
        round_trip_ms=_rounded(stats.round_trip_ms),
        round_trip_max_ms=_rounded(stats.round_trip_max_ms),
        delay_ms=round(fixed_ms + buffer_ms, 1),
        far_lost=stats.far_lost if stats.far_reports else None,
        far_loss=round(far_loss, 4) if stats.far_reports else None,
        far_jitter_ms=round(stats.far_jitter_ms, 1) if stats.far_reports else None,
        r=None if heard is None else round(heard, 1),
        mos=None if heard is None else round(mos(heard), 2),
        far_mos=None if far is None else round(mos(far), 2),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

"""Call-progress tones as data: what networks send instead of a person's voice.

Sources: China GB/T 3380 and ITU-T E.180 Supplement 2 (450 Hz); North America: Telcordia GR-506 (precise tones) and SR-2275 (SIT variants);
Europe: ETSI TR 101 041 (425 Hz); special information tone: ITU-T E.180; fax: ITU-T T.30 (CNG, CED), V.8 (ANSam).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CHINA",
    "EUROPE",
    "FAX",
    "NORTH_AMERICA",
    "PATTERNS",
    "SIT_VARIANTS",
    "SitVariant",
    "ToneKind",
    "TonePattern",
]

ToneKind = Literal[
    "ringback", "busy", "congestion", "unobtainable", "call_waiting", "sit", "fax_calling", "fax_answer", "beep"
]
Region = Literal["cn", "na", "eu", "itu", "any"]


@dataclass(frozen=True, slots=True)
class TonePattern:
    """A tone with a rhythm. frequencies: Hz, sounding together; cadence_ms: on, off, on, off ... of one cycle, a single number = without a
    pause, at least so long; tolerance_hz: either way; cycles: how many must be heard; slack: share by which each part may be longer or
    shorter (never less than `LEAST_SLACK_MS`)."""

    kind: ToneKind
    region: Region
    frequencies: tuple[float, ...]
    cadence_ms: tuple[int, ...]
    tolerance_hz: float = 25.0
    cycles: int = 3
    slack: float = 0.15

    def bounds(self, part: int) -> tuple[float, float]:
        """Shortest and longest ms of part `part` of a cycle."""
        wanted = self.cadence_ms[part]
        slack = max(LEAST_SLACK_MS, wanted * self.slack)
        return wanted - slack, wanted + slack


LEAST_SLACK_MS = 50

CHINA = (
    TonePattern("ringback", "cn", (450,), (1000, 4000), cycles=1, slack=0.25),
    TonePattern("busy", "cn", (450,), (350, 350)),
    TonePattern("congestion", "cn", (450,), (700, 700)),
    TonePattern("unobtainable", "cn", (450,), (100, 100, 100, 100, 100, 100, 400, 400), cycles=1),
    TonePattern("call_waiting", "cn", (450,), (400, 4000), cycles=2, slack=0.2),
)
NORTH_AMERICA = (
    TonePattern("ringback", "na", (440, 480), (2000, 4000), tolerance_hz=20, cycles=1, slack=0.2),
    TonePattern("busy", "na", (480, 620), (500, 500), tolerance_hz=20),
    TonePattern("congestion", "na", (480, 620), (250, 250), tolerance_hz=20, cycles=4),
)
EUROPE = (
    TonePattern("ringback", "eu", (425,), (1000, 4000), cycles=1, slack=0.25),
    TonePattern("busy", "eu", (425,), (500, 500)),
    TonePattern("congestion", "eu", (425,), (250, 250), cycles=4),
)
FAX = (
    TonePattern("fax_calling", "any", (1100,), (500, 3000), tolerance_hz=38, cycles=2),
    TonePattern("fax_answer", "any", (2100,), (1500,), tolerance_hz=15, cycles=1),
)
PATTERNS = (*CHINA, *NORTH_AMERICA, *EUROPE, *FAX)


@dataclass(frozen=True, slots=True)
class SitVariant:
    """One meaning of the North American special information tones: high or low first and second tone, long or short.
    about: whom it concerns; `callee`: this number is not in use, `network`: no way there now, `unknown`: reserved codes."""

    name: str
    title: str
    high: tuple[bool, bool]
    long: tuple[bool, bool]
    about: Literal["callee", "network", "unknown"]


SIT_LOW, SIT_HIGH = (913.8, 1370.6), (985.2, 1428.5)
SIT_ITU = (950.0, 1400.0, 1800.0)
SIT_THIRD = 1776.7
SIT_SHORT_MS, SIT_LONG_MS, SIT_ITU_MS = 274, 380, 330

SIT_VARIANTS = (
    SitVariant("IC", "intercept", (False, False), (False, False), "callee"),
    SitVariant("VC", "vacant code", (True, False), (True, False), "callee"),
    SitVariant("RO'", "reorder, intra-LATA", (False, True), (False, True), "network"),
    SitVariant('RO"', "reorder, inter-LATA", (True, False), (False, True), "network"),
    SitVariant("NC'", "no circuit, intra-LATA", (True, True), (True, True), "network"),
    SitVariant('NC"', "no circuit, inter-LATA", (False, False), (True, True), "network"),
    SitVariant("#1", "reserved 1", (False, True), (True, False), "unknown"),
    SitVariant("#2", "reserved 2", (True, True), (False, False), "unknown"),
)

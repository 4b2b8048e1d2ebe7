"""What is heard before the answer, put together: tones and announcements become evidence about why a call is not answered. Pure.

Fed by `early.EarlyListener`; what the evidence means for the outcome is decided in `disposition`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from callwright.calls.announcements import Announcement, AnnouncementKind, Language, read_announcement
from callwright.telephony.tones.detector import ToneFound
from callwright.telephony.tones.sets import SIT_VARIANTS

__all__ = ["DEFINITE_AT", "FINAL_KINDS", "Evidence", "EvidenceKind", "Progress"]

EvidenceKind = AnnouncementKind | Literal["busy", "special", "ringback", "fax"]

FINAL_KINDS: frozenset[EvidenceKind] = frozenset({
    "own_line", "carrier_blocked", "empty_number", "number_changed", "suspended", "switched_off", "barred", "out_of_service", "unreachable",
    "network_busy", "busy",
})  # fmt: skip
"""After these nobody answers any more. Not `line_busy`: with call waiting the callee may still come to the phone."""
DEFINITE_AT = 0.85

_SIT_ABOUT = {variant.name: variant.about for variant in SIT_VARIANTS}
_TONE_TRUST = 0.9
_JOINED_MS = 4000  # an announcement in two breaths is read as one sentence


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding. heard: the words, or the name of the tone; begin_ms, at_ms: on the clock of the call's log; confidence 0..1."""

    kind: EvidenceKind
    source: Literal["tone", "words"]
    heard: str
    begin_ms: int
    at_ms: int
    confidence: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Progress:
    """Gathers what is heard before the answer. `words` and `tone` give back what is new; `verdict` is the best so far."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._found: dict[EvidenceKind, Evidence] = {}
        self._before: tuple[int, str] = (-_JOINED_MS, "")

    @property
    def found(self) -> tuple[Evidence, ...]:
        """Everything, the surest first."""
        return tuple(sorted(self._found.values(), key=lambda one: -one.confidence))

    @property
    def verdict(self) -> Evidence | None:
        """The surest finding that says why nobody answers: words before tones."""
        telling = [one for one in self.found if one.kind not in ("ringback", "fax", "special")]
        return max(telling, key=lambda one: (one.confidence, one.source == "words"), default=None)

    @property
    def definite(self) -> Evidence | None:
        """The verdict, when it is sure and nobody can answer any more."""
        verdict = self.verdict
        sure = verdict is not None and verdict.kind in FINAL_KINDS and verdict.confidence >= DEFINITE_AT
        return verdict if sure else None

    def words(self, text: str, score: float, begin_ms: int, at_ms: int, raw: str = "") -> Evidence | None:
        """An utterance, recognised with `score` 0..1; raw: how else it may be read, asked when `text` tells nothing."""
        end_ms, before = self._before
        before = before if begin_ms - end_ms <= _JOINED_MS else ""
        self._before = (at_ms, text)
        for reading in dict.fromkeys((text, raw)):
            if reading and (found := self._read(before, reading)) is not None:
                return self._add(Evidence(found.kind, "words", reading, begin_ms, at_ms, round(found.score * score, 3)))
        return None

    def _read(self, before: str, text: str) -> Announcement | None:
        """The announcement in an utterance, or in it and the one before; not what that one said alone: it has been counted."""
        found = read_announcement(text, self._language)
        if found is not None or not before:
            return found
        found, told = read_announcement(f"{before} {text}", self._language), read_announcement(before, self._language)
        return None if found is None or (told is not None and told.kind == found.kind) else found

    def tone(self, tone: ToneFound, begun_ms: int) -> Evidence | None:
        """A tone; begun_ms: when listening began, on the log's clock."""
        kind = _tone_kind(tone)
        if kind is None:
            return None
        name = f"{tone.kind} {tone.region} {tone.detail}".strip()
        return self._add(Evidence(kind, "tone", name, begun_ms + tone.begin_ms, begun_ms + tone.at_ms, _TONE_TRUST))

    def _add(self, new: Evidence) -> Evidence:
        """The same again is surer: the doubts are multiplied."""
        old = self._found.get(new.kind)
        if old is not None:
            confidence = round(1 - (1 - old.confidence) * (1 - new.confidence), 3)
            best = new if new.confidence >= old.confidence else old
            new = Evidence(new.kind, best.source, best.heard, old.begin_ms, new.at_ms, confidence)
        self._found[new.kind] = new
        return new


def _tone_kind(tone: ToneFound) -> EvidenceKind | None:
    match tone.kind:
        case "busy" | "ringback":
            return tone.kind
        case "congestion":
            return "network_busy"
        case "unobtainable":
            return "empty_number"
        case "sit":
            about = _SIT_ABOUT.get(tone.detail, "unknown")
            return "empty_number" if about == "callee" else "network_busy" if about == "network" else "special"
        case "fax_answer":
            return "fax"
    return None

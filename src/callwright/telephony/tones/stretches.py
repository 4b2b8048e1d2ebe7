"""From glimpses of 20 ms to stretches: a tone that stands, a pause, or other sound. A state machine that forgives lost packets. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from callwright.telephony.port import FRAME_MS
from callwright.telephony.tones.spectrum import GATE_DBM0, Glimpse

__all__ = ["Stretch", "Stretches"]

_CHANGE = 3  # frames in a row that do not fit end a stretch; fewer are a lost packet or a click
_SAME_HZ = 15.0
_TAIL_HZ = 40.0
_PAUSE_DB = 7.0  # a pause is so much quieter than the tone before it
_REMEMBER_FRAMES = 500
_ENOUGH = 150  # frames from which the steadiness of a tone is judged
_STEADY_DB, _STEADY_HZ = 2.5, 12.0  # between the quartiles

Kind = Literal["tone", "pause", "sound"]


@dataclass(slots=True)
class Stretch:
    """One stretch. begin: frame number; frames: length; first, second: Hz (0 = none); level: dBm0; for tones these are means."""

    kind: Kind
    begin: int
    frames: int = 0
    first: float = 0.0
    second: float = 0.0
    level: float = 0.0
    _seen: list[Glimpse] = field(default_factory=list)

    @property
    def ms(self) -> int:
        return self.frames * FRAME_MS

    @property
    def end(self) -> int:
        return self.begin + self.frames

    def hear(self, glimpse: Glimpse) -> None:
        """A frame that fits a tone: the means follow it."""
        count = len(self._seen)
        if count >= _ENOUGH:
            return
        self._seen.append(glimpse)
        share = 1 / (count + 1)
        self.first += (glimpse.first - self.first) * share
        self.second += (glimpse.second - self.second) * share
        self.level += (glimpse.level - self.level) * share

    @property
    def steady(self) -> bool:
        """Pitch and level stand still, as those of a generator do and those of a voice or an instrument do not."""
        return self.within(_STEADY_DB, _STEADY_HZ)

    def within(self, db: float, hz: float) -> bool:
        """The middle half of its frames lies within so many dB and Hz."""
        return (
            len(self._seen) >= _CHANGE
            and _spread([g.level for g in self._seen]) <= db
            and _spread([g.first for g in self._seen]) <= hz
        )


def _spread(values: list[float]) -> float:
    """Distance of the quartiles; of short lists, without the first and the last, which are cut by the edges."""
    inner = sorted(values[1:-1] if len(values) > _CHANGE + 1 else values)
    return inner[(3 * len(inner)) // 4] - inner[len(inner) // 4] if len(inner) > 1 else 0.0


class Stretches:
    """`push(glimpse)` per frame gives the stretch that has just ended, or None; `now` is the one under way (its last two frames may
    already belong to the next one)."""

    def __init__(self) -> None:
        self.now = Stretch("pause", 0)
        self._odd: list[tuple[Kind, Glimpse]] = []
        self._frame = 0
        self._tone: Stretch | None = None  # the last one, for what counts as a pause

    def push(self, glimpse: Glimpse) -> Stretch | None:
        now, self._frame = self.now, self._frame + 1
        kind = self._kind(glimpse)
        if kind == now.kind and (kind != "tone" or _agree(now, glimpse)):
            now.frames += 1 + len(self._odd)
            self._odd.clear()
            if kind == "tone":
                now.hear(glimpse)
            return None
        self._odd.append((kind, glimpse))
        return self._change() if len(self._odd) == _CHANGE else None

    def _kind(self, glimpse: Glimpse) -> Kind:
        tone = self._tone
        if glimpse.level < GATE_DBM0:
            return "pause"
        if tone is not None and glimpse.level < tone.level - _PAUSE_DB and self._frame - tone.end < _REMEMBER_FRAMES:
            # Noise in a pause, or the tail of the tone in the window; another, softer tone is music.
            if not glimpse.first or abs(glimpse.first - tone.first) <= _TAIL_HZ:
                return "pause"
            return "sound"
        return "tone" if glimpse.first else "sound"

    def _change(self) -> Stretch | None:
        odd, self._odd = self._odd, []
        kind = _common(odd)
        if kind == self.now.kind != "tone":
            self.now.frames += len(odd)
            return None
        ended, self.now = self.now, Stretch(kind, self._frame - len(odd), len(odd))
        if kind == "tone":
            last = odd[-1][1]
            for label, glimpse in odd:
                if label == "tone" and _near(glimpse, last):
                    self.now.hear(glimpse)
            self._tone = self.now
        return ended if ended.frames else None


def _agree(tone: Stretch, glimpse: Glimpse) -> bool:
    return abs(tone.first - glimpse.first) <= _SAME_HZ and abs(tone.second - glimpse.second) <= _SAME_HZ


def _near(one: Glimpse, other: Glimpse) -> bool:
    return abs(one.first - other.first) <= _SAME_HZ and abs(one.second - other.second) <= _SAME_HZ


def _common(odd: list[tuple[Kind, Glimpse]]) -> Kind:
    """What the frames that did not fit are: a tone when the last two are the same one, else a pause when most are."""
    (before, first), (last, second) = odd[-2:]
    if before == last == "tone" and _near(first, second):
        return "tone"
    return "pause" if sum(kind == "pause" for kind, _ in odd) >= _CHANGE - 1 else "sound"

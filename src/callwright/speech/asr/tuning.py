"""The settings of the embedded recogniser, per language, and what they were chosen on (docs/explanation/recognition.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

__all__ = ["TUNING", "Size", "Tuning"]


class Size(NamedTuple):
    """Of a phonetically tied acoustic model: densities in a codebook and stream, tied states."""

    densities: int
    states: int


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was chosen on development data (docs/explanation/recognition.md). pack_weight: share of everyday answers against script phrases;
    rare_weight: of this, for the sentences that are said less often;
    snap_at: similarity from which the nearest known phrase replaces what was written; accept_at: score from which words count as recognised.
    context_share, answer_share: part of the language model that belongs to the phrases of the node and to the spoken answers of its slot
    (0: each phrase of the node counts context_weight instead). mean: cepstral mean of the line; prior_frames: 10 ms of speech it is worth
    (0: the engine's own running mean); mean_offset: taken off the mean of speech, since the models were trained with pauses in it.
    slowest: phones per second of voice below which a reading is too short for what was heard; it costs slow_cost.
    consensus: the text is what several passes agree on (`consensus.py`), one of them without noise, and the score weighs that agreement
    (`score.py`); else the best reading that fits. trust_live: a known sentence in the live pass is the result.
    live_rare: the live engine also knows the everyday answers that are said less often.
    live_config: what the live engine has instead of `config`. live_size, whole_size: of the copies of the model that the
    live and the thorough engine use (`condense.py`; None: the model as it is). near_at: similarity of a known sentence from which the live
    pass, too, is taken for it (1: only the sentence itself)."""

    order: int = 2
    pack_weight: float = 0.3
    rare_weight: float = 1.0
    context_weight: float = 3.0
    context_share: float = 0.0
    answer_share: float = 0.0
    snap_at: float = 0.75
    accept_at: float = 0.7
    mean: str = ""
    mean_offset: tuple[float, float] = (0.0, 0.0)
    prior_frames: float = 0.0
    slowest: float = 0.0
    slow_cost: float = 0.3
    image: float = 0.0
    consensus: bool = False
    readings: int = 6
    rank_cost: float = 0.08
    coverage_share: float = 0.9
    trust_live: bool = False
    near_at: float = 1.0
    live_rare: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)
    live_config: Mapping[str, Any] = field(default_factory=dict)
    live_size: Size | None = None
    whole_size: Size | None = None


_TELEPHONE_SPEECH = "57.3,-1.3,-4.7,-4.05,-3.6,-1.1,-2,0.15,-0.7,1.1,0.5,1,0.7"  # two voices, without pauses
_MIRRORED_MEAN = "48,3,3,8,1,-5,8,-5,-8,2,-1,5,-4"

TUNING: dict[Literal["zh", "en"], Tuning] = {
    "zh": Tuning(
        order=3,
        pack_weight=1.0,
        accept_at=0.45,
        consensus=True,
        readings=8,
        context_share=0.35,
        answer_share=0.25,
        mean=_TELEPHONE_SPEECH,
        mean_offset=(12.0, 2.0),
        prior_frames=100,
        slowest=3.0,
        config={"samprate": 8000, "cmn": "live", "lw": 8.0, "fwdflatlw": 12.0, "maxhmmpf": 5000},
    ),
    "en": Tuning(
        rare_weight=0.1,
        mean=_MIRRORED_MEAN,
        image=0.4,
        trust_live=True,
        live_rare=False,
        config={"samprate": 16000, "cmn": "live", "lw": 10.0, "fwdflatlw": 12.0, "maxhmmpf": 5000, "pl_weight": 5.0},
        near_at=0.85,
        live_config={"ds": 2, "topn": 2, "pl_weight": 7.0},
        live_size=Size(48, 3000),
        whole_size=Size(64, 3500),
    ),
}

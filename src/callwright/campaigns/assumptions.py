"""What a simulation supposes about people: inputs with ranges, never promises. Pure.

The ranges that stand here are wide on purpose: published connect rates go from 15 to 35 %, and what is said about interest differs six-fold.
Put in what your own tasks showed (`callwright task results`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from callwright.calls.disposition import CONNECTED, Disposition
from callwright.errors import Problem, TaskError

__all__ = ["CASES", "Assumptions", "Case", "Odds", "Range", "assumptions_from"]

Case = Literal["low", "likely", "high"]
CASES: tuple[Case, ...] = ("low", "likely", "high")


def _range(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"low": value, "likely": value, "high": value}
    if isinstance(value, list | tuple) and len(value) == 3:
        return dict(zip(CASES, value, strict=True))
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Range(_Strict):
    low: float = Field(ge=0)
    likely: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> _Range:
        if not self.low <= self.likely <= self.high:
            raise ValueError("a range is [low, likely, high], in this order")
        return self


_AT_LEAST_0 = {"type": "number", "minimum": 0}
_SHAPES: list[dict[str, Any]] = [
    _AT_LEAST_0,
    {"type": "array", "items": _AT_LEAST_0, "minItems": 3, "maxItems": 3, "examples": [[0.2, 0.3, 0.4]]},
    {
        "type": "object",
        "properties": dict.fromkeys(CASES, _AT_LEAST_0),
        "required": list(CASES),
        "additionalProperties": False,
    },
]
Range = Annotated[_Range, BeforeValidator(_range), WithJsonSchema({"anyOf": _SHAPES})]
Share = dict[Disposition, Annotated[float, Field(ge=0)]]

_ANSWERED: Share = {
    "completed": 30, "declined": 20, "hung_up": 25, "no_interaction": 8, "voicemail": 8, "opted_out": 3, "transferred": 2, "callback": 2,
    "wrong_person": 1, "not_understood": 1,
}  # fmt: skip
_UNANSWERED: Share = {
    "no_answer": 48, "line_busy": 14, "busy": 6, "rejected": 8, "switched_off": 8, "unreachable": 6, "empty_number": 6, "suspended": 2,
    "network_fault": 2,
}  # fmt: skip


def _r(low: float, likely: float, high: float) -> _Range:
    return _Range(low=low, likely=likely, high=high)


class Assumptions(_Strict):
    """answered: share of attempts that somebody (or something) answers; of_answered, of_unanswered: weights of their outcomes; talk_s, ring_s:
    mean seconds of talk, and of ringing until the answer (unanswered calls ring for the plan's `ring_s`, busy ones less); wrap_s: between
    a robot's calls; callback_h: hours until an agreed callback; agents, handling_s: people who take over, and the mean seconds they need."""

    answered: Range = _r(0.15, 0.25, 0.35)
    of_answered: Share = Field(default_factory=lambda: dict(_ANSWERED))
    of_unanswered: Share = Field(default_factory=lambda: dict(_UNANSWERED))
    talk_s: Range = _r(20, 35, 60)
    ring_s: Range = _r(8, 12, 18)
    wrap_s: float = Field(default=1.0, ge=0)
    callback_h: float = Field(default=24, gt=0)
    agents: int = Field(default=0, ge=0, le=100_000)
    handling_s: float = Field(default=180, gt=0)

    @model_validator(mode="after")
    def _shares(self) -> Assumptions:
        if self.answered.high > 1:
            raise ValueError("`answered` is a share: at most 1")
        for name, shares, connected in (
            ("of_answered", self.of_answered, True),
            ("of_unanswered", self.of_unanswered, False),
        ):
            wrong = [item for item in shares if (item in CONNECTED) != connected or item == "not_allowed"]
            if wrong:
                raise ValueError(f"`{name}`: {', '.join(wrong)} does not belong there")
            if not sum(shares.values()) > 0:
                raise ValueError(f"`{name}`: the weights are all 0")
        return self

    def odds(self, case: Case) -> Odds:
        """One case of the ranges."""
        answered = getattr(self.answered, case)
        yes, no = sum(self.of_answered.values()), sum(self.of_unanswered.values())
        shares = {name: answered * weight / yes for name, weight in self.of_answered.items()}
        shares |= {name: (1 - answered) * weight / no for name, weight in self.of_unanswered.items()}
        return Odds(
            tuple(shares), tuple(shares.values()), getattr(self.talk_s, case), getattr(self.ring_s, case), self.wrap_s,
            self.callback_h, self.agents, self.handling_s,
        )  # fmt: skip


class Odds:
    """The numbers one run is drawn from; see Assumptions. shares: one for each disposition, together 1."""

    __slots__ = ("agents", "callback_h", "dispositions", "handling_s", "ring_s", "shares", "talk_s", "wrap_s")

    def __init__(
        self,
        dispositions: tuple[Disposition, ...],
        shares: tuple[float, ...],
        talk_s: float,
        ring_s: float,
        wrap_s: float,
        callback_h: float,
        agents: int,
        handling_s: float,
    ) -> None:
        self.dispositions, self.shares = dispositions, shares
        self.talk_s, self.ring_s, self.wrap_s, self.callback_h = talk_s, ring_s, wrap_s, callback_h
        self.agents, self.handling_s = agents, handling_s


def assumptions_from(value: Any) -> Assumptions:
    """From JSON or YAML values.

    Raises:
        TaskError: the first thing that is wrong with them.
    """
    try:
        return Assumptions.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "assumptions"
        hint = "A range is [low, likely, high]: docs/reference/task-plan.md."
        raise TaskError(Problem("bad-assumptions", f"{where}: {first['msg']}", hint=hint)) from None

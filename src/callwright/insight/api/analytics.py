"""Analytics: how calls came out, where they ended, what was asked, which version does better, what it costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from callwright.accounts.roles import Permission
from callwright.campaigns.dispatch_store import SCRIPT_TEXT
from callwright.errors import ScriptError
from callwright.http.fields import Id, Moment
from callwright.http.here import Here, needs
from callwright.http.problems import ApiError
from callwright.insight import analytics, call_store
from callwright.insight.analytics import GRADES, Hours, Over, Totals
from callwright.insight.comparing import Share, difference, share
from callwright.insight.costs import Range, Seats, costs
from callwright.insight.gathering import catch_up
from callwright.script.loader import loads

__all__ = ["router"]

router = APIRouter()

Reads = Annotated[Here, needs(Permission.RESULTS_READ)]
_LONGEST = timedelta(days=400)
_ROUNDS = 20


class OverQuery(BaseModel):
    """Which calls. Without `since`: the last thirty days."""

    model_config = ConfigDict(extra="forbid")

    since: Moment | None = None
    before: Moment | None = None
    task: Id | None = None
    script_version: Id | None = None
    zone: str = Field("UTC", max_length=64, examples=["Asia/Shanghai"], description="whose days and hours are shown")


class ShareView(BaseModel):
    """A share, and where it lies with 95 % confidence (Wilson)."""

    part: int
    whole: int
    value: float
    low: float
    high: float


class Slice(BaseModel):
    """An hour of the day (`09`) or a day (`2026-11-26`)."""

    name: str
    calls: int
    answered: int
    grades: dict[str, int]


class Overview(BaseModel):
    """How calls came out."""

    calls: int
    answered: ShareView
    wanted: ShareView = Field(description="graded A or B, of those that were answered")
    talk_ms: int
    dispositions: dict[str, int]
    grades: dict[str, int]
    lengths: dict[str, int] = Field(description="answered calls that took up to so many seconds")
    hours: list[Slice]
    days: list[Slice]
    waiting: int = Field(description="calls that are not counted yet")


class NodeView(BaseModel):
    """A node of the flow. ended: calls whose last node it was."""

    node: str
    entered: int
    ended: int
    dropped: ShareView


class EdgeView(BaseModel):
    """From one node to the next."""

    source: str
    target: str
    times: int


class Flow(BaseModel):
    """The way through the script: nodes in its order where a version is given, else the most entered first."""

    answered: int
    nodes: list[NodeView]
    edges: list[EdgeView]


class Counted(BaseModel):
    """So often."""

    name: str
    calls: int


class Asked(BaseModel):
    """What people asked."""

    answered: int
    known: list[Counted] = Field(description="entries of the knowledge base that were told")
    unknown: list[Counted] = Field(description="nodes at which something was asked that nobody could answer")


class VersionView(BaseModel):
    """One version of a script. better: its share of wanted calls less that of the first one, with the range of that difference."""

    script_version: int
    script: str
    version: str
    calls: int
    answered: ShareView
    wanted: ShareView
    refused: ShareView
    talk_ms: int
    better: float | None
    better_low: float | None
    better_high: float | None


class Versions(BaseModel):
    """The one with the most calls first."""

    items: list[VersionView]


Amount = Annotated[float, Field(ge=0, le=1e9)]
Part = Annotated[float, Field(ge=0, le=1)]


class AmountRange(BaseModel):
    """From low to high."""

    model_config = ConfigDict(extra="forbid")

    low: Amount
    high: Amount

    @model_validator(mode="after")
    def _ordered(self) -> AmountRange:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class PartRange(AmountRange):
    """A share, 0 to 1."""

    low: Part
    high: Part


class SeatBody(BaseModel):
    """One kind of seat, in a month."""

    model_config = ConfigDict(extra="forbid")

    seat: AmountRange = Field(description="what it costs however much it calls")
    minute: AmountRange = Field(description="price of a minute of talk")
    calls: AmountRange = Field(description="calls that it dials")
    answered: PartRange
    wanted: PartRange
    talk_min: AmountRange = Field(description="minutes of an answered call")


class CostBody(BaseModel):
    """Both kinds of seats."""

    model_config = ConfigDict(extra="forbid")

    robot: SeatBody
    human: SeatBody


class RangeView(BaseModel):
    """From low to high."""

    low: float
    high: float


class SeatCosts(BaseModel):
    """Of one seat in a month; null = it may bring none at all."""

    month: RangeView
    talked: RangeView
    got: RangeView
    per_answered: RangeView | None
    per_wanted: RangeView | None


class CostView(BaseModel):
    """Ranges, never promises."""

    robot: SeatCosts
    human: SeatCosts


@router.get("/analytics/overview")
async def read_results_overview(here: Reads, asked: Annotated[OverQuery, Query()]) -> Overview:
    """Outcomes, grades, lengths; connection and grade by hour and by day."""
    over, zone = _over(here, asked)
    waiting = await _fresh(here)
    async with here.reading() as scope:
        found = await analytics.totals(scope, over, ("calls", "answered", "disposition", "grade", "talk"))
        of_day, of_range = await analytics.hours(scope, over, zone)
    calls, answered = found.of("calls"), found.of("answered")
    return Overview(
        calls=calls,
        answered=_share(answered, calls),
        wanted=_share(_wanted(found), answered),
        talk_ms=found.talk_ms,
        dispositions=dict(found.counts["disposition"].most_common()),
        grades={grade: found.of("grade", grade) for grade in GRADES},
        lengths={name: found.of("talk", name) for name in ("15", "30", "60", "120", "300", "more")},
        hours=[_slice(f"{hour:02}", of_day) for hour in range(24)],
        days=[_slice(day, of_range) for day in sorted(of_range.calls)],
        waiting=waiting,
    )


@router.get("/analytics/flow")
async def read_flow(here: Reads, asked: Annotated[OverQuery, Query()]) -> Flow:
    """The funnel: how many calls came to each node, and how many ended there."""
    over, _ = _over(here, asked)
    await _fresh(here)
    async with here.reading() as scope:
        found = await analytics.totals(scope, over, ("answered", "node", "exit", "edge"))
        text = await scope.value(SCRIPT_TEXT, script=over.script_version) if over.script_version is not None else None
    order = {node: at for at, node in enumerate(_nodes(text))}
    nodes = sorted(
        found.counts["node"].items(),
        key=lambda item: (order.get(item[0], len(order)) if order else 0, -item[1], item[0]),
    )
    return Flow(
        answered=found.of("answered"),
        nodes=[
            NodeView(
                node=name, entered=n, ended=found.of("exit", name), dropped=_share(min(found.of("exit", name), n), n)
            )
            for name, n in nodes
        ],
        edges=[
            EdgeView(source=name.partition(">")[0], target=name.partition(">")[2], times=n)
            for name, n in found.counts["edge"].most_common(300)
        ],
    )


@router.get("/analytics/questions")
async def read_top_questions(here: Reads, asked: Annotated[OverQuery, Query()]) -> Asked:
    """Which answers people needed, and where they asked what nobody knew."""
    over, _ = _over(here, asked)
    await _fresh(here)
    async with here.reading() as scope:
        found = await analytics.totals(scope, over, ("answered", "kb", "unanswered"))
    return Asked(
        answered=found.of("answered"),
        known=[Counted(name=name, calls=n) for name, n in found.counts["kb"].most_common(100)],
        unknown=[Counted(name=name, calls=n) for name, n in found.counts["unanswered"].most_common(100)],
    )


@router.get("/analytics/versions")
async def compare_versions(here: Reads, asked: Annotated[OverQuery, Query()]) -> Versions:
    """The versions of scripts that these calls spoke, beside each other."""
    over, _ = _over(here, asked)
    await _fresh(here)
    async with here.reading() as scope:
        found = await analytics.by_version(scope, over)
        names = await call_store.scripts_of(scope, [version for version in found if version])
    ranked = sorted(found.items(), key=lambda item: (-item[1].of("calls"), item[0]))
    first = _wanted_share(ranked[0][1]) if ranked else None
    return Versions(items=[_version(number, one, names.get(number, ("", "")), first) for number, one in ranked])


@router.post("/analytics/costs")
async def estimate_costs(here: Reads, body: CostBody) -> CostView:
    """A robot's seat beside a human one, from ranges that the viewer gives. Nothing is kept."""
    return CostView(robot=_costs(body.robot), human=_costs(body.human))


# ---------------------------------------------------------------- parts


def _over(here: Here, asked: OverQuery) -> tuple[Over, ZoneInfo]:
    if asked.zone not in available_timezones():
        raise ApiError(422, "zone", "there is no such time zone", hint="Write one like Asia/Shanghai.")
    before = asked.before or here.now() + timedelta(hours=1)
    since = asked.since or before - timedelta(days=30)
    if not timedelta() < before - since <= _LONGEST:
        raise ApiError(422, "range", "`since` is not before `before`, or more than 400 days lie between them")
    return Over(_hour(since), before, asked.task, asked.script_version), ZoneInfo(asked.zone)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


async def _fresh(here: Here) -> int:
    """Count what waits; how many wait still."""
    return await catch_up(here.kept.database, here.viewer.tenant, here.kept.keyring, rounds=_ROUNDS)


def _wanted(found: Totals) -> int:
    return found.of("grade", "A") + found.of("grade", "B")


def _wanted_share(found: Totals) -> Share:
    return share(min(_wanted(found), found.of("answered")), found.of("answered"))


def _share(part: int, whole: int) -> ShareView:
    return _shown(share(part, whole))


def _shown(one: Share) -> ShareView:
    return ShareView(part=one.part, whole=one.whole, value=one.value, low=one.low, high=one.high)


def _slice(name: str, of: Hours) -> Slice:
    return Slice(name=name, calls=of.calls[name], answered=of.answered[name], grades=dict(of.grades.get(name, {})))


def _nodes(text: str | None) -> list[str]:
    if text is None:
        return []
    try:
        return list(loads(text).script.flow.nodes)
    except ScriptError:
        return []


def _version(number: int, one: Totals, named: tuple[str, str], first: Share | None) -> VersionView:
    wanted, answered = _wanted_share(one), one.of("answered")
    refused = sum(one.of("disposition", name) for name in ("declined", "opted_out", "abused"))
    better = difference(wanted, first) if first is not None and wanted != first else None
    return VersionView(
        script_version=number,
        script=named[0],
        version=named[1][:8],
        calls=one.of("calls"),
        answered=_share(answered, one.of("calls")),
        wanted=_shown(wanted),
        refused=_share(min(refused, answered), answered),
        talk_ms=one.talk_ms,
        better=better[0] if better else None,
        better_low=better[1] if better else None,
        better_high=better[2] if better else None,
    )


def _costs(body: SeatBody) -> SeatCosts:
    def plain(value: AmountRange) -> Range:
        return Range(value.low, value.high)

    found = costs(
        Seats(
            plain(body.seat), plain(body.minute), plain(body.calls), plain(body.answered), plain(body.wanted), plain(body.talk_min)
        )
    )  # fmt: skip

    def view(value: Range | None) -> RangeView | None:
        return None if value is None else RangeView(low=value.low, high=value.high)

    return SeatCosts(
        month=RangeView(low=found.month.low, high=found.month.high),
        talked=RangeView(low=found.talked.low, high=found.talked.high),
        got=RangeView(low=found.got.low, high=found.got.high),
        per_answered=view(found.per_answered),
        per_wanted=view(found.per_wanted),
    )

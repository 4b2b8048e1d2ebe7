"""Endpoints: where news goes (webhooks, group robots, mail), and what became of every delivery."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns import delivery_store as rows
from callwright.campaigns import endpoints
from callwright.campaigns.api.refusals import told
from callwright.campaigns.events import EVENTS
from callwright.campaigns.notices import Kind
from callwright.campaigns.wording import Language
from callwright.http.fields import Moment, PathId, Text
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging
from callwright.http.problems import absent, answers, conflict

__all__ = ["router"]

router = APIRouter()

Manages = Annotated[Here, needs(Permission.ENDPOINTS_MANAGE)]
DeliveryId = Annotated[str, Path(pattern=r"^msg_[0-9a-f]{24}$", examples=["msg_5f2b0f6f0e9b4c1d8a7e6d5c"])]
_END = datetime(2200, 1, 1, tzinfo=UTC)


class Backlog(BaseModel):
    """Deliveries by state, and one of the last errors."""

    waiting: int = 0
    sent: int = 0
    given_up: int = 0
    oldest_waiting: Moment | None = None
    last_error: str = ""


class EndpointRow(BaseModel):
    """address: without the key that the robots of groups carry in theirs; events: what it wants, empty = all."""

    id: int
    kind: Kind
    address: str = Field(examples=["https://crm.example.com/callwright"])
    events: list[str]
    active: bool
    backlog: Backlog


class EndpointList(BaseModel):
    """events: all there are, with their titles."""

    items: list[EndpointRow]
    events: dict[str, dict[str, str]] = Field(examples=[{"call.ended": {"en": "call ended", "zh": "通话结束"}}])


async def _listed(scope: Any) -> list[EndpointRow]:
    waiting = await endpoints.backlog(scope)
    return [
        EndpointRow(
            id=one.id, kind=one.kind, address=one.address, events=list(one.events), active=one.active,
            backlog=_backlog([row for row in waiting if row["endpoint_id"] == one.id]),
        )
        for one in await endpoints.listed(scope)
    ]  # fmt: skip


def _backlog(found: list[dict[str, Any]]) -> Backlog:
    states = {row["state"]: row for row in found}
    count = {state: int(row["count"]) for state, row in states.items()}
    error = next((row["error"] for state, row in states.items() if state != "sent" and row["error"]), "")
    return Backlog(**count, oldest_waiting=states.get("waiting", {}).get("oldest"), last_error=error)


@router.get("/endpoints")
async def list_endpoints(here: Manages) -> EndpointList:
    """All endpoints, also those that are off."""
    async with here.reading() as scope:
        return EndpointList(
            items=await _listed(scope), events={name: {"en": en, "zh": zh} for name, (en, zh) in EVENTS.items()}
        )


class NewEndpoint(BaseModel):
    """events: what it wants, empty = all; secret: of a webhook `whsec_...` (empty = one is made), of a group's robot its 加签."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    address: Annotated[Text, Field(min_length=1, max_length=500, examples=["https://crm.example.com/callwright"])]
    events: Annotated[list[Annotated[Text, Field(max_length=32)]], Field(max_length=50, examples=[["call.ended"]])] = []
    secret: Annotated[Text, Field(max_length=200)] = ""


class AddedEndpoint(BaseModel):
    """secret: of a webhook; it is shown this once."""

    endpoint: EndpointRow
    secret: str


@router.post("/endpoints", status_code=201)
async def add_endpoint(here: Manages, body: NewEndpoint) -> AddedEndpoint:
    """Add an endpoint. Requests to a webhook are signed as Standard Webhooks says."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        which, secret = await endpoints.add(
            scope, keys, body.kind, body.address, now, events=body.events, secret=body.secret
        )
        await audit.note(scope, keys, here.viewer, "endpoint.add", ("endpoint", which), {"kind": body.kind}, now=now)
        row = next(one for one in await _listed(scope) if one.id == which)
    return AddedEndpoint(endpoint=row, secret="" if body.secret else secret)


class SwitchBody(BaseModel):
    """Whether anything is sent to it; what waits for it waits on."""

    model_config = ConfigDict(extra="forbid")

    active: bool


@router.patch("/endpoints/{endpoint}", responses=answers(404))
async def switch_endpoint(here: Manages, endpoint: PathId, body: SwitchBody) -> EndpointRow:
    """Switch it on or off."""
    async with here.keyed() as (scope, keys):
        with told():
            await endpoints.switch(scope, endpoint, body.active)
        detail = {"active": body.active}
        await audit.note(scope, keys, here.viewer, "endpoint.switch", ("endpoint", endpoint), detail, now=here.now())
        return next(one for one in await _listed(scope) if one.id == endpoint)


@router.delete("/endpoints/{endpoint}", status_code=204, responses=answers(404))
async def delete_endpoint(here: Manages, endpoint: PathId) -> None:
    """Away with it, and with what waits for it."""
    async with here.keyed() as (scope, keys):
        with told():
            await endpoints.drop(scope, endpoint)
        await audit.note(scope, keys, here.viewer, "endpoint.delete", ("endpoint", endpoint), now=here.now())


class TestBody(BaseModel):
    """lang: of the message in a group."""

    __test__ = False
    model_config = ConfigDict(extra="forbid")

    lang: Language = "en"


class Tried(BaseModel):
    """error: why it did not arrive."""

    arrived: bool
    error: str = Field(examples=["HTTP 500"])


@router.post("/endpoints/{endpoint}/test", responses=answers(404, 409))
async def test_endpoint(here: Manages, endpoint: PathId, body: TestBody | None = None) -> Tried:
    """Send a test event, at once and once; waits for the answer for 20 s at most."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        row = await scope.first(rows.ENDPOINT, id=endpoint)
        if row is None:
            raise absent("endpoint")
        if row.kind == "mail":
            raise conflict(
                "mail-test", "mail is sent by a worker", "Its next news, or its backlog, shows whether it arrives."
            )
        await audit.note(scope, keys, here.viewer, "endpoint.test", ("endpoint", endpoint), now=now)
    message = f"msg_{secrets.token_hex(12)}"
    answer = await endpoints.try_out(keys, row, message, now, (body or TestBody()).lang)
    return Tried(arrived=answer.ok, error=answer.error)


class DeliveryRow(BaseModel):
    """tries: so far; due_at: of the next one; given_up: after about three days, or when the endpoint said that it is gone."""

    id: str
    event: str
    state: Literal["waiting", "sent", "given_up"]
    tries: int
    due_at: Moment
    last_error: str
    created_at: Moment
    sent_at: Moment | None


@router.get("/endpoints/{endpoint}/deliveries", responses=answers(404))
async def list_deliveries(here: Manages, endpoint: PathId, page: Annotated[Paging, Query()]) -> Page[DeliveryRow]:
    """What was sent to it, or is waiting; the newest first."""
    before, last = page.after(datetime, str) or (_END, "")
    async with here.reading() as scope:
        if await scope.first(rows.ENDPOINT, id=endpoint) is None:
            raise absent("endpoint")
        found = await scope.all(rows.DELIVERIES, of=endpoint, before=before, last=last, most=page.limit + 1)
    return Page.of(found, page, _delivery, key=lambda row: (row.created_at, row.id))


def _delivery(row: Row[Any]) -> DeliveryRow:
    return DeliveryRow(
        id=row.id, event=row.event, state=row.state, tries=row.tries, due_at=row.due_at, last_error=row.last_error,
        created_at=row.created_at, sent_at=row.sent_at,
    )  # fmt: skip


@router.post("/endpoints/{endpoint}/deliveries/{delivery}/retry", status_code=204, responses=answers(404))
async def retry_delivery(here: Manages, endpoint: PathId, delivery: DeliveryId) -> None:
    """Send it once more, as soon as a worker comes to it; with the same `webhook-id`."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        if not await endpoints.again(scope, endpoint, delivery, now):
            raise absent("delivery that waits or was given up")
        await audit.note(
            scope, keys, here.viewer, "endpoint.retry", ("endpoint", endpoint), {"delivery": delivery}, now=now
        )

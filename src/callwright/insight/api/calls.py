"""Lists of calls, by filters and words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.calls.model import mask
from callwright.calls.transcript import Line
from callwright.campaigns.story import unseal_story
from callwright.http.fields import Number
from callwright.http.here import Here, needs
from callwright.http.paging import Page, Paging, cursor_of
from callwright.insight import call_store
from callwright.insight.api.views import CallRow, row_of
from callwright.insight.filters import CallFilter, Order, wanted_grams
from callwright.insight.gathering import catch_up
from callwright.insight.grams import holds
from callwright.insight.searching import search
from callwright.store.crypto import TenantKeys
from callwright.store.scope import Scope

__all__ = ["CallQuery", "note_numbers", "router"]

router = APIRouter()

_HITS = 3


class CallQuery(CallFilter, Paging):
    """What a list of calls is asked for. Words, tags, nodes, entries and values are found newest first, whatever the order."""

    order: Order = "newest"


class FindPerson(BaseModel):
    """Whose calls are looked for."""

    model_config = ConfigDict(extra="forbid")

    number: Number


class FoundPerson(BaseModel):
    """What stands for a number in the address of a list."""

    subject: str = Field(examples=["5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910"])
    number: str = Field(examples=["+86139***0001"])


@router.get("/calls")
async def list_calls(
    here: Annotated[Here, needs(Permission.RESULTS_READ)], asked: Annotated[CallQuery, Query()]
) -> Page[CallRow]:
    """Calls that are over. A page that a search ends early has fewer rows than its limit, and `next`."""
    if wanted_grams(asked):
        return await _searched(here, asked)
    kind = int if asked.order == "longest" else datetime
    async with here.reading() as scope:
        keys = await here.keys(scope)
        after = asked.after(kind, str)
        rows = await call_store.listed(scope, asked, asked.order, after, asked.limit + 1)
        named = await call_store.names_of(scope, keys, rows[: asked.limit])
    await note_numbers(here, rows[: asked.limit])
    whole = here.may(Permission.NUMBERS_UNMASKED)
    return Page.of(
        rows,
        asked,
        lambda row: row_of(row, named, whole_numbers=whole),
        lambda row: call_store.keys_of(row, asked.order),
    )


@router.post("/calls/find-person")
async def find_call_person(here: Annotated[Here, needs(Permission.RESULTS_READ)], body: FindPerson) -> FoundPerson:
    """What stands for a phone number in `subject`, so that the number itself is in no address and no log."""
    async with here.reading() as scope:
        keys = await here.keys(scope)
    return FoundPerson(subject=keys.index(body.number).hex(), number=mask(body.number))


async def _searched(here: Here, asked: CallQuery) -> Page[CallRow]:
    """A page out of the index of words. That somebody read sentences is noted; which words they looked for is not."""
    await catch_up(here.kept.database, here.viewer.tenant, here.kept.keyring, rounds=2)
    after = asked.after(int)
    async with here.reading() as scope:
        keys = await here.keys(scope)
        found = await search(scope, keys, asked, after[0] if after else None, asked.limit)
        named = await call_store.names_of(scope, keys, found.rows)
        hits = await _hits(scope, keys, found.rows, asked.words) if asked.words else {}
    if hits:
        async with here.keyed() as (scope, keys):
            await audit.note(
                scope, keys, here.viewer, "calls.search", ("call_list", ""), {"rows": len(hits)}, now=here.now()
            )
    else:
        await note_numbers(here, found.rows)
    whole = here.may(Permission.NUMBERS_UNMASKED)
    return Page(
        items=[row_of(row, named, whole_numbers=whole, hits=hits) for row in found.rows],
        next=None if found.after is None else cursor_of([found.after]),
    )


async def _hits(scope: Scope, keys: TenantKeys, rows: Sequence[Row[Any]], question: str) -> dict[str, list[Line]]:
    bodies = await call_store.texts_of(scope, [row.attempt_id for row in rows])
    hits = {}
    for attempt, body in bodies.items():
        lines = unseal_story(keys, attempt, body).lines
        hits[attempt] = [line for line in lines if line.who in ("caller", "agent") and holds((line.text,), question)][
            :_HITS
        ]
    return hits


async def note_numbers(here: Here, rows: Sequence[Row[Any]]) -> None:
    """Numbers in full are personal data that somebody looked at."""
    if not rows or not here.may(Permission.NUMBERS_UNMASKED):
        return
    async with here.keyed() as (scope, keys):
        await audit.note(scope, keys, here.viewer, "calls.list", ("call_list", ""), {"rows": len(rows)}, now=here.now())

"""Do-not-call registries: `/registries`. What is loaded and how fresh it is, files in as a job, a copy taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.campaigns import registries
from callwright.campaigns.registries import Order, Report
from callwright.compliance import registry_store
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.compliance.registries import Copy, Kind
from callwright.compliance.registry_rules import Asking, asked, asking_for, fresh_until
from callwright.http.fields import Moment, PathId, Text
from callwright.http.here import Here, needs
from callwright.http.job_views import JobView, job_view
from callwright.http.jobs import Job, jobs_of
from callwright.http.problems import absent, answers
from callwright.http.shelf import shelf_of

__all__ = ["router"]

router = APIRouter(prefix="/registries")

MOST = 250 << 20


class CopyRow(BaseModel):
    """A copy that is in use. Its numbers are kept as keyed digests only, and are never shown."""

    id: int = Field(examples=[3])
    registry: str = Field(examples=["us-national-dnc"])
    kind: str = Field(description="full, or checked: only numbers that were looked up", examples=["full"])
    as_of: datetime
    fresh_until: datetime | None = Field(description="null = no rule pack asks for it")
    fresh: bool
    areas: list[str] = Field(description="area codes it reaches; empty = all of its country", examples=[["+1212"]])
    version: str = Field(examples=["2026-11-20"])
    account: str = Field(description="of the subscription", examples=["SAN-1234567"])
    numbers: int = Field(examples=[481223])
    source: str = Field(examples=["2026-11-20_212.txt"])
    by: str
    loaded_at: datetime


class AskingRule(BaseModel):
    """A rule that asks for a registry."""

    pack: str = Field(examples=["us"])
    rule: str = Field(examples=["national-dnc"])
    days: int = Field(description="how old a copy may be", examples=[31])


class RegistryRow(BaseModel):
    """A registry that rule packs ask for, or of which a copy is in use."""

    registry: str = Field(examples=["us-national-dnc"])
    rules: list[AskingRule]
    copies: list[CopyRow] = Field(description="oldest first; none = whoever a rule asks about is not called")


@router.get("")
async def list_registries(here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> list[RegistryRow]:
    """Every registry that matters, and its copies."""
    rules, now = asked(await packs_in_use(here)), here.now()
    async with here.reading() as scope:
        copies = await registry_store.copies(scope)
    return [
        RegistryRow(
            registry=name,
            rules=[AskingRule(pack=one.pack, rule=one.rule, days=one.days) for one in rules.get(name, ())],
            copies=[_row(one, rules.get(name, ()), now) for one in copies if one.name == name],
        )
        for name in sorted({*rules, *(one.name for one in copies)})
    ]


@router.post("/import", status_code=202, responses=answers(413, 429))
async def import_registry(
    here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)],
    file: UploadFile,
    registry: Annotated[Text, Form(max_length=64, examples=["us-national-dnc"])],
    as_of: Annotated[Moment, Form(description="when it was fetched")],
    kind: Annotated[Kind, Form()] = "full",
    since: Annotated[Moment | None, Form(description="of a change: it holds everything since then")] = None,
    areas: Annotated[
        Text, Form(max_length=4000, description="area codes by commas; none = those in the file, or the whole country")
    ] = "",
    version: Annotated[Text, Form(max_length=64)] = "",
    account: Annotated[Text, Form(max_length=64)] = "",
    skip_unusable: Annotated[bool, Form(description="leave out lines that cannot be read")] = False,
) -> JobView:
    """Load a file, as a job: it is taken whole or not at all, and told in the audit log. The job tells which lines cannot be read."""
    asking = asking_for(await packs_in_use(here), registry)
    order = Order(
        registry, kind, as_of, version, account, tuple(area for area in areas.replace(" ", "").split(",") if area), since, skip_unusable
    )  # fmt: skip
    shelf = shelf_of(here)
    name = "".join(letter for letter in file.filename or "registry" if letter.isprintable())[-100:]
    laid = await shelf.lay(here.viewer, name, file.file, MOST)
    async with here.reading() as scope:
        keys = await here.keys(scope)

    async def work(job: Job) -> Mapping[str, Any]:
        upload = registries.of_path(laid.path, laid.name)
        try:
            report = await registries.import_registry(
                here.kept.database,
                keys,
                asking,
                order,
                upload,
                here.viewer,
                here.now,
                lambda done: job.tell("importing", done),
            )
        finally:
            shelf.take(laid)
        job.problems = list(report.problems)
        return _report(report)

    return job_view(jobs_of(here).start(here.viewer, "registry.import", registry, Permission.COMPLIANCE_READ, work))


@router.delete("/copies/{copy}", status_code=204, responses=answers(404))
async def forget_copy(here: Annotated[Here, needs(Permission.COMPLIANCE_WRITE)], copy: PathId) -> None:
    """Take a copy out of use and its numbers away. Whom only it would let be called is not called any more."""
    async with here.reading() as scope:
        keys = await here.keys(scope)
        if all(one.id != copy for one in await registry_store.copies(scope)):
            raise absent("copy")
    await registries.forget(here.kept.database, keys, copy, here.viewer, here.now)


def _row(one: Copy, rules: Sequence[Asking], now: datetime) -> CopyRow:
    until = fresh_until(one.as_of, rules)
    return CopyRow(
        id=one.id, registry=one.name, kind=one.kind, as_of=one.as_of, fresh_until=until, fresh=until is not None and until >= now,
        areas=list(one.areas), version=one.version, account=one.account, numbers=one.numbers, source=one.source, by=one.by,
        loaded_at=one.loaded_at,
    )  # fmt: skip


def _report(report: Report) -> dict[str, Any]:
    return {
        "copy": report.copy, "added": report.added, "deleted": report.deleted, "held": report.held, "unusable": report.unusable,
        "areas": list(report.areas), "replaced": report.replaced, "again": report.again,
    }  # fmt: skip

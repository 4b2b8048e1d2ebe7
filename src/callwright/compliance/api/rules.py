"""Rule packs: `/rules`. What they say, and why a call that nobody places would be allowed or refused. No legal advice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.campaigns.situation import situation
from callwright.compliance.api.packs_in_use import packs_in_use
from callwright.compliance.cases import FactsFile, with_facts
from callwright.compliance.explanation import Explanation, citation, explain
from callwright.compliance.packs import CompiledRule, Pack
from callwright.compliance.telling import Language, title_of
from callwright.compliance.titles_zh import PACK_TITLES_ZH
from callwright.http.fields import Number, Text
from callwright.http.here import Here, needs
from callwright.http.problems import answers

__all__ = ["router"]

router = APIRouter(prefix="/rules")

_PLACES = 60


class PackRule(BaseModel):
    """A rule of a pack."""

    rule: str = Field(examples=["hours"])
    title: str
    check: str = Field(examples=["window"])
    severity: str
    status: str = Field(description="law, draft, norm, contract")
    source: str
    quote: str
    as_of: str = Field(description="when somebody looked at the source")
    doubt: str
    since: str | None
    until: str | None
    applies_if: dict[str, Any]
    params: dict[str, Any]
    cases: int = Field(description="own examples, tried by `callwright rules check`")


class PackView(BaseModel):
    """A pack and its rules."""

    pack: str = Field(examples=["cn"])
    version: str
    title: str
    places: list[str] = Field(description="countries, at most 60 of them")
    coverage: str
    since: str
    until: str | None
    own: bool = Field(description="it did not come with the program")
    note: str
    rules: list[PackRule]


class ExplainBody(BaseModel):
    """A call that nobody places."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"number": "+8613900000001", "at": "2026-11-26T21:00", "purpose": "marketing"}]},
    )  # fmt: skip

    number: Number
    at: Annotated[Text, Field(max_length=40, description="on the callee's clock, or with an offset; empty = now")] = ""
    zones: Annotated[list[Annotated[Text, Field(max_length=48)]], Field(max_length=20)] = []
    regions: Annotated[list[Annotated[Text, Field(max_length=16)]], Field(max_length=60)] = []
    purpose: Literal["marketing", "service", "survey", "notice"] = "marketing"
    rest_fine: bool = Field(False, description="what is not said is as in a call nobody objects to")
    facts: FactsFile | None = Field(
        None, description="what else is known, as `callwright rules explain --facts` takes it"
    )
    language: Language = "en"


class ExplainedRule(BaseModel):
    """One rule, and how it comes out."""

    pack: str
    rule: str
    version: str
    title: str
    outcome: str
    severity: str
    refuses: bool
    detail: str
    status: str
    source: str
    quote: str
    as_of: str
    doubt: str
    next_at: datetime | None = Field(description="when this rule alone would hold")


class ExplanationTold(BaseModel):
    """The decision there would be."""

    allow: bool
    at: datetime
    country: str | None
    line_type: str | None
    zones: list[str]
    regions: list[str]
    next_allowed_at: datetime | None
    packs: list[str]
    calendar: str
    rules: list[ExplainedRule] = Field(description="those that stand against it first")


@router.get("/packs")
async def list_rule_packs(
    here: Annotated[Here, needs(Permission.COMPLIANCE_READ)], language: Annotated[Language, Query()] = "en"
) -> list[PackView]:
    """Every pack that calls are judged by, with its rules and where they are written down."""
    packs = await packs_in_use(here)
    return [_pack(pack, language) for pack in packs.packs]


@router.post("/explain", responses=answers(409))
async def explain_rules(body: ExplainBody, here: Annotated[Here, needs(Permission.COMPLIANCE_READ)]) -> ExplanationTold:
    """Every rule that could apply to such a call, with its source and outcome. Looks nobody up, and calls nobody."""
    packs = await packs_in_use(here)
    facts, now = situation(
        body.number, body.at, here.now(), body.zones, body.regions, body.purpose, rest_fine=body.rest_fine
    )
    if body.facts is not None:
        facts = with_facts(facts, body.facts.model_dump(exclude_unset=True))
    told = await anyio.to_thread.run_sync(explain, facts, now, packs)
    return ExplanationTold(
        allow=told.decision.allow, at=now, country=facts.country, line_type=facts.line_type, zones=list(facts.zones or ()),
        regions=list(facts.regions or ()), next_allowed_at=told.decision.next_allowed_at, packs=list(told.decision.packs),
        calendar=told.decision.calendar, rules=_rules(told, body.language),
    )  # fmt: skip


def _rules(told: Explanation, language: Language) -> list[ExplainedRule]:
    found = [
        ExplainedRule(
            pack=one.reason.pack, rule=one.reason.rule, version=one.reason.version,
            title=title_of(one.reason.pack, one.reason.rule, language) if language == "zh" else one.title or one.reason.rule,
            outcome=one.reason.outcome, severity=one.reason.severity, refuses=one.reason.refuses, detail=one.reason.detail,
            status=one.status, source=one.source, quote=one.quote, as_of=one.as_of, doubt=one.doubt, next_at=one.reason.next_at,
        )
        for one in told.rules
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.refuses, one.outcome == "ok"))


def _pack(pack: Pack, language: Language) -> PackView:
    file = pack.file
    title = PACK_TITLES_ZH.get(file.id, file.title) if language == "zh" else file.title
    return PackView(
        pack=file.id, version=file.version, title=title, places=list(file.places[:_PLACES]), coverage=file.coverage,
        since=file.effective_from.isoformat(), until=file.effective_to.isoformat() if file.effective_to else None, own=pack.own,
        note=file.note or "", rules=[_rule(rule, language) for rule in pack.rules],
    )  # fmt: skip


def _rule(one: CompiledRule, language: Language) -> PackRule:
    rule = one.rule
    source, quote, as_of = citation(one)
    return PackRule(
        rule=rule.id, title=title_of(one.pack.id, rule.id, language, one), check=rule.check, severity=rule.severity, status=rule.status,
        source=source, quote=quote, as_of=as_of, doubt=rule.doubt or "", since=rule.from_.isoformat() if rule.from_ else None,
        until=rule.to.isoformat() if rule.to else None, applies_if=rule.applies_if.model_dump(mode="json", exclude_none=True),
        params=rule.model_dump(mode="json")["params"], cases=len(rule.tests),
    )  # fmt: skip

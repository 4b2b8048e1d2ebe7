"""Facts as somebody writes them down: the cases of a pack, and what `callwright rules explain --facts` reads. Pure.

A case tells what differs from a call nobody objects to. An explanation begins with nothing known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from callwright.compliance.facts import (
    Abandonment,
    CompanyFacts,
    ConsentFacts,
    DialFacts,
    Freeze,
    PastCall,
    RegistryFacts,
    ScriptFacts,
)
from callwright.compliance.openings import zone
from callwright.compliance.pack_model import Strict

__all__ = ["FactsFile", "harmless", "moment", "with_facts"]

Moment = AwareDatetime


class _Call(Strict):
    at: Moment
    counts: bool = True
    disposition: str = ""
    talk_ms: int = Field(default=0, ge=0)
    task_id: int | None = None
    company_id: int | None = None


class _Consent(Strict):
    basis: Literal["consent", "contract", "legal_obligation", "existing_customer"]
    scope: tuple[str, ...] = ()
    given_at: Moment | None = None
    valid_until: Moment | None = None
    revoked_at: Moment | None = None
    company_id: int | None = None
    wording: str = ""
    evidence: str = ""


class _Freeze(Strict):
    scope: Literal["tenant", "company", "task", "voice"] = "tenant"
    reason: str = "manual"
    frozen_at: Moment
    until: Moment | None = None
    scope_id: int | None = None


class _Script(Strict):
    reviewed: bool | None = None
    says: tuple[Literal["ai", "company", "purpose", "recording", "opt_out"], ...] | None = None
    voice: Literal["human", "synthetic", "recorded"] | None = None
    records: bool | None = None
    label_audible: bool | None = None
    label_metadata: bool | None = None


class _Company(Strict):
    id: int | None = None
    country: str | None = None
    vetted: bool | None = None
    vetted_until: Moment | None = None


class _Registry(Strict):
    name: str
    listed: bool
    as_of: Moment


class _Abandonment(Strict):
    abandoned: int = Field(ge=0)
    answered: int = Field(ge=0)
    days: int = 30
    after_s: float = 2.0


class FactsFile(Strict):
    """What `DialFacts` holds, as YAML. A key that is left out is as it was before; `null` is "nobody knows"."""

    callee: str = ""
    caller: str = ""
    owned_callers: tuple[str, ...] = ()
    purpose: str = ""
    needed_scope: tuple[str, ...] = ()
    country: str | None = None
    regions: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    line_type: str | None = None
    callee_type: Literal["consumer", "business"] | None = None
    task_id: int | None = None
    company: _Company | None = None
    script: _Script | None = None
    consents: tuple[_Consent, ...] | None = None
    past: tuple[_Call, ...] | None = None
    refusals: tuple[_Call, ...] | None = None
    freezes: tuple[_Freeze, ...] | None = None
    suspects: int | None = Field(default=None, ge=0)
    registries: tuple[_Registry, ...] | None = None
    abandonment: _Abandonment | None = None
    pacing: Literal["robot", "progressive", "predictive"] | None = None
    ring_s: float | None = None
    caller_verified: bool | None = None
    caller_answers: bool | None = None


_VALUES: Mapping[str, Any] = {
    "past": PastCall, "refusals": PastCall, "consents": ConsentFacts, "freezes": Freeze, "registries": RegistryFacts,
    "script": ScriptFacts, "company": CompanyFacts, "abandonment": Abandonment,
}  # fmt: skip
_MERGED = frozenset({"script", "company"})  # a case names the field that differs, the rest stays


def with_facts(facts: DialFacts, written: Mapping[str, Any]) -> DialFacts:
    """`facts` with what was written down instead.

    Raises:
        pydantic.ValidationError: a key, type or value that no fact has.
    """
    model = FactsFile.model_validate(dict(written))
    changes: dict[str, Any] = {}
    for name in model.model_fields_set:
        value = getattr(model, name)
        changes[name] = _value(name, value, getattr(facts, name))
    return replace(facts, **changes)


def _value(name: str, value: Any, before: Any) -> Any:
    kind = _VALUES.get(name)
    if value is None:
        return None
    if kind is None:
        return frozenset(value) if name in {"owned_callers", "needed_scope"} else value
    if name in _MERGED:
        changes = {key: _plain(key, getattr(value, key)) for key in value.model_fields_set}
        return replace(before, **changes) if before is not None else kind(**changes)
    if isinstance(value, tuple):
        return tuple(_made(kind, each) for each in value)
    return _made(kind, value)


def _made(kind: Any, model: Strict) -> Any:
    names = {each.name for each in fields(kind)}
    return kind(**{key: _plain(key, getattr(model, key)) for key in type(model).model_fields if key in names})


def _plain(key: str, value: Any) -> Any:
    if key in {"scope", "says"} and isinstance(value, tuple):
        return frozenset(value)
    return value


def moment(text: str, zones: tuple[str, ...] | None) -> datetime:
    """A moment as it is written: with an offset, or on the clock of the first zone.

    Raises:
        ValueError: no date and time, or no offset and no zone.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        return found
    if not zones:
        raise ValueError(f"{text} has no offset, and there is no zone")
    return found.replace(tzinfo=zone(zones[0]))


def harmless(now: datetime, country: str, zones: tuple[str, ...]) -> DialFacts:
    """A call nobody objects to: everything is known, agreed to and proven. The cases of a pack change what they are about."""
    given = now.astimezone(UTC) - timedelta(days=10)
    return DialFacts(
        callee="+12025550123",
        caller="+12025550100",
        owned_callers=frozenset({"+12025550100"}),
        purpose="marketing",
        country=country,
        zones=zones,
        line_type="mobile",
        callee_type="consumer",
        company=CompanyFacts(1, country, True),
        script=ScriptFacts(
            "", True, frozenset({"ai", "company", "purpose", "recording", "opt_out"}), "synthetic", True, True, True
        ),
        consents=(
            ConsentFacts(
                "consent",
                frozenset({"marketing", "synthetic_voice", "recording", "service"}),
                given,
                wording="1",
                evidence="0" * 64,
            ),
        ),
        past=(),
        refusals=(),
        freezes=(),
        suspects=0,
        registries=(),
        abandonment=Abandonment(0, 100),
        pacing="robot",
        ring_s=30.0,
        caller_verified=True,
        caller_answers=True,
    )

"""Kinds of checks that packs can ask for, by name: what their parameters are, and what looks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from callwright.compliance.pack_model import Strict
from callwright.compliance.rules.caller import (
    Abandoned,
    AbandonedParams,
    CallerId,
    CallerIdParams,
    CompanyVetted,
    CompanyVettedParams,
    Ring,
    RingParams,
)
from callwright.compliance.rules.consent import Consent, ConsentParams, Evidence, EvidenceParams
from callwright.compliance.rules.cool_off import CoolOff, CoolOffParams
from callwright.compliance.rules.dnc import Dnc, DncParams
from callwright.compliance.rules.frequency import Budget, BudgetParams, Frequency, FrequencyParams
from callwright.compliance.rules.refused_short import RefusedShort, RefusedShortParams
from callwright.compliance.rules.speech import (
    Disclosure,
    DisclosureParams,
    Label,
    LabelParams,
    Recording,
    RecordingParams,
    ScriptReviewed,
    ScriptReviewedParams,
)
from callwright.compliance.rules.suspects import Suspects, SuspectsParams
from callwright.compliance.rules.window import Calendar, CalendarParams, Window, WindowParams

__all__ = ["CHECKS", "CheckKind"]


class CheckKind(NamedTuple):
    """params: the model of its parameters; check: made from them (rules/check.py Check)."""

    params: type[Strict]
    check: Any


CHECKS: Mapping[str, CheckKind] = MappingProxyType(
    {
        "abandonment": CheckKind(AbandonedParams, Abandoned),
        "budget": CheckKind(BudgetParams, Budget),
        "calendar": CheckKind(CalendarParams, Calendar),
        "caller_id": CheckKind(CallerIdParams, CallerId),
        "company": CheckKind(CompanyVettedParams, CompanyVetted),
        "consent": CheckKind(ConsentParams, Consent),
        "cool_off": CheckKind(CoolOffParams, CoolOff),
        "disclosure": CheckKind(DisclosureParams, Disclosure),
        "dnc": CheckKind(DncParams, Dnc),
        "evidence": CheckKind(EvidenceParams, Evidence),
        "frequency": CheckKind(FrequencyParams, Frequency),
        "label": CheckKind(LabelParams, Label),
        "recording": CheckKind(RecordingParams, Recording),
        "refused_short": CheckKind(RefusedShortParams, RefusedShort),
        "ring": CheckKind(RingParams, Ring),
        "script": CheckKind(ScriptReviewedParams, ScriptReviewed),
        "suspects": CheckKind(SuspectsParams, Suspects),
        "window": CheckKind(WindowParams, Window),
    }
)

"""rule-pack/1: rules of one place as data. docs/reference/rule-packs.md explains every field."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from callwright.compliance.reasons import Severity

__all__ = [
    "PACK_FORMAT",
    "AppliesIf",
    "Case",
    "Citation",
    "Day",
    "PackFile",
    "PackSource",
    "Rule",
    "Status",
    "Strict",
    "Text",
]

PACK_FORMAT = "rule-pack/1"

Status = Literal["law", "draft", "norm", "contract"]


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=1000)]
Ident = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Day = Annotated[date, Field(strict=False)]
Country = Annotated[str, Field(pattern=r"^([A-Z]{2}|\*)$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PackSource(Strict):
    """Where a rule is written down. as_of: when it was looked at; quote: what it says, in short."""

    id: Ident
    title: Text
    article: Text | None = None
    url: Text | None = None
    as_of: Day
    quote: Text | None = None


class Citation(Strict):
    source: Ident
    article: Text | None = None


class AppliesIf(Strict):
    """All that are named must fit; what nobody knows fits. country, seller: ISO; regions: states or provinces of the country."""

    purpose: tuple[Text, ...] | None = None
    voice: tuple[Literal["human", "synthetic", "recorded"], ...] | None = None
    line_type: tuple[Text, ...] | None = None
    callee: tuple[Literal["consumer", "business"], ...] | None = None
    pacing: tuple[Literal["robot", "progressive", "predictive"], ...] | None = None
    country: tuple[Country, ...] | None = None
    regions: tuple[Text, ...] | None = None
    seller: tuple[Country, ...] | None = None


class Case(Strict):
    """One example of a rule: at that moment (with an offset, or on the clock of the first zone), with facts that differ from those of a call
    nobody objects to (cases.py). next: the moment at which it would hold, `never` = time does not heal it."""

    name: Text
    at: Text
    facts: dict[str, Any] = {}
    expect: Literal["ok", "blocked", "unknown", "not-applied"]
    next: Text | None = None


class Rule(Strict):
    """check: one of compliance/rules; from, to: days it is in force, within those of the pack; doubt: what nobody has verified yet."""

    id: Ident
    title: Text
    check: Text
    params: dict[str, Any] = {}
    severity: Severity
    status: Status
    on_unknown: Literal["block"] = "block"
    applies_if: AppliesIf = AppliesIf()
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    citation: Citation
    doubt: Text | None = None
    tests: Annotated[tuple[Case, ...], Field(min_length=1, max_length=50)]


class PackFile(Strict):
    """places: countries it speaks of, "*" = all; applies_to: reached by the callee's country, or the seller's as well; coverage: `national`
    = with it the country is covered, `partial` = it only adds to other packs; clock: zone that its cases are in when they name none."""

    format: Literal["rule-pack/1"]
    id: Ident
    version: Text
    title: Text
    jurisdiction: Text
    places: Annotated[tuple[Country, ...], Field(min_length=1, max_length=250)]
    applies_to: tuple[Literal["callee", "seller"], ...] = ("callee",)
    coverage: Literal["national", "partial"]
    clock: Text
    effective_from: Day
    effective_to: Day | None = None
    note: Text | None = None
    sources: Annotated[tuple[PackSource, ...], Field(min_length=1, max_length=100)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=200)]

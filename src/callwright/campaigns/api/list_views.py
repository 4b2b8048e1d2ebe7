"""Lists and their people, as routes take and answer them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Row

from callwright.calls.model import mask
from callwright.campaigns.entries import is_zone
from callwright.campaigns.importing import Options
from callwright.campaigns.mapping import FIELDS
from callwright.campaigns.numbers import known_region
from callwright.campaigns.uploads import Glance, state_of, variables_of
from callwright.campaigns.wording import Language
from callwright.http.fields import Id, Moment, Text
from callwright.http.problems import Detail, detail_of
from callwright.store.crypto import TenantKeys

__all__ = [
    "ImportBody", "ListRow", "PersonRow", "ReadingBody", "RowsBody", "RowsTaken", "UploadView", "list_row", "options_of", "person_row",
    "upload_view",
]  # fmt: skip

Form = Literal["csv", "xlsx"]


def _zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError("there is no such time zone: write an IANA name like Asia/Shanghai")
    return value


def _region(value: str) -> str:
    if value and not known_region(value.upper()):
        raise ValueError("there is no such country: two letters, like CN or US")
    return value.upper()


def _defaults(value: dict[str, str]) -> dict[str, str]:
    wrong = [name for name in value if name not in FIELDS or name == "number"]
    if wrong:
        raise ValueError(f"a default is for one of {', '.join(FIELDS[1:])}")
    return value


Zone = Annotated[Text, Field(max_length=48, examples=["Asia/Shanghai"]), AfterValidator(_zone)]
Region = Annotated[Text, Field(max_length=2, examples=["CN"]), AfterValidator(_region)]
_Cell = Annotated[Text, Field(max_length=2000)]
_Column = Annotated[Text, Field(max_length=300)]
Mapped = Annotated[dict[_Column, _Column], Field(max_length=200, examples=[{"手机号": "number", "备注": "-"}])]
Defaults = Annotated[
    dict[_Column, _Cell], Field(max_length=20, examples=[{"basis": "contract"}]), AfterValidator(_defaults)
]
ListName = Annotated[
    Text, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$", examples=["autumn"])
]


class ReadingBody(BaseModel):
    """How a list is read. mapping: column -> field, variable, or `-` (left out); defaults: of fields, for rows that have none; region: country
    of numbers without +; zone: of times without one; lang: of messages."""

    model_config = ConfigDict(extra="forbid")

    mapping: Mapped = {}
    defaults: Defaults = {}
    region: Region = ""
    zone: Zone = "UTC"
    lang: Language = "en"


class _Taking(ReadingBody):
    not_elsewhere: bool = Field(False, description="leave out who is on another list")
    not_in_task: Id | None = Field(None, description="leave out who is in this task")
    company: Id | None = Field(None, description="whom they gave their consent to; null = the tenant itself")


class ImportBody(_Taking):
    """Put the people of an uploaded file on a list; it is made when there is none of this name."""

    name: ListName
    all_or_nothing: bool = Field(False, description="one bad row, and nobody is imported")


_Value = Annotated[_Cell | int | float | bool | None, Field()]


_Rows = Annotated[
    list[Annotated[dict[_Column, _Value], Field(max_length=200)]],
    Field(
        min_length=1,
        max_length=1000,
        examples=[[{"number": "+8613900000001", "basis": "consent", "consent_at": "2026-11-01", "name": "王先生"}]],
    ),
]


class RowsBody(_Taking):
    """Rows of a program. The same rows again change nothing."""

    list: ListName
    rows: _Rows


def options_of(body: ImportBody | RowsBody, by: str) -> Options:
    """As the import takes them."""
    return Options(
        body.name if isinstance(body, ImportBody) else body.list, body.mapping, body.defaults, body.region or None, body.zone, body.lang,
        isinstance(body, ImportBody) and body.all_or_nothing, body.not_elsewhere, body.not_in_task, body.company, by=by,
    )  # fmt: skip


class RowsTaken(BaseModel):
    """What became of the rows; `rows` is the sum of the others but `people`. kept_out: by reason; people: on the list now."""

    list_id: int
    rows: int
    imported: int
    already: int
    duplicates: int
    bad: int
    kept_out: dict[str, int] = Field(examples=[{"frozen": 2}])
    people: int
    problems: list[Detail] = Field([], description="the first of what is wrong with rows that were not taken")


class ListRow(BaseModel):
    """A list. rows: of its files; imported: people on it; refused: rows that were not taken; tasks: that use it."""

    id: int = Field(examples=[7])
    name: str = Field(examples=["autumn"])
    state: Literal["importing", "ready", "failed"]
    source: str = Field(examples=["autumn.xlsx"])
    rows: int
    imported: int
    duplicates: int
    refused: int
    variables: list[str] = Field(examples=[["name", "product"]])
    tasks: int
    created_at: Moment
    by: str


def list_row(row: Row[Any], now: datetime) -> ListRow:
    """row: with `tasks`."""
    mapping: Mapping[str, Any] = row.mapping
    return ListRow.model_validate(
        {
            "id": row.id, "name": row.name, "state": state_of(row, now), "source": row.source.rpartition("/")[2], "rows": row.rows,
            "imported": row.imported, "duplicates": row.duplicates, "refused": row.refused, "variables": list(mapping.get("variables", ())),
            "tasks": row.tasks, "created_at": row.created_at, "by": row.by,
        }
    )  # fmt: skip


class PersonRow(BaseModel):
    """Somebody on a list. row: line of the file; number: masked, unless the viewer may see it; basis "" = none is on record any more."""

    lead: int
    row: int
    number: str = Field(examples=["+86139***0001"])
    country: str
    line_type: str
    time_zone: str | None
    variables: dict[str, str]
    basis: str
    scope: list[str]
    given_at: Moment | None
    valid_until: Moment | None
    revoked_at: Moment | None


def person_row(keys: TenantKeys, row: Row[Any], *, unmasked: bool) -> PersonRow:
    """row: of `lead_store.people`. Somebody who was erased has no number any more."""
    number = keys.open_number(row.number, row.number_index) if row.number else ""
    return PersonRow(
        lead=row.id, row=row.row, number=number if unmasked or not number else mask(number), country=row.country, line_type=row.line_type,
        time_zone=row.time_zone, variables=variables_of(keys, row.variables), basis=row.basis or "", scope=list(row.scope or ()),
        given_at=row.given_at, valid_until=row.valid_until, revoked_at=row.revoked_at,
    )  # fmt: skip


class ColumnView(BaseModel):
    """target: a field, `var:NAME`, or "" (left out)."""

    name: str = Field(examples=["手机号"])
    target: str = Field(examples=["number"])
    samples: list[str]


class SeenRowView(BaseModel):
    """One of the first rows: its number (masked), or what is wrong with it."""

    line: int
    number: str
    problems: list[Detail]


class UploadView(BaseModel):
    """An uploaded list and its beginning, as an import would take it. Kept for an hour."""

    id: str = Field(examples=["Zk3v0xJ2m5bQpW1a"])
    name: str
    size: int = Field(description="bytes")
    kind: str = Field(examples=["csv"])
    how: dict[str, str] = Field(examples=[{"encoding": "gb18030", "delimiter": ","}])
    about: int = Field(description="how many rows there are, nearly")
    fields: list[str] = Field(description="what a column can be besides a variable")
    columns: list[ColumnView]
    rows: list[SeenRowView]
    problems: list[Detail] = Field(description="of the columns; then no row can be read")


def upload_view(which: str, size: int, source: Any, seen: Glance) -> UploadView:
    """What is told of it. The samples of numbers are masked."""
    numbers = {column.name for column in seen.columns if column.target == "number"}
    return UploadView(
        id=which, name=source.name, size=size, kind=source.kind, how=dict(source.how), about=source.about, fields=list(FIELDS),
        columns=[
            ColumnView(
                name=one.name, target=one.target,
                samples=[_masked(text) for text in one.samples] if one.name in numbers else list(one.samples),
            )
            for one in seen.columns
        ],
        rows=[
            SeenRowView(line=one.line, number=mask(one.number) if one.number else "", problems=[detail_of(each) for each in one.problems])
            for one in seen.rows
        ],
        problems=[detail_of(each) for each in seen.problems],
    )  # fmt: skip


def _masked(text: str) -> str:
    """A number as somebody wrote it."""
    return f"{text[:3]}***{text[-2:]}" if len(text) > 7 else "***"

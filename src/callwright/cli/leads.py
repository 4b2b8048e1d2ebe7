"""`callwright leads`: is this list of people fit to be called from? Import it, list what is there, export it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from callwright.campaigns.entries import Entry, Rules, is_zone, judge
from callwright.campaigns.errors_file import Complaints
from callwright.campaigns.exporting import Form, export_people
from callwright.campaigns.importing import Options, Progress, Report, check_people, import_people
from callwright.campaigns.lead_store import every_list, find_list
from callwright.campaigns.leads import usable
from callwright.campaigns.mapping import FIELDS, VARIABLE, targets
from callwright.campaigns.numbers import known_region
from callwright.campaigns.rows import Source
from callwright.campaigns.sources import open_list
from callwright.cli.leads_words import WORDS
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import Place, Problem, SettingsError
from callwright.script.loader import load

__all__ = ["leads_app"]

leads_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Lists of people to call: check, import, export."
)


class Language(StrEnum):
    en = "en"
    zh = "zh"


@leads_app.callback()
def group() -> None:
    """Lists of people to call: check, import, export."""


FILE = typer.Argument(
    ..., help="CSV, XLSX or JSON with a number and a basis for each person; other columns are variables."
)
REGION = typer.Option("", "--region", metavar="CC", help="Country of numbers without +, for example CN or US.")
MAPPING = typer.Option(
    [], "--mapping", metavar="COLUMN=FIELD", help="What a column is: a field, a variable, or - (left out)."
)
DEFAULT = typer.Option([], "--default", metavar="FIELD=VALUE", help="Value of a field for rows that have none.")
ZONE = typer.Option("UTC", "--zone", metavar="ZONE", help="Time zone of times without one, for example Asia/Shanghai.")
ENCODING = typer.Option("", "--encoding", help="Of a CSV that is neither UTF-8, UTF-16 nor GB18030.")
SHEET = typer.Option("", "--sheet", metavar="NAME", help="Of a workbook; else the first one.")
ERRORS = typer.Option(None, "--errors", metavar="FILE", help="Write every row that is not taken, and why, as CSV.")
LANG = typer.Option(Language.en, "--lang", help="Language of messages.")


@leads_app.command("check")
def check_command(
    file: Path = FILE,
    region: str = REGION,
    script: Path | None = typer.Option(None, "--script", help="Say which rows lack a variable this script needs."),
    mapping: list[str] = MAPPING,
    default: list[str] = DEFAULT,
    zone: str = ZONE,
    encoding: str = ENCODING,
    sheet: str = SHEET,
    errors: Path | None = ERRORS,
    lang: Language = LANG,
) -> None:
    """Read a list as an import would; every bad row is told with its line and its cure, and the exit code is 2."""
    source = open_list(file, lang.value, encoding=encoding, sheet=sheet)
    defaults = pairs(default, "--default")
    found = targets(source.columns, pairs(mapping, "--mapping"), defaults, file=source.name, lang=lang.value)
    rules = Rules(found, datetime.now(UTC), defaults, country(region), zone_name(zone))
    show_reading(source, found, lang)
    with Complaints.to(errors, source.name, lang.value) as complaints, progress_bar(source) as progress:
        checked = anyio.run(partial(check_people, source, rules, complaints, progress=progress))
    words = WORDS[lang.value]
    people = ", ".join(words["by"].format(count=count, basis=basis) for basis, count in sorted(checked.people.items()))
    typer.echo(words["checked"].format(file=file, count=sum(checked.people.values()), people=people))
    if complaints.rows:
        raise complaints.error()
    if script is not None:
        show_unusable(source, rules, script, lang)


@leads_app.command("import")
def import_command(
    file: Path = FILE,
    name: str = typer.Option(..., "--list", metavar="NAME", help="Which list; it is made when there is none."),
    region: str = REGION,
    mapping: list[str] = MAPPING,
    default: list[str] = DEFAULT,
    zone: str = ZONE,
    encoding: str = ENCODING,
    sheet: str = SHEET,
    errors: Path | None = ERRORS,
    all_or_nothing: bool = typer.Option(False, "--all-or-nothing", help="One bad row, and nobody is imported."),
    not_elsewhere: bool = typer.Option(False, "--not-elsewhere", help="Leave out who is on another list."),
    not_in_task: int | None = typer.Option(None, "--not-in-task", metavar="ID", help="Leave out who is in this task."),
    company: int | None = typer.Option(None, "--company", metavar="ID", help="Whom they gave their consent to."),
    by: str = typer.Option("", "--by", metavar="NAME", help="Who imports; is kept with the list."),
    lang: Language = LANG,
    tenant: TenantOption = "",
) -> None:
    """Put the people of a list where tasks find them. Good rows are taken, the others told; the same file again changes nothing.

    Exit 2: no row can be used.
    """
    source = open_list(file, lang.value, encoding=encoding, sheet=sheet)
    options = Options(
        name, pairs(mapping, "--mapping"), pairs(default, "--default"), country(region), zone_name(zone), lang.value,
        all_or_nothing, not_elsewhere, not_in_task, company, by=by,
    )  # fmt: skip
    found = targets(source.columns, options.mapping, options.defaults, file=source.name, lang=lang.value)
    show_reading(source, found, lang)

    async def run() -> Report:
        async with working(tenant) as at:
            now = datetime.now(UTC)
            async with at.database.scope(at.tenant) as scope:
                detail = {"kind": source.kind, "sha256": source.sha256}
                await at.note(scope, "leads import", "list.import", ("file", source.sha256[:16]), detail)
            return await import_people(
                at.database, at.keys, source, options, now, complaints=complaints, progress=progress
            )

    with Complaints.to(errors, source.name, lang.value) as complaints, progress_bar(source) as progress:
        report = anyio.run(run)
    show_report(report, name, lang)
    for problem in complaints.error().problems:
        typer.echo(str(problem), err=True)
    if report.bad and report.bad == report.rows:
        raise typer.Exit(2)


@leads_app.command("lists")
def lists_command(lang: Language = LANG, tenant: TenantOption = "") -> None:
    """All lists, and how many people are on each."""

    async def run() -> Sequence[Any]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return await every_list(scope)

    found, words = anyio.run(run), WORDS[lang.value]
    table = Table(*words["columns"].split("|"))
    for one in found:
        counts = (one.imported, one.rows, one.duplicates, one.refused)
        table.add_row(one.name, one.state, *map(str, counts), f"{one.created_at:%Y-%m-%d %H:%M}")
    Console().print(table if found else words["no lists"])


@leads_app.command("export")
def export_command(
    name: str = typer.Argument(..., metavar="LIST", help="Which list."),
    out: Path = typer.Option(..., "--out", metavar="FILE", help="Where to: a .csv or an .xlsx."),
    whole_numbers: bool = typer.Option(False, "--whole-numbers", help="Numbers as they are; else they are masked."),
    lang: Language = LANG,
    tenant: TenantOption = "",
) -> None:
    """Write the people of a list to a file that no spreadsheet runs. With whole numbers, an import reads it back."""
    forms: dict[str, Form] = {".csv": "csv", ".xlsx": "xlsx"}
    form = forms.get(out.suffix.lower())
    if form is None:
        raise SettingsError(Problem("bad-option", f"--out {out} is neither .csv nor .xlsx"))

    async def run() -> int:
        async with working(tenant) as at:
            masked = not whole_numbers
            async with at.database.scope(at.tenant) as scope:
                one = await find_list(scope, name)
                if one is not None:
                    detail = {"people": one.imported, "form": form, "masked": masked}
                    await at.note(scope, "leads export", "list.export", ("list", one.id), detail)
            return await export_people(at.database, at.keys, name, out, form=form, masked=masked, lang=lang.value)

    typer.echo(WORDS[lang.value]["exported"].format(count=anyio.run(run), file=out))


def show_report(report: Report, name: str, lang: Language) -> None:
    """What became of the rows."""
    words = WORDS[lang.value]
    told = {"name": name, "people": report.people, "rows": report.rows, "imported": report.imported}
    typer.echo(words["imported"].format(**told, already=report.already))
    for why, count in {"bad": report.bad, "duplicates": report.duplicates, **report.kept_out}.items():
        if count:
            typer.echo(words["left"].format(count=count, why=words[why]))


def show_reading(source: Source, found: tuple[str, ...], lang: Language) -> None:
    """How the file was understood: its form, and what each column is taken for."""
    words = WORDS[lang.value]
    form = ", ".join(filter(None, (source.kind.upper(), *source.how.values())))
    typer.echo(words["read"].format(form=form))
    for column, target in zip(source.columns, found, strict=True):
        name = target.removeprefix(VARIABLE)
        meant = words["variable"].format(name=name) if target != name else target or words["left out"]
        typer.echo(f"  {column or '-'}: {meant}")


def show_unusable(source: Source, rules: Rules, file: Path, lang: Language) -> None:
    """Which rows lack a variable that the script requires."""
    script = load(file).script
    words = WORDS[lang.value]
    people = lacking = 0
    for verdict in (judge(rules, row) for row in source.rows()):
        if not isinstance(verdict, Entry):
            continue
        people += 1
        use = usable(json.loads(verdict.variables), script)
        if not use.ok:
            lacking += 1
            message = words["lacks"].format(names=", ".join(use.missing))
            typer.echo(str(Problem("missing-variable", message, Place(source.name, verdict.line), severity="warning")))
    typer.echo(words["usable"].format(count=people - lacking, of=people, script=file))


@contextmanager
def progress_bar(source: Source) -> Iterator[Callable[[Progress], None]]:
    """A bar on the screen; nothing where there is none."""
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*parts, console=Console(stderr=True), transient=True, disable=0 < source.about < 20_000) as bar:
        task = bar.add_task(source.name, total=source.about or None)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.rows, description=progress.part)

        yield show


def pairs(texts: list[str], option: str) -> Mapping[str, str]:
    """NAME=VALUE of an option that may come again.

    Raises:
        SettingsError: one has no `=`, or --default names no field.
    """
    found = dict(text.rpartition("=")[::2] if option == "--mapping" else text.partition("=")[::2] for text in texts)
    for name, value in found.items():
        if not name or not value:
            raise SettingsError(Problem("bad-option", f"{option} {name}{value} is no NAME=VALUE"))
        if option == "--default" and (name not in FIELDS or name == "number"):
            raise SettingsError(Problem("bad-option", f"{option} {name}: one of {', '.join(FIELDS[1:])}"))
    return found


def country(text: str) -> str | None:
    """The country of --region.

    Raises:
        SettingsError: there is none of this name.
    """
    if text and not known_region(text.upper()):
        hint = "two letters, for example CN or US"
        raise SettingsError(Problem("bad-region", f"--region {text} is no country", hint=hint))
    return text.upper() or None


def zone_name(text: str) -> str:
    """The zone of --zone.

    Raises:
        SettingsError: there is none of this name.
    """
    if not is_zone(text):
        raise SettingsError(Problem("bad-zone", f"--zone {text} is no time zone", hint="for example Asia/Shanghai"))
    return text

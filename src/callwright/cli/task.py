"""`callwright task ...`: who is called, when, and why nobody is."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from rich.table import Table

from callwright.accounts.model import Viewer
from callwright.campaigns import lines, service, why
from callwright.campaigns.plan import load_plan
from callwright.campaigns.progress import progress, results
from callwright.campaigns.states import Action
from callwright.cli.problems import console, print_json, show_problems
from callwright.cli.task_simulate import simulate_command
from callwright.cli.tenancy import TenantOption, working
from callwright.compliance.pack_file import load_packs
from callwright.settings import Settings
from callwright.telephony.trunks.loader import load_line

__all__ = ["task_app"]

task_app = typer.Typer(
    no_args_is_help=True, help="Tasks: who is called, when, and why nobody is.", rich_markup_mode=None
)
_TASK = typer.Argument(..., metavar="TASK", help="Name of a task, or its number.")
_FILE = typer.Argument(..., metavar="FILE", help="A task file (YAML or JSON).")
ByOption = Annotated[str, typer.Option("--by", envvar="CALLWRIGHT_USER", help="Who you are; stands in the history.")]
WhyOption = Annotated[str, typer.Option("--why", help="Why; stands in the history.")]


class Language(StrEnum):
    en = "en"
    zh = "zh"


@task_app.command("check")
def check_command(file: Path = _FILE) -> None:
    """Find everything that is wrong with a task file. Exit 0: sound, 2: errors. Changes nothing."""
    loaded = load_plan(file, datetime.now(UTC))
    show_problems({str(file): list(loaded.warnings)})


@task_app.command("create")
def create_command(file: Path = _FILE, by: ByOption = "", tenant: TenantOption = "") -> None:
    """Make a task from a file: a draft, with the script versions pinned."""
    now = datetime.now(UTC)
    loaded = load_plan(file, now)
    show_problems({str(file): list(loaded.warnings)} if loaded.warnings else {})

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            number = await service.create(scope, loaded.task, by, now)
            await at.note(scope, "task create", "task.create", ("task", number))
        typer.echo(f"task {number} created: draft. Next: callwright task submit {number}")

    anyio.run(run)


@task_app.command("change")
def change_command(task: str = _TASK, file: Path = _FILE, by: ByOption = "", tenant: TenantOption = "") -> None:
    """Give a task the plan of a file. What says whom, when and how often to call needs a new approval."""
    now = datetime.now(UTC)
    loaded = load_plan(file, now)

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            number = await service.named(scope, task)
            row, _ = await service.plan_of(scope, number)
            done = await service.change_plan(scope, at.keys, number, loaded.task.plan, row.version, by, now)
            detail = {"parts": list(done.parts), "state": done.state}
            await at.note(scope, "task change", "task.change", ("task", number), detail)
        typer.echo(f"changed: {', '.join(done.parts) or 'nothing'}; the task is {done.state.replace('_', ' ')}")

    anyio.run(run)


def _asks(action: Action, text: str) -> None:
    """A command that moves a task."""

    def command(task: str = _TASK, by: ByOption = "", why_: WhyOption = "", tenant: TenantOption = "") -> None:
        async def run() -> None:
            async with working(tenant) as at, at.database.scope(at.tenant) as scope:
                number = await service.named(scope, task)
                done = await service.ask(scope, at.keys, number, action, by, datetime.now(UTC), why=why_)
                detail = {"from": done.before, "to": done.after}
                await at.note(scope, f"task {action}", f"task.{action}", ("task", number), detail)
            typer.echo(f"task {number}: {done.before.replace('_', ' ')} -> {done.after.replace('_', ' ')}")

        anyio.run(run)

    command.__doc__ = text
    task_app.command(action)(command)


_asks("submit", "Hand a draft in for review.")
_asks("approve", "Approve a plan that somebody else wrote.")
_asks("reject", "Send a plan back to its author, and say why.")
_asks("schedule", "Let an approved task begin by itself at its `starts_at`.")
_asks("unschedule", "Take a scheduled task back.")
_asks("start", "Begin: fill the queue from the list, and let workers call.")
_asks("pause", "Pause at once: nobody new is called; calls under way go on.")
_asks("resume", "Go on.")
_asks("cancel", "End a task for good.")


@task_app.command("list")
def list_command(
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."), tenant: TenantOption = ""
) -> None:
    """Every task with its state."""

    async def run() -> list[dict[str, Any]]:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            return [dict(row._mapping) for row in await service.listing(scope)]

    found = anyio.run(run)
    if as_json:
        print_json(found)
        return
    table = Table("id", "name", "state", "priority", "on the phone", "dialled", "because")
    for row in found:
        table.add_row(
            str(row["id"]), row["name"], row["state"].replace("_", " "), str(row["priority"]), str(row["active"]), str(row["dialled"]),
            row["state_reason"],
        )  # fmt: skip
    console().print(table if found else "no tasks: callwright task create FILE")


@task_app.command("show")
def show_command(task: str = _TASK, tenant: TenantOption = "") -> None:
    """A task: its state, its plan in short, its counts and its history."""

    async def run() -> None:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            number = await service.named(scope, task)
            row, plan = await service.plan_of(scope, number)
            far, told = await progress(scope, number), await service.history(scope, number)
        screen = console()
        screen.print(f"{row.name} ({number}): {row.state.replace('_', ' ')}, version {row.version}")
        screen.print(
            f"company {row.company_name}, list {row.list_name}, line {row.line_name}, {plan.robots.max} robots"
        )
        for share in plan.scripts:
            screen.print(f"script {share.name}: {share.script} {(share.digest or '')[:12]}, weight {share.weight}")
        screen.print("leads: " + (_counted(far.leads) or "none in the queue yet"))
        if far.excluded:
            screen.print("left out: " + _counted(far.excluded))
        if far.outcomes:
            screen.print("attempts: " + _counted(far.outcomes))
        for event in told:
            detail = ", ".join(
                f"{name} {value}" for name, value in event.detail.items() if value and name in ("from", "to", "why")
            )
            screen.print(
                f"  {event.at:%Y-%m-%d %H:%M} {event.change} by {event.by}" + (f" ({detail})" if detail else "")
            )

    anyio.run(run)


@task_app.command("why")
def why_command(
    task: str = _TASK,
    lead: int | None = typer.Option(None, "--lead", help="Why this lead is not called (its number)."),
    lang: Language = typer.Option(Language.en, "--lang", help="Language of the answer."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
    tenant: TenantOption = "",
) -> None:
    """Why is it not dialling? The first cause, and all others."""
    packs = load_packs(Settings.from_environment().packs)

    async def run() -> list[why.Cause]:
        now = datetime.now(UTC)
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            number = await service.named(scope, task)
            if lead is not None:
                return await why.of_lead(scope, number, lead, now, packs)
            return await why.of_task(scope, number, now, packs)

    found = anyio.run(run)
    if as_json:
        print_json([{"code": cause.code, "stops": cause.stops, "text": cause.text(lang.value)} for cause in found])
        return
    for cause in found:
        typer.echo(f"{'!' if cause.stops else '-'} {cause.text(lang.value)}")
    if not any(cause.stops for cause in found):
        typer.echo("没有阻止拨号的原因" if lang is Language.zh else "nothing stops it")


@task_app.command("results")
def results_command(
    task: str = _TASK,
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
    tenant: TenantOption = "",
) -> None:
    """What came of a task: outcomes, grades, and the script versions side by side."""

    async def run() -> Any:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            number = await service.named(scope, task)
            return await progress(scope, number), await results(scope, number)

    far, came = anyio.run(run)
    if as_json:
        variants = [
            {"name": one.variant, "attempts": one.attempts, "answered": one.answered, "good": one.good}
            for one in came.variants
        ]
        print_json(
            {
                "leads": far.leads,
                "excluded": far.excluded,
                "outcomes": far.outcomes,
                "grades": came.grades,
                "variants": variants,
            }
        )
        return
    screen = console()
    screen.print("leads: " + (_counted(far.leads) or "none"))
    screen.print("attempts: " + (_counted(far.outcomes) or "none"))
    screen.print("grades: " + (_counted(came.grades) or "none"))
    for one in came.variants:
        screen.print(
            f"script {one.variant}: {one.attempts} attempts, {one.answered} answered, {one.good} graded A or B"
        )
    for what, compared in (("answered", came.answers), ("graded A or B", came.goods)):
        for name, found in compared.items():
            verdict = {"a": "worse", "b": "better", "open": "not shown to differ"}[found.verdict]
            screen.print(
                f"{what}: {name} is {verdict} ({found.difference:+.1%}, 95 % from {found.low:+.1%} to {found.high:+.1%})"
            )


@task_app.command("lines")
def lines_command(
    file: Path = typer.Argument(..., metavar="FILE", help="A line file (YAML or JSON)."),
    pool: str = typer.Option("default", "--pool", help="Pool that new own numbers come into."),
    tenant: TenantOption = "",
) -> None:
    """Make the trunks and own numbers of a line file known to tasks, with their limits."""
    loaded = load_line(file)
    trunks = [
        lines.Trunk(one.name, one.limits.calls, one.limits.calls_per_second, one.limits.burst, one.numbers)
        for one in loaded.line.trunks
    ]

    async def run() -> None:
        async with working(tenant) as at, at.database.scope(at.tenant) as scope:
            viewer = Viewer.system(at.tenant, "callwright task lines")
            done = await lines.sync(scope, at.keys, viewer, trunks, pool, datetime.now(UTC))
        typer.echo(f"{len(trunks)} lines known, {done.lines} of them new; {done.numbers} new own numbers")

    anyio.run(run)


task_app.command("simulate")(simulate_command)


def _counted(counts: Any) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())

"""`callwright task simulate`: what a task would come to before it begins, or a past one under other rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import typer

from callwright.campaigns import service
from callwright.campaigns.assumptions import CASES, Assumptions, assumptions_from
from callwright.campaigns.crowd import Subject, subject
from callwright.campaigns.forecast import Forecast, Replayed, forecast, replay
from callwright.campaigns.plan import load_plan
from callwright.cli.problems import console, print_json
from callwright.cli.tenancy import TenantOption, working
from callwright.compliance.pack_file import load_packs
from callwright.errors import Problem, SettingsError, TaskError
from callwright.yaml_file import Kind, decode, read, read_bytes

__all__ = ["simulate_command"]

_FILE = Kind(
    TaskError, "file of assumptions", "assumptions", "See docs/reference/task-plan.md.", "It holds one mapping."
)


def simulate_command(
    task: str = typer.Argument(..., metavar="TASK", help="Name of a task, or its number."),
    assumptions: Path | None = typer.Option(
        None, "--assumptions", metavar="FILE", help="What is supposed about people, as ranges."
    ),
    plan: Path | None = typer.Option(
        None, "--plan", metavar="FILE", help="Another plan than the task's own (a task file)."
    ),
    packs: Path | None = typer.Option(
        None, "--packs", metavar="FOLDER", help="Rule packs besides those of the program."
    ),
    begins: str = typer.Option("", "--begins", help="When it begins: 2026-12-01T09:00:00+08:00 (default: now)."),
    seed: int = typer.Option(1, "--seed", min=0, help="Of the drawn people: the same seed gives the same forecast."),
    past: bool = typer.Option(
        False, "--replay", help="Decide the dials that were made again, under --packs or --script."
    ),
    script: list[str] = typer.Option(
        [], "--script", metavar="VARIANT=DIGEST", help="With --replay: another script version."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
    tenant: TenantOption = "",
) -> None:
    """Forecast a task: dials an hour, what is blocked by which rule, the end, robots, cost. Ranges, no promises. Calls nobody."""
    now = datetime.now(UTC)
    rules = load_packs(packs)
    given = Assumptions() if assumptions is None else _assumptions(assumptions)
    other = None if plan is None else load_plan(plan, now).task.plan
    start = now if not begins else _moment(begins)
    digests = dict(_pair(item) for item in script)

    async def read_it() -> Subject | Replayed:
        async with working(tenant) as at, at.database.reading(at.tenant) as scope:
            number = await service.named(scope, task)
            if past:
                return await replay(scope, at.keys, number, rules, digests)
            if other is not None:
                _, own = await service.plan_of(scope, number)
                return await subject(scope, at.keys, number, now, other.model_copy(update={"scripts": own.scripts}))
            return await subject(scope, at.keys, number, now)

    found = anyio.run(read_it)
    if isinstance(found, Replayed):
        _show_replayed(found, as_json)
    else:
        _show(found, forecast(found, rules, given, start, seed=seed), as_json)


def _show(about: Subject, told: Forecast, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "leads": len(about.crowd),
                "kinds": len(about.crowd.kinds),
                "cases": {case: _case(told.runs[case]) for case in CASES},
            }
        )
        return
    screen = console()
    budget = about.plan.budget
    screen.print(f"{len(about.crowd)} leads in {len(about.crowd.kinds)} kinds; least, likely, most:")
    for name, figure, form in (
        ("dials", "dials", "{}"),
        ("dials an hour", "dials_per_hour", "{:.0f}"),
        ("robots busy on average", "robots_needed", "{:.1f}"),
        ("last dial", "last_at", "{:%Y-%m-%d %H:%M %Z}"),
        ("share of abandoned calls", "abandonment", "{:.2%}"),
    ):
        values = ["-" if value is None else form.format(value) for value in told.span(figure)]
        screen.print(f"  {name}: {', '.join(values)}")
    if budget is not None:
        screen.print(f"  cost: {', '.join(f'{value / 1000:.2f}' for value in told.span('spent'))} {budget.currency}")
    likely = told.runs["likely"]
    screen.print("likely, in detail:")
    for title, counts in (
        ("leads", likely.leads),
        ("attempts", likely.outcomes),
        ("blocked by rule", likely.blocked),
        ("left out by rule", likely.excluded),
    ):
        screen.print(f"  {title}: " + (", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none"))
    for case in CASES:
        if told.runs[case].stopped:
            screen.print(f"  {case}: it would stop: {told.runs[case].stopped}")


def _case(run: Any) -> dict[str, Any]:
    return {
        "dials": run.dials, "dials_per_hour": round(run.dials_per_hour, 1), "robots_busy": round(run.robots_needed, 2), "cost": run.spent / 1000,
        "last_at": run.last_at and run.last_at.isoformat(), "abandonment": run.abandonment, "leads": run.leads, "outcomes": run.outcomes,
        "blocked": run.blocked, "excluded": run.excluded, "stopped": run.stopped,
    }  # fmt: skip


def _show_replayed(found: Replayed, as_json: bool) -> None:
    if as_json:
        print_json({"attempts": found.attempts, "allowed": found.allowed, "refused": found.refused, "lost": found.lost})
        return
    screen = console()
    screen.print(f"{found.attempts} dials were made; {found.allowed} of them would be allowed")
    for title, counts in (("refused by rule", found.refused), ("what came of those", found.lost)):
        screen.print(f"  {title}: " + (", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none"))


def _assumptions(file: Path) -> Assumptions:
    source = read(decode(read_bytes(file, _FILE), str(file), _FILE), str(file), _FILE)
    if source.problems:
        raise TaskError(list(source.problems))
    return assumptions_from(source.value)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingsError(
            Problem("bad-time", f"`{text}` is no time with a zone", hint="Write 2026-12-01T09:00:00+08:00.")
        )
    return moment.astimezone(UTC)


def _pair(text: str) -> tuple[str, str]:
    name, mark, digest = text.partition("=")
    if not mark or not name or not digest:
        raise SettingsError(
            Problem("bad-script", f"`{text}` names no version", hint="Write a=0123abcd...: variant and digest.")
        )
    return name, digest

"""`callwright rules ...`: the rule packs. What they say, whether their own cases come out, and why a call may or may not be placed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from callwright.campaigns.situation import situation
from callwright.cli.problems import console, file_json, print_json, show_problems
from callwright.compliance.cases import with_facts
from callwright.compliance.changes import Change, between_days, between_packs
from callwright.compliance.explanation import Explained, Explanation, explain
from callwright.compliance.facts import DialFacts
from callwright.compliance.pack_file import load_facts, load_pack, load_packs
from callwright.compliance.packs import Pack, Packs
from callwright.compliance.rehearsal import Trial, rehearse
from callwright.errors import InputError, PackError, Place, Problem, SettingsError

__all__ = ["rules_app"]

rules_app = typer.Typer(
    no_args_is_help=True, help="Rule packs: what they say, and why a call may be placed.", rich_markup_mode=None
)
_PACKS = typer.Option(None, "--packs", metavar="FOLDER", help="Packs of your own; they add to the built-in ones.")
_JSON = typer.Option(False, "--json", help="Print JSON for programs.")


@rules_app.command("list")
def list_command(packs: Path | None = _PACKS, as_json: bool = _JSON) -> None:
    """Every pack: version, places, how many rules are law, and how many nobody has verified. Packs are no legal advice."""
    rows = [_summary(pack) for pack in load_packs(packs).packs]
    if as_json:
        print_json(rows)
        return
    screen = console()
    for row in rows:
        counts = ", ".join(f"{number} {status}" for status, number in row["rules"].items())
        places = " ".join(row["places"][:6]) + (" ..." if len(row["places"]) > 6 else "")
        screen.print(Text.assemble((f"{row['pack']:<16}", "bold"), f"{row['title']} ({places})"))
        screen.print(f"{'':16}{counts}; {row['unverified']} with a doubt; in force from {row['from']}")


def _summary(pack: Pack) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for rule in pack.rules:
        counts[rule.rule.status] = counts.get(rule.rule.status, 0) + 1
    file = pack.file
    return {
        "pack": pack.name, "title": file.title, "places": list(file.places), "coverage": file.coverage, "rules": counts,
        "unverified": sum(rule.rule.doubt is not None for rule in pack.rules), "from": file.effective_from.isoformat(),
        "to": file.effective_to.isoformat() if file.effective_to else None, "own": pack.own, "note": file.note or "",
    }  # fmt: skip


@rules_app.command("check")
def check_command(
    files: list[Path] = typer.Argument(None, metavar="[FILE]...", help="Packs to check; none: all that are in use."),
    packs: Path | None = _PACKS,
    as_json: bool = _JSON,
) -> None:
    """Read packs strictly and try every case of every rule. Exit 0: all come out as written, 1: one does not, 2: a file is wrong."""
    try:
        found: Sequence[Pack] = [load_pack(path) for path in files] if files else load_packs(packs).packs
    except PackError as error:
        names = dict.fromkeys(problem.place.file for problem in error.problems)
        by_file = {name: [each for each in error.problems if each.place.file == name] for name in names}
        if as_json:
            print_json({"ok": False, "files": [file_json(name, problems) for name, problems in by_file.items()]})
        else:
            show_problems(by_file)
        raise typer.Exit(2) from None
    trials = {pack.name: tuple(rehearse(pack)) for pack in found}
    failed = [trial for each in trials.values() for trial in each if trial.failure]
    if as_json:
        cases = {name: len(each) for name, each in trials.items()}
        print_json({"ok": not failed, "cases": cases, "failures": [_trial_json(trial) for trial in failed]})
    else:
        _show_trials(trials)
    if failed:
        raise typer.Exit(1)


def _trial_json(trial: Trial) -> dict[str, str]:
    return {"pack": trial.pack, "rule": trial.rule, "case": trial.case, "failure": trial.failure}


def _show_trials(trials: dict[str, tuple[Trial, ...]]) -> None:
    screen = console()
    for name, each in trials.items():
        failed = [trial for trial in each if trial.failure]
        verdict = f"{len(failed)} of {len(each)} cases fail" if failed else f"{len(each)} cases, ok"
        screen.print(Text.assemble((f"{name:<16}", "bold"), (verdict, "red" if failed else "green")))
        for trial in failed:
            screen.print(Text(f"  {trial.rule}: {trial.case}: {trial.failure}", style="red"))


@rules_app.command("explain")
def explain_command(
    number: str = typer.Argument(..., metavar="NUMBER", help="Who would be called, with + and country code."),
    at: str = typer.Option(
        "",
        "--at",
        metavar="TIME",
        help="2026-11-26T10:00, on the callee's clock, or with an offset; now when left out.",
    ),
    zones: list[str] = typer.Option([], "--zone", metavar="ZONE", help="Where it is (IANA); again for more than one."),
    regions: list[str] = typer.Option(
        [], "--region", metavar="CODE", help="State or province, like FL; again for more."
    ),
    purpose: str = typer.Option("marketing", "--purpose", help="marketing, service, survey or notice."),
    facts_file: Path | None = typer.Option(
        None, "--facts", metavar="FILE", help="What else is known, as YAML or JSON."
    ),
    rest_fine: bool = typer.Option(
        False, "--rest-fine", help="What is not said is as in a call nobody objects to; otherwise nobody knows it."
    ),
    packs: Path | None = _PACKS,
    everything: bool = typer.Option(False, "--all", help="Show the rules that hold as well."),
    as_json: bool = _JSON,
) -> None:
    """Every rule that could apply to a call, with its source and outcome, and when the call would be allowed. Exit 1: it would be refused.

    Calls nobody and looks nothing up but the number's own digits.
    """
    facts, now = _situation(number, at, tuple(zones), tuple(regions), purpose, rest_fine)
    if facts_file is not None:
        facts = with_facts(facts, load_facts(facts_file))
    explanation = explain(facts, now, load_packs(packs))
    if as_json:
        print_json(_explanation_json(explanation))
    else:
        _show_explanation(explanation, facts, now, everything)
    if not explanation.decision.allow:
        raise typer.Exit(1)


def _situation(
    number: str, at: str, zones: tuple[str, ...], regions: tuple[str, ...], purpose: str, rest_fine: bool
) -> tuple[DialFacts, datetime]:
    try:
        return situation(number, at, datetime.now(UTC), zones, regions, purpose, rest_fine=rest_fine)
    except InputError as error:
        problem = error.problems[0]
        field = {"number": "NUMBER", "at": "--at"}.get(problem.place.field, problem.place.field)
        raise _wrong(field, problem.message, problem.hint) from None


def _wrong(field: str, message: str, hint: str) -> SettingsError:
    return SettingsError(Problem("wrong-value", message, Place("command line", field=field), hint))


def _show_explanation(explanation: Explanation, facts: DialFacts, now: datetime, everything: bool) -> None:
    screen, decision = console(), explanation.decision
    where = ", ".join(facts.zones or ("nobody knows where",))
    screen.print(f"{facts.country} {facts.line_type}, {facts.purpose}, {now:%Y-%m-%d %H:%M %z} ({where})")
    screen.print(Text("allowed" if decision.allow else "refused", style="green" if decision.allow else "red"))
    for each in explanation.rules:
        if everything or not each.reason.ok:
            _show_rule(each, now)
    screen.print(f"{len(decision.reasons)} rules of {', '.join(('the house', *decision.packs))}")
    if decision.next_allowed_at is not None:
        screen.print(f"next allowed: {_local(decision.next_allowed_at, now)}")
    elif not decision.allow:
        screen.print("next allowed: not by itself")


def _show_rule(each: Explained, now: datetime) -> None:
    screen, reason = console(), each.reason
    word = "ok" if reason.ok else reason.outcome if reason.refuses else f"{reason.severity} {reason.outcome}"
    color = "green" if reason.ok else "red" if reason.refuses else "yellow"
    screen.print(Text.assemble(("  " + f"{word:<18}", color), f"{reason.pack}/{reason.rule}: {reason.detail}"))
    if each.source:
        screen.print(Text(f"{'':20}{each.status}: {each.source} (as of {each.as_of})", style="dim"))
    if each.doubt:
        screen.print(Text(f"{'':20}not verified: {each.doubt}", style="dim"))
    if reason.next_at is not None:
        screen.print(Text(f"{'':20}holds again: {_local(reason.next_at, now)}", style="dim"))


def _local(when: datetime, now: datetime) -> str:
    return when.astimezone(now.tzinfo).strftime("%Y-%m-%d %H:%M %z")


def _explanation_json(explanation: Explanation) -> dict[str, Any]:
    decision = explanation.decision
    return {
        "allow": decision.allow, "decided_at": decision.decided_at, "packs": list(decision.packs), "calendar": decision.calendar,
        "next_allowed_at": decision.next_allowed_at.isoformat() if decision.next_allowed_at else None,
        "rules": [
            {
                "rule": each.reason.rule, "pack": each.reason.pack, "version": each.reason.version, "ok": each.reason.ok,
                "outcome": each.reason.outcome, "severity": each.reason.severity, "refuses": each.reason.refuses, "detail": each.reason.detail,
                "next_at": each.reason.next_at.isoformat() if each.reason.next_at else None, "title": each.title, "status": each.status,
                "source": each.source, "quote": each.quote, "as_of": each.as_of, "doubt": each.doubt,
            }
            for each in explanation.rules
        ],
    }  # fmt: skip


@rules_app.command("diff")
def diff_command(
    old: str = typer.Argument("", metavar="[OLD]", help="A pack: a file, or the name of one in use (us)."),
    new: str = typer.Argument("", metavar="[NEW]", help="Another version of it."),
    first: str = typer.Option(
        "", "--from", metavar="DAY", help="Instead of a second pack: what is in force on this day ..."
    ),
    second: str = typer.Option("", "--to", metavar="DAY", help="... and on this one."),
    packs: Path | None = _PACKS,
    as_json: bool = _JSON,
) -> None:
    """What changes from one pack to another, or from one day to another (of one pack, or of all). Exit 0, also when something does."""
    loaded = load_packs(packs)
    if first and second and not new:
        chosen = [_named(old, loaded)] if old else list(loaded.packs)
        changes = between_days(chosen, _day(first, "--from"), _day(second, "--to"))
    elif old and new and not first and not second:
        changes = between_packs(_named(old, loaded), _named(new, loaded))
    else:
        raise _wrong("OLD", "give two packs, or two days", "callwright rules diff us --from 2026-10-01 --to 2026-11-01")
    if as_json:
        print_json([_change_json(change) for change in changes])
        return
    for change in changes:
        _show_change(change)
    if not changes:
        console().print("nothing changes")


def _named(name: str, packs: Packs) -> Pack:
    found = [pack for pack in packs.packs if name in (pack.file.id, pack.name)]
    if found:
        return found[-1]
    return load_pack(Path(name))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _wrong(option, str(error), "Write 2026-10-18.") from None


def _show_change(change: Change) -> None:
    sign, color = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}[change.kind]
    console().print(Text.assemble((f"{sign} {change.rule}", color), f": {change.title}"))
    for name, before, after in change.fields:
        console().print(f"    {name}: {before} -> {after}", markup=False)


def _change_json(change: Change) -> dict[str, Any]:
    fields = [{"field": name, "old": before, "new": after} for name, before, after in change.fields]
    return {"kind": change.kind, "rule": change.rule, "title": change.title, "fields": fields}

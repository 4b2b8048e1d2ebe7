"""`callwright bench NAME`: measure a claim. Exit 0 when every target is met, 1 when one is missed, 2 when data is missing."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from callwright.bench.report import Report
from callwright.settings import Settings

__all__ = ["bench_app"]

bench_app = typer.Typer(no_args_is_help=True, help="Measure what callwright claims, on this machine.")


@bench_app.callback()
def bench() -> None:
    """Measure what callwright claims, on this machine."""


@bench_app.command("nlu")
def nlu(
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
    data: Path | None = typer.Option(None, "--data", metavar="FOLDER", help="Folder of the public intent sets."),
) -> None:
    """Measure understanding.

    Accuracy on public intent sets, speed on a script of fifty intents, dialogue turns per second.
    """
    from callwright.bench.nlu import run  # needs scikit-learn; other commands do not

    console = Console(stderr=True)
    folder = data or Settings.from_environment().shared / "nlu"
    finish(run(folder, say=lambda part: console.print(f"measuring {part} ...", highlight=False)), json_file)


@bench_app.command("asr")
def asr(
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Measure recognition.

    Human Mandarin callers against three scripts, synthetic English callers on an appointment call.
    """
    from callwright.bench.asr import run

    console = Console(stderr=True)
    settings = Settings.from_environment()
    report = run(
        settings.shared, settings.models, say=lambda part: console.print(f"measuring {part} ...", highlight=False)
    )
    finish(report, json_file)


@bench_app.command("media")
def media(
    calls: str = typer.Option("300,600,900,1200,2000", "--calls", metavar="N,...", help="How many calls at once."),
    seconds: float = typer.Option(10.0, "--seconds", min=1.0, max=600.0, help="How long each number is measured."),
    realtime: bool = typer.Option(False, "--realtime", help="Run before other processes (needs the privilege)."),
    core: str = typer.Option("auto", "--core", help="What moves the packets: auto, compiled, plain or python."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Media: G.711 calls through one engine on one core, processor time a call, spacing and loss of packets."""
    from callwright.bench.media import run
    from callwright.telephony.rtp.core import CHOICES

    counts = _counts(calls)
    if core not in CHOICES:
        raise typer.BadParameter(f"{core!r} is none of {', '.join(CHOICES)}", param_hint="--core")
    console = Console(stderr=True)
    report = run(
        counts,
        seconds,
        realtime=realtime,
        core=core,
        say=lambda part: console.print(f"measuring {part} ...", highlight=False),
    )
    finish(report, json_file)


@bench_app.command("soak")
def soak(
    calls: int = typer.Option(10_000, "--calls", min=1, max=1_000_000, help="How many calls."),
    at_once: int = typer.Option(50, "--at-once", min=1, max=1_000, help="How many at the same time."),
    talk: float = typer.Option(
        4.0, "--talk", min=1.0, max=60.0, metavar="SECONDS", help="How long an answered call lasts (without --robot)."
    ),
    robot: bool = typer.Option(False, "--robot", help="Whole calls: the robot answers and talks."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Calls without end: every leg ends rightly, memory stays, nothing is left. 10,000 calls take about 15 minutes."""
    from callwright.bench import soak as of_the_line
    from callwright.bench import soak_calls as of_the_robot

    console = Console(stderr=True)

    def say(part: str) -> None:
        console.print(part, highlight=False)

    report = of_the_robot.run(calls, at_once, say=say) if robot else of_the_line.run(calls, at_once, talk, say=say)
    finish(report, json_file)


@bench_app.command("dispatch")
def dispatch(
    seconds: float = typer.Option(6.0, "--seconds", min=1.0, max=600.0, help="How long each round is."),
    leads: int = typer.Option(
        0, "--leads", min=0, max=20_000_000, help="Also: how much slower a claim is with so many more in the queue."
    ),
    engine: list[str] = typer.Option(
        ["postgresql", "sqlite"], "--engine", metavar="NAME", help="postgresql, sqlite; may be given twice."
    ),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Dispatch: claim, dial with all rules and its record, finish; cycles a second on PostgreSQL and SQLite."""
    from callwright.bench.dispatch import run

    if not set(engine) <= {"postgresql", "sqlite"}:
        raise typer.BadParameter("write postgresql or sqlite", param_hint="--engine")
    console = Console(stderr=True)
    finish(run(seconds, leads, engine, say=lambda part: console.print(part, highlight=False)), json_file)


@bench_app.command("api")
def api(
    calls: int = typer.Option(1_000_000, "--calls", min=1_024, max=20_000_000, help="How many calls there are."),
    requests: int = typer.Option(200, "--requests", min=4, max=10_000, help="How often the lists are asked for."),
    engine: list[str] = typer.Option(
        ["postgresql", "sqlite"], "--engine", metavar="NAME", help="postgresql, sqlite; may be given twice."
    ),
    folder: Path | None = typer.Option(
        None, "--folder", metavar="DIR", help="Keep the databases here for the next run."
    ),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """The API: lists of calls by grade and time, words in transcripts, over HTTP out of a million calls."""
    from callwright.bench.api import run

    if not set(engine) <= {"postgresql", "sqlite"}:
        raise typer.BadParameter("write postgresql or sqlite", param_hint="--engine")
    console = Console(stderr=True)
    finish(run(calls, requests, engine, folder, say=lambda part: console.print(part, highlight=False)), json_file)


@bench_app.command("sip")
def sip(
    seconds: float = typer.Option(10.0, "--seconds", min=1.0, max=600.0, help="How long each round is."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """SIP: calls a second and processor time a call on one core, as callee and as caller; sippy beside it."""
    from callwright.bench.sip import run

    console = Console(stderr=True)
    finish(run(seconds, say=lambda part: console.print(f"measuring {part} ...", highlight=False)), json_file)


@bench_app.command("turns")
def turns(
    situations: int = typer.Option(224, "--situations", min=1, max=5_000, help="How many situations."),
    seed: int = typer.Option(1, "--seed", min=0, help="Which set of situations."),
    engine: str = typer.Option("stub", "--engine", metavar="NAME", help="Recogniser: stub or pocketsphinx."),
    keep: Path | None = typer.Option(
        None, "--keep", metavar="FOLDER", help="Keep situations, logs and recordings here."
    ),
    peers: bool = typer.Option(True, "--peers/--no-peers", help="Play them to the peers that are installed, too."),
    peer: list[Path] = typer.Option([], "--peer", metavar="FILE", help="Results of a peer from another run."),
    realtime: bool = typer.Option(False, "--realtime", help="Run before other processes (needs the privilege)."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Turn-taking: labelled situations over SIP and RTP; how soon it answers and stops, and what it stops for."""
    from callwright.bench.turns import run
    from callwright.bench.turns_score import read_peer

    if engine not in ("stub", "pocketsphinx"):
        raise typer.BadParameter(f"{engine!r} is neither stub nor pocketsphinx", param_hint="--engine")
    console = Console(stderr=True)
    report = run(
        Settings.from_environment(),
        count=situations,
        seed=seed,
        engine=engine,  # type: ignore[arg-type]  # one of the two, as checked
        keep=keep,
        realtime=realtime,
        peers=peers,
        results=[read_peer(path) for path in peer],
        say=lambda part: console.print(part, highlight=False),
    )
    finish(report, json_file)


@bench_app.command("density")
def density(
    calls: str = typer.Option("100,200,300,400,500", "--calls", metavar="N,...", help="How many calls at once."),
    seconds: float = typer.Option(15.0, "--seconds", min=5.0, max=600.0, help="How long each number is measured."),
    engine: str = typer.Option("stub", "--engine", metavar="NAME", help="Recogniser: stub or pocketsphinx."),
    realtime: bool = typer.Option(False, "--realtime", help="Run before other processes (needs the privilege)."),
    peers: bool = typer.Option(True, "--peers/--no-peers", help="Measure the peers that are installed, too."),
    peer: list[Path] = typer.Option([], "--peer", metavar="FILE", help="Results of a peer from another run."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Whole calls on one core: turn latency, processor time and memory for growing numbers."""
    from callwright.bench.density import run

    counts = _counts(calls)
    if engine not in ("stub", "pocketsphinx"):
        raise typer.BadParameter(f"{engine!r} is neither stub nor pocketsphinx", param_hint="--engine")
    console = Console(stderr=True)
    report = run(
        counts,
        seconds,
        engine=engine,
        realtime=realtime,
        peers=peer,
        shared=Settings.from_environment().shared if peers else None,
        say=lambda part: console.print(f"measuring {part} ...", highlight=False),
    )
    finish(report, json_file)


def _counts(calls: str) -> list[int]:
    counts = [int(part) for part in calls.split(",") if part.strip().isdigit() and 1 <= int(part) <= 5000]
    if len(counts) != len(calls.split(",")):
        raise typer.BadParameter(f"{calls!r} is no list of numbers 1..5000, such as 300,600", param_hint="--calls")
    return counts


def finish(report: Report, json_file: Path | None) -> None:
    """Show the table, write the JSON, and end with 1 when a target is missed."""
    report.show(Console())
    if json_file is not None:
        report.write(json_file)
    if not report.ok:
        raise typer.Exit(1)


@bench_app.command("import")
def importing(
    rows: int = typer.Option(1_000_000, "--rows", min=20_000, max=5_000_000, help="How many rows the list has."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """Import of a list into SQLite and PostgreSQL: judged, deduplicated, scrubbed, sealed, stored; time and memory; then once more."""
    from callwright.bench.importing import run

    console = Console(stderr=True)
    finish(run(rows, say=lambda part: console.print(part, highlight=False)), json_file)


@bench_app.command("simulate")
def simulating(
    leads: int = typer.Option(1_000_000, "--leads", min=1_000, max=5_000_000, help="How many leads."),
    real: int = typer.Option(2_000, "--real", min=0, max=100_000, help="Leads that are forecast and called; 0 = none."),
    speed: float = typer.Option(12.0, "--speed", min=1, max=1000, help="How much faster than people these are called."),
    json_file: Path | None = typer.Option(None, "--json", metavar="FILE", help="Also write the figures as JSON."),
) -> None:
    """A task of many leads on a virtual clock: processor time, groups against single leads, the forecast against a real run."""
    from callwright.bench.simulate import run

    console = Console(stderr=True)
    say = lambda part: console.print(f"simulating {part} ...", highlight=False)  # noqa: E731
    finish(run(leads, real, speed, say), json_file)

"""`callwright line ...`: the trunks to the telephone network."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import anyio
import typer

from callwright.calls.reception import Limits
from callwright.calls.service import Bounds
from callwright.campaigns.accounting import Witness
from callwright.cli.calls import recovery_lines
from callwright.cli.logs import log_to_stderr
from callwright.cli.problems import fails, file_json, print_json, show_problems
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import LineFileError, Place, Problem, SettingsError
from callwright.serving import Serving, ServingSettings, open_serving
from callwright.settings import Settings
from callwright.telephony.trunks.loader import LoadedLine, load_line
from callwright.telephony.trunks.model import Auth, User
from callwright.telephony.trunks.schema import line_schema

__all__ = ["line_app"]

line_app = typer.Typer(no_args_is_help=True, help="Check and serve lines.", rich_markup_mode=None)


@line_app.command("check")
def check_command(
    file: Path = typer.Argument(..., metavar="FILE", help="A line file (YAML or JSON)."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
    strict: bool = typer.Option(False, "--strict", help="Treat warnings as errors."),
) -> None:
    """Find everything that is wrong with a line file. Exit 0: sound, 2: errors (with --strict also warnings). Calls nobody."""
    problems = _problems(file)
    if as_json:
        print_json({"ok": not fails(problems, strict), "files": [file_json(str(file), problems)]})
    else:
        show_problems({str(file): problems})
    if fails(problems, strict):
        raise typer.Exit(2)


@line_app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of line/1, for editors."""
    print_json(line_schema())


@line_app.command("serve")
def serve_command(
    file: Path = typer.Argument(..., metavar="FILE", help="A line file (YAML or JSON)."),
    out: Path = typer.Option(
        Path("callwright-calls"), "--out", help="Folder for logs and recordings; a folder a day in it."
    ),
    max_calls: int = typer.Option(100, "--max-calls", min=1, max=10_000, help="Calls answered at once; more get 503."),
    max_minutes: float = typer.Option(
        60.0, "--max-minutes", min=0.1, max=1_440, help="A call is hung up after that long."
    ),
    drain_s: float = typer.Option(
        120.0, "--drain", min=0, max=86_400, help="Seconds live calls may take when it is stopped."
    ),
    desk: str = typer.Option("", "--desk", metavar="TARGET", help="Who takes transfers: a number, or sip:NUMBER@HOST."),
    metrics: str = typer.Option(
        "127.0.0.1:9464", "--metrics", metavar="HOST:PORT", help="Where Prometheus asks; `off`: nowhere."
    ),
    workers: int = typer.Option(2, "--recognisers", min=1, max=64, help="Recogniser processes for each script."),
    var: list[str] = typer.Option([], "--var", metavar="NAME=VALUE", help="A variable of the scripts; again for more."),
    json_logs: bool = typer.Option(False, "--json-logs", help="Write the log of the process as JSON lines."),
) -> None:
    """Open the trunks and answer calls by the routes of the file, until SIGTERM or SIGINT.

    The first signal takes no new calls and lets the live ones finish; the second one ends them at once. SIGHUP reads the file anew.
    """
    log_to_stderr(as_json=json_logs)
    limits, bounds = Limits(max_calls, max_minutes * 60), Bounds(finish=drain_s)
    settings = ServingSettings(file, out, limits, bounds, desk, _address(metrics), workers, _variables(var))
    asyncio.run(_serve(settings))


async def _serve(settings: ServingSettings) -> None:
    async with open_serving(settings, Settings.from_environment()) as serving, anyio.create_task_group() as tasks:
        tasks.start_soon(serving.service.signals)
        for line in recovery_lines(serving.found) if serving.found.calls else ():
            typer.echo(line)
        typer.echo(_ready(serving, settings))
        await serving.service.run()
        tasks.cancel_scope.cancel()


def _ready(serving: Serving, settings: ServingSettings) -> str:
    line = serving.loaded.line
    names = ", ".join(trunk.name for trunk in line.trunks)
    metrics = f"; metrics: http://{settings.metrics[0]}:{settings.metrics[1]}/metrics" if settings.metrics else ""
    return f"serving {settings.file}: trunks {names}; {len(line.inbound)} routes; calls go to {settings.out}/{metrics}"


def _variables(given: list[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    for name, equals, value in pairs:
        if not name or not equals or not value:
            hint = "write NAME=VALUE, like company='Acme Heating'"
            raise SettingsError(Problem("variable", f"`{name}{equals}{value}` is no variable", Place("--var"), hint))
    return {name: value for name, _, value in pairs}


def _address(text: str) -> tuple[str, int] | None:
    if text == "off":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        hint = "write HOST:PORT, like 127.0.0.1:9464, or off"
        raise SettingsError(Problem("metrics", f"`{text}` is no address to serve metrics on", Place("--metrics"), hint))
    return host, int(port)


def _problems(file: Path) -> list[Problem]:
    try:
        loaded = load_line(file)
    except LineFileError as error:
        return error.problems
    return [*loaded.warnings, *_unset(loaded)]


def _unset(loaded: LoadedLine) -> list[Problem]:
    """Passwords whose variable is not set here: on the machine that serves the line it must be."""
    found: list[Problem] = []
    for at, trunk in enumerate(loaded.line.trunks):
        secrets: list[tuple[str, Auth | User]] = [(f"trunks[{at}].auth", trunk.auth)] if trunk.auth else []
        secrets += [(f"trunks[{at}].users[{index}]", user) for index, user in enumerate(trunk.users)]
        for field, secret in secrets:
            if secret.password_env is not None and not os.environ.get(secret.password_env):
                message = f"the environment variable {secret.password_env} is not set here"
                hint = "It must be set where the line is served."
                found.append(
                    Problem("no-password", message, loaded.place(f"{field}.password_env"), hint, severity="warning")
                )
    return found


@line_app.command("witness")
def witness_command(
    file: Path = typer.Argument(..., metavar="FILE", help="The log of Kamailio, written by deploy/kamailio."),
    line: list[str] = typer.Option(..., "--line", metavar="NAME", help="A line whose every call passes this Kamailio."),
    json_logs: bool = typer.Option(False, "--json-logs", help="Write the log of the process as JSON lines."),
    tenant: TenantOption = "",
) -> None:
    """Carry the accounting of Kamailio into the database, until SIGTERM or SIGINT: the witness for calls whose worker died."""
    log_to_stderr(as_json=json_logs)
    asyncio.run(_witness(file, line, tenant))


async def _witness(file: Path, lines: list[str], tenant: str) -> None:
    async with working(tenant) as at:
        witness = Witness(at.database, at.tenant, file, lines)
        await witness.round()
        typer.echo(f"reading {file}")
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as told:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(witness.follow)
                async for _ in told:
                    tasks.cancel_scope.cancel()
                    break

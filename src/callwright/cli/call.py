"""`callwright call`: one person, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from callwright.accounts import companies
from callwright.calling import Calling
from callwright.calling_now import call_now
from callwright.campaigns.direct import Asked
from callwright.campaigns.dispatch import Refused
from callwright.campaigns.worker import Came
from callwright.cli.logs import log_to_stderr
from callwright.cli.problems import print_json
from callwright.cli.tenancy import TenantOption, working
from callwright.errors import Problem, SettingsError

__all__ = ["call_app"]

call_app = typer.Typer(no_args_is_help=True, help="Call one person by name, under the same rules as a task.")


@call_app.command("now")
def now_command(
    number: Annotated[
        str, typer.Argument(help="Of a person who is known: on a list, with a consent or another basis.")
    ],
    trunks: Annotated[Path, typer.Option("--line-file", metavar="FILE", help="The line file: the trunks.")],
    script: Annotated[str, typer.Option("--script", metavar="DIGEST", help="A reviewed version; 8 digits will do.")],
    company: Annotated[str, typer.Option("--company", help="Registration of the company that is called for.")],
    line: Annotated[str, typer.Option("--line", help="Name of the line, as tasks know it.")],
    pool: Annotated[str, typer.Option("--numbers", help="Pool of own numbers.")] = "default",
    ring_s: Annotated[int, typer.Option("--ring", min=15, max=120, help="Seconds it rings.")] = 30,
    var: Annotated[
        list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable of the script.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for log and recording.")] = Path("callwright-calls"),
    packs: Annotated[Path | None, typer.Option("--packs", metavar="FOLDER", help="Rule packs of your own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    tenant: TenantOption = "",
) -> None:
    """Call now, if the rules allow it, and wait until the call is over. Exit 3: they do not; nothing rang, and the refusal is on record."""
    log_to_stderr(as_json=False)
    variables = dict(_pair(item) for item in var or ())
    calling = Calling(trunks, out, 0, packs=packs)

    async def run() -> Came | Refused:
        async with working(tenant) as at:
            async with at.database.scope(at.tenant) as scope:
                house = await companies.find(scope, company)
            asked = Asked(number, script, house, line, pool, float(ring_s), "agent")
            return await call_now(calling, at.settings, at.database, at.tenant, at.keys, asked, variables)

    found = anyio.run(run)
    told = _refused(found) if isinstance(found, Refused) else _came(found)
    if as_json:
        print_json(told)
    else:
        typer.echo("\n".join(f"{name}: {value}" for name, value in told.items() if value not in (None, "")))
    if isinstance(found, Refused):
        raise typer.Exit(3)


def _refused(found: Refused) -> dict[str, Any]:
    again = found.next_allowed_at
    return {"refused": found.reason, "next_allowed_at": again and again.isoformat(), "record": found.record}


def _came(found: Came) -> dict[str, Any]:
    ended, record = found.ended, found.record
    return {
        "attempt": ended.attempt,
        "disposition": ended.disposition,
        "talk_ms": ended.talk_ms,
        "grade": record.grade if record is not None else None,
        "recording": record.recording if record is not None else "",
    }


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise SettingsError(Problem("bad-var", f"`{text}` sets no variable", hint="Write name=value."))
    return name, value

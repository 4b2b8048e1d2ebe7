"""`callwright leads check FILE`: is this list of people fit to be called from?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from callwright.campaigns.leads import import_csv
from callwright.errors import Place, Problem, SettingsError
from callwright.script.loader import load

__all__ = ["leads_app"]

leads_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Look at lists of people before they are called."
)


@leads_app.callback()
def group() -> None:
    """Look at lists of people before they are called."""


@leads_app.command("check")
def check_command(
    file: Path = typer.Argument(
        ..., help="A CSV with the columns number and basis; others are variables of the script."
    ),
    region: str = typer.Option("", "--region", help="Country of numbers without +, for example CN or US."),
    script: Path | None = typer.Option(None, "--script", help="Say which rows lack a variable this script needs."),
) -> None:
    """Read a list as an import would; every bad row is told with its line and its cure, and the exit code is 2."""
    if region and (len(region) != 2 or not region.isalpha()):
        raise SettingsError(
            Problem("bad-region", f"--region {region} is no country", hint="two letters, for example CN or US")
        )
    leads = import_csv(file, region.upper() or None)
    by_basis = Counter(lead.basis for lead in leads)
    typer.echo(
        f"{file}: {len(leads)} people; " + ", ".join(f"{count} by {basis}" for basis, count in sorted(by_basis.items()))
    )
    if script is None:
        return
    needed = [name for name, var in load(script).script.vars.items() if var.required]
    missing = [(lead.row, [name for name in needed if name not in lead.variables]) for lead in leads]
    lacking = [(row, names) for row, names in missing if names]
    for row, names in lacking:
        place = Place(str(file), row)
        typer.echo(
            str(Problem("missing-variable", f"no {', '.join(names)}: would not be called", place, severity="warning"))
        )
    typer.echo(f"{len(leads) - len(lacking)} of {len(leads)} have what {script} needs")

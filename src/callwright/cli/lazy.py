"""A group whose commands are imported when they are used: `callwright --version` need not wait for what `callwright demo` needs."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["COMMANDS", "LazyGroup", "load"]

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "up": (
            "up:up",
            "Serve the console and the API, and call the people of running tasks, until SIGTERM or SIGINT.",
        ),
        "chat": ("chat:chat", "Talk to a script in the terminal."),
        "demo": ("demo:demo", "Ring simulated people over SIP and RTP."),
        "replay": (
            "replay:replay_command",
            "Run the events of a call through its script again; exit 1 at the first decision that differs from the log.",
        ),
        "script": ("script:script_app", "Check, test, draw and start scripts."),
        "leads": ("leads:leads_app", "Lists of people to call: check, import, export."),
        "task": ("task:task_app", "Tasks: who is called, when, and why nobody is."),
        "sip": ("sip:sip_app", "The line: what was said to the far side, and what it answered."),
        "line": ("line:line_app", "Check and serve lines."),
        "call": ("call:call_app", "Call one person by name, under the same rules as a task."),
        "calls": ("calls:calls_app", "Calls that were made: what is left of them, what was said in them."),
        "recogniser": ("recogniser:recogniser_app", "The recogniser that CALLWRIGHT_ASR names."),
        "recordings": ("recordings:recordings_app", "Recorded prompts: sheet, import, review."),
        "records": (
            "records:records_app",
            "Decision records: why each call was made, and why others were not.",
        ),
        "consent": ("consent:consent_app", "The consent ledger: who agreed to what, the proof, every use."),
        "freeze": ("freeze:freeze_app", "The freeze library: numbers nobody calls, robots and people alike."),
        "registry": (
            "registry:registry_app",
            "Do-not-call registries: load them from their files, and how fresh they are.",
        ),
        "complaint": ("complaint:complaint_app", "Complaints: frozen at once, answered in time, with the evidence."),
        "audit": ("audit:audit_app", "The audit log: who changed what, and who looked at personal data."),
        "subject": ("subject:subject_app", "A person's rights: to be forgotten."),
        "endpoint": ("endpoint:endpoint_app", "Where news of campaigns goes: webhooks, group robots, mail."),
        "rules": ("rules:rules_app", "Rule packs: what they say, and why a call may be placed."),
        "worker": (
            "worker:worker",
            "Call the people of running tasks, until SIGTERM or SIGINT: then no call begins any more, and those that are up may end.",
        ),
        "models": ("models:models_app", "Speech models: list, fetch, compare, find."),
        "tenant": ("tenant:tenant_app", "Tenants: whose people, numbers and companies they are."),
        "user": ("user:user_app", "Users: who may sign in, and a way in when nobody can."),
        "retention": ("retention:retention_app", "How long things are kept: show it, apply it."),
        "company": ("company:company_app", "Companies that are called for, and whether their papers were looked at."),
        "number": ("number:number_app", "Our own numbers: which may be shown, and where they are registered."),
        "db": ("db:db_app", "The database: make it, upgrade it, look whether it is right."),
        "backup": (
            "backup:backup",
            "Write database, key and blobs to one file, while everything goes on working. Overwrites nothing.",
        ),
        "restore": (
            "backup:restore",
            "Put a backup back: into a database, a key file and a folder that are not there yet. Every digest is checked first.",
        ),
        "bench": ("bench:bench_app", "Measure what callwright claims, on this machine."),
    }
)
"""Where each command is, below `callwright.cli`, and what it does (as its own help begins: a test holds them together)."""


def load(name: str) -> Any:
    """The command or group of this name as typer runs it, imported now."""
    module, attribute = COMMANDS[name][0].split(":")
    found = getattr(_imported(f"callwright.cli.{module}"), attribute)
    house = typer.Typer(add_completion=False, rich_markup_mode=None)
    house.callback()(lambda: None)  # with it, typer makes a group even of a single command
    if isinstance(found, typer.Typer):
        house.add_typer(found, name=name)
    else:
        house.command(name)(found)
    group: Any = typer.main.get_command(house)
    return group.commands[name]


def _imported(module: str) -> ModuleType:
    """What is imported stays for good: no garbage collection goes through it, now or later (a fifth of the time an import takes)."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


class LazyGroup(TyperGroup):
    """Lists what `COMMANDS` says, and imports a command when it is called or its help is asked for."""

    def __init__(self, **attributes: Any) -> None:
        stand_ins = {name: TyperCommand(name, help=text) for name, (_, text) in COMMANDS.items()}
        super().__init__(**{**attributes, "commands": stand_ins})
        self._loaded: dict[str, Any] = {}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self._loaded:
            self._loaded[cmd_name] = load(cmd_name)
        return self._loaded[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As typer writes it, from the stand-ins."""
        limit = formatter.width - 6 - max(map(len, self.commands))
        rows = [(name, command.get_short_help_str(limit)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

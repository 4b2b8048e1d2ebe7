"""A lint over our own code: whoever works with the database does so through a scope. What the scope check cannot see is banned here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src" / "callwright"
SYSTEM = {
    "storage.py",
    "accounts/tenants.py",
    "accounts/setup.py",  # there is no tenant yet
    "accounts/signing_in.py",  # which tenants an address signs in to
    "accounts/inviting.py",  # the same address, written down
    "accounts/oidc_users.py",  # the same
    "api/health.py",
    "testing/tenants.py",
    "bench/importing_once.py",
}  # the last: a tenant of its own
"""Where `database.system()`, a transaction outside of all tenants, may be used; besides store/. Add a module only with a reason."""

SQL = {"text", "literal_column", "TextClause"}
DRIVER = {"exec_driver_sql", "get_raw_connection", "driver_connection"}
ENGINES = {"create_engine", "create_async_engine", "AsyncEngine", "AsyncSession", "sessionmaker", "async_sessionmaker"}


def found(tree: ast.AST, module: str) -> Iterator[str]:
    """What breaks the rules in one module, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sqlalchemy":
            for name in node.names:
                if name.name in SQL | ENGINES:
                    yield f"{module}:{node.lineno}: {name.name} of SQLAlchemy is for store/ only: build the statement"
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.partition(".")[0] in {"sqlite3", "asyncpg", "aiosqlite", "sqlalchemy", "alembic"}:
                    yield f"{module}:{node.lineno}: {name.name} is for store/ only"
        elif isinstance(node, ast.Attribute):
            if node.attr in DRIVER:
                yield f"{module}:{node.lineno}: .{node.attr} steps around the scope check"
            elif node.attr == "connection" and isinstance(node.value, ast.Name) and node.value.id == "scope":
                yield f"{module}:{node.lineno}: scope.connection steps around the scope check: use the scope"
            elif node.attr == "engine" and getattr(node.value, "id", getattr(node.value, "attr", "")) == "database":
                yield f"{module}:{node.lineno}: database.engine steps around the scope check"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "system":
            of = node.func.value
            if "database" in (getattr(of, "id", ""), getattr(of, "attr", "")) and module not in SYSTEM:
                yield f"{module}:{node.lineno}: database.system() is outside of all tenants: take database.scope(tenant)"


ALLOWED = {
    ("campaigns/hints.py", "asyncpg"),  # LISTEN on a connection of its own: no row is read
    ("bench/api_fill.py", "sqlite3"),  # a million rows at once, into a database of its own
    ("bench/api_fill.py", "asyncpg"),
    ("bench/api_fill.py", "database.system"),
    ("bench/simulate_real.py", "sqlite3"),  # counts what a run left in a database of its own
    ("storage.py", "database.engine"),  # where the file of an embedded database lies
}


def test_nobody_steps_around_the_scope() -> None:
    told = [
        line
        for path in sorted(SOURCE.rglob("*.py"))
        if (module := path.relative_to(SOURCE).as_posix()).partition("/")[0] != "store"
        for line in found(ast.parse(path.read_text(encoding="utf-8")), module)
        if not any(line.startswith(f"{where}:") and what in line for where, what in ALLOWED)
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize(
    "code",
    [
        "from sqlalchemy import select, text",
        "from sqlalchemy.sql import literal_column",
        "from sqlalchemy.ext.asyncio import create_async_engine",
        "import sqlite3",
        "import asyncpg.pool",
        "async def f(scope): await scope.connection.execute(x)",
        "async def f(connection): await connection.exec_driver_sql('SELECT 1')",
        "async def f(database):\n    async with database.system() as connection: ...",
        "async def f(self):\n    async with self.database.system() as connection: ...",
        "async def f(at):\n    async with at.database.engine.begin() as connection: ...",
    ],
)
def test_the_lint_sees_it(code: str) -> None:
    assert list(found(ast.parse(code), "campaigns/some.py"))


def test_the_lint_lets_pass_what_is_right() -> None:
    code = "from sqlalchemy import select\nasync def f(database):\n    async with database.scope(1) as scope: await scope.all(x)"
    assert not list(found(ast.parse(code), "campaigns/some.py"))

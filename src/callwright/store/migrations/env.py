"""Alembic calls this. There is no alembic.ini: `callwright.store.migrating` hands over the connection."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from callwright.store.metadata import BigId, Json
from callwright.store.schema import metadata


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Our own types by their names."""
    if kind != "type":
        return False
    return {id(BigId): "own.BigId", id(Json): "own.Json"}.get(id(item)) or False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    compare_type=True,
    user_module_prefix="own.",
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()

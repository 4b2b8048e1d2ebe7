"""Tables of the desk: the agents, and what they wrote after a call."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, PrimaryKeyConstraint, String

from callwright.store.metadata import BigId, Json, UtcTime, tenant_table

__all__ = ["agent", "wrap_up"]

agent = tenant_table(
    "agent",
    Column("user_id", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", String(12), nullable=False),  # offline | ready | busy | wrap_up | break
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),  # an agent whose browser is silent is no agent
    Column("groups", Json, nullable=False, default=list),  # of scripts' transfers; empty = all
    Column("call", String(64), nullable=False, default=""),  # busy with, or wrapping up
    PrimaryKeyConstraint("tenant_id", "user_id"),
    Index("ix_agent_state", "tenant_id", "state", "seen_at"),
)

wrap_up = tenant_table(
    "wrap_up",
    Column("id", BigId, primary_key=True),
    Column("attempt_id", String(64), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("code", String(24), nullable=False),
    Column("note", LargeBinary, nullable=False, default=b""),  # sealed
    Column("follow_up", Boolean, nullable=False, default=False),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_wrap_up_attempt", "tenant_id", "attempt_id"),
)

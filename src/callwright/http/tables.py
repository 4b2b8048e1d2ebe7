"""Table of requests that are done once (once.py)."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String

from callwright.store.metadata import UtcTime, tenant_table

__all__ = ["once"]

once = tenant_table(
    "once",
    Column("who", String(64), nullable=False),  # user or token: keys of different viewers do not meet
    Column("key", String(64), nullable=False),  # sha256 of Idempotency-Key
    Column("digest", String(64), nullable=False),  # of method, address and body
    Column("status", Integer),  # None = it is being done
    Column("answer", LargeBinary, nullable=False, default=b""),  # sealed: media type, body
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "who", "key"),
    Index("ix_once_age", "tenant_id", "created_at"),
)

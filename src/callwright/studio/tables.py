"""Tables of drafts, of what was saved of them, and of what became of each that was handed in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

from callwright.store.metadata import BigId, Json, UtcTime, tenant_table

__all__ = ["script_draft", "script_draft_save", "script_submission"]

# One draft for each script: what is being written now. `version` is raised by every save; a save names the one it began from.
script_draft = tenant_table(
    "script_draft",
    Column("id", BigId, primary_key=True),
    Column("script_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("title", String(200), nullable=False, default=""),  # as the last save that could be read says
    Column("language", String(8), nullable=False, default=""),
    Column("purpose", String(32), nullable=False, default=""),
    Column("updated_by", String(100), nullable=False),
    Column("updated_by_user", BigInteger),  # None = the machine itself
    Column("updated_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "script_id"),
)

# Every save, so that a draft can go back to it, and so that nobody reviews what they wrote. Kept beyond the draft.
script_draft_save = tenant_table(
    "script_draft_save",
    Column("script_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("note", String(200), nullable=False, default=""),
    Column("by", String(100), nullable=False),
    Column("by_user", BigInteger),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "script_id", "version"),
)

# A version that was handed in for review, and what the reviewer said. The same version may be handed in again after a rejection.
script_submission = tenant_table(
    "script_submission",
    Column("id", BigId, primary_key=True),
    Column("script_id", String(64), nullable=False),
    Column("version_id", ForeignKey("script_version.id", ondelete="CASCADE"), nullable=False),
    Column("draft_version", Integer, nullable=False),
    Column("note", String(1000), nullable=False, default=""),
    Column("by", String(100), nullable=False),
    Column("by_user", BigInteger),
    Column("authors", Json, nullable=False, default=list),  # ids of users who wrote it since the last approval
    Column("at", UtcTime, nullable=False),
    Column("verdict", String(16), nullable=False, default="open"),  # open | approved | rejected | replaced
    Column("reason", String(1000), nullable=False, default=""),
    Column("decided_by", String(100)),
    Column("decided_by_user", BigInteger),
    Column("decided_at", UtcTime),
    Index("ix_script_submission_script", "tenant_id", "script_id", "id"),
)

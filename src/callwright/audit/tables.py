"""Tables of the audit log: its entries, and where the chain of each tenant begins and ends."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, String, Text

from callwright.store.metadata import UtcTime, tenant_table

__all__ = ["audit_entry", "audit_head"]

# The body is what is chained and signed; the columns beside it are only for finding, and verified against it.
audit_entry = tenant_table(
    "audit_entry",
    Column("seq", BigInteger, nullable=False),  # 1, 2, 3, ... within the tenant
    Column("at", UtcTime, nullable=False),
    Column("user_id", BigInteger),
    Column("token_id", BigInteger),
    Column("via", String(16), nullable=False),  # session | token | system
    Column("action", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("object", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    PrimaryKeyConstraint("tenant_id", "seq"),
    Index("ix_audit_entry_object", "tenant_id", "kind", "object", "seq"),
    Index("ix_audit_entry_user", "tenant_id", "user_id", "seq"),
    Index("ix_audit_entry_action", "tenant_id", "action", "seq"),
)

# Locked by whoever adds to the chain. base: what came before was deleted when its time was over (an entry `audit.trim` says so).
audit_head = tenant_table(
    "audit_head",
    Column("seq", BigInteger, nullable=False, default=0),
    Column("hash", LargeBinary(32), nullable=False),
    Column("base_seq", BigInteger, nullable=False, default=0),
    Column("base_hash", LargeBinary(32), nullable=False),
    PrimaryKeyConstraint("tenant_id"),
)

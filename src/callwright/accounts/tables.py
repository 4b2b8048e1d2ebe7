"""Tables of tenants, the companies they call for, their keys and their own numbers."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from callwright.store.metadata import BigId, Json, UtcTime, metadata, tenant_table

__all__ = ["company", "own_number", "tenant", "tenant_key"]

tenant = Table(
    "tenant",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("suspended", Boolean, nullable=False, default=False),
    Column("created_at", UtcTime, nullable=False),
)

# Data keys, wrapped by the master key that stands outside of the database. Without its row a tenant's numbers are noise.
tenant_key = tenant_table(
    "tenant_key",
    Column("id", BigId, primary_key=True),
    Column("purpose", String(32), nullable=False),  # data | signing
    Column("wrapped", LargeBinary, nullable=False),
    Column("public", LargeBinary),  # of a signing key: its Ed25519 public key
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "purpose"),
)

# Who is called for: a task needs a company whose papers were looked at (vetted) and are still valid.
company = tenant_table(
    "company",
    Column("id", BigId, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("registration", String(64), nullable=False),  # 统一社会信用代码, EIN, company number
    Column("country", String(2), nullable=False),
    Column("documents", Json, nullable=False, default=list),  # [{"name", "sha256", "blob"}]
    Column("vetted_at", UtcTime),
    Column("vetted_by", String(100)),
    Column("vetted_until", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "registration"),
)

# Numbers the tenant may show: allotted to it, verified, callable back. Not personal data, so they are plain.
own_number = tenant_table(
    "own_number",
    Column("id", BigId, primary_key=True),
    Column("number", String(16), nullable=False),  # E.164
    Column("trunk", String(64), nullable=False),  # name in the line file
    Column("pool", String(64), nullable=False, default="default"),
    Column("company_id", ForeignKey("company.id")),
    Column(
        "region", String(64), nullable=False, default=""
    ),  # where it looks local: prefix such as +8610, or ISO country
    Column("state", String(16), nullable=False, default="active"),  # active | slowed | resting | retired
    Column("state_reason", String(200), nullable=False, default=""),
    Column("max_per_day", Integer),
    Column("verified_at", UtcTime),
    Column(
        "registrations", Json, nullable=False, default=dict
    ),  # checklist of label registries: {"registry": {"done_at", "note"}}
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "number"),
    Index("ix_own_number_pool", "tenant_id", "pool", "state"),
)

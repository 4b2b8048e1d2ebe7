"""Tables of people who work here: users, their sessions, one-time links and API tokens, and the settings of a tenant.

Of whatever opens a door only a SHA-256 is kept: session, link, token. They are 256 random bits, so no salt is needed; passwords are argon2id.
Each of them names its tenant, because row-level security shows nobody's rows to whoever does not say whose they want.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from callwright.store.metadata import BigId, Json, UtcTime, metadata, tenant_table

__all__ = ["api_token", "one_time_link", "setup_link", "sign_in_name", "tenant_setting", "user_account", "user_session"]

user_account = tenant_table(
    "user_account",
    Column("id", BigId, primary_key=True),
    Column("email", String(254), nullable=False),  # small letters: what one signs in with
    Column("name", String(100), nullable=False),
    Column("language", String(8), nullable=False, default="en"),  # en | zh-CN
    Column("roles", Json, nullable=False, default=list),
    Column("state", String(16), nullable=False, default="invited"),  # invited | active | disabled
    Column("password", String(200), nullable=False, default=""),  # argon2id, PHC string; "" = none (invited, OIDC only)
    Column("password_at", UtcTime),
    Column("totp", LargeBinary),  # sealed secret
    Column("totp_at", UtcTime),  # confirmed; a secret without it is being enrolled
    Column(
        "totp_step", BigInteger, nullable=False, default=0
    ),  # of the last code that was taken: it is not taken twice
    Column("recovery", Json, nullable=False, default=list),  # SHA-256 of the codes that are left
    Column("failures", Integer, nullable=False, default=0),  # in a row
    Column("locked_until", UtcTime),
    Column("subject", String(300)),  # `ISSUER|SUB` of OIDC
    Column("created_at", UtcTime, nullable=False),
    Column("signed_in_at", UtcTime),
    UniqueConstraint("tenant_id", "email"),
    UniqueConstraint("tenant_id", "subject"),
)

user_session = tenant_table(
    "user_session",
    Column("id", BigId, primary_key=True),
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("method", String(16), nullable=False),  # password | totp | oidc | setup
    Column("agent", String(200), nullable=False, default=""),
    Column("source", String(64), nullable=False, default=""),  # prefix of the address: /24, /48
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),  # whatever is done in it
    UniqueConstraint("tenant_id", "hash"),
    Index("ix_user_session_user", "tenant_id", "user_id"),
)

one_time_link = tenant_table(
    "one_time_link",
    Column("id", BigId, primary_key=True),
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", String(16), nullable=False),  # invite | reset
    Column("hash", LargeBinary(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    UniqueConstraint("tenant_id", "hash"),
)

api_token = tenant_table(
    "api_token",
    Column("id", BigId, primary_key=True),
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),  # who made it
    Column("name", String(100), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("hint", String(16), nullable=False),  # its first letters, to know it by
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime),
    Column("used_at", UtcTime),
    Column("revoked_at", UtcTime),
    UniqueConstraint("tenant_id", "hash"),
)

# What a tenant decides about itself, by name; each name has its own form (accounts/tenant_settings.py).
tenant_setting = tenant_table(
    "tenant_setting",
    Column("name", String(32), nullable=False),
    Column("value", Json, nullable=False),
    Column("sealed", LargeBinary),  # the secret part of it
    Column("changed_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "name"),
)

# In which tenants a mail address signs in. Outside of all tenants: asked before it is known whose rows may be seen.
sign_in_name = Table(
    "sign_in_name",
    metadata,
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the address in small letters
    Column("tenant_id", BigInteger, ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("digest", "tenant_id"),
)

# Of the first start: whoever opens it makes the first tenant and its first administrator. Outside of all tenants: there is none yet.
setup_link = Table(
    "setup_link",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("used", Boolean, nullable=False, default=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
)

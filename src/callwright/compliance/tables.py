"""Tables of what must be known and proven: consent, freezes, suspects, decision records, complaints. Numbers stand here as blind index only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

from callwright.store.metadata import BigId, Json, UtcTime, tenant_table

__all__ = [
    "chain_head",
    "complaint",
    "consent",
    "consent_use",
    "decision_record",
    "decision_rules",
    "freeze",
    "freeze_suspect",
    "person",
    "registry_copy",
    "registry_number",
    "suppression",
]

# One row for each number a tenant knows: the "person" whose budget is counted over all tasks. Locked by whoever decides a dial.
person = tenant_table(
    "person",
    Column("id", BigId, primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False),  # keyed blind index, first 16 bytes of HMAC-SHA256
    Column("number", LargeBinary, nullable=False),  # AES-256-GCM of the E.164 number; empty once erased
    Column("country", String(2), nullable=False),
    Column("region", String(64), nullable=False, default=""),
    Column("zones", Json, nullable=False, default=list),  # every IANA zone the number could be in; [] = unknown
    Column("line_type", String(24), nullable=False, default="unknown"),
    Column("erased_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "number_index"),
    many=True,
)

# Why somebody may be called. Rows are never changed but for the revocation. Person and company: as for a lead (docs/adr/0013).
consent = tenant_table(
    "consent",
    Column("id", BigId, primary_key=True),
    Column("person_id", BigInteger, nullable=False),
    Column("company_id", BigInteger),  # None = for the tenant itself
    Column("basis", String(24), nullable=False),  # consent | contract | legal_obligation | existing_customer
    Column("scope", Json, nullable=False, default=list),  # words: marketing, service, recording, synthetic_voice, ...
    Column("wording", String(64), nullable=False, default=""),  # version of what the person agreed to
    Column("channel", String(32), nullable=False, default=""),  # web, paper, call, sms, ...
    Column("source", String(200), nullable=False, default=""),
    Column("evidence", String(64), nullable=False, default=""),  # sha256 of the proof (form, recording, file row)
    Column("given_at", UtcTime),
    Column("valid_until", UtcTime),
    Column("revoked_at", UtcTime),
    Column("revoked_means", String(64), nullable=False, default=""),
    Column("honour_by", UtcTime),  # the law's last moment; we stop at once
    Column("created_at", UtcTime, nullable=False),
    Index("ix_consent_person", "tenant_id", "person_id", "revoked_at"),
    many=True,
)

# Each use of a consent: in Germany the proof is kept five years from the last one.
consent_use = tenant_table(
    "consent_use",
    Column("consent_id", BigInteger, nullable=False),
    Column("attempt_id", String(40), nullable=False),
    Column("used_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "consent_id", "attempt_id"),
    many=True,
    bare=True,
)

# All that is left of somebody who was erased: enough never to call the number again.
suppression = tenant_table(
    "suppression",
    Column("id", BigId, primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "number_index"),
)

# 冻结库. Active while lifted_at is null and until is null or ahead.
freeze = tenant_table(
    "freeze",
    Column("id", BigId, primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False),
    Column("number", LargeBinary, nullable=False),  # encrypted, for export; empty once erased
    Column("scope", String(16), nullable=False),  # tenant | company | task | voice
    Column("scope_id", BigInteger),  # company or task
    Column(
        "reason", String(32), nullable=False
    ),  # opt_out, refused_short, keyword, complaint, wrong_person, imported, manual, ...
    Column("note", String(500), nullable=False, default=""),
    Column("source", String(100), nullable=False, default=""),  # call id, file, user
    Column("frozen_at", UtcTime, nullable=False),
    Column("until", UtcTime),  # None = for good
    Column("by", String(100), nullable=False),
    Column("asked_at", UtcTime),  # somebody asks a second person to lift it
    Column("asked_by", String(100)),
    Column("asked_user", BigInteger),
    Column("ask_reason", String(500)),
    Column("lifted_at", UtcTime),
    Column("lifted_by", String(100)),
    Column("lift_reason", String(500)),
    Index("ix_freeze_number", "tenant_id", "number_index", "lifted_at"),
)

# Somebody said words that may be a refusal ("没兴趣"): a person decides. Until then the number is not called.
freeze_suspect = tenant_table(
    "freeze_suspect",
    Column("id", BigId, primary_key=True),
    Column("number_index", LargeBinary(16), nullable=False),
    Column("number", LargeBinary, nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("task_id", BigInteger),
    Column("words", String(500), nullable=False),
    Column("state", String(16), nullable=False, default="waiting"),  # waiting | confirmed | dismissed
    Column("found_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("decided_by", String(100)),
    Column("decision", String(500), nullable=False, default=""),  # why it was dismissed, or what was noted
    Column("freeze_id", ForeignKey("freeze.id")),
    UniqueConstraint("tenant_id", "call_id"),
    Index("ix_freeze_suspect_number", "tenant_id", "number_index", "state"),
)

# A do-not-call registry as it was loaded. Only copies that are `ready` are looked at.
registry_copy = tenant_table(
    "registry_copy",
    Column("id", BigId, primary_key=True),
    Column("name", String(64), nullable=False),  # as the rule packs call it: us-national-dnc
    Column("country", String(2), nullable=False),
    Column("kind", String(8), nullable=False),  # full | checked (only the numbers in it were looked up)
    Column("state", String(8), nullable=False),  # loading | ready | leaving
    Column("as_of", UtcTime, nullable=False),
    Column(
        "areas", Json, nullable=False, default=list
    ),  # beginnings of the numbers it reaches; [] = all of its country
    Column("version", String(64), nullable=False, default=""),
    Column("account", String(64), nullable=False, default=""),  # of the subscription
    Column("numbers", BigInteger, nullable=False, default=0),
    Column("source", String(100), nullable=False, default=""),
    Column("sha256", String(64), nullable=False, default=""),
    Column("by", String(100), nullable=False),
    Column("loaded_at", UtcTime, nullable=False),
    Index("ix_registry_copy_country", "tenant_id", "country", "state"),
)

# Its numbers, as blind index only. The index comes first in the key: however PostgreSQL plans a look-up, it reads a few rows of a million.
registry_number = tenant_table(
    "registry_number",
    Column("copy_id", BigInteger, nullable=False),
    Column("number_index", LargeBinary(16), nullable=False),
    Column("listed", Boolean, nullable=False),  # False only in a copy of kind `checked`
    PrimaryKeyConstraint("tenant_id", "number_index", "copy_id"),
    many=True,
    bare=True,
)

# What the rules said, each text once, however many records name it by its sha256 (most say the same); only ever added to.
decision_rules = tenant_table(
    "decision_rules",
    Column("digest", LargeBinary(32), nullable=False),
    Column("text", Text, nullable=False),  # canonical JSON
    PrimaryKeyConstraint("tenant_id", "digest"),
)

# The proof. One row for each dial and each refusal; only ever added to. `body` is canonical JSON, hash = sha256(prev || body).
decision_record = tenant_table(
    "decision_record",
    Column("seq", BigInteger, nullable=False),  # 1, 2, 3, ... within the tenant
    Column("kind", String(16), nullable=False),  # dial | refusal
    Column("task_id", BigInteger),
    Column("lead_id", BigInteger),
    Column("person_id", BigInteger),
    Column("attempt_id", String(40)),
    Column("at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Column("rules", LargeBinary(32), nullable=False),  # decision_rules
    Column("hash", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),  # empty = the next one that has a signature vouches for it
    PrimaryKeyConstraint("tenant_id", "seq"),
    Index("ix_decision_record_lead", "tenant_id", "task_id", "lead_id", "seq"),
    Index("ix_decision_record_person", "tenant_id", "person_id", "seq"),
    many=True,
)

# Where the chain of a tenant ends; locked by whoever adds to it, which nobody does when `mac` says that somebody without the key wrote it.
chain_head = tenant_table(
    "chain_head",
    Column("seq", BigInteger, nullable=False, default=0),
    Column("hash", LargeBinary(32), nullable=False),
    Column(
        "mac", LargeBinary(32), nullable=False, default=b""
    ),  # keyed digest of number and hash; empty = the chain has not begun
    PrimaryKeyConstraint("tenant_id"),
)

# A complaint (12321, a regulator, the person themselves) is a case with due dates.
complaint = tenant_table(
    "complaint",
    Column("id", BigId, primary_key=True),
    Column("reference", String(64), nullable=False),  # number of the ticket at 12321, or ours
    Column("channel", String(32), nullable=False),  # 12321, own, regulator, carrier
    Column("number_index", LargeBinary(16), nullable=False),
    Column("number", LargeBinary, nullable=False),
    Column("text", LargeBinary, nullable=False, default=b""),  # what the person says, encrypted; empty once erased
    Column("state", String(16), nullable=False, default="open"),  # open | answered | closed
    Column("received_at", UtcTime, nullable=False),
    Column("forward_by", UtcTime),
    Column("answer_by", UtcTime, nullable=False),
    Column("tell_by", UtcTime),
    Column("answered_at", UtcTime),
    Column("answer", LargeBinary, nullable=False, default=b""),  # encrypted as well
    Column("bundle", String(300), nullable=False, default=""),  # where the evidence bundle lies
    Column("bundle_sha256", String(64), nullable=False, default=""),
    Column("calls", Json, nullable=False, default=list),
    Column("reminded", String(16), nullable=False, default=""),  # the step that was told to be late
    Column("by", String(100), nullable=False),
    UniqueConstraint("tenant_id", "reference"),
    Index("ix_complaint_number", "tenant_id", "number_index"),
)

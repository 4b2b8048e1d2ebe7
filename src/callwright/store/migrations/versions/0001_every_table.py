"""Every table"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import callwright.store.metadata as own
from callwright.store.rows import protecting

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("own_number", sa.String(length=16), nullable=False),
        sa.Column("script_version_id", sa.BigInteger(), nullable=True),
        sa.Column("variant", sa.String(length=16), nullable=False),
        sa.Column("record_seq", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("dialled_at", own.UtcTime(), nullable=False),
        sa.Column("local_day", sa.String(length=10), nullable=False),
        sa.Column("answered_at", own.UtcTime(), nullable=True),
        sa.Column("ended_at", own.UtcTime(), nullable=True),
        sa.Column("disposition", sa.String(length=32), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("reconciled", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_attempt")),
        sa.UniqueConstraint(
            "tenant_id", "task_id", "lead_id", "n", name=op.f("uq_attempt_tenant_id_task_id_lead_id_n")
        ),
        postgresql_with={"fillfactor": 75},
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_number", ["tenant_id", "own_number", "dialled_at"], unique=False)
        batch_op.create_index("ix_attempt_person", ["tenant_id", "person_id", "dialled_at"], unique=False)
        batch_op.create_index("ix_attempt_task", ["tenant_id", "task_id", "dialled_at"], unique=False)

    op.create_table(
        "attempt_lease",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("until", own.UtcTime(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_attempt_lease")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "consent",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("basis", sa.String(length=24), nullable=False),
        sa.Column("scope", own.Json, nullable=False),
        sa.Column("wording", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("given_at", own.UtcTime(), nullable=True),
        sa.Column("valid_until", own.UtcTime(), nullable=True),
        sa.Column("revoked_at", own.UtcTime(), nullable=True),
        sa.Column("revoked_means", sa.String(length=64), nullable=False),
        sa.Column("honour_by", own.UtcTime(), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_person", ["tenant_id", "person_id", "revoked_at"], unique=False)

    op.create_table(
        "consent_use",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("used_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "consent_id", "attempt_id", name=op.f("pk_consent_use")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decision_record",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("rules", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_decision_record")),
    )
    with op.batch_alter_table("decision_record", schema=None) as batch_op:
        batch_op.create_index("ix_decision_record_lead", ["tenant_id", "task_id", "lead_id", "seq"], unique=False)
        batch_op.create_index("ix_decision_record_person", ["tenant_id", "person_id", "seq"], unique=False)

    op.create_table(
        "lead",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("variables", sa.LargeBinary(), nullable=False),
        sa.Column("consent_id", sa.BigInteger(), nullable=True),
        sa.Column("time_zone", sa.String(length=48), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("tenant_id", "person_id", "list_id", name=op.f("uq_lead_tenant_id_person_id_list_id")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index("ix_lead_list", ["tenant_id", "list_id", "id"], unique=False)

    op.create_table(
        "person",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("zones", own.Json, nullable=False),
        sa.Column("line_type", sa.String(length=24), nullable=False),
        sa.Column("erased_at", own.UtcTime(), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("tenant_id", "number_index", name=op.f("uq_person_tenant_id_number_index")),
    )
    op.create_table(
        "registry_number",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("copy_id", sa.BigInteger(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number_index", "copy_id", name=op.f("pk_registry_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "setup_link",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("ends_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_setup_link")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "agent",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", own.UtcTime(), nullable=False),
        sa.Column("seen_at", own.UtcTime(), nullable=False),
        sa.Column("groups", own.Json, nullable=False),
        sa.Column("call", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_agent_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_agent")),
    )
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.create_index("ix_agent_state", ["tenant_id", "state", "seen_at"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("token_id", sa.BigInteger(), nullable=True),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_audit_entry_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_action", ["tenant_id", "action", "seq"], unique=False)
        batch_op.create_index("ix_audit_entry_object", ["tenant_id", "kind", "object", "seq"], unique=False)
        batch_op.create_index("ix_audit_entry_user", ["tenant_id", "user_id", "seq"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("base_seq", sa.BigInteger(), nullable=False),
        sa.Column("base_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_audit_head_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "call_index",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("next_n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_call_index_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_call_index")),
    )
    op.create_table(
        "call_new",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_call_new_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_call_new")),
    )
    with op.batch_alter_table("call_new", schema=None) as batch_op:
        batch_op.create_index("ix_call_new_at", ["tenant_id", "at"], unique=False)

    op.create_table(
        "call_number",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_number_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "n", name=op.f("pk_call_number")),
        sa.UniqueConstraint("tenant_id", "attempt_id", name=op.f("uq_call_number_tenant_id_attempt_id")),
    )
    op.create_table(
        "call_result",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("started_at", own.UtcTime(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("script_version_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("own_number", sa.String(length=16), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("talk_ms", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.String(length=32), nullable=False),
        sa.Column("grade", sa.String(length=2), nullable=False),
        sa.Column("grade_reasons", own.Json, nullable=False),
        sa.Column("tags", own.Json, nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("follow_up", sa.String(length=200), nullable=False),
        sa.Column("record", sa.String(length=300), nullable=False),
        sa.Column("log", sa.String(length=300), nullable=False),
        sa.Column("recording", sa.String(length=300), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_result_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_call_result")),
    )
    with op.batch_alter_table("call_result", schema=None) as batch_op:
        batch_op.create_index(
            "ix_call_result_agent", ["tenant_id", "agent_id", "started_at", "attempt_id"], unique=False
        )
        batch_op.create_index(
            "ix_call_result_disposition", ["tenant_id", "disposition", "started_at", "attempt_id"], unique=False
        )
        batch_op.create_index("ix_call_result_grade", ["tenant_id", "grade", "started_at", "attempt_id"], unique=False)
        batch_op.create_index("ix_call_result_person", ["tenant_id", "person_id", "started_at"], unique=False)
        batch_op.create_index("ix_call_result_started", ["tenant_id", "started_at", "attempt_id"], unique=False)
        batch_op.create_index("ix_call_result_talk", ["tenant_id", "talk_ms", "attempt_id"], unique=False)
        batch_op.create_index("ix_call_result_task", ["tenant_id", "task_id", "started_at", "attempt_id"], unique=False)

    op.create_table(
        "call_segment",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("first_at", own.UtcTime(), nullable=False),
        sa.Column("last_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_call_segment_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "segment", name=op.f("pk_call_segment")),
    )
    op.create_table(
        "call_tally",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", own.UtcTime(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("script_version_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=140), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_call_tally_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "hour", "task_id", "script_version_id", "kind", "name", name=op.f("pk_call_tally")
        ),
    )
    op.create_table(
        "call_text",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_call_text_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_call_text")),
    )
    op.create_table(
        "call_words",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_call_words_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "bucket", "segment", name=op.f("pk_call_words")),
    )
    op.create_table(
        "chain_head",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_chain_head_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "company",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("registration", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("documents", own.Json, nullable=False),
        sa.Column("vetted_at", own.UtcTime(), nullable=True),
        sa.Column("vetted_by", sa.String(length=100), nullable=True),
        sa.Column("vetted_until", own.UtcTime(), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_company_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("tenant_id", "registration", name=op.f("uq_company_tenant_id_registration")),
    )
    op.create_table(
        "complaint",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("received_at", own.UtcTime(), nullable=False),
        sa.Column("forward_by", own.UtcTime(), nullable=True),
        sa.Column("answer_by", own.UtcTime(), nullable=False),
        sa.Column("tell_by", own.UtcTime(), nullable=True),
        sa.Column("answered_at", own.UtcTime(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("bundle", sa.String(length=300), nullable=False),
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("calls", own.Json, nullable=False),
        sa.Column("reminded", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_complaint_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("tenant_id", "reference", name=op.f("uq_complaint_tenant_id_reference")),
    )
    with op.batch_alter_table("complaint", schema=None) as batch_op:
        batch_op.create_index("ix_complaint_number", ["tenant_id", "number_index"], unique=False)

    op.create_table(
        "decision_rules",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_decision_rules_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_decision_rules")),
    )
    op.create_table(
        "endpoint",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("events", own.Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_endpoint_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoint")),
    )
    op.create_table(
        "follow_up",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_name", sa.String(length=100), nullable=False),
        sa.Column("claimed_at", own.UtcTime(), nullable=True),
        sa.Column("done_at", own.UtcTime(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_follow_up_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_follow_up")),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_claimed", ["tenant_id", "claimed_by", "state"], unique=False)
        batch_op.create_index("ix_follow_up_state", ["tenant_id", "state", "rank", "created_at"], unique=False)

    op.create_table(
        "freeze",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("frozen_at", own.UtcTime(), nullable=False),
        sa.Column("until", own.UtcTime(), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", own.UtcTime(), nullable=True),
        sa.Column("asked_by", sa.String(length=100), nullable=True),
        sa.Column("asked_user", sa.BigInteger(), nullable=True),
        sa.Column("ask_reason", sa.String(length=500), nullable=True),
        sa.Column("lifted_at", own.UtcTime(), nullable=True),
        sa.Column("lifted_by", sa.String(length=100), nullable=True),
        sa.Column("lift_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_freeze_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze")),
    )
    with op.batch_alter_table("freeze", schema=None) as batch_op:
        batch_op.create_index("ix_freeze_number", ["tenant_id", "number_index", "lifted_at"], unique=False)

    op.create_table(
        "lead_list",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", own.Json, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("imported", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_lead_list_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_list")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_lead_list_tenant_id_name")),
    )
    op.create_table(
        "line",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("calls_per_second", sa.Float(), nullable=False),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("tat", own.UtcTime(), nullable=True),
        sa.Column("blocked_until", own.UtcTime(), nullable=True),
        sa.Column("blocked_reason", sa.String(length=200), nullable=False),
        sa.Column("witnessed_since", own.UtcTime(), nullable=True),
        sa.Column("witnessed_until", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_line_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_line_tenant_id_name")),
    )
    op.create_table(
        "once",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_once_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "who", "key", name=op.f("pk_once")),
    )
    with op.batch_alter_table("once", schema=None) as batch_op:
        batch_op.create_index("ix_once_age", ["tenant_id", "created_at"], unique=False)

    op.create_table(
        "registry_copy",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("as_of", own.UtcTime(), nullable=False),
        sa.Column("areas", own.Json, nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("numbers", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("loaded_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_registry_copy_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_copy")),
    )
    with op.batch_alter_table("registry_copy", schema=None) as batch_op:
        batch_op.create_index("ix_registry_copy_country", ["tenant_id", "country", "state"], unique=False)

    op.create_table(
        "script_draft",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("script_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("updated_by", sa.String(length=100), nullable=False),
        sa.Column("updated_by_user", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", own.UtcTime(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_draft_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_draft")),
        sa.UniqueConstraint("tenant_id", "script_id", name=op.f("uq_script_draft_tenant_id_script_id")),
    )
    op.create_table(
        "script_draft_save",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("script_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("by_user", sa.BigInteger(), nullable=True),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_draft_save_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "script_id", "version", name=op.f("pk_script_draft_save")),
    )
    op.create_table(
        "script_recording",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("script_id", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("blob", sa.String(length=100), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("source_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("measured", own.Json, nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("by_user", sa.BigInteger(), nullable=True),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("sounds_like", sa.String(length=200), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", own.UtcTime(), nullable=True),
        sa.Column("removed_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_recording_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_recording")),
    )
    with op.batch_alter_table("script_recording", schema=None) as batch_op:
        batch_op.create_index("ix_script_recording_script", ["tenant_id", "script_id", "id"], unique=False)

    op.create_table(
        "script_version",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("script_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("submitted_by", sa.String(length=100), nullable=False),
        sa.Column("submitted_at", own.UtcTime(), nullable=False),
        sa.Column("reviewed_by", sa.String(length=100), nullable=True),
        sa.Column("reviewed_at", own.UtcTime(), nullable=True),
        sa.Column("withdrawn_at", own.UtcTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_version_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_version")),
        sa.UniqueConstraint("tenant_id", "digest", name=op.f("uq_script_version_tenant_id_digest")),
    )
    with op.batch_alter_table("script_version", schema=None) as batch_op:
        batch_op.create_index("ix_script_version_script", ["tenant_id", "script_id", "submitted_at"], unique=False)

    op.create_table(
        "sign_in_name",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_sign_in_name_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", "tenant_id", name=op.f("pk_sign_in_name")),
    )
    op.create_table(
        "sip_account",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_sip_account_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sip_account")),
    )
    with op.batch_alter_table("sip_account", schema=None) as batch_op:
        batch_op.create_index("ix_sip_account_call", ["tenant_id", "call_id"], unique=False)

    op.create_table(
        "suppression",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_suppression_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("tenant_id", "number_index", name=op.f("uq_suppression_tenant_id_number_index")),
    )
    op.create_table(
        "takeover",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", own.UtcTime(), nullable=False),
        sa.Column("waited_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_takeover_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_takeover")),
    )
    with op.batch_alter_table("takeover", schema=None) as batch_op:
        batch_op.create_index("ix_takeover_task", ["tenant_id", "task_id", "asked_at"], unique=False)

    op.create_table(
        "takeover_group",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("freed", sa.Float(), nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_takeover_group_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_takeover_group")),
    )
    op.create_table(
        "tenant_key",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_key_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant_key")),
        sa.UniqueConstraint("tenant_id", "purpose", name=op.f("uq_tenant_key_tenant_id_purpose")),
    )
    op.create_table(
        "tenant_setting",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", own.Json, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_setting_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_tenant_setting")),
    )
    op.create_table(
        "unanswered",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("script_version_id", sa.BigInteger(), nullable=True),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_unanswered_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unanswered")),
    )
    with op.batch_alter_table("unanswered", schema=None) as batch_op:
        batch_op.create_index("ix_unanswered_call", ["tenant_id", "attempt_id"], unique=False)
        batch_op.create_index("ix_unanswered_state", ["tenant_id", "state", "created_at"], unique=False)

    op.create_table(
        "user_account",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("roles", own.Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("password_at", own.UtcTime(), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_at", own.UtcTime(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery", own.Json, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", own.UtcTime(), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("signed_in_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_user_account_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_user_account_tenant_id_email")),
        sa.UniqueConstraint("tenant_id", "subject", name=op.f("uq_user_account_tenant_id_subject")),
    )
    op.create_table(
        "worker",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("seen_at", own.UtcTime(), nullable=False),
        sa.Column("robots", sa.Integer(), nullable=False),
        sa.Column("resting", sa.Boolean(), nullable=False),
        sa.Column("started_at", own.UtcTime(), nullable=False),
        sa.Column("live_address", sa.String(length=100), nullable=False),
        sa.Column("live_secret", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_worker_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_worker")),
    )
    op.create_table(
        "wrap_up",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("follow_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_wrap_up_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrap_up")),
    )
    with op.batch_alter_table("wrap_up", schema=None) as batch_op:
        batch_op.create_index("ix_wrap_up_attempt", ["tenant_id", "attempt_id"], unique=False)

    op.create_table(
        "api_token",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("user_id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("scopes", own.Json, nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("ends_at", own.UtcTime(), nullable=True),
        sa.Column("used_at", own.UtcTime(), nullable=True),
        sa.Column("revoked_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_api_token_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_api_token_tenant_id_hash")),
    )
    op.create_table(
        "delivery",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("endpoint_id", own.BigId, nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.LargeBinary(length=16), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", own.UtcTime(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", own.UtcTime(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("sent_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoint.id"], name=op.f("fk_delivery_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_delivery_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_about", ["tenant_id", "about"], unique=False)
        batch_op.create_index("ix_delivery_due", ["tenant_id", "state", "due_at"], unique=False)

    op.create_table(
        "freeze_suspect",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("number_index", sa.LargeBinary(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_at", own.UtcTime(), nullable=False),
        sa.Column("decided_at", own.UtcTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decision", sa.String(length=500), nullable=False),
        sa.Column("freeze_id", own.BigId, nullable=True),
        sa.ForeignKeyConstraint(["freeze_id"], ["freeze.id"], name=op.f("fk_freeze_suspect_freeze_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_freeze_suspect_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_suspect")),
        sa.UniqueConstraint("tenant_id", "call_id", name=op.f("uq_freeze_suspect_tenant_id_call_id")),
    )
    with op.batch_alter_table("freeze_suspect", schema=None) as batch_op:
        batch_op.create_index("ix_freeze_suspect_number", ["tenant_id", "number_index", "state"], unique=False)

    op.create_table(
        "one_time_link",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("user_id", own.BigId, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("ends_at", own.UtcTime(), nullable=False),
        sa.Column("used_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_one_time_link_tenant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_one_time_link_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_one_time_link_tenant_id_hash")),
    )
    op.create_table(
        "own_number",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.String(length=64), nullable=False),
        sa.Column("company_id", own.BigId, nullable=True),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.String(length=200), nullable=False),
        sa.Column("max_per_day", sa.Integer(), nullable=True),
        sa.Column("verified_at", own.UtcTime(), nullable=True),
        sa.Column("registrations", own.Json, nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_own_number_company_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_own_number_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_number")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_own_number_tenant_id_number")),
    )
    with op.batch_alter_table("own_number", schema=None) as batch_op:
        batch_op.create_index("ix_own_number_pool", ["tenant_id", "pool", "state"], unique=False)

    op.create_table(
        "script_submission",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("script_id", sa.String(length=64), nullable=False),
        sa.Column("version_id", own.BigId, nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("by_user", sa.BigInteger(), nullable=True),
        sa.Column("authors", own.Json, nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("decided_by_user", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_submission_tenant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["script_version.id"], name=op.f("fk_script_submission_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_submission")),
    )
    with op.batch_alter_table("script_submission", schema=None) as batch_op:
        batch_op.create_index("ix_script_submission_script", ["tenant_id", "script_id", "id"], unique=False)

    op.create_table(
        "script_version_recording",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", own.BigId, nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("recording_id", own.BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["script_recording.id"], name=op.f("fk_script_version_recording_recording_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_script_version_recording_tenant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["script_version.id"],
            name=op.f("fk_script_version_recording_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "version_id", "file", name=op.f("pk_script_version_recording")),
    )
    with op.batch_alter_table("script_version_recording", schema=None) as batch_op:
        batch_op.create_index("ix_script_version_recording_recording", ["tenant_id", "recording_id"], unique=False)

    op.create_table(
        "task",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.String(length=300), nullable=False),
        sa.Column("company_id", own.BigId, nullable=False),
        sa.Column("list_id", own.BigId, nullable=False),
        sa.Column("line_id", own.BigId, nullable=False),
        sa.Column("plan", own.Json, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("max_robots", sa.Integer(), nullable=False),
        sa.Column("guaranteed_robots", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("dialled", sa.Integer(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", own.UtcTime(), nullable=True),
        sa.Column("not_after", own.UtcTime(), nullable=True),
        sa.Column("opens_at", own.UtcTime(), nullable=True),
        sa.Column("closes_at", own.UtcTime(), nullable=True),
        sa.Column("tat", own.UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=True),
        sa.Column("approved_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_task_company_id")),
        sa.ForeignKeyConstraint(["line_id"], ["line.id"], name=op.f("fk_task_line_id")),
        sa.ForeignKeyConstraint(["list_id"], ["lead_list.id"], name=op.f("fk_task_list_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_task_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_task_tenant_id_name")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index("ix_task_state", ["tenant_id", "state", "priority"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("user_id", own.BigId, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("created_at", own.UtcTime(), nullable=False),
        sa.Column("seen_at", own.UtcTime(), nullable=False),
        sa.Column("ends_at", own.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_user_session_tenant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("tenant_id", "hash", name=op.f("uq_user_session_tenant_id_hash")),
    )
    with op.batch_alter_table("user_session", schema=None) as batch_op:
        batch_op.create_index("ix_user_session_user", ["tenant_id", "user_id"], unique=False)

    op.create_table(
        "task_event",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", own.BigId, nullable=False),
        sa.Column("task_id", own.BigId, nullable=False),
        sa.Column("at", own.UtcTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("detail", own.Json, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_event_task_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_task_event_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_event")),
    )
    with op.batch_alter_table("task_event", schema=None) as batch_op:
        batch_op.create_index("ix_task_event_task", ["tenant_id", "task_id", "id"], unique=False)

    op.create_table(
        "task_lead",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", own.BigId, nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("due_at", own.UtcTime(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", own.UtcTime(), nullable=True),
        sa.Column("last_disposition", sa.String(length=32), nullable=False),
        sa.Column("callback_at", own.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_lead_task_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_task_lead_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "task_id", "lead_id", name=op.f("pk_task_lead")),
    )
    with op.batch_alter_table("task_lead", schema=None) as batch_op:
        batch_op.create_index("ix_task_lead_due", ["tenant_id", "task_id", "state", "due_at", "rank"], unique=False)

    if op.get_context().dialect.name != "postgresql":
        return
    for statement in protecting(
        [
            "agent",
            "api_token",
            "attempt",
            "attempt_lease",
            "audit_entry",
            "audit_head",
            "call_index",
            "call_new",
            "call_number",
            "call_result",
            "call_segment",
            "call_tally",
            "call_text",
            "call_words",
            "chain_head",
            "company",
            "complaint",
            "consent",
            "consent_use",
            "decision_record",
            "decision_rules",
            "delivery",
            "endpoint",
            "follow_up",
            "freeze",
            "freeze_suspect",
            "lead",
            "lead_list",
            "line",
            "once",
            "one_time_link",
            "own_number",
            "person",
            "registry_copy",
            "registry_number",
            "script_draft",
            "script_draft_save",
            "script_recording",
            "script_submission",
            "script_version",
            "script_version_recording",
            "sip_account",
            "suppression",
            "takeover",
            "takeover_group",
            "task",
            "task_event",
            "task_lead",
            "tenant_key",
            "tenant_setting",
            "unanswered",
            "user_account",
            "user_session",
            "worker",
            "wrap_up",
        ]
    ):
        op.execute(statement)

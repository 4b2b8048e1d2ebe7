"""Tables of what is left of a call besides its result: its words, the index that finds them, what is still to be done about it, and counts.

Wording of people is sealed. The index of words is sealed too (`insight/words.py`, docs/adr): the database alone tells nobody what was said.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    UniqueConstraint,
)

from callwright.store.metadata import BigId, UtcTime, tenant_table

__all__ = [
    "call_index",
    "call_new",
    "call_number",
    "call_segment",
    "call_tally",
    "call_text",
    "call_words",
    "follow_up",
    "unanswered",
]

# What was said, and the way through the script (`campaigns/story.py`): one sealed body, apart from the narrow rows that lists walk over.
call_text = tenant_table(
    "call_text",
    Column("attempt_id", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
)

# Calls that are neither indexed nor counted yet: written with the result, taken away with its index (`insight/gathering.py`).
call_new = tenant_table(
    "call_new",
    Column("attempt_id", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
    Index("ix_call_new_at", "tenant_id", "at"),
)

# Where the index ends. Whoever changes the index locks this row first.
call_index = tenant_table(
    "call_index",
    Column("next_n", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id"),
)

# The place of a call in the index: numbers without a gap, in the order in which calls were indexed.
call_number = tenant_table(
    "call_number",
    Column("n", BigInteger, nullable=False),
    Column("attempt_id", String(40), nullable=False),
    PrimaryKeyConstraint("tenant_id", "n"),
    UniqueConstraint("tenant_id", "attempt_id"),
)

# 1,024 calls each; from when to when they began.
call_segment = tenant_table(
    "call_segment",
    Column("segment", BigInteger, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "segment"),
)

call_words = tenant_table(
    "call_words",
    Column("bucket", SmallInteger, nullable=False),
    Column("segment", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "bucket", "segment"),
)

# How often something was so, for each hour, task and script version. kind: calls | answered | talk | disposition | grade | node | exit | edge |
# kb | unanswered; total: what adds up besides the count (ms of talk).
call_tally = tenant_table(
    "call_tally",
    Column("hour", UtcTime, nullable=False),
    Column("task_id", BigInteger, nullable=False),  # 0 = none
    Column("script_version_id", BigInteger, nullable=False),  # 0 = none
    Column("kind", String(16), nullable=False),
    Column("name", String(140), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False, default=0),
    PrimaryKeyConstraint("tenant_id", "hour", "task_id", "script_version_id", "kind", "name"),
)

# What a person of ours should do after a call. rank: of the grade, A = 0.
follow_up = tenant_table(
    "follow_up",
    Column("attempt_id", String(40), nullable=False),
    Column("state", String(8), nullable=False, default="open"),  # open | claimed | done
    Column("rank", SmallInteger, nullable=False),
    Column("task_id", BigInteger),
    Column("person_id", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    Column("claimed_by", BigInteger),  # user
    Column("claimed_name", String(100), nullable=False, default=""),
    Column("claimed_at", UtcTime),
    Column("done_at", UtcTime),
    Column("outcome", String(32), nullable=False, default=""),
    Column("note", LargeBinary, nullable=False, default=b""),  # sealed
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
    Index("ix_follow_up_state", "tenant_id", "state", "rank", "created_at"),
    Index("ix_follow_up_claimed", "tenant_id", "claimed_by", "state"),
)

# Sentences nobody understood, to be answered once.
unanswered = tenant_table(
    "unanswered",
    Column("id", BigId, primary_key=True),
    Column("attempt_id", String(40), nullable=False),
    Column("script_version_id", BigInteger),
    Column("node", String(64), nullable=False, default=""),
    Column("at_ms", Integer, nullable=False, default=0),
    Column("sentence", LargeBinary, nullable=False),  # sealed
    Column("state", String(8), nullable=False, default="open"),  # open | drafted | ignored
    Column("created_at", UtcTime, nullable=False),
    Index("ix_unanswered_state", "tenant_id", "state", "created_at"),
    Index("ix_unanswered_call", "tenant_id", "attempt_id"),
)

"""Tables of who is called and when: lists, leads, scripts, tasks, their leads, attempts, lines, and what is sent after a call."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

from callwright.store.metadata import BigId, Json, UtcTime, tenant_table

__all__ = [
    "attempt",
    "attempt_lease",
    "call_result",
    "delivery",
    "endpoint",
    "lead",
    "lead_list",
    "line",
    "script_version",
    "sip_account",
    "takeover",
    "takeover_group",
    "task",
    "task_event",
    "task_lead",
    "worker",
]

lead_list = tenant_table(
    "lead_list",
    Column("id", BigId, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("state", String(16), nullable=False, default="importing"),  # importing | ready | failed
    Column("source", String(300), nullable=False, default=""),
    Column("sha256", String(64), nullable=False, default=""),  # of the file: the same one again changes nothing
    Column("mapping", Json, nullable=False, default=dict),
    Column("rows", Integer, nullable=False, default=0),
    Column("imported", Integer, nullable=False, default=0),
    Column("duplicates", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Column("created_at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False, default=""),
    UniqueConstraint("tenant_id", "name"),
)

# A person on a list. That list, person and consent are there is proven by whoever writes, as a set (docs/adr/0013).
lead = tenant_table(
    "lead",
    Column("id", BigId, primary_key=True),
    Column("list_id", BigInteger, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("row", Integer, nullable=False, default=0),  # 1-based line of the file
    Column("variables", LargeBinary, nullable=False, default=b""),  # encrypted JSON: what the script may say
    Column("consent_id", BigInteger),
    Column("time_zone", String(48)),  # as the list says; None = all zones of the person
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("tenant_id", "person_id", "list_id"),  # also finds the leads of a person
    Index("ix_lead_list", "tenant_id", "list_id", "id"),  # a list page by page, without sorting all of it for each
    many=True,
)

# A script as it was at one moment: what was reviewed is what is spoken.
script_version = tenant_table(
    "script_version",
    Column("id", BigId, primary_key=True),
    Column("script_id", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # sha256 of the text
    Column("text", Text, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("submitted_by", String(100), nullable=False),
    Column("submitted_at", UtcTime, nullable=False),
    Column("reviewed_by", String(100)),
    Column("reviewed_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", String(100)),
    UniqueConstraint("tenant_id", "digest"),
    Index("ix_script_version_script", "tenant_id", "script_id", "submitted_at"),
)

# Capacity of a trunk as all workers share it: calls at once, and calls per second by GCRA (theoretical arrival time).
line = tenant_table(
    "line",
    Column("id", BigId, primary_key=True),
    Column("name", String(64), nullable=False),  # trunk in the line file
    Column("max_calls", Integer, nullable=False),
    Column("calls_per_second", Float, nullable=False),
    Column("burst", Integer, nullable=False, default=1),
    Column("active", Integer, nullable=False, default=0),
    Column("tat", UtcTime),
    Column("blocked_until", UtcTime),  # circuit breaker
    Column("blocked_reason", String(200), nullable=False, default=""),
    Column("witnessed_since", UtcTime),  # every INVITE that left over it from then
    Column("witnessed_until", UtcTime),  # until then stands in sip_account, NULL = nobody keeps such an account
    UniqueConstraint("tenant_id", "name"),
)

task = tenant_table(
    "task",
    Column("id", BigId, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("state", String(16), nullable=False, default="draft"),
    Column("state_reason", String(300), nullable=False, default=""),
    Column("company_id", ForeignKey("company.id"), nullable=False),
    Column("list_id", ForeignKey("lead_list.id"), nullable=False),
    Column("line_id", ForeignKey("line.id"), nullable=False),
    Column("plan", Json, nullable=False),  # campaigns/model.py Plan: scripts (A/B), windows, retry, pacing, caps, ...
    Column("priority", Integer, nullable=False, default=3),
    Column("max_robots", Integer, nullable=False),
    Column("guaranteed_robots", Integer, nullable=False, default=0),
    Column("active", Integer, nullable=False, default=0),  # claimed + dialling + in a call, over all workers
    Column("dialled", Integer, nullable=False, default=0),
    Column("spent", BigInteger, nullable=False, default=0),  # thousandths of the plan's currency
    Column("starts_at", UtcTime),
    Column("not_after", UtcTime),
    Column("opens_at", UtcTime),  # the weekly window as of now: begin of the present or next opening
    Column("closes_at", UtcTime),
    Column("tat", UtcTime),  # the task's own calls per second, by GCRA as for a line
    Column("version", Integer, nullable=False, default=1),  # raised by every change; a change names the one it saw
    Column("created_by", String(100), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("approved_by", String(100)),
    Column("approved_at", UtcTime),
    UniqueConstraint("tenant_id", "name"),
    Index("ix_task_state", "tenant_id", "state", "priority"),
)

# Every change of a task, for its history.
task_event = tenant_table(
    "task_event",
    Column("id", BigId, primary_key=True),
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String(100), nullable=False),
    Column("change", String(32), nullable=False),
    Column("detail", Json, nullable=False, default=dict),
    Index("ix_task_event_task", "tenant_id", "task_id", "id"),
)

# A lead within a task: the queue. ready (due at due_at) -> claimed (lease) -> dialling (there is an attempt) -> ready again | finished |
# parked | excluded
task_lead = tenant_table(
    "task_lead",
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), nullable=False),
    Column("lead_id", BigInteger, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    Column("state", String(12), nullable=False, default="ready"),
    Column("reason", String(64), nullable=False, default=""),  # why excluded, finished, or not due yet
    Column("due_at", UtcTime, nullable=False),
    Column("rank", Integer, nullable=False, default=0),  # lower first
    Column("attempts", Integer, nullable=False, default=0),
    Column("variant", String(16), nullable=False, default=""),  # of an A/B test
    Column("owner", String(64)),  # worker that holds the lease
    Column("fence", BigInteger, nullable=False, default=0),  # raised by every claim; a finish names the one it had
    Column("lease_until", UtcTime),
    Column("last_disposition", String(32), nullable=False, default=""),
    Column("callback_at", UtcTime),
    PrimaryKeyConstraint("tenant_id", "task_id", "lead_id"),
    Index("ix_task_lead_due", "tenant_id", "task_id", "state", "due_at", "rank"),
)

# One dial. Written, committed and only then does the INVITE leave; id is its SIP Call-ID. None of its indexes has a column that changes, so
# PostgreSQL writes each later step of the call beside the row and touches no index (docs/adr/0016).
attempt = tenant_table(
    "attempt",
    Column("id", String(40), nullable=False),
    Column("task_id", BigInteger),  # None = a call asked for by the API or an agent
    Column("lead_id", BigInteger),
    Column("person_id", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # dialling | ringing | answered | done | unknown
    Column("origin", String(16), nullable=False, default="task"),  # task | callback | api | agent
    Column("line_id", BigInteger, nullable=False),
    Column("own_number", String(16), nullable=False),
    Column("script_version_id", BigInteger),
    Column("variant", String(16), nullable=False, default=""),
    Column("record_seq", BigInteger, nullable=False),  # decision_record that allowed it
    Column("owner", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False, default=0),
    Column("dialled_at", UtcTime, nullable=False),
    Column("local_day", String(10), nullable=False),  # the callee's day (strictest zone), for caps per day
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("disposition", String(32), nullable=False, default=""),
    Column(
        "counts", Boolean, nullable=False, default=True
    ),  # stands against the caps (a fault of the network does not)
    Column("talk_ms", Integer, nullable=False, default=0),
    Column("sip_code", Integer),
    Column("cause", String(64), nullable=False, default=""),
    Column("reconciled", String(32), nullable=False, default=""),  # how an unknown was settled
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_attempt_person", "tenant_id", "person_id", "dialled_at"),
    Index("ix_attempt_task", "tenant_id", "task_id", "dialled_at"),
    Index("ix_attempt_number", "tenant_id", "own_number", "dialled_at"),
    UniqueConstraint("tenant_id", "task_id", "lead_id", "n"),
    many=True,
    room=25,
)

# That a worker is at an attempt: from its dial until its end is written, or reported to be unknown. Few rows, however many calls there were.
attempt_lease = tenant_table(
    "attempt_lease",
    Column("attempt_id", String(40), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("lost", Boolean, nullable=False, default=False),  # it is over: the attempt is `unknown`, and to be settled
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
    many=True,
    room=50,
)

# What became of an attempt, as the robot's record says: read by results, webhooks, inspection. What lists are filtered by is copied from the
# attempt, so that one index finds a page among millions; whatever was said lies elsewhere (result_tables.py).
call_result = tenant_table(
    "call_result",
    Column("attempt_id", String(40), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("task_id", BigInteger),
    Column("script_version_id", BigInteger),
    Column("person_id", BigInteger),
    Column("own_number", String(16), nullable=False, default=""),
    Column("direction", String(3), nullable=False, default="out"),
    Column("answered", Boolean, nullable=False, default=False),
    Column("talk_ms", Integer, nullable=False, default=0),
    Column("disposition", String(32), nullable=False, default=""),
    Column("grade", String(2), nullable=False, default=""),
    Column("grade_reasons", Json, nullable=False, default=list),
    Column("tags", Json, nullable=False, default=list),
    Column("slots", LargeBinary, nullable=False, default=b""),  # encrypted JSON
    Column("summary", LargeBinary, nullable=False, default=b""),  # encrypted text
    Column("agent_id", BigInteger),  # the user of ours who talked last, NULL = nobody
    Column("follow_up", String(200), nullable=False, default=""),  # what the script says is to be done after this grade
    Column("record", String(300), nullable=False, default=""),  # blob of the call record
    Column("log", String(300), nullable=False, default=""),
    Column("recording", String(300), nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
    Index("ix_call_result_started", "tenant_id", "started_at", "attempt_id"),
    Index("ix_call_result_agent", "tenant_id", "agent_id", "started_at", "attempt_id"),
    Index("ix_call_result_grade", "tenant_id", "grade", "started_at", "attempt_id"),
    Index("ix_call_result_task", "tenant_id", "task_id", "started_at", "attempt_id"),
    Index("ix_call_result_disposition", "tenant_id", "disposition", "started_at", "attempt_id"),
    Index("ix_call_result_person", "tenant_id", "person_id", "started_at"),
    Index("ix_call_result_talk", "tenant_id", "talk_ms", "attempt_id"),
)

# Where news goes: webhooks of the customer, WeCom, DingTalk, Feishu, mail. Secrets are encrypted.
endpoint = tenant_table(
    "endpoint",
    Column("id", BigId, primary_key=True),
    Column("kind", String(16), nullable=False),  # webhook | pre_dial | wecom | dingtalk | feishu | mail
    Column("address", String(500), nullable=False),
    Column("secret", LargeBinary, nullable=False, default=b""),
    Column("events", Json, nullable=False, default=list),  # call.ended, lead.filtered, task.state, ...
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
)

# The outbox: written in the transaction that it tells of, sent at least once, with one id.
delivery = tenant_table(
    "delivery",
    Column("id", String(40), nullable=False),  # webhook-id
    Column("endpoint_id", ForeignKey("endpoint.id", ondelete="CASCADE"), nullable=False),
    Column("event", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),  # encrypted JSON
    Column("about", LargeBinary(16)),  # blind index of whose number it tells of; None = of nobody's
    Column("state", String(12), nullable=False, default="waiting"),  # waiting | sent | given_up
    Column("tries", Integer, nullable=False, default=0),
    Column("due_at", UtcTime, nullable=False),
    Column("owner", String(64)),
    Column("lease_until", UtcTime),
    Column("last_error", String(300), nullable=False, default=""),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    Index("ix_delivery_due", "tenant_id", "state", "due_at"),
    Index("ix_delivery_about", "tenant_id", "about"),
)

worker = tenant_table(
    "worker",
    Column("name", String(64), nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("robots", Integer, nullable=False),  # 0: it calls by name only, or it rests
    Column("resting", Boolean, nullable=False, default=False),  # its machine does not keep up with the calls it has
    Column("started_at", UtcTime, nullable=False),
    Column("live_address", String(100), nullable=False, default=""),  # host:port of its live port, "" = it has none
    Column("live_secret", LargeBinary, nullable=False, default=b""),  # sealed: what opens that port
    PrimaryKeyConstraint("tenant_id", "name"),
)

# People of ours who take over, as whoever looks after them says. Old news is no news: then nobody is free.
takeover_group = tenant_table(
    "takeover_group",
    Column("name", String(64), nullable=False),
    Column("free", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # calls that wait for one of them
    Column("freed", Float, nullable=False, default=0.0),  # how many become free before calls that begin now would ask
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "name"),
)

# A call in which a person of ours was asked for. waited_ms: until one took it, NULL = nobody did.
takeover = tenant_table(
    "takeover",
    Column("attempt_id", String(40), nullable=False),
    Column("task_id", BigInteger, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("waited_ms", Integer),
    PrimaryKeyConstraint("tenant_id", "attempt_id"),
    Index("ix_takeover_task", "tenant_id", "task_id", "asked_at"),
)

# What the SIP side wrote about our Call-IDs (our own log, or Kamailio's accounting): the witness for attempts nobody finished.
sip_account = tenant_table(
    "sip_account",
    Column("id", BigId, primary_key=True),
    Column("call_id", String(64), nullable=False),
    Column("method", String(12), nullable=False),
    Column("code", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("source", String(16), nullable=False),  # line | kamailio
    Index("ix_sip_account_call", "tenant_id", "call_id"),
)

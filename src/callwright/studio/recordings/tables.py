"""Tables of recordings, and of which of them each version of a script speaks."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
)

from callwright.store.metadata import BigId, Json, UtcTime, tenant_table

__all__ = ["script_recording", "script_version_recording"]

# A recording as it came and as it is played. What is heard never changes: another upload is another row. The newest of a file that is not
# removed is the draft's; rows that a version speaks stay when they are replaced or removed.
script_recording = tenant_table(
    "script_recording",
    Column("id", BigId, primary_key=True),
    Column("script_id", String(64), nullable=False),
    Column("file", String(200), nullable=False),  # as the sheet calls it
    Column("text", Text, nullable=False),  # what it was to say when it came
    Column("name", String(200), nullable=False),  # as whoever sent it called it
    Column("kind", String(8), nullable=False),
    Column("blob", String(100), nullable=False),  # folder of the two blobs
    Column("source_sha256", String(64), nullable=False),
    Column("source_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the finished WAV
    Column("seconds", Float, nullable=False),
    Column("measured", Json, nullable=False),
    Column("by", String(100), nullable=False),
    Column("by_user", BigInteger),  # None = the machine itself
    Column("at", UtcTime, nullable=False),
    Column("verdict", String(16), nullable=False, default=""),  # "" | same | differs | not_heard
    Column("heard", Text, nullable=False, default=""),
    Column("similarity", Float, nullable=False, default=0.0),
    Column("sounds_like", String(200), nullable=False, default=""),
    Column("decision", String(16), nullable=False, default=""),  # "" | accepted | rejected
    Column("note", String(500), nullable=False, default=""),
    Column("decided_by", String(100), nullable=False, default=""),
    Column("decided_at", UtcTime),
    Column("removed_at", UtcTime),
    Index("ix_script_recording_script", "tenant_id", "script_id", "id"),
)

script_version_recording = tenant_table(
    "script_version_recording",
    Column("version_id", ForeignKey("script_version.id", ondelete="CASCADE"), nullable=False),
    Column("file", String(200), nullable=False),
    Column("recording_id", ForeignKey("script_recording.id"), nullable=False),
    PrimaryKeyConstraint("tenant_id", "version_id", "file"),
    Index("ix_script_version_recording_recording", "tenant_id", "recording_id"),
)

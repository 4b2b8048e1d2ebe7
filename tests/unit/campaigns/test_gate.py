"""What the gate makes of values; its transactions are tested on both databases (tests/integration/campaigns/test_dispatch.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from callwright.campaigns.intents import attempt_id


def test_ids_of_attempts_come_in_the_order_of_time_and_cannot_be_guessed() -> None:
    now = datetime(2026, 11, 27, 4, tzinfo=UTC)
    first = attempt_id(now, b"\xff" * 10)
    assert first < attempt_id(now + timedelta(milliseconds=1), bytes(10))
    assert len(first) == 32
    assert bytes.fromhex(first)[6:] == b"\xff" * 10
    assert int(first[:12], 16) == now.timestamp() * 1000

"""When a person wants to be called again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callwright.calls.agreed import agreed_at

ENDED = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)  # noon in Shanghai
SHANGHAI = ("Asia/Shanghai",)


def did(**arg: Any) -> dict[str, Any]:
    return {"kind": "did", "action": "schedule_callback", "arg": arg}


@pytest.mark.parametrize(
    ("arg", "slot", "zones", "at"),
    [
        ({"after_h": 2}, None, SHANGHAI, ENDED + timedelta(hours=2)),
        ({"after_h": 0.5}, None, (), ENDED + timedelta(minutes=30)),
        ({"at": "when"}, {"date": "2026-11-27", "time": "15:30"}, SHANGHAI, datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        (
            {"at": "when"},
            {"date": "2026-11-27", "part": "evening"},
            SHANGHAI,
            datetime(2026, 11, 27, 10, 0, tzinfo=UTC),
        ),
        ({"at": "when"}, {"date": "2026-11-27"}, SHANGHAI, datetime(2026, 11, 27, 2, 0, tzinfo=UTC)),
        # Nobody knows where the person is: three in the afternoon has come everywhere.
        (
            {"at": "when"},
            {"date": "2026-11-27", "time": "15:00"},
            ("America/New_York", "America/Los_Angeles"),
            datetime(2026, 11, 27, 23, 0, tzinfo=UTC),
        ),
        ({"at": "when", "after_h": 24}, None, SHANGHAI, ENDED + timedelta(hours=24)),  # no time was said
        ({"at": "when"}, {"date": "2026-11-25"}, SHANGHAI, None),
        ({"at": "when"}, {"date": "2028-11-25"}, SHANGHAI, None),
        ({"at": "when"}, {"date": "soon"}, SHANGHAI, None),
        ({"at": "when"}, {"date": "2026-11-27"}, ("Mars/Base",), None),
        ({"at": "when"}, {"date": "2026-11-27"}, (), None),
        ({"at": "when"}, "tomorrow", SHANGHAI, None),
        ({"after_h": -1}, None, SHANGHAI, None),
        ({"after_h": "two"}, None, SHANGHAI, None),
        ({}, None, SHANGHAI, None),
    ],
)
def test_the_time_that_was_agreed(arg: dict[str, Any], slot: Any, zones: tuple[str, ...], at: datetime | None) -> None:
    assert agreed_at([did(**arg)], {"when": slot}, ENDED, zones) == at


def test_the_last_promise_counts() -> None:
    events = [did(after_h=1), {"kind": "said", "text": "x"}, did(after_h=3)]
    assert agreed_at(events, {}, ENDED, SHANGHAI) == ENDED + timedelta(hours=3)
    assert agreed_at([{"kind": "did", "action": "tag", "arg": "x"}], {}, ENDED, SHANGHAI) is None

"""Plans for property tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from callwright.campaigns.model import DAYS, Plan

ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
         "Pacific/Apia", "UTC")  # fmt: skip
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
# around changes of clocks in the zones above
NEAR_CHANGES = st.builds(
    lambda base, minutes: base + timedelta(minutes=minutes),
    st.sampled_from(
        [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC),
         datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)]
    ),
    st.integers(-2000, 2000),
)  # fmt: skip


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    begin = draw(st.integers(0, 1438))
    end = draw(st.integers(begin + 1, 1440))
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    return {"days": days, "from": clock(begin), "to": clock(end)}


@st.composite
def plans(draw: st.DrawFn, /, **given: Any) -> Plan:
    calling = {
        "zone": draw(st.sampled_from(ZONES)),
        "windows": draw(st.lists(spans(), min_size=1, max_size=4)),
        "breaks": draw(st.lists(spans(), max_size=2)),
        "holidays": draw(st.sampled_from([[], ["CN"], ["US", "DE-BY"]])),
    }
    return Plan.model_validate({"scripts": [{"script": "s"}], "calling": calling, "robots": {"max": 3}, **given})

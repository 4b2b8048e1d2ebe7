"""What no database keeps is refused at the door."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from callwright.http.fields import Id, Moment, Number, Said, Secret, Subject, Text

GOOD: list[tuple[Any, Any]] = [
    (Text, ""), (Secret, "密码"), (Text, "没兴趣\n"), (Said, " yes "), (Moment, "2026-11-26T10:00+08:00"), (Id, 2**63 - 1),
    (Number, "+8613900000001"), (Subject, "0" * 32),
]  # fmt: skip
BAD: list[tuple[Any, Any]] = [
    (Text, "a\x00b"), (Text, "\ud800"), (Secret, "\ud800"), (Secret, "a\x00b"),
    (Said, "  "), (Said, "\x00"), (Moment, "2026-11-26T10:00"), (Moment, "0001-01-01T00:00+14:00"),
    (Moment, "9999-12-31T23:59-12:00"), (Id, 0), (Id, 2**63), (Number, "13900000001"), (Number, "+86139000000011234"), (Subject, "0" * 31),
    (Subject, "A" * 32),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_what_can_be_kept_is_taken(kind: Any, value: Any) -> None:
    assert TypeAdapter(kind).validate_python(value) is not None


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_what_cannot_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)

"""In which state a script is, who may review it, and the name in its text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.studio.drafts import with_id
from callwright.studio.model import Person, Submission, Version, may_review, published_of, state_of

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
OPEN = Submission(1, "visit", A, 4, "", Person("Anna", 3), (3, 5), NOW, "open", "", None, None)
PLAIN = Version(1, "visit", A, "Anna", NOW, None, None, None, None)


def test_states_from_the_first_line_to_the_end() -> None:
    assert state_of(1, None, []) == "draft"
    assert state_of(4, OPEN, [PLAIN]) == "in_review"
    assert state_of(5, OPEN, [PLAIN]) == "draft"
    assert state_of(4, replace(OPEN, verdict="rejected"), [PLAIN]) == "rejected"
    approved = replace(OPEN, verdict="approved")
    assert state_of(4, approved, [replace(PLAIN, approved_by="Bo")]) == "approved"
    published = replace(PLAIN, approved_by="Bo", published_at=NOW)
    assert state_of(4, approved, [published]) == "published"
    assert state_of(4, approved, [replace(published, withdrawn_at=NOW)]) == "withdrawn"
    assert state_of(None, None, [PLAIN]) == "in_review"


def test_what_was_published_last_is_spoken_and_an_older_one_can_be_again() -> None:
    older = replace(PLAIN, published_at=NOW)
    newer = replace(PLAIN, id=2, digest=B, published_at=NOW + timedelta(hours=1))
    assert published_of([newer, older]) is not None
    assert published_of([newer, older]).digest == B  # type: ignore[union-attr]
    again = replace(older, published_at=NOW + timedelta(hours=2))
    assert published_of([newer, again]).digest == A  # type: ignore[union-attr]
    assert published_of([replace(newer, withdrawn_at=NOW)]) is None


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (Person("Bo", 7), True),
        (Person("Anna", 7), True),  # another person of the same name
        (Person("Anna", 3), False),
        (Person("Ann-Renamed", 3), False),
        (Person("Cy", 5), False),  # did not hand it in, but wrote a part of it
        (Person("Anna", None), False),
        (Person("callwright", None), True),
    ],
)
def test_nobody_reviews_what_they_wrote(who: Person, may: bool) -> None:
    assert may_review(OPEN, who) is may


@settings(max_examples=40)
@given(st.from_regex(r"[\w.-]{1,64}", fullmatch=True))
def test_the_name_is_put_in_and_nothing_else_is_touched(name: str) -> None:
    text = "# head\nformat: script/1\nid: old  # the id\nother:\n  id: inner\n"
    changed = with_id(text, name)
    assert yaml.safe_load(changed)["id"] == name
    assert changed.splitlines()[0] == "# head"
    assert changed.endswith("# the id\nother:\n  id: inner\n")
    assert with_id(changed, name) == changed or yaml.safe_load(with_id(changed, name))["id"] == name
    assert with_id("format: script/1\n", name) == "format: script/1\n"

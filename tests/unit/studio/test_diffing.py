"""What differs between two texts of a script."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callwright.studio.diffing import PartChange, compare

OLD = """\
id: a
limits: {max_turns: 9}
flow:
  start: opening
  nodes:
    opening: {say: [hello], next: {affirm: done}}
    gone: {end: x}
kb:
  - {id: price, answers: [ten]}
"""
NEW = """\
id: a
limits: {max_turns: 9}  # a comment changes no part
flow:
  start: opening
  nodes:
    opening: {say: [good day], next: {affirm: done}, milestone: 1}
    done: {end: y}
kb:
  - {id: place, answers: [here]}
  - {id: price, answers: [ten]}
"""


def test_parts_are_told_by_name_and_what_in_them_changed() -> None:
    found = compare(OLD, NEW)
    assert found.parts == (
        PartChange("flow.nodes.opening", "changed", ("say", "milestone")),
        PartChange("flow.nodes.done", "added"),
        PartChange("kb.place", "added"),
        PartChange("flow.nodes.gone", "removed"),
    )
    assert (found.added, found.removed) == (4, 3)


def test_a_text_that_cannot_be_read_is_compared_by_lines_alone() -> None:
    found = compare(OLD, "a: [")
    assert found.parts is None
    assert found.lines


def test_the_first_text_is_all_new() -> None:
    found = compare("", OLD)
    assert found.parts is not None
    assert {part.kind for part in found.parts} == {"added"}
    assert found.added == len(OLD.splitlines())


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.lists(st.sampled_from("abcd"), max_size=40))
def test_lines_turn_the_old_text_into_the_new_one(old: list[str], new: list[str]) -> None:
    found = compare("\n".join(old), "\n".join(new))
    removed = {line.old: line.text for line in found.lines if line.kind == "removed"}
    added = {line.new: line.text for line in found.lines if line.kind == "added"}
    assert all(old[n - 1] == text for n, text in removed.items())
    assert all(new[n - 1] == text for n, text in added.items())
    kept_old = [text for n, text in enumerate(old, 1) if n not in removed]
    kept_new = [text for n, text in enumerate(new, 1) if n not in added]
    assert kept_old == kept_new

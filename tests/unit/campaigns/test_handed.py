"""What a log tells of people of ours: who talked, and how long the person called waited for them."""

from __future__ import annotations

from typing import Any

import pytest

from callwright.campaigns.story import Handed, handed


def lines(*told: tuple[int, str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"at_ms": at, "kind": kind, **data} for at, kind, data in told]


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (lines((0, "connected", {})), Handed()),
        (lines((900, "transfer", {"group": "sales"}), (9000, "nobody_came", {})), Handed(None, 900, None)),
        (
            lines((900, "transfer", {}), (4000, "accepted", {"who": "user:7"}), (4100, "bridged", {})),
            Handed(7, 900, 3200),
        ),
        (lines((10, "takeover", {"who": "user:3"}), (20, "bridged", {})), Handed(3)),
        (lines((10, "takeover", {"who": "user:3"})), Handed()),  # they never came
        (lines((10, "takeover", {"who": "Boss"}), (20, "bridged", {})), Handed()),  # a telephone without an account
        (lines((10, "takeover", {"who": "user:0"}), (20, "bridged", {})), Handed()),  # a token
        (
            lines((1, "takeover", {"who": "user:3"}), (2, "bridged", {}), (5, "given_back", {}), (6, "takeover", {"who": "user:4"}),
                  (7, "bridged", {})),
            Handed(4),
        ),
        (lines((5, "transfer", {}), (30, "transfer", {}), (35, "bridged", {}), (90, "bridged", {})), Handed(None, 5, 30)),
    ],
)  # fmt: skip
def test_who_talked_and_who_waited(log: list[dict[str, Any]], found: Handed) -> None:
    assert handed(log) == found

"""What a worker counts as done, so that it looks for more at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callwright.campaigns.intents import Refused
from callwright.campaigns.worker import done_with
from callwright.testing.campaigns import NOON


@pytest.mark.parametrize(
    ("one", "done"),
    [
        (Refused(1, 1, "consent"), 1),  # for good
        (Refused(1, 1, "window", NOON + timedelta(hours=9)), 1),
        (
            Refused(1, 1, "own-number", NOON + timedelta(minutes=5)),
            0,
        ),  # it would be taken again in five minutes, and again
        (Refused(1, 1, "lost"), 0),
    ],
)
def test_a_lead_that_comes_back_soon_is_not_done_with(one: Refused, done: int) -> None:
    assert done_with([one], NOON) == done
    assert done_with([one, one], NOON) == 2 * done

from __future__ import annotations

from callwright.telephony.sip.timers import Timers


def test_order_replacement_and_cancelling() -> None:
    timers, seen = Timers(), []
    timers.set("a", 20, lambda now: seen.append(("a", now)))
    timers.set("b", 10, lambda now: seen.append(("b", now)))
    timers.set("c", 5, lambda now: seen.append(("c", now)))
    timers.set("a", 15, lambda now: seen.append(("a again", now)))
    timers.cancel("c")
    timers.cancel("unknown")
    assert timers.next() == 10
    timers.run(9)
    assert seen == []
    timers.run(30)
    assert seen == [("b", 30), ("a again", 30)]
    assert timers.next() is None
    assert len(timers) == 0


def test_an_action_may_set_itself_again() -> None:
    timers, seen = Timers(), []

    def again(now: int) -> None:
        seen.append(now)
        if len(seen) < 3:
            timers.set("x", now, again)

    timers.set("x", 1, again)
    timers.run(5)
    assert seen == [5, 5, 5]


def test_far_deadlines_that_were_cancelled_take_no_room() -> None:
    timers, fired = Timers(), list[int]()
    timers.set("kept", 1_700_000, fired.append)
    for n in range(10_000):
        timers.set(n, 1_800_000 + n, fired.append)
        timers.set((n, "soon"), 2_000_000 - n, fired.append)
        timers.cancel(n)
        timers.cancel((n, "soon"))
    assert len(timers) == 1
    assert len(timers._heap) < 200
    timers.run(1_700_000)
    assert fired == [1_700_000]
    assert timers.next() is None

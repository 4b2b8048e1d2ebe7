"""RFC 4028, in both roles: the agreement by itself, then calls on a virtual clock."""

from __future__ import annotations

import pytest

from callwright.telephony.port import LegEnded
from callwright.telephony.sip.session_timer import SessionTimer
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import LOCAL, PEER, SDP, Bench, answer, codes, methods


def request(**headers: str) -> Request:
    return Request(tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"", "INVITE", "sip:a@b")


def response(**headers: str) -> Response:
    return Response(tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"", 200, "OK")


# ---------------------------------------------------------------- the agreement


def test_what_we_ask() -> None:
    assert SessionTimer(1800).ask() == (("Session-Expires", "1800"), ("Min-SE", "90"))
    assert SessionTimer(0).ask() == ()
    agreed = SessionTimer(1800)
    agreed.agreed(response(session_expires="600;refresher=uas"))
    assert agreed.ask()[0] == ("Session-Expires", "600;refresher=uas")
    assert agreed.refresh_ms is None
    assert agreed.expiry_ms == 568_000


@pytest.mark.parametrize(
    ("value", "interval", "refreshing"),
    [
        ("600;refresher=uac", 600, True),
        ("600; Refresher = UAS", 600, False),
        ("600", 600, True),
        ("30;refresher=uac", 90, True),
        ("9999999999;refresher=uac", 86_400, True),
        ("", 0, True),
        ("soon", 0, True),
        ("-5", 0, True),
    ],
)
def test_what_a_2xx_agrees(value: str, interval: int, refreshing: bool) -> None:
    timer = SessionTimer(1800)
    timer.agreed(response(session_expires=value))
    assert (timer.interval_s, timer.refreshing) == (interval, refreshing)
    assert (timer.refresh_ms is None) == (not interval or not refreshing)
    assert (timer.expiry_ms is None) == (not interval)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"session_expires": "600;refresher=uac", "supported": "timer"}, ("600;refresher=uac", True)),
        ({"session_expires": "600;refresher=uas", "supported": "timer"}, ("600;refresher=uas", True)),
        ({"session_expires": "600", "supported": "timer"}, ("600;refresher=uas", True)),
        ({"session_expires": "600"}, ("600;refresher=uas", False)),
        ({"session_expires": "600;refresher=uac"}, ("600;refresher=uas", False)),
        ({"session_expires": "40"}, ("90;refresher=uas", False)),
        ({"supported": "timer", "min_se": "2400"}, ("2400;refresher=uas", True)),
        ({}, ("1800;refresher=uas", False)),
    ],
)
def test_what_our_2xx_says(asked: dict[str, str], answered: tuple[str, bool]) -> None:
    timer = SessionTimer(1800)
    headers = dict(timer.answer(request(**asked)))
    assert (headers["Session-Expires"], "Require" in headers) == answered


def test_without_a_wish_of_ours_nothing_is_said_unasked() -> None:
    assert SessionTimer(0).answer(request(supported="timer")) == ()
    assert dict(SessionTimer(0).answer(request(session_expires="300")))["Session-Expires"] == "300;refresher=uas"


def test_too_small() -> None:
    assert SessionTimer(1800).refuses(request(session_expires="89", supported="timer"))
    assert not SessionTimer(1800).refuses(request(session_expires="89"))  # it could not understand 422
    timer = SessionTimer(100)
    assert timer.too_small(response(min_se="500"))
    assert timer.ask() == (("Session-Expires", "500"), ("Min-SE", "500"))
    assert not timer.too_small(response(min_se="500"))
    assert not SessionTimer(100).too_small(response())
    assert not SessionTimer(100).too_small(response(min_se="999999999"))


# ---------------------------------------------------------------- calls


def called(bench: Bench, expires: str = "100;refresher=uac", **headers: str) -> None:
    """A call of ours that was answered with this Session-Expires."""
    _, invite = bench.place()
    assert invite.get("session-expires") == "1800"
    assert "timer" in invite.get("supported")
    bench.say(answer(invite, 200, SDP, session_expires=expires, **headers))


def test_we_refresh_by_update_where_the_far_side_takes_it() -> None:
    bench = Bench()
    called(bench, allow="INVITE, UPDATE")
    assert bench.at(49_999) == []
    update = bench.at(50_000)
    assert methods(update) == ["UPDATE"]
    assert update[0].get("session-expires") == "100;refresher=uac"
    assert update[0].body == b""
    bench.say(answer(update[0], 200, session_expires="100;refresher=uac"))
    assert methods(bench.at(100_000)) == ["UPDATE"]


def test_we_refresh_by_reinvite_otherwise_and_it_changes_nothing() -> None:
    bench = Bench()
    _, invite = bench.place()
    bench.say(answer(invite, 200, SDP, session_expires="100;refresher=uac"))
    again = bench.at(50_000)
    assert methods(again) == ["INVITE"]
    assert again[0].body == invite.body  # the same version
    events = len(bench.events)
    assert methods(bench.say(answer(again[0], 200, SDP, session_expires="100"))) == ["ACK"]
    assert len(bench.events) == events
    assert methods(bench.say(answer(again[0], 200, SDP, session_expires="100"))) == ["ACK"]


def test_an_update_that_is_not_allowed_after_all_becomes_a_reinvite() -> None:
    bench = Bench()
    called(bench, allow="INVITE, UPDATE")
    update = bench.at(50_000)[0]
    assert methods(bench.say(answer(update, 405))) == ["INVITE"]


def test_a_refused_refresh_is_tried_again_until_the_session_expires() -> None:
    bench = Bench()
    called(bench, allow="UPDATE")
    bench.say(answer(bench.at(50_000)[0], 500))
    again = bench.at(60_000)
    assert methods(again) == ["UPDATE"]
    bench.say(answer(again[0], 503))
    assert methods(bench.at(67_999)) == []
    bye = bench.at(68_000)
    assert methods(bye) == ["BYE"]
    bench.say(answer(bye[0], 200))
    assert bench.events[-1] == LegEnded(68_000, "timeout", "network", "session expired")


@pytest.mark.parametrize("code", [408, 481])
def test_a_refresh_that_finds_no_dialog_ends_the_call(code: int) -> None:
    bench = Bench()
    called(bench, allow="UPDATE")
    assert methods(bench.say(answer(bench.at(50_000)[0], code))) == ["BYE"]


def test_a_refresh_that_nobody_answers_ends_the_call() -> None:
    bench = Bench()
    bench.place()
    bench = Bench()
    called(bench, "1000;refresher=uac", allow="UPDATE")
    bench.at(500_000)
    sent: list[str] = []
    for now in range(500_500, 533_000, 500):
        sent += methods(bench.at(now))
    assert "BYE" in sent


def test_the_far_side_must_refresh_and_does_not() -> None:
    bench = Bench()
    called(bench, "300;refresher=uas")
    assert bench.at(267_999) == []
    assert methods(bench.at(268_000)) == ["BYE"]


def test_the_far_side_refreshes() -> None:
    bench = Bench()
    _, to = bench.answered(supported="timer", session_expires="300;refresher=uac")
    bench.now = 200_000
    ok = bench.ask("UPDATE", 2, to=to, supported="timer", session_expires="300;refresher=uac")
    assert codes(ok) == [200]
    assert ok[0].get("session-expires") == "300;refresher=uac"
    assert ok[0].get("require") == "timer"
    assert bench.at(467_999) == []
    assert methods(bench.at(468_000)) == ["BYE"]


def test_our_200_makes_us_refresh_when_the_caller_has_no_wish() -> None:
    bench = Bench(session_expires_s=200)
    bench.answered()
    assert methods(bench.at(100_000)) == ["INVITE"]


def test_422_both_ways() -> None:
    bench = Bench()
    refused = bench.ask("INVITE", body=SDP, supported="timer", session_expires="60")
    assert (codes(refused), refused[0].get("min-se")) == ([422], "90")
    _, invite = bench.place()
    again = bench.say(answer(invite, 422, min_se="3600"))
    assert methods(again) == ["ACK", "INVITE"]
    assert (again[1].get("session-expires"), again[1].get("min-se")) == ("3600", "3600")
    assert again[1].cseq == (2, "INVITE")
    assert again[1].call_id == invite.call_id
    assert methods(bench.say(answer(again[1], 200, SDP, session_expires="3600;refresher=uac"))) == ["ACK"]


def test_422_to_a_refresh_and_to_a_refresh_of_the_far_side() -> None:
    bench = Bench()
    called(bench, allow="UPDATE")
    again = bench.say(answer(bench.at(50_000)[0], 422, min_se="120"))
    assert methods(again) == ["UPDATE"]
    assert again[0].get("session-expires") == "120;refresher=uac"
    other = Bench()
    _, to = other.answered()
    small = other.ask("UPDATE", 2, to=to, supported="timer", session_expires="10")
    assert (codes(small), small[0].get("min-se")) == ([422], "90")


def test_a_call_without_session_timer_never_expires() -> None:
    bench = Bench(session_expires_s=0)
    bench.agent.place("id@h", "sip:200@192.0.2.2", "+8610", PEER, LOCAL, 0, max_ms=10**9)
    invite = bench.out()[0]
    assert invite.get("session-expires") == ""
    bench.say(answer(invite, 200, SDP))
    assert bench.at(900_000_000) == []

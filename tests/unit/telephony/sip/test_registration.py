"""REGISTER and OPTIONS of ours, on a virtual clock."""

from __future__ import annotations

import pytest

from callwright.errors import WireError
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.keepalive import Health, Keepalive
from callwright.telephony.sip.registration import Registration
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import PEER, Bench, answer, methods

OURS = "<sip:line@192.0.2.1:5060>"


class Office(Bench):
    """A bench whose agent registers; `said` are the states it went through."""

    def begin(self, expires_s: int = 1_000) -> tuple[Registration, Request]:
        self.said: list[str] = []
        made: list[Registration] = []

        def note() -> None:
            if made:
                self.said.append(made[0].status.state)

        made.append(self.agent.register("robot", "example.org", PEER, expires_s, self.now, note))
        return made[0], self.request()

    def request(self) -> Request:
        (message,) = self.out()
        assert isinstance(message, Request)
        return message


def granted(request: Request | Response, contact: str = "", **headers: str) -> Response:
    base = answer(request, 200, **headers)
    kept = tuple(item for item in base.headers if item[0] != "Contact")
    return Response((*kept, ("Contact", contact)) if contact else kept, b"", 200, "OK")


def test_register_and_refresh_between_seven_and_eight_tenths() -> None:
    bench = Office()
    registration, first = bench.begin()
    assert (first.method, first.uri) == ("REGISTER", "sip:example.org")
    assert first.get("to") == "<sip:robot@example.org>"
    assert first.get("expires") == "1000"
    assert first.get("contact") == OURS
    bench.say(granted(first, f"<sip:other@192.0.2.77>;expires=5, {OURS};expires=600", expires="50"))
    assert registration.status.state == "registered"
    assert registration.status.expires_at_ms == 600_000
    assert bench.at(419_999) == []
    again = bench.at(480_000)
    assert methods(again) == ["REGISTER"]
    assert again[0].call_id == first.call_id
    assert again[0].cseq == (2, "REGISTER")
    assert bench.said[-1] == "registering"
    assert registration.status.expires_at_ms == 600_000  # still known meanwhile


@pytest.mark.parametrize(
    ("contact", "expires", "seconds"),
    [(OURS, "300", 300), ("", "300", 300), ("", "", 1_000), (f"{OURS};expires=70", "300", 70), (OURS, "x", 1_000)],
)
def test_what_was_granted(contact: str, expires: str, seconds: int) -> None:
    bench = Office()
    registration, first = bench.begin()
    bench.say(granted(first, contact, expires=expires))
    assert registration.status.expires_at_ms == seconds * 1000


def test_a_registrar_that_keeps_somebody_elses_contact_only_is_a_failure() -> None:
    bench = Office()
    registration, first = bench.begin()
    bench.say(granted(first, "<sip:other@192.0.2.77>;expires=600"))
    assert registration.status.state == "failed"


def test_credentials_and_unasked_proof_on_the_refresh() -> None:
    bench = Office(credentials=Credentials("robot", "secret"))
    registration, first = bench.begin()
    second = bench.say(answer(first, 401, www_authenticate='Digest realm="r", nonce="n", qop="auth"'))[0]
    assert second.cseq == (2, "REGISTER")
    bench.say(granted(second, OURS))
    third = bench.at(800_000)[0]
    assert "nc=00000002" in third.get("authorization")
    fourth = bench.say(answer(third, 401, www_authenticate='Digest realm="r", nonce="m", stale=true, qop="auth"'))[0]
    bench.say(granted(fourth, OURS))
    assert registration.status.state == "registered"
    assert bench.said == ["registered", "registering", "registered"]


def test_failures_back_off_with_jitter_and_recover() -> None:
    bench = Office()
    registration, request = bench.begin()
    waits = []
    for failures in range(1, 12):
        bench.say(answer(request, 403))
        assert (registration.status.state, registration.status.failures) == ("failed", failures)
        assert registration.status.code == 403
        due = bench.agent.next_timer()
        while due is not None and not methods(found := bench.at(due)):
            due = bench.agent.next_timer()
        waits.append(bench.now - registration.status.at_ms if due is None else due)
        assert isinstance(found[0], Request)
        request = found[0]
    gaps = [later - earlier for earlier, later in zip([0, *waits], waits, strict=False)]
    for number, gap in enumerate(gaps):
        longest = min(2_000 * 2**number, 300_000)
        assert longest / 2 <= gap <= longest
    assert len({gap / min(2_000 * 2**number, 300_000) for number, gap in enumerate(gaps)}) > 5
    bench.say(granted(request, OURS))
    assert registration.status.failures == 0


def test_retry_after_is_obeyed() -> None:
    bench = Office()
    _, request = bench.begin()
    bench.say(answer(request, 503, retry_after="100 (maintenance)"))
    assert methods(bench.at(99_999)) == []
    assert methods(bench.at(100_000)) == ["REGISTER"]


def test_no_answer_is_tried_again() -> None:
    bench = Office()
    registration, _ = bench.begin()
    sent = [message for now in range(500, 36_000, 500) for message in bench.at(now)]
    assert {message.cseq[0] for message in sent} == {1, 2}
    assert "failed" in bench.said
    assert registration.status.reason == "no answer"
    bench.agent.transport_failed(PEER, bench.now)
    assert registration.status.reason == "could not be sent"


def test_423() -> None:
    bench = Office()
    registration, first = bench.begin()
    second = bench.say(answer(first, 423, min_expires="1800"))[0]
    assert second.get("expires") == "1800"
    bench.say(answer(second, 423, min_expires="1800"))
    assert registration.status.state == "failed"
    other = Office()
    registration, first = other.begin()
    other.say(answer(first, 423))
    assert registration.status.code == 423


def test_unregister() -> None:
    bench = Office()
    registration, first = bench.begin()
    bench.say(granted(first, OURS))
    registration.close(1_000)
    registration.close(1_000)
    bye = bench.request()
    assert bye.get("expires") == "0"
    assert bye.cseq == (2, "REGISTER")
    bench.say(granted(bye))
    assert bench.said[-2:] == ["closing", "closed"]
    assert bench.at(900_000) == []
    assert bench.agent.idle


def test_unregister_waits_for_what_is_under_way() -> None:
    bench = Office()
    registration, first = bench.begin()
    registration.close(0)
    assert bench.out() == []
    (taken_back,) = bench.say(granted(first, OURS))
    assert taken_back.get("expires") == "0"
    other = Office()
    registration, first = other.begin()
    registration.close(0)
    assert other.say(answer(first, 500)) == []  # we were never known
    assert registration.status.state == "closed"


def test_unregister_that_nobody_answers() -> None:
    bench = Office()
    registration, first = bench.begin(expires_s=100_000)
    bench.say(granted(first, OURS))
    registration.close(0)
    for now in range(0, 33_000, 500):
        bench.at(now)
    assert registration.status.state == "closed"


def test_no_address() -> None:
    with pytest.raises(WireError):
        Bench().agent.register("a b<", "example.org", PEER, 60, 0, lambda: None)


# ---------------------------------------------------------------- OPTIONS


def watching(bench: Bench) -> Keepalive:
    return bench.agent.watch(PEER, 10_000, 0, lambda: None)


def test_health() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    keepalive = watching(bench)
    assert keepalive.health == Health()
    first = bench.out()[0]
    assert isinstance(first, Request)
    assert (first.method, first.uri) == ("OPTIONS", "sip:192.0.2.2:5060")
    bench.now = 40
    second = bench.say(answer(first, 407, proxy_authenticate='Digest realm="r", nonce="n"'))[0]
    bench.now = 60
    bench.say(answer(second, 405))
    assert (keepalive.health.alive, keepalive.health.code, keepalive.health.round_trip_ms) == (True, 405, 60)
    assert methods(bench.at(10_000)) == ["OPTIONS"]
    keepalive.close()


def test_a_trunk_that_goes_and_comes_back() -> None:
    bench = Bench()
    keepalive = watching(bench)
    first = bench.out()[0]
    bench.say(answer(first, 503))
    assert keepalive.health.failures == 1
    for now in range(10_000, 50_000, 500):
        bench.at(now)
    assert (keepalive.health.alive, keepalive.health.code, keepalive.health.failures) == (False, 0, 2)
    again = bench.at(60_000)
    bench.say(answer(again[-1], 200))
    assert (keepalive.health.alive, keepalive.health.failures) == (True, 0)
    keepalive.close()
    bench.at(66_000)
    assert bench.agent.idle

"""A 3xx is followed to the same number over the same transport, and nowhere else (RFC 3261 section 8.1.3.4)."""

from __future__ import annotations

import asyncio

import pytest

from callwright.telephony.port import LegAnswered, LegEnded, LegRejected
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.telephony.sip.fields import Uri, parse_uri
from callwright.telephony.sip.orders import redirect_refusal
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.redirects import Lookup
from callwright.telephony.sip.wire import Request, Response, encode, parse
from callwright.testing.media import FakeMediaEngine
from callwright.testing.sip_peer import LOCAL, PEER, SDP, Bench, answer, codes, end, methods
from callwright.testing.sipp import CALLEE, HOST, order, permit

NUMBER = "+8613900000001"
SAME = f"sip:{NUMBER}@192.0.2.7"


def judge(uri: Uri) -> str:
    return redirect_refusal(uri, permit(), "UDP")


def place(bench: Bench, proxied: bool = False) -> tuple[OutgoingCall, Request]:
    target = f"sip:{NUMBER}@192.0.2.2"
    call = bench.agent.place("id@h", target, "+8610", PEER, LOCAL, bench.now, judge=judge, proxied=proxied)
    return call, request(bench.out())


def request(messages: list[Request | Response]) -> Request:
    found = messages[-1]
    assert isinstance(found, Request)
    return found


def refer(bench: Bench, invite: Request, contact: str, code: int = 302) -> list[Request | Response]:
    """A 3xx with this Contact, as it comes."""
    moved = answer(invite, code)
    headers = (*(item for item in moved.headers if item[0] != "Contact"), *((("Contact", contact),) if contact else ()))
    return bench.say(Response(headers, b"", code, "Moved"))


def ended(bench: Bench) -> str:
    last = bench.events[-1]
    assert isinstance(last, LegEnded)
    assert last.cause == "rejected"
    return last.detail


@pytest.mark.parametrize("code", [300, 301, 302, 305, 380])
def test_a_redirect_is_followed(code: int) -> None:
    bench = Bench()
    call, invite = place(bench)
    sent = refer(bench, invite, f"<{SAME}:5070;user=phone>;q=0.5", code)
    assert methods(sent) == ["ACK", "INVITE"]
    again = request(sent)
    assert again.uri == f"{SAME}:5070;user=phone"
    assert again.call_id == invite.call_id
    assert again.get("from") == invite.get("from")
    assert again.get("to") == invite.get("to")
    assert again.get("cseq") == "2 INVITE"
    assert again.get("via") != invite.get("via")
    assert again.body == invite.body
    bench.say(answer(again, 180))
    assert methods(bench.say(answer(again, 200, SDP))) == ["ACK"]
    assert call.state == "answered"
    assert not any(isinstance(event, LegRejected) for event in bench.events)


def test_it_goes_where_it_says_or_to_the_proxy() -> None:
    for proxied, to in ((False, ("192.0.2.7", 5070)), (True, PEER)):
        bench = Bench()
        _, invite = place(bench, proxied)
        moved = Response((*answer(invite, 302).headers[:-1], ("Contact", f"<{SAME}:5070>")), b"", 302, "Moved")
        bench.agent.receive(encode(moved), PEER, 0)
        assert bench.agent.datagrams()[-1].to == to


@pytest.mark.parametrize(
    ("contact", "why"),
    [
        ("<sip:+8613900000002@192.0.2.7>", "another number"),
        ("<tel:+8613900000002>", "another number"),
        ("<sip:192.0.2.7>", "another number"),
        (f"<tel:{NUMBER}>", "away from UDP"),
        (f"<sips:{NUMBER}@192.0.2.7>", "away from UDP"),
        (f"<{SAME};transport=tcp>", "away from UDP"),
        (f"<{SAME};maddr=192.0.2.99>", "another host"),
        ("<mailto:a@b>", "no telephone"),
        (f"<sip:{NUMBER}@192.0.2.2>", "already"),
        ("", "nobody"),
    ],
)
def test_what_is_not_followed(contact: str, why: str) -> None:
    bench = Bench()
    _, invite = place(bench)
    assert methods(refer(bench, invite, contact)) == ["ACK"]
    assert why in ended(bench)
    assert ended(bench).startswith("302 Moved: not followed, ")
    rejected = bench.events[-2]
    assert isinstance(rejected, LegRejected)
    assert rejected.code == 302
    assert "0000" not in ended(bench)


def test_without_a_judge_and_with_another_code_nothing_is_followed() -> None:
    bench = Bench()
    _, invite = bench.place()
    assert methods(refer(bench, invite, "<sip:200@192.0.2.7>")) == ["ACK"]
    assert "not followed" in ended(bench)
    bench = Bench()
    _, invite = place(bench)
    assert methods(refer(bench, invite, f"<{SAME}>", 399)) == ["ACK"]
    assert ended(bench) == "399 Moved"


def test_the_best_first_then_the_next_while_nobody_was_reached() -> None:
    bench = Bench()
    _, invite = place(bench)
    contacts = ", ".join(f"<sip:{NUMBER}@192.0.2.{host}>;q={q}" for host, q in ((11, "0.2"), (12, "1.0"), (13, "0.7")))
    invite = request(refer(bench, invite, contacts + ", <sip:+8613900000002@192.0.2.14>"))
    assert "192.0.2.12" in invite.uri
    invite = request(bench.say(answer(invite, 503)))
    assert "192.0.2.13" in invite.uri
    invite = request(refer(bench, invite, f"<sip:{NUMBER}@192.0.2.15>;q=0.9, <sip:{NUMBER}@192.0.2.12>"))
    assert "192.0.2.15" in invite.uri
    assert methods(bench.say(answer(invite, 486))) == ["ACK"]  # the person is busy: nobody else is tried
    assert ended(bench) == "486 x"


def test_two_that_send_to_each_other_end_in_a_refusal() -> None:
    bench = Bench()
    _, invite = place(bench)
    invite = request(refer(bench, invite, f"<{SAME}>"))
    assert methods(refer(bench, invite, f"<sip:{NUMBER}@192.0.2.2>")) == ["ACK"]
    assert "already" in ended(bench)


def test_at_most_five_targets() -> None:
    bench = Bench()
    _, invite = place(bench)
    for host in range(10, 15):
        invite = request(refer(bench, invite, f"<sip:{NUMBER}@192.0.2.{host}>"))
    assert methods(refer(bench, invite, f"<sip:{NUMBER}@192.0.2.15>")) == ["ACK"]
    assert "more than 5" in ended(bench)


def test_the_ring_time_goes_on_over_redirects() -> None:
    bench = Bench()
    _, invite = place(bench)
    bench.at(20_000)
    invite = request(refer(bench, invite, f"<{SAME}>"))
    bench.say(answer(invite, 180))
    cancel = bench.at(30_000)
    assert methods(cancel)[-1] == "CANCEL"
    assert cancel[-1].get("cseq") == "2 CANCEL"
    bench.say(answer(invite, 487))
    assert end(bench) == ("no_answer", "us")


def test_a_redirected_call_is_proved_anew() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, invite = place(bench)
    invite = request(bench.say(answer(invite, 407, proxy_authenticate='Digest realm="r", nonce="n", qop="auth"')))
    again = request(refer(bench, invite, f"<{SAME}>"))
    proofs = again.all("proxy-authorization")
    assert len(proofs) == 1
    assert f'uri="{SAME}"' in proofs[0]
    assert again.get("cseq") == "3 INVITE"


def test_the_early_answer_of_the_first_target_counts_no_more() -> None:
    bench = Bench()
    _, invite = place(bench)
    bench.say(answer(invite, 183, SDP, "one"))
    again = request(refer(bench, invite, f"<{SAME}>"))
    assert methods(bench.say(answer(again, 200, "", "one"))) == ["ACK", "BYE"]


def test_hanging_up_while_an_address_is_looked_up() -> None:
    bench = Bench()
    call, invite = place(bench)
    assert codes(bench.say(answer(invite, 180))) == []
    assert methods(refer(bench, invite, f"<sip:{NUMBER}@other.example>")) == ["ACK"]
    assert isinstance(bench.events[-1], Lookup)
    call.hang_up(bench.now)
    assert bench.out() == []
    assert end(bench) == ("cancelled", "us")
    call.looked_up(None, bench.now)
    assert bench.out() == []


def test_a_name_that_nobody_knows_leads_to_the_next_target() -> None:
    bench = Bench()
    call, invite = place(bench)
    refer(bench, invite, f"<sip:{NUMBER}@other.example>;q=0.9, <{SAME}>;q=0.1")
    call.looked_up(None, 0)
    assert request(bench.out()).uri == SAME


def test_a_name_is_looked_up_by_the_line() -> None:
    async def run() -> None:
        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            SipLine.open(HOST, engine=FakeMediaEngine()) as ours,
            SipLine.open(HOST, engine=FakeMediaEngine()) as last,
        ):

            async def attend() -> None:
                async for leg in last.incoming():
                    await leg.answer()

            tasks.create_task(attend())
            loop = asyncio.get_running_loop()
            mover: asyncio.DatagramTransport

            class Mover(asyncio.DatagramProtocol):
                def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                    message = parse(data)
                    if isinstance(message, Request) and message.method == "INVITE":
                        there = f"<sip:{CALLEE}@localhost:{last.address[1]}>"
                        moved = answer(message, 302)
                        headers = (*moved.headers[:-1], ("Contact", there))
                        mover.sendto(encode(Response(headers, b"", 302, "Moved")), addr)

            mover, _ = await loop.create_datagram_endpoint(Mover, local_addr=(HOST, 0))
            leg = await ours.place(order(mover.get_extra_info("sockname")[1]))
            async for event in leg.events():
                if isinstance(event, LegAnswered):
                    break
            await leg.hangup()
            mover.close()

    asyncio.run(run())


def test_every_target_is_judged_by_the_permit() -> None:
    assert judge(parse_uri(SAME)) == ""
    assert judge(parse_uri("sip:008613900000001@192.0.2.7")) == ""
    assert judge(parse_uri("sip:+8613900000002@192.0.2.7"))

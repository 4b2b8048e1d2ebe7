"""The state tables of RFC 3261 section 17 and RFC 6026, on a virtual clock."""

from __future__ import annotations

import pytest

from callwright.telephony.sip.transactions import (
    T1,
    T2,
    T4,
    Deliver,
    Effect,
    Failed,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    Send,
    SetTimer,
    Terminated,
    Transaction,
    client_key,
    server_key,
)
from callwright.telephony.sip.wire import Request, Response, encode

BASE = (
    ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc"),
    ("Route", "<sip:192.0.2.5;lr>"),
    ("From", "<sip:a@b>;tag=1"),
    ("Call-ID", "id"),
)


def request(method: str = "INVITE", **changes: str) -> Request:
    headers = (*BASE, ("To", "<sip:c@d>"), ("CSeq", f"7 {method}"))
    return Request(tuple((name, changes.get(name.lower(), value)) for name, value in headers), b"", method, "sip:c@d")


def response(code: int, method: str = "INVITE") -> Response:
    return Response((*BASE[:1], *BASE[2:], ("To", "<sip:c@d>;tag=2"), ("CSeq", f"7 {method}")), b"", code, "x")


def sends(effects: list[Effect]) -> list[bytes]:
    return [effect.data for effect in effects if isinstance(effect, Send)]


def fire_all(
    machine: Transaction, effects: list[Effect], until_ms: int
) -> tuple[list[tuple[int, bytes]], list[Effect]]:
    """Let the timers run on a virtual clock; (what was sent and when, all other effects)."""
    timers: dict[str, int] = {}
    sent: list[tuple[int, bytes]] = []
    other: list[Effect] = []
    now = 0
    while True:
        for effect in effects:
            if isinstance(effect, SetTimer):
                timers[effect.name] = effect.at_ms
            elif isinstance(effect, Send):
                sent.append((now, effect.data))
            else:
                other.append(effect)
        if not timers or machine.terminated:
            return sent, other
        name = min(timers, key=lambda key: timers[key])
        now = timers.pop(name)
        if now > until_ms:
            return sent, other
        effects = machine.fire(name, now)


def test_invite_client_repeats_doubling_and_gives_up_at_64_t1() -> None:
    machine = InviteClient(request())
    sent, other = fire_all(machine, machine.start(0), 100_000)
    assert [at for at, _ in sent] == [0, 500, 1500, 3500, 7500, 15500, 31500]
    assert other == [Failed("timeout"), Terminated()]


def test_invite_client_stops_repeating_on_a_provisional() -> None:
    machine = InviteClient(request())
    machine.start(0)
    assert machine.receive(response(180), 10) == [Deliver(response(180))]
    assert machine.state == "proceeding"
    assert machine.fire("A", T1) == []
    assert machine.fire("B", 64 * T1) == []
    assert machine.receive(response(183), 20) == [Deliver(response(183))]


def test_invite_client_acknowledges_every_failure() -> None:
    machine = InviteClient(request())
    machine.start(0)
    effects = machine.receive(response(486), 10)
    ack = sends(effects)[0]
    assert ack.startswith(b"ACK sip:c@d SIP/2.0\r\n")
    assert b"branch=z9hG4bKabc" in ack
    assert b"Route: <sip:192.0.2.5;lr>" in ack
    assert b"To: <sip:c@d>;tag=2" in ack
    assert b"CSeq: 7 ACK" in ack
    assert SetTimer("D", 10 + 64 * T1) in effects
    assert machine.receive(response(486), 20) == [Send(ack)]
    assert machine.receive(response(180), 20) == []
    assert machine.fire("D", 32_010) == [Terminated()]
    assert machine.terminated


def test_invite_client_delivers_every_2xx_for_64_t1() -> None:
    machine = InviteClient(request())
    machine.start(0)
    assert machine.receive(response(200), 10) == [Deliver(response(200)), SetTimer("M", 10 + 64 * T1)]
    assert machine.receive(response(200), 20) == [Deliver(response(200))]
    assert machine.receive(response(486), 20) == []
    assert machine.fire("M", 32_010) == [Terminated()]


@pytest.mark.parametrize("machine", [InviteClient(request()), NonInviteClient(request("BYE"))])
def test_transport_errors_end_clients(machine: InviteClient | NonInviteClient) -> None:
    machine.start(0)
    assert machine.transport_error() == [Failed("transport"), Terminated()]
    assert machine.transport_error() == []


def test_non_invite_client_repeats_up_to_t2() -> None:
    machine = NonInviteClient(request("BYE"))
    sent, other = fire_all(machine, machine.start(0), 100_000)
    assert [at for at, _ in sent] == [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    assert other == [Failed("timeout"), Terminated()]


def test_non_invite_client_in_proceeding_repeats_every_t2() -> None:
    machine = NonInviteClient(request("BYE"))
    machine.start(0)
    machine.receive(response(100, "BYE"), 10)
    assert machine.fire("E", 500) == [Send(encode(request("BYE"))), SetTimer("E", 500 + T2)]
    assert machine.fire("F", 32_000) == [Failed("timeout"), Terminated()]


def test_non_invite_client_absorbs_repeated_answers() -> None:
    machine = NonInviteClient(request("BYE"))
    machine.start(0)
    assert machine.receive(response(200, "BYE"), 10) == [Deliver(response(200, "BYE")), SetTimer("K", 10 + T4)]
    assert machine.receive(response(200, "BYE"), 20) == []
    assert machine.fire("E", 500) == []
    assert machine.fire("K", 5_010) == [Terminated()]


def test_invite_server_repeats_provisionals_and_failures() -> None:
    machine = InviteServer(request())
    assert machine.receive(request(), 0) == []
    assert machine.send(response(180), 0) == [Send(encode(response(180)))]
    assert machine.receive(request(), 5) == [Send(encode(response(180)))]
    sent, other = fire_all(machine, machine.send(response(486), 0), 100_000)
    assert [at for at, _ in sent] == [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    assert other == [Failed("timeout"), Terminated()]


def test_invite_server_is_confirmed_by_the_ack() -> None:
    machine = InviteServer(request())
    machine.send(response(486), 0)
    assert machine.receive(request(), 5) == [Send(encode(response(486)))]
    assert machine.receive(request("ACK"), 10) == [SetTimer("I", 10 + T4)]
    assert machine.receive(request(), 20) == []
    assert machine.fire("G", 500) == []
    assert machine.transport_error() == []
    assert machine.fire("I", 5_010) == [Terminated()]


def test_invite_server_accepted_absorbs_invites() -> None:
    machine = InviteServer(request())
    assert machine.send(response(200), 0) == [Send(encode(response(200))), SetTimer("L", 64 * T1)]
    assert machine.receive(request(), 5) == []
    assert machine.send(response(200), 500) == [Send(encode(response(200)))]
    assert machine.send(response(486), 500) == []
    assert machine.receive(request("ACK"), 600) == [Deliver(request("ACK"))]
    assert machine.fire("L", 32_000) == [Terminated()]
    assert machine.send(response(200), 32_001) == []


def test_non_invite_server() -> None:
    machine = NonInviteServer(request("BYE"))
    assert machine.receive(request("BYE"), 0) == []
    assert machine.send(response(100, "BYE"), 0) == [Send(encode(response(100, "BYE")))]
    assert machine.send(response(200, "BYE"), 0) == [Send(encode(response(200, "BYE"))), SetTimer("J", 64 * T1)]
    assert machine.send(response(500, "BYE"), 0) == []
    assert machine.receive(request("BYE"), 5) == [Send(encode(response(200, "BYE")))]
    assert machine.fire("J", 32_000) == [Terminated()]
    assert machine.receive(request("BYE"), 40_000) == []


def test_keys() -> None:
    assert client_key(request()) == client_key(response(200))
    assert server_key(request("ACK")) == server_key(request())
    assert server_key(request("CANCEL"), "INVITE") == server_key(request())
    assert server_key(request("BYE")) != server_key(request())
    old = request(via="SIP/2.0/UDP 192.0.2.1;branch=1")
    assert server_key(old)[0] == "2543"
    assert server_key(old) == server_key(request("ACK", via="SIP/2.0/UDP 192.0.2.1;branch=1"))
    assert server_key(request(via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"))[0] == "2543"

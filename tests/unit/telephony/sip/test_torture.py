"""RFC 4475: what an endpoint answers to each torture message, and what it reads in the valid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from callwright.errors import WireError
from callwright.telephony.sip.wire import Request, Response, parse
from callwright.testing.network import seeded_agent

pytestmark = pytest.mark.shared

# None = nothing is answered (a response, or an ACK); 100 = the call is offered to us
EXPECTED: dict[str, int | None] = {
    "wsinv": 481,  # its To has a tag: a dialog we do not have
    "intmeth": 501,
    "esc01": 100,
    "escnull": 405,
    "esc02": 501,
    "lwsdisp": 200,
    "longreq": 100,
    "dblreq": 405,
    "semiuri": 200,
    "transports": 200,
    "mpart01": 405,
    "unreason": None,
    "noreason": None,
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": None,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "baddate": 100,
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": None,
    "badbranch": 200,
    "insuf": 400,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 405,
    "bext01": 420,
    "invut": 415,
    "regaut01": 405,
    "multi01": 400,
    "mcl01": 400,
    "bcast": None,
    "zeromf": 200,
    "cparam01": 405,
    "cparam02": 405,
    "regescrt": 405,
    "sdp01": 100,
    "inv2543": 100,
}


def read(shared: Path, name: str) -> bytes:
    path = shared / "sip" / "rfc4475" / f"{name}.dat"
    if not path.exists():
        pytest.skip(f"no torture message at {path}")
    return path.read_bytes()


@pytest.mark.parametrize("name", EXPECTED)
def test_answer(shared: Path, name: str) -> None:
    agent = seeded_agent("192.0.2.200", 1)
    agent.receive(read(shared, name), ("198.51.100.7", 5070), 0)
    answers = [int(datagram.data.split(b" ")[1]) for datagram in agent.datagrams()]
    expected = EXPECTED[name]
    assert answers[:1] == ([] if expected is None else [expected])


def test_the_table_covers_every_message(shared: Path) -> None:
    read(shared, "wsinv")
    assert {path.stem for path in (shared / "sip" / "rfc4475").glob("*.dat")} == set(EXPECTED)


def request(shared: Path, name: str) -> Request:
    message = parse(read(shared, name))
    assert isinstance(message, Request)
    assert message.fault is None
    return message


def test_wsinv_values(shared: Path) -> None:
    message = request(shared, "wsinv")
    assert message.cseq == (9, "INVITE")
    assert message.to.tag == "1918181833n"
    assert message.from_.tag == "98asjd8"
    assert [(via.transport, via.host, via.branch) for via in message.via] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.contact[0].uri == "sip:jdrosen@example.com"
    assert len(message.body) == 150


def test_other_values(shared: Path) -> None:
    assert len(request(shared, "longreq").via) == 34
    assert request(shared, "dblreq").body == b""
    assert request(shared, "semiuri").uri == "sip:user;par=u%40example.net@example.com"
    assert [via.transport for via in request(shared, "transports").via] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]
    assert len(request(shared, "mpart01").body) == 553
    assert request(shared, "intmeth").method == "!interesting-Method0123456789_*+`.%indeed'~"
    unreason = parse(read(shared, "unreason"))
    assert isinstance(unreason, Response)
    assert unreason.reason.startswith("= 2**3 * 5**2 но")
    noreason = parse(read(shared, "noreason"))
    assert isinstance(noreason, Response)
    assert (noreason.code, noreason.reason) == (100, "")


@pytest.mark.parametrize("name", ["bigcode", "scalarlg"])
def test_malformed_responses_are_no_messages(shared: Path, name: str) -> None:
    with pytest.raises(WireError):
        parse(read(shared, name))

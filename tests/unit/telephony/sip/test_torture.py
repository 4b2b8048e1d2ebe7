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
    bcast = parse(read(shared, "bcast"))
    assert isinstance(bcast, Response)
    assert (bcast.code, len(bcast.via)) == (200, 2)  # a response with a second Via is not for us


# (method, Request-URI, CSeq number, From tag, To, Contact, octets of body) of every valid request that is read elsewhere here only in part
VALUES: dict[str, tuple[str, str, int, str, str, list[str], int]] = {
    "esc01": (
        *("INVITE", "sip:sips%3Auser%40example.com@example.net", 234234, "938", "sip:%75se%72@example.com"),
        *(["sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"], 150),
    ),
    "escnull": (
        *("REGISTER", "sip:example.com", 14398234, "839923423", "sip:null-%00-null@example.com"),
        *(["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"], 0),
    ),
    "esc02": (
        *("RE%47IST%45R", "sip:registrar.example.com", 29344, "f232jadfj23", "sip:resource@example.com"),
        *(["sip:alias1@host1.example.com", "sip:alias3@host3.example.com"], 0),
    ),
    "lwsdisp": ("OPTIONS", "sip:user@example.com", 60, "323", "sip:user@example.com", [], 0),
    "baddate": (
        "INVITE",
        "sip:user@example.com",
        1392934,
        "2234923",
        "sip:user@example.com",
        ["sip:caller@host5.example.net"],
        150,
    ),
    "badbranch": ("OPTIONS", "sip:user@example.com", 8, "33242", "sip:user@example.com", [], 0),
    "bext01": ("OPTIONS", "sip:user@example.com", 8, "242etr", "sip:j_user@example.com", [], 0),
    "invut": (
        "INVITE",
        "sip:user@example.com",
        235448,
        "8392034",
        "sip:j.user@example.com",
        ["sip:caller@host5.example.net"],
        40,
    ),
    "regaut01": ("REGISTER", "sip:example.com", 9338, "87321hj23128", "sip:j.user@example.com", [], 0),
    "zeromf": ("OPTIONS", "sip:user@example.com", 39234321, "3ghsd41", "sip:user@example.com", [], 0),
    "cparam01": (
        "REGISTER",
        "sip:example.com",
        2,
        "DkfVgjkrtMwaerKKpe",
        "sip:watson@example.com",
        ["sip:+19725552222@gw1.example.net"],
        0,
    ),
    "cparam02": (
        "REGISTER",
        "sip:example.com",
        3,
        "838293",
        "sip:watson@example.com",
        ["sip:+19725552222@gw1.example.net;unknownparam"],
        0,
    ),
    "regescrt": (
        *("REGISTER", "sip:example.com", 14398234, "8", "sip:user@example.com"),
        *(["sip:user@example.com?Route=%3Csip:sip.example.com%3E"], 0),
    ),
    "sdp01": (
        "INVITE",
        "sip:user@example.com",
        8,
        "234",
        "sip:j_user@example.com",
        ["sip:caller@host15.example.net"],
        150,
    ),
    "inv2543": ("INVITE", "sip:UserB@example.com", 56, "", "sip:+16505552222@ss1.example.net", [], 105),
    "unksm2": ("REGISTER", "sip:example.com", 234902, "3234233", "isbn:2983792873", ["name:John_Smith"], 0),
}

# Why each of the others is refused
FAULTS = {
    "badinv01": "Malformed Header: Via is not valid",
    "clerr": "Body Shorter Than Content-Length",
    "ncl": "Malformed Content-Length",
    "scalar02": "Malformed Header: CSeq number is too large",
    "quotbal": "Malformed Header: address is not valid",
    "ltgtruri": "Malformed Request Line",
    "lwsruri": "Malformed Request Line",
    "lwsstart": "Malformed Request Line",
    "trws": "Malformed Request Line",
    "escruri": "Malformed Request-URI",
    "regbadct": "Malformed Header: address is not valid",
    "badaspec": "Malformed Header: address is not valid",
    "baddn": "No Empty Line After Headers",
    "badvers": "Version Not Supported",
    "mismatch01": "CSeq Method Does Not Match",
    "mismatch02": "CSeq Method Does Not Match",
    "insuf": "Missing From Header",
    "unkscm": "Unsupported URI Scheme",
    "novelsc": "Unsupported URI Scheme",
    "multi01": "More Than One From Header",
    "mcl01": "Conflicting Content-Length",
}


@pytest.mark.parametrize("name", VALUES)
def test_values(shared: Path, name: str) -> None:
    message = request(shared, name)
    contacts = [contact.uri for contact in message.contact]
    found = (
        message.method,
        message.uri,
        message.cseq[0],
        message.from_.tag,
        message.to.uri,
        contacts,
        len(message.body),
    )
    assert found == VALUES[name]


@pytest.mark.parametrize("name", FAULTS)
def test_each_is_refused_for_what_is_wrong_with_it(shared: Path, name: str) -> None:
    message = parse(read(shared, name))
    assert isinstance(message, Request)
    assert message.fault is not None
    assert (message.fault.code, message.fault.reason) == (EXPECTED[name], FAULTS[name])


def test_every_message_is_held_to_its_values() -> None:
    elsewhere = {
        "wsinv",
        "intmeth",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
        "mpart01",
        "unreason",
        "noreason",
        "bigcode",
        "scalarlg",
        "bcast",
    }
    assert set(EXPECTED) == set(VALUES) | set(FAULTS) | elsewhere


@pytest.mark.parametrize("name", ["bigcode", "scalarlg"])
def test_malformed_responses_are_no_messages(shared: Path, name: str) -> None:
    with pytest.raises(WireError):
        parse(read(shared, name))

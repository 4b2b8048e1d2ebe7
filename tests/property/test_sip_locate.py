"""Which DNS questions are asked for a SIP address, and in which order the answers are tried (RFC 3263, RFC 2782)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import LineError
from callwright.telephony.sip.fields import parse_uri
from callwright.telephony.sip.hops import Hop, Transport
from callwright.telephony.sip.locate import MAX_HOPS, Naptr, Place, Question, Record, Srv, locate, place_of, srv_order

Zone = Mapping[tuple[str, str], Sequence[Record]]
ALL: tuple[Transport, ...] = ("UDP", "TCP", "TLS")


def find(
    place: Place, zone: Zone, transports: Sequence[Transport] = ALL, seed: int = 1
) -> tuple[tuple[Hop, ...], list[Question]]:
    """The hops, and what was asked for them."""
    search, asked = locate(place, transports, random.Random(seed)), []
    try:
        question = next(search)
        while True:
            asked.append(question)
            question = search.send(zone.get((question.kind, question.name), ()))
    except StopIteration as end:
        return end.value, asked


HOME: Zone = {
    ("NAPTR", "trunk.test"): (
        Naptr(20, 10, "s", "SIP+D2U", "_sip._udp.trunk.test"),
        Naptr(10, 20, "s", "SIP+D2T", "_sip._tcp.trunk.test"),
        Naptr(10, 10, "s", "SIPS+D2T", "_sips._tcp.trunk.test"),
        Naptr(1, 1, "u", "E2U+sip", "!^.*$!sip:x@trunk.test!"),
    ),
    ("SRV", "_sip._udp.trunk.test"): (Srv(20, 0, 5070, "b.trunk.test"), Srv(10, 0, 5060, "a.trunk.test")),
    ("SRV", "_sips._tcp.trunk.test"): (Srv(1, 1, 5061, "a.trunk.test"),),
    ("ADDRESS", "a.trunk.test"): ("192.0.2.1", "192.0.2.2"),
    ("ADDRESS", "b.trunk.test"): ("192.0.2.3",),
    ("ADDRESS", "plain.test"): ("192.0.2.9",),
}


def test_naptr_says_how_and_srv_says_where() -> None:
    hops, asked = find(Place("trunk.test"), HOME)
    assert [question.kind for question in asked] == ["NAPTR", "SRV", "SRV", "SRV", "ADDRESS", "ADDRESS", "ADDRESS"]
    assert hops == (
        Hop("192.0.2.1", 5061, "TLS"),
        Hop("192.0.2.2", 5061, "TLS"),
        Hop("192.0.2.1", 5060),
        Hop("192.0.2.2", 5060),
        Hop("192.0.2.3", 5070),
    )
    assert {hop.transport for hop in find(Place("trunk.test"), HOME, ("UDP",))[0]} == {"UDP"}


@pytest.mark.parametrize(
    ("place", "hops", "asked"),
    [
        (Place("192.0.2.5"), [Hop("192.0.2.5", 5060)], []),
        (Place("2001:db8::1", None, "TLS"), [Hop("2001:db8::1", 5061, "TLS")], []),
        (Place("192.0.2.5", 5999, "TCP"), [Hop("192.0.2.5", 5999, "TCP")], []),
        (Place("a.trunk.test", 5080), [Hop("192.0.2.1", 5080), Hop("192.0.2.2", 5080)], ["ADDRESS"]),
        (Place("plain.test"), [Hop("192.0.2.9", 5060)], ["NAPTR", "SRV", "SRV", "SRV", "ADDRESS"]),
        (Place("plain.test", None, "TCP"), [Hop("192.0.2.9", 5060, "TCP")], ["SRV", "ADDRESS"]),
    ],
)
def test_what_need_not_be_asked_is_not_asked(place: Place, hops: list[Hop], asked: list[str]) -> None:
    found, questions = find(place, HOME)
    assert (list(found), [question.kind for question in questions]) == (hops, asked)


def test_names_of_this_network_have_no_service_records() -> None:
    assert [q.kind for q in find(Place("pbx"), {("ADDRESS", "pbx"): ("192.0.2.4",)})[1]] == ["ADDRESS"]


@pytest.mark.parametrize(
    ("place", "zone", "transports", "says"),
    [
        (Place("trunk.test", None, "TLS"), HOME, ("UDP",), "TLS"),
        (
            Place("x.test"),
            {("NAPTR", "x.test"): (Naptr(1, 1, "s", "SIPS+D2T", "_sips._tcp.x.test"),)},
            ("UDP",),
            "offers SIP over TLS",
        ),
        (Place("x.test"), {("SRV", "_sip._udp.x.test"): (Srv(0, 0, 0, "."),)}, ("UDP",), "offers no SIP"),
        (Place("nowhere.test"), {}, ALL, "does not resolve"),
        (Place("nowhere.test", 5060), {}, ALL, "does not resolve"),
    ],
)
def test_nowhere_to_go(place: Place, zone: Zone, transports: Sequence[Transport], says: str) -> None:
    with pytest.raises(LineError, match=says):
        find(place, zone, transports)


SRVS = st.lists(
    st.builds(
        Srv, st.integers(0, 3), st.integers(0, 65535), st.integers(0, 65535), st.sampled_from(["a.test", "b.test", "."])
    ),
    max_size=20,
)


@given(SRVS, st.integers())
def test_order_of_servers(records: list[Srv], seed: int) -> None:
    ordered = srv_order(records, random.Random(seed))
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(record.priority for record in records)
    assert ordered == srv_order(records, random.Random(seed))


def test_weights_share_the_load() -> None:
    records, rng = [Srv(1, 30, 1, "a"), Srv(1, 10, 1, "b"), Srv(1, 0, 1, "c")], random.Random(3)
    first = Counter(srv_order(records, rng)[0].host for _ in range(4_000))
    assert 2_700 < first["a"] < 3_250
    assert 800 < first["b"] < 1_250
    assert 0 < first["c"] < 300


PLACES = st.builds(
    Place,
    st.sampled_from(["x.test", "192.0.2.1", "pbx"]),
    st.none() | st.integers(1, 65535),
    st.none() | st.sampled_from(ALL),
)
NAPTRS = st.lists(
    st.builds(
        Naptr,
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from("sua"),
        st.sampled_from(["SIP+D2U", "sip+d2t", "SIPS+D2T", "E2U"]),
        st.sampled_from(["_sip._udp.x.test", "loop.test", ""]),
    ),
    max_size=5,
)
ADDRESSES = st.lists(st.sampled_from(["192.0.2.7", "192.0.2.8"]), max_size=12)
WAYS = st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True)


class Everywhere(dict[tuple[str, str], Sequence[Record]]):
    """A zone in which every name holds the same records."""

    def get(self, key: tuple[str, str], default: Any = ()) -> Any:
        return self.kinds[key[0]]

    kinds: dict[str, Sequence[Record]]


@settings(max_examples=300)
@given(PLACES, NAPTRS, SRVS, ADDRESSES, WAYS)
def test_whatever_dns_says(
    place: Place, naptrs: list[Naptr], srvs: list[Srv], addresses: list[str], ways: list[Transport]
) -> None:
    zone = Everywhere()
    zone.kinds = {"NAPTR": naptrs, "SRV": srvs, "ADDRESS": addresses}
    try:
        hops, asked = find(place, zone, ways)
    except LineError:
        return
    assert 0 < len(hops) <= MAX_HOPS
    assert len(asked) < 90
    assert all(hop.transport in ways and 0 < hop.port < 65536 for hop in hops)
    assert place.transport is None or {hop.transport for hop in hops} == {place.transport}
    assert place.port is None or {hop.port for hop in hops} == {place.port}


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:1@trunk.test", Place("trunk.test")),
        ("sip:1@trunk.test:5070;transport=TCP", Place("trunk.test", 5070, "TCP")),
        ("sips:1@trunk.test", Place("trunk.test", None, "TLS")),
        ("sip:1@trunk.test;maddr=192.0.2.1", Place("192.0.2.1")),
        ("sip:1@trunk.test;transport=sctp", Place("trunk.test")),
    ],
)
def test_places_of_uris(uri: str, place: Place) -> None:
    assert place_of(parse_uri(uri)) == place

from __future__ import annotations

import pytest

from callwright.errors import WireError
from callwright.telephony.sip.digest import Challenge, Credentials, DigestClient, digest_response, parse_challenge
from callwright.telephony.sip.wire import Request, Response
from callwright.testing.sip_peer import SDP, Bench, answer, end, methods

MUFASA = Credentials("Mufasa", "Circle Of Life")
RFC7616 = Credentials("Mufasa", "Circle of Life")


def test_rfc_2617_example() -> None:
    challenge = Challenge(False, "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=("auth", "auth-int"))
    value = digest_response(challenge, MUFASA, "GET", "/dir/index.html", "00000001", "0a4f113b")
    assert value == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_examples(algorithm: str, expected: str) -> None:
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    challenge = Challenge(False, "http-auth@example.org", nonce, algorithm, qop=("auth",))
    assert digest_response(challenge, RFC7616, "GET", "/dir/index.html", "00000001", cnonce) == expected


def request(*headers: tuple[str, str]) -> Request:
    return Request(headers, b"", "INVITE", "sip:a@b")


def challenged(*values: str, code: int = 401) -> Response:
    name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
    return Response(tuple((name, value) for value in values), b"", code, "")


def client() -> DigestClient:
    return DigestClient(Credentials('ro"bot', "secret"), lambda: "c0ffee")


def test_the_strongest_known_algorithm_is_taken() -> None:
    answer = client().answer(
        request(),
        challenged(
            'Digest realm="r", nonce="1", algorithm=MD5',
            'Digest realm="r", nonce="2", algorithm=SHA-256, opaque="o\\"p"',
            'Digest realm="r", nonce="3", algorithm=SHA-512-256',
            'Basic realm="r"',
        ),
    )
    assert answer is not None
    assert answer[0] == "Authorization"
    assert 'nonce="2"' in answer[1]
    assert 'opaque="o\\"p"' in answer[1]
    assert 'username="ro\\"bot"' in answer[1]
    assert "qop" not in answer[1]


def test_the_nonce_count_rises() -> None:
    digest = client()
    values = [
        digest.answer(request(), challenged('Digest realm="r",nonce="n",qop="auth,auth-int"', code=407)) for _ in "12"
    ]
    assert [item is not None and item[1].rpartition("nc=")[2][:8] for item in values] == ["00000001", "00000002"]
    assert values[0] is not None
    assert values[0][0] == "Proxy-Authorization"


def test_refused_credentials_are_not_tried_again_unless_stale() -> None:
    digest = client()
    first = digest.answer(request(), challenged('Digest realm="r", nonce="1"'))
    assert first is not None
    assert digest.answer(request(first), challenged('Digest realm="r", nonce="2"')) is None
    assert digest.answer(request(first), challenged('Digest realm="r", nonce="2", stale=TRUE')) is not None


def test_a_server_that_is_always_stale_is_given_up() -> None:
    digest = client()
    stale = challenged('Digest realm="r", nonce="2", stale=true')
    answers = [digest.answer(request(), stale) for _ in range(40)]
    assert sum(item is not None for item in answers) == 12


def test_session_algorithm_sends_cnonce() -> None:
    answer = client().answer(request(), challenged('Digest realm="r", nonce="1", algorithm=MD5-sess'))
    assert answer is not None
    assert 'cnonce="c0ffee"' in answer[1]


@pytest.mark.parametrize(
    "value", ['Digest realm="r", nonce="1", qop="auth-int"', 'Digest realm="r", nonce="1", algorithm=X']
)
def test_what_we_cannot_answer(value: str) -> None:
    assert client().answer(request(), challenged(value)) is None


def test_no_credentials() -> None:
    assert DigestClient(None, lambda: "").answer(request(), challenged('Digest realm="r", nonce="1"')) is None


@pytest.mark.parametrize("value", ['Digest realm="r"', "Digest nonsense", 'Digest realm="r" nonce="'])
def test_unreadable_challenges(value: str) -> None:
    with pytest.raises(WireError):
        parse_challenge(value, proxy=False)


def test_crafted_quotes_take_no_time() -> None:
    with pytest.raises(WireError):
        parse_challenge("Digest " + 'a="",' * 5000 + "!", proxy=False)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("a", "secret"))


# ---------------------------------------------------------------- unasked, over the life of a call


def test_later_requests_are_proved_unasked_and_the_nonce_count_goes_up() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    call, invite = bench.place()
    asked = answer(invite, 407, proxy_authenticate='Digest realm="r", nonce="n", qop="auth"')
    second = bench.say(asked)[1]
    bench.say(answer(second, 200, SDP, allow="UPDATE", session_expires="100;refresher=uac"))
    update = bench.at(50_000)[-1]
    assert methods([update]) == ["UPDATE"]
    assert "nc=00000002" in update.get("proxy-authorization")
    assert 'uri="sip:peer-t@192.0.2.2"' in update.get("proxy-authorization")
    bench.say(answer(update, 200))
    call.change(50_000, "sendonly")
    reinvite = bench.out()[-1]
    assert "nc=00000003" in reinvite.get("proxy-authorization")
    # The nonce has grown too old; a server that does not say `stale` is believed once.
    renewed = bench.say(answer(reinvite, 407, proxy_authenticate='Digest realm="r", nonce="n2", qop="auth"'))
    assert methods(renewed) == ["ACK", "INVITE"]
    assert 'nonce="n2"' in renewed[1].get("proxy-authorization")
    assert "nc=00000001" in renewed[1].get("proxy-authorization")
    assert len(renewed[1].all("proxy-authorization")) == 1
    ack = bench.say(answer(renewed[1], 200, SDP))
    assert methods(ack) == ["ACK"]
    call.hang_up(50_000)
    bye = bench.out()[-1]
    assert 'nonce="n2"' in bye.get("proxy-authorization")


def test_stale_is_answered_again_and_refusal_is_not() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, invite = bench.place()
    second = bench.say(answer(invite, 401, www_authenticate='Digest realm="r", nonce="a", qop="auth"'))[1]
    third = bench.say(answer(second, 401, www_authenticate='Digest realm="r", nonce="b", qop="auth", stale=true'))[1]
    assert 'nonce="b"' in third.get("authorization")
    refused = bench.say(answer(third, 401, www_authenticate='Digest realm="r", nonce="c", qop="auth"'))
    assert methods(refused) == ["ACK"]
    assert end(bench) == ("rejected", "peer")


def test_two_proxies_each_get_their_proof() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, invite = bench.place()
    second = bench.say(answer(invite, 407, proxy_authenticate='Digest realm="one", nonce="a"'))[1]
    third = bench.say(answer(second, 407, proxy_authenticate='Digest realm="two", nonce="b"'))[1]
    assert len(third.all("proxy-authorization")) == 2
    assert methods(bench.say(answer(third, 200, SDP))) == ["ACK"]


def test_endless_stale_challenges_come_to_an_end() -> None:
    bench = Bench(credentials=Credentials("robot", "secret"))
    _, request = bench.place()
    for turn in range(20):
        challenge = answer(request, 401, www_authenticate=f'Digest realm="r", nonce="{turn}", stale=true')
        sent = bench.say(challenge)
        if methods(sent) != ["ACK", "INVITE"]:
            break
        request = sent[1]  # type: ignore[assignment]
    assert turn == 12
    assert end(bench) == ("rejected", "peer")

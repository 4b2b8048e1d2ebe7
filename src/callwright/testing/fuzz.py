"""Fuzzing of parser, transactions, dialogs and agent: valid and broken messages in any order, on a virtual clock.

    python -m callwright.testing.fuzz --seconds 60 --seed 1
    python -m callwright.testing.fuzz --seed 1 --round 17        # that round again

A round is one agent and some hundreds of steps: a peer calls it, answers it, or says something within a call; it calls, answers, hangs up;
old datagrams come again; time passes. A part of the messages is broken first: in bytes, or in headers. Held to, after every step or round:

- no exception, and everything that is sent is SIP without a fault;
- no message takes more than 0.5 s of processor time (there is no input a regular expression runs wild on);
- when everybody has hung up and time has passed, nothing is left in the agent: no call, transaction or timer;
- memory of the whole process does not grow from round to round.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from callwright.errors import CallwrightError, WireError
from callwright.telephony.sip import sdp
from callwright.telephony.sip.call import Call
from callwright.telephony.sip.call_events import CallEvent, CallOffered
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.framing import Framer
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.refer import Referred
from callwright.telephony.sip.wire import Request, Response, encode, parse
from callwright.testing.network import seeded_agent

__all__ = ["FuzzError", "Round", "run"]

T = TypeVar("T")
STEPS = 300
SLOW_S = 0.5
GROWTH_BYTES = 2_000_000
_US, _PEER = "192.0.2.1", ("192.0.2.2", 5060)
_HOUR_MS = 3_600_000
_SDP = (
    "v=0\r\no=- 1 {version} IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8 0 101\r\n"
)
_SDP_MORE = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na={direction}\r\n"
_METHODS = (
    "BYE",
    "INVITE",
    "UPDATE",
    "INFO",
    "OPTIONS",
    "NOTIFY",
    "MESSAGE",
    "PRACK",
    "REFER",
    "ACK",
    "CANCEL",
    "FLY",
    "SUBSCRIBE",
)
_CODES = (
    100,
    180,
    183,
    199,
    200,
    202,
    300,
    302,
    400,
    401,
    403,
    404,
    407,
    408,
    415,
    420,
    422,
    423,
    481,
    486,
    487,
    488,
    491,
    500,
    503,
    603,
    699,
)
_EXTRA = (
    ("Require", "100rel"),
    ("RSeq", "1"),
    ("RSeq", "2"),
    ("Supported", "timer, 100rel, replaces"),
    ("Session-Expires", "2;refresher=uac"),
    ("Session-Expires", "90;refresher=uas"),
    ("Min-SE", "120"),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'),
    ("Proxy-Authenticate", 'Digest realm="p", nonce="m", algorithm=SHA-256, stale=true'),
    ("Contact", "<sip:other@192.0.2.9>;q=0.5, <sip:third@192.0.2.10>"),
    ("Record-Route", "<sip:192.0.2.3;lr>, <sip:192.0.2.4>"),
    ("Refer-To", "<sip:+8613900000002@192.0.2.9?Replaces=a%40b%3Bto-tag%3Dc%3Bfrom-tag%3Dd>"),
    ("Replaces", "a@b;to-tag=c;from-tag=d"),
    ("Event", "refer"),
    ("Subscription-State", "terminated;reason=noresource"),
    ("Reason", 'Q.850;cause=17;text="x"'),
    ("RAck", "1 1 INVITE"),
    ("Allow", "INVITE, ACK, BYE, UPDATE"),
    ("P-Asserted-Identity", '"A" <sip:+861@192.0.2.2>, <tel:+861>'),
    ("Diversion", "<tel:+8610>;reason=user-busy;counter=1"),
    ("User-to-User", "56a390f3d2b7310023a2;encoding=hex"),
    ("Identity", "eyJ.e30.c2ln;info=<https://x.example/c.cer>;alg=ES256;ppt=shaken"),
    ("Retry-After", "5 (busy);duration=3"),
    ("Expires", "60"),
    ("Content-Encoding", "gzip"),
    ("Content-Type", "application/dtmf-relay"),
    ("Content-Type", "message/sipfrag;version=2.0"),
)
_ODD = (
    b"", b" ", b",", b";", b";;", b'"', b'"\\"', b"<", b">", b"<>", b"%", b"%zz", b"\0", b"\xff\xfe", b"-1", b"0", b"4294967296",
    b"99999999999999999999", b"sip:", b"sip:@", b"tel:", b"sips:a@[::1]:5061;lr", b"*", b"=", b"?", b"\r\n ", b"\r\n\t", b"\t", b"\xe4\xb8\xad",
    b"z9hG4bK", b"SIP/2.0/UDP", b"Digest ", b";tag=", b"a" * 300, b"," * 200, b";a=b" * 120, b"(" * 200, b"\\" * 200, b"1" * 200, b'""' * 100,
)  # fmt: skip


class FuzzError(AssertionError):
    """What went wrong, with what is needed to see it again."""


class Round:
    """One agent among broken messages; `play()` raises FuzzError at the first thing that is not as it must be. worst_s: slowest message."""

    def __init__(self, seed: str, corpus: Sequence[bytes] = ()) -> None:
        self.worst_s = 0.0
        self.steps = 0
        self._rng = random.Random(seed)
        identity: dict[str, object] = {"max_calls": 40}
        if self._rng.random() < 0.5:
            identity |= {
                "credentials": Credentials("robot", "secret"),
                "takes_refer": True,
                "min_se_s": 2,
                "session_expires_s": 4,
            }
        self.agent = seeded_agent(_US, self._rng.getrandbits(32), **identity)
        self._now = 0
        self._corpus = list(corpus)
        self._said: list[bytes] = []
        self._heard: list[Request | Response] = []
        self._calls: list[Call] = []
        self._framer = Framer()
        self._ids = 0
        self._last = b""

    def play(self, steps: int = STEPS) -> None:
        """All steps, then the end of all calls."""
        try:
            for self.steps in range(1, steps + 1):
                self._rng.choice(_STEPS)(self)
            self._wind_up()
        except FuzzError:
            raise
        except Exception as error:
            shown = "".join(traceback.format_exception(error))
            raise FuzzError(f"step {self.steps}: {shown}\nlast message: {self._last!r}") from error

    # ------------------------------------------------------------ what the peer does

    def new_call(self) -> None:
        """An INVITE or another request outside of a dialog."""
        self._ids += 1
        method = self._pick("INVITE", "INVITE", "INVITE", "OPTIONS", "REFER", "FLY")
        headers = self._headers(
            method, f"c{self._ids}", f"<sip:a@192.0.2.2>;tag=p{self._ids}", "<sip:robot@192.0.2.1>", 1
        )
        self._say(Request(self._more(headers), self._body(method), method, "sip:robot@192.0.2.1"))

    def within_a_call(self) -> None:
        """A request in a dialog that may be there."""
        known = [message for message in self._heard[-60:] if message.has_to_tag]
        if not known:
            self.new_call()
            return
        seen = self._rng.choice(known)
        method = self._rng.choice(_METHODS)
        own = isinstance(seen, Request)  # their request to us: the far side's tag is in To
        local, remote = (seen.get("to"), seen.get("from")) if own else (seen.get("from"), seen.get("to"))
        number = (
            seen.cseq[0]
            if method in ("ACK", "CANCEL")
            else self._rng.choice((1, 2, 3, 5, 2**31 - 1, self._rng.randint(1, 50)))
        )
        self._say(
            Request(
                self._more(self._headers(method, seen.call_id, local, remote, number)),
                self._body(method),
                method,
                "sip:x@192.0.2.1",
            )
        )

    def answer_a_request(self) -> None:
        """A response to something the agent asked."""
        asked = [message for message in self._heard[-30:] if isinstance(message, Request) and message.method != "ACK"]
        if not asked:
            self.place()
            return
        request, code = self._rng.choice(asked), self._rng.choice(_CODES)
        to = request.get("to")
        if code > 100 and not request.has_to_tag:
            to += f";tag=t{self._rng.randint(1, 3)}"
        headers = [("Via", request.get("via")), ("From", request.get("from")), ("To", to), ("Call-ID", request.call_id)]
        headers += [("CSeq", request.get("cseq")), ("Contact", "<sip:peer@192.0.2.2>")]
        body = self._body("INVITE") if request.method in ("INVITE", "UPDATE") and 100 < code < 300 else b""
        if body:
            headers.append(("Content-Type", "application/sdp"))
        self._say(Response(self._more(headers), body, code, "x"))

    def say_again(self) -> None:
        """An old datagram comes once more."""
        if self._said:
            self._give(self._rng.choice(self._said[-50:]))

    def corpus_message(self) -> None:
        """A message of the corpus, as it is or broken."""
        if self._corpus:
            self._give(self._broken(self._rng.choice(self._corpus)))

    def garbage(self) -> None:
        self._give(self._rng.randbytes(self._rng.randint(0, 200)))

    def stream(self) -> None:
        """Pieces of messages over a connection."""
        data = self._broken(b"".join(self._rng.choices(self._said[-20:] or [b"\r\n\r\n"], k=3)))
        begin = time.thread_time()
        try:
            for at in range(0, len(data), 97):
                for message in self._framer.feed(data[at : at + 97]):
                    self._give(message)
        except WireError:
            self._framer = Framer()
        self._timed(begin, data)

    # ------------------------------------------------------------ what our side does

    def place(self) -> None:
        self._ids += 1
        target = self._pick("sip:200@192.0.2.2", "sip:+8613900000001@192.0.2.2;user=phone", "sips:200@192.0.2.2")
        ring, longest = self._pick(500, 5_000, 60_000), self._pick(1_000, 90_000)
        local = sdp.LocalMedia(_US, 4_000)
        call = self.agent.place(
            f"o{self._ids}@h", target, "+8610", _PEER, local, self._now, ring_ms=ring, max_ms=longest
        )
        self._calls.append(call)
        self._collect()

    def act(self) -> None:
        """Something a robot does with one of its calls."""
        if not self._calls:
            return
        call = self._rng.choice(self._calls[-10:])
        action = self._rng.randrange(8)
        try:
            if isinstance(call, IncomingCall) and action < 3:
                if action == 0:
                    call.ring(self._now)
                elif action == 1:
                    call.answer(self._now, sdp.LocalMedia(_US, 4_002))
                else:
                    call.reject(self._now, self._pick(486, 603, 302))
            elif action == 3:
                call.change(self._now, self._pick("sendonly", "sendrecv"), self._pick("INVITE", "UPDATE"))
            elif action == 4:
                call.refer(self._now, "sip:+8613900000002@192.0.2.9")
            elif action == 5:
                call.hang_up(self._now)
            elif call.referral is not None and call.referral.open:
                if action == 6:
                    call.referral.accept(self._now)
                    call.referral.tell(self._rng.choice((100, 180, 200, 486)), "x", self._now)
                else:
                    call.referral.decline(self._now)
        except CallwrightError:
            pass  # that cannot be done in this state, and says so
        self._collect()

    def time_passes(self) -> None:
        self._now += self._pick(1, 20, 500, 600, 4_000, 40_000)
        self._run_timers()

    # ------------------------------------------------------------ inside

    def _pick(self, *choices: T) -> T:
        return self._rng.choice(choices)

    def _headers(self, method: str, call_id: str, local: str, remote: str, number: int) -> list[tuple[str, str]]:
        branch = self._rng.choice((f"z9hG4bK{self._rng.getrandbits(40):x}", f"z9hG4bK{self._rng.randint(1, 20)}"))
        headers = [
            ("Via", f"SIP/2.0/UDP 192.0.2.2;branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", local),
            ("To", remote),
        ]
        headers += [("Call-ID", call_id), ("CSeq", f"{number} {method}"), ("Contact", "<sip:peer@192.0.2.2>")]
        if method in ("INVITE", "UPDATE", "ACK"):
            headers.append(("Content-Type", "application/sdp"))
        return headers

    def _more(self, headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return (*headers, *self._rng.sample(_EXTRA, self._rng.choice((0, 0, 0, 1, 1, 2, 4))))

    def _body(self, method: str) -> bytes:
        if method == "INFO":
            return self._rng.choice((b"Signal=5\r\n", b"Signal=x", b"5", b""))
        if method == "NOTIFY":
            return self._rng.choice((b"SIP/2.0 100 Trying\r\n", b"SIP/2.0 603 No", b"SIP/2.0", b""))
        if method not in ("INVITE", "UPDATE", "ACK") or self._rng.random() < 0.2:
            return b""
        text = _SDP.format(version=self._rng.randint(1, 3)) + _SDP_MORE.format(
            direction=self._pick("sendrecv", "sendonly", "inactive")
        )
        return self._broken(text.encode(), 0.1)

    def _say(self, message: Request | Response) -> None:
        self._give(self._broken(encode(message), 0.3))

    def _give(self, data: bytes) -> None:
        """A datagram comes."""
        self._last = data
        self._said = [*self._said[-99:], data]
        begin = time.thread_time()
        self.agent.receive(data, _PEER if self._rng.random() < 0.9 else ("198.51.100.7", 9), self._now)
        self._timed(begin, data)
        self._collect()

    def _timed(self, begin: float, data: bytes) -> None:
        took = time.thread_time() - begin
        self.worst_s = max(self.worst_s, took)
        if took > SLOW_S:
            raise FuzzError(f"step {self.steps}: a message took {took:.2f} s: {data!r}")

    def _collect(self) -> None:
        for datagram in self.agent.datagrams():
            try:
                message = parse(datagram.data)
            except WireError:
                if datagram.data.startswith((b"SIP/2.0 4", b"SIP/2.0 5")):
                    continue  # a refusal echoes what was broken
                raise
            if isinstance(message, Request):
                if message.fault is not None:
                    raise FuzzError(
                        f"step {self.steps}: we said {message.fault}: {datagram.data!r} after {self._last!r}"
                    )
                self._heard.append(message)
            elif message.code < 300 or message.has_to_tag:
                self._heard.append(message)
        del self._heard[:-100]
        for call, event in self.agent.events():
            self._happened(call, event)

    def _happened(self, call: Call, event: CallEvent) -> None:
        if isinstance(event, CallOffered):
            self._calls.append(call)
        elif isinstance(event, Referred) and self._rng.random() < 0.5 and call.referral is not None:
            call.referral.decline(self._now)
        del self._calls[:-60]

    def _run_timers(self) -> None:
        for _ in range(20_000):
            due = self.agent.next_timer()
            if due is None or due > self._now:
                return
            self.agent.handle_timer(max(due, 0))
            self._collect()
        raise FuzzError(f"step {self.steps}: timers without end")

    def _wind_up(self) -> None:
        """Everybody hangs up, hours pass: nothing may be left."""
        for call in self._calls:
            call.hang_up(self._now)
        self._collect()
        self._now += 4 * _HOUR_MS
        self._run_timers()
        if not self.agent.idle:
            raise FuzzError(f"something is left: {self.agent.live} calls, {len(self.agent.timers)} timers")

    def _broken(self, data: bytes, share: float = 0.7) -> bytes:
        """The same, or changed somewhere."""
        if self._rng.random() >= share:
            return data
        for _ in range(self._rng.choice((1, 1, 2, 5))):
            data = self._rng.choice(_WAYS)(self._rng, data)
        return data[:70_000]


_STEPS: tuple[Callable[[Round], None], ...] = (
    *[Round.new_call] * 3,
    *[Round.within_a_call] * 6,
    *[Round.answer_a_request] * 6,
    *[Round.place] * 2,
    *[Round.act] * 6,
    *[Round.time_passes] * 4,
    *[Round.say_again] * 2,
    *[Round.corpus_message] * 3,
    Round.garbage,
    Round.stream,
)


# ---------------------------------------------------------------- ways to break a message


def _flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes((rng.randrange(256),)) + data[at + 1 :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 2, 10, 100)) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_ODD) * rng.choice((1, 1, 1, 30)) + data[at:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = data[at : at + rng.choice((1, 5, 60))]
    return data[:at] + piece * rng.choice((2, 3, 50)) + data[at:]


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _header(rng: random.Random, data: bytes) -> bytes:
    """One header line: gone, twice, elsewhere, or with another value."""
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = rng.randrange(len(lines))
    name, colon, value = lines[at].partition(b":")
    way = rng.randrange(6)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
    elif way == 2:
        lines[at] = name + colon + b" " + rng.choice(_ODD)
    elif way == 3:
        lines[at] = name + colon + value + rng.choice((b";", b",", b"=", b" ", b"")) + rng.choice(_ODD)
    elif way == 4:
        lines[at] = name.swapcase() + b"\t " + colon + b"\r\n " + value
    else:
        rng.shuffle(lines)
    return b"\r\n".join(lines) + blank + body


def _number(rng: random.Random, data: bytes) -> bytes:
    """A number becomes another."""
    digits = [at for at, octet in enumerate(data) if 48 <= octet < 58]
    if not digits:
        return data
    at = rng.choice(digits)
    return (
        data[:at]
        + rng.choice((b"0", b"-1", b"65536", b"2147483648", b"99999999999", b"1e9", b"\xd9\xa1"))
        + data[at + 1 :]
    )


_WAYS = (_flip, _cut, _insert, _repeat, _truncate, _header, _header, _header, _number)


# ---------------------------------------------------------------- many rounds


def corpus() -> list[bytes]:
    """The torture messages of RFC 4475 where they are (CALLWRIGHT_SHARED), else none."""
    folder = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared")) / "sip" / "rfc4475"
    return [path.read_bytes() for path in sorted(folder.glob("*.dat"))]


def run(seed: int, seconds: float, *, only: int | None = None, say: Callable[[str], None] = lambda text: None) -> int:
    """Rounds for `seconds`, or one of them; how many. Raises FuzzError with seed and round."""
    known, end, number, worst, base = corpus(), time.monotonic() + seconds, only or 0, 0.0, 0
    tracemalloc.start()
    try:
        while True:
            one = Round(f"{seed} {number}", known)
            try:
                one.play()
            except FuzzError as error:
                raise FuzzError(f"seed {seed}, round {number}: {error}") from error
            worst = max(worst, one.worst_s)
            number += 1
            del one
            gc.collect()  # calls and their agent know each other
            traced = tracemalloc.get_traced_memory()[0]
            base = traced if number <= 20 else base
            if number % 100 == 0:
                say(f"{number} rounds, slowest message {worst * 1000:.0f} ms, {traced / 1e6:.1f} MB")
            if traced - base > GROWTH_BYTES:
                raise FuzzError(f"seed {seed}, round {number}: memory grew from {base} to {traced} bytes")
            if only is not None or time.monotonic() >= end:
                return number
    finally:
        tracemalloc.stop()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the SIP agent.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--round", type=int, default=None, help="play only this round")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    _tell(f"seed {seed}")
    try:
        rounds = run(seed, options.seconds, only=options.round, say=_tell)
    except FuzzError as error:
        _tell(str(error))
        return 1
    _tell(f"{rounds} rounds without a fault")
    return 0


if __name__ == "__main__":
    raise SystemExit(_main())

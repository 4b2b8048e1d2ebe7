"""The line: what every driver (sip, loopback; later asterisk, freeswitch) offers to `calls`. Ports are meant to last.

A call is a `Leg`. A leg has signalling events and, from early media or answer on, a `Media` that plays G.711 at 20 ms and gives back
what came in. Times are ms on the driver's clock unless said otherwise; audio is 8 kHz mono.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from callwright.compliance.decision import Permit
from callwright.telephony.caller import Caller

__all__ = [
    "FRAME_MS",
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
    "CallQuality",
    "Codec",
    "DialOrder",
    "Frame",
    "IncomingLeg",
    "Leg",
    "LegAnswered",
    "LegDtmf",
    "LegEarlyMedia",
    "LegEnded",
    "LegEvent",
    "LegRejected",
    "LegReplaced",
    "LegRinging",
    "LegSignal",
    "LegTrying",
    "LineDriver",
    "Media",
    "MediaStats",
    "Pcm",
    "Supervised",
    "SupervisionMode",
    "Way",
    "WireCodec",
]

SAMPLE_RATE = 8000
FRAME_MS = 20
FRAME_SAMPLES = 160
Codec = Literal["PCMU", "PCMA"]
"""The law of audio inside the product, and of what `Media.play` takes."""
WireCodec = Literal["PCMU", "PCMA", "G722", "OPUS"]
"""What may be spoken with the far side; G722 and OPUS are PCMA inside."""
Pcm = npt.NDArray[np.int16]


@dataclass(slots=True)
class Frame:
    """20 ms that came in; nobody changes it (it is not frozen, since one is made for every call and tick: that takes 0.3 us, not 1).

    index counts ticks since the media opened; pcm has 160 samples (concealed = no packet arrived in time);
    energy: mean square of the samples, None where the driver does not measure it."""

    index: int
    pcm: Pcm
    concealed: bool = False
    energy: float | None = None


@dataclass(slots=True)
class MediaStats:
    """Counters of one RTP stream pair; garbage = packets that were no RTP of ours (counted, never trusted)."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    garbage: int = 0
    jitter_ms: float = 0.0
    last_packet_ms: float = 0.0
    dropped: int = 0  # frames nobody took in time
    recording_error: str = ""  # why the recording is not whole; "" while it is
    gaps: int = 0  # runs of lost packets
    rtcp_sent: int = 0
    rtcp_received: int = 0
    far_reports: int = 0  # report blocks of the peer about our packets
    far_lost: int = 0  # of our packets, as the peer reports by RTCP
    far_loss: float = 0.0  # share of our packets lost between its last two reports
    far_jitter_ms: float = 0.0
    round_trip_ms: float | None = None  # the last one measured by RTCP; None: the peer sends no reports
    round_trip_max_ms: float | None = None


@dataclass(frozen=True, slots=True)
class CallQuality:
    """How one leg sounded. heard by us: loss (share of packets lost or late), burst (mean run of lost ones, 0 = none), jitter, delay_ms
    (one way, as far as known), r and mos (E-model; None when nothing came); by the far side: far_* (None when it sent no reports);
    encrypted: SRTP, at the end."""

    codec: str = ""
    sent: int = 0
    received: int = 0
    lost: int = 0
    late: int = 0
    loss: float = 0.0
    burst: float = 0.0
    jitter_ms: float = 0.0
    round_trip_ms: float | None = None
    round_trip_max_ms: float | None = None
    delay_ms: float = 0.0
    far_lost: int | None = None
    far_loss: float | None = None
    far_jitter_ms: float | None = None
    r: float | None = None
    mos: float | None = None
    far_mos: float | None = None
    encrypted: bool = False

    def to_json(self) -> dict[str, Any]:
        """JSON-ready mapping."""
        return asdict(self)


class Media(Protocol):
    """Audio of one leg. `play` queues G.711 already encoded with `codec`; `on_frame`, `on_dtmf` are called in the event loop."""

    codec: Codec

    @property
    def stats(self) -> MediaStats:
        """Counters as they are now."""

    def quality(self) -> CallQuality:
        """How it sounds so far; after `close`, how it sounded."""

    def play(self, encoded: bytes, mark: str = "") -> None:
        """Queue audio (codec bytes, 160 a frame) behind what is queued."""

    def pause(self) -> None:
        """Stop at the next frame and keep the rest of the queue."""

    def resume(self, at_ms: int | None = None) -> None:
        """Go on with the rest; at_ms: position within the current mark to go on from (a sentence boundary before the pause)."""

    def flush(self) -> int:
        """Drop the queue; returns ms of the current mark that were played."""

    def position(self) -> tuple[str, int, int]:
        """(current mark, ms of it played, ms still queued over all)."""

    async def drained(self) -> None:
        """Wait until the queue has been played (returns at once when it is empty; a flush also ends it)."""

    def send_dtmf(self, digits: str) -> None:
        """RFC 4733 events, 100 ms each."""

    def listen(self, on_frame: Callable[[Frame], None], on_dtmf: Callable[[str], None]) -> None:
        """Deliver frames and key presses from now on (in the event loop, never in the tick)."""

    def record(self, path: str) -> None:
        """Start the two-channel recording (left: callee, right: ours), written outside the tick: into a .wav file, or .ogg or .opus."""

    async def close(self) -> None:
        """Stop, close socket and recording. Safe to call twice."""


SupervisionMode = Literal["listen", "whisper", "barge"]
"""listen: hear everything; whisper: also be heard by the agent the person called is bridged to, never by that person; barge: by both."""


class Supervised(Protocol):
    """A third party on a live call; ends by itself when the call or the supervisor closes."""

    @property
    def over(self) -> bool: ...

    def mode(self, mode: SupervisionMode) -> None:
        """Change it from the next frame on. Raises LineError: whisper while no agent is bridged, or it is over."""

    def end(self) -> None:
        """Part the supervisor from the call, which goes on. Safe to call twice."""


# ---------------------------------------------------------------- signalling events of a leg


@dataclass(frozen=True, slots=True)
class LegTrying:
    at_ms: int


@dataclass(frozen=True, slots=True)
class LegRinging:
    at_ms: int


@dataclass(frozen=True, slots=True)
class LegEarlyMedia:
    at_ms: int


@dataclass(frozen=True, slots=True)
class LegAnswered:
    at_ms: int


@dataclass(frozen=True, slots=True)
class LegRejected:
    """The callee or the network said no: SIP status, reason phrase, Q.850 cause if one was given."""

    at_ms: int
    code: int
    reason: str
    q850: int | None = None


@dataclass(frozen=True, slots=True)
class LegDtmf:
    at_ms: int
    digit: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """Always the last event, exactly once. cause: `bye`, `cancelled`, `rejected`, `timeout` (no answer to our signalling),
    `no_answer` (ring time over), `media_timeout`, `protocol_error`, `transport_error`, `shutdown`; by: who ended it;
    q850: the cause the far side gave with its BYE, CANCEL or refusal, None when it gave none."""

    at_ms: int
    cause: str
    by: Literal["us", "peer", "network"]
    detail: str = ""
    q850: int | None = None


@dataclass(frozen=True, slots=True)
class LegReplaced:
    """Somebody else goes on in the far side's place (an attended transfer); the leg and its media stay. remote: who that is, as far
    as its address says (a number or a user name, "" = unknown)."""

    at_ms: int
    remote: str = ""


@dataclass(frozen=True, slots=True)
class LegSignal:
    """One signalling message of the leg, sent (`->`) or received (`<-`). line: its first line, users hidden; request: `1 INVITE`, also of a
    response; peer: `ip:port`; again: the same message was there before (a retransmission); sdp: it carries a session description;
    reason: its Reason header (RFC 3326)."""

    at_ms: int
    direction: Literal["->", "<-"]
    line: str
    request: str = ""
    transport: str = ""
    peer: str = ""
    again: bool = False
    sdp: bool = False
    reason: str = ""


LegEvent = (
    LegTrying | LegRinging | LegEarlyMedia | LegAnswered | LegRejected | LegDtmf | LegReplaced | LegSignal | LegEnded
)


@dataclass(frozen=True, slots=True)
class DialOrder:
    """One call to place. `permit` holds callee and caller (E.164); target is the SIP URI it goes to; call_id becomes the Call-ID.

    codecs: what may be spoken, best first; of these the line offers what this machine can do.
    user_to_user: what the far side's program is to know (RFC 7433), at most 128 octets, text as UTF-8; "" = nothing.
    tenant: whose trunks it may go over, where there are several; then `target` may be empty: the permit's callee is dialled.
    """

    permit: Permit
    target: str
    call_id: str
    ring_timeout_s: float = 30.0
    max_duration_s: float = 600.0
    codecs: tuple[WireCodec, ...] = ("PCMA", "PCMU")
    headers: tuple[tuple[str, str], ...] = field(default=())
    user_to_user: bytes | str = ""
    tenant: str = "default"


class Leg(Protocol):
    """One call. `events()` yields until and including LegEnded; cancelling or leaving the iteration does not end the call, `hangup` does."""

    call_id: str
    media: Media | None

    def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        """Every event in order; signals: with a LegSignal for each message of the signalling (else there are none)."""

    async def hangup(self, reason: str = "") -> None:
        """BYE when answered, CANCEL while ringing, 603 when incoming and unanswered; returns when the far side knows or gave up."""


class IncomingLeg(Leg, Protocol):
    """caller, called: user parts of From and Request-URI; origin: everything the call says about who calls, and by what way."""

    caller: str
    called: str
    origin: Caller = Caller()

    async def ring(self) -> None: ...

    async def answer(self) -> None: ...

    async def reject(self, code: int, reason: str = "") -> None: ...


Way = DialOrder | IncomingLeg
"""To one of our own people: an order that rings a telephone, or a leg that is there already (a call of theirs, a browser)."""


class LineDriver(Protocol):
    """A way to the telephone network."""

    async def place(self, order: DialOrder) -> Leg: ...

    def incoming(self) -> AsyncIterator[IncomingLeg]: ...

    async def aclose(self) -> None:
        """End every leg (BYE/CANCEL), then close the sockets."""

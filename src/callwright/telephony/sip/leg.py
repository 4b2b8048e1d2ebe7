"""Legs of the SIP line: what `calls` sees of one call. They turn events of the agent into leg events and look after the media."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import anyio

from callwright.errors import LineError, WireError
from callwright.telephony.port import (
    Codec,
    LegAnswered,
    LegDtmf,
    LegEnded,
    LegEvent,
    LegReplaced,
    LegSignal,
    Media,
    WireCodec,
)
from callwright.telephony.sip import sdp
from callwright.telephony.sip.call import Call, Watcher
from callwright.telephony.sip.call_events import CallEvent, CallOffered, Replaced, SessionSet
from callwright.telephony.sip.caller import user_to_user_header
from callwright.telephony.sip.incoming import IncomingCall
from callwright.telephony.sip.modifier import Changed
from callwright.telephony.sip.outgoing import OutgoingCall
from callwright.telephony.sip.redirects import Lookup
from callwright.telephony.sip.refer import Referred, TransferProgress
from callwright.telephony.sip.replaces import Replaces
from callwright.telephony.sip.takeover import attended, name_of
from callwright.telephony.wire_audio import SrtpPolicy, WireAudio

__all__ = [
    "LegHost",
    "MediaEngine",
    "MediaStream",
    "SipIncomingLeg",
    "SipLeg",
    "close_media",
]


class MediaStream(Media, Protocol):
    """What the line needs of an audio stream beside playing and listening."""

    @property
    def local_port(self) -> int:
        """The UDP port audio is taken on."""

    def configure(
        self,
        remote: tuple[str, int],
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        direction: str = "sendrecv",
        wire: WireAudio | None = None,
    ) -> None:
        """Send to and take from `remote`, from now on; may come again. wire: how audio travels, None = as `codec` in 20 ms.

        Raises WireError when that cannot be done.
        """

    def use_rtcp(self, port: int | None = None, *, mux: bool = False) -> None:
        """Before `configure`: where the far side takes RTCP (None: the port after its audio); mux: on the port of its audio."""

    def watch(self, timeout_ms: int, callback: Callable[[], None]) -> None:
        """Call back once when nothing came for `timeout_ms` although the far side should send; 0 = stop watching."""

    def on_dtmf(self, callback: Callable[[str], None]) -> None:
        """Report key presses (in the event loop)."""


class MediaEngine(Protocol):
    """Where audio streams come from."""

    async def open(self, host: str) -> MediaStream:
        """A stream on a free port of a local IP address. Raises LineError when there is none."""

    def lacks(self, codec: WireCodec) -> str:
        """Why this machine cannot speak `codec`; "" = it can. May load a library: not for the tick."""


class LegHost(Protocol):
    """What a leg needs of its line."""

    def now_ms(self) -> int: ...

    def pump(self) -> None: ...

    async def open_media(self) -> MediaStream: ...

    def local_media(self, stream: MediaStream, codecs: tuple[WireCodec, ...], srtp: SrtpPolicy) -> sdp.LocalMedia: ...

    def closing_media(self, stream: MediaStream) -> None: ...

    @property
    def media_timeout_ms(self) -> int: ...


class SipLeg:
    """A call we placed. See `telephony.port.Leg`; `ladder` holds every message of the call, numbers hidden;
    account: of the trunk it goes over."""

    def __init__(self, host: LegHost, call: Call, stream: MediaStream | None) -> None:
        self.call_id = call.call_id
        self.media: Media | None = None
        self.account = call.account
        self._host = host
        self._call = call
        self._stream: MediaStream | None = None
        self._queue: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._over = asyncio.Event()
        self._read_out = False
        self._progress: asyncio.Queue[TransferProgress] = asyncio.Queue()
        self._changing: asyncio.Future[int] | None = None
        self._ladders = [call.ladder]  # held here: a call that has ended does not hold its own
        self._followed = False
        if stream is not None:
            self._own(stream)

    @property
    def rung(self) -> bool:
        """Whether somebody may have been rung by a call we placed."""
        return isinstance(self._call, OutgoingCall) and self._call.rung

    @property
    def ladder(self) -> tuple[LegSignal, ...]:
        return tuple(sorted((rung for ladder in self._ladders for rung in ladder), key=lambda rung: rung.at_ms))

    @property
    def replaces(self) -> Replaces | None:
        """What an INVITE to us carries to take the place of this call's far side (RFC 3891); None while there is no dialog."""
        return name_of(self._call)

    async def events(self, *, signals: bool = False) -> AsyncIterator[LegEvent]:
        """Every event once, until and including LegEnded."""
        if signals and not self._followed:
            self._follow()
        while not self._read_out:
            event = await self._queue.get()
            self._read_out = isinstance(event, LegEnded)
            if signals or not isinstance(event, LegSignal):
                yield event

    async def hangup(self, reason: str = "") -> None:
        """End the call; returns when LegEnded is there (at the latest when the transaction timers have run out, 32 s)."""
        self._call.hang_up(self._host.now_ms(), detail=reason)
        self._host.pump()
        await self._over.wait()

    def watch(self, watcher: Watcher) -> None:
        """Report every answer to our INVITE as (code, reason, now_ms), the final one or the end of the call last."""
        self._call.watcher = watcher
        if self._over.is_set():
            watcher(503, "", self._host.now_ms())

    def send_keys(self, digits: str) -> None:
        """Press keys (0-9, A-D, *, #): by telephone-event where the far side agreed to it, else by INFO (`application/dtmf-relay`).

        Raises:
            LineError: the call is not up, other letters, or the far side takes keys neither way.
        """
        session = self._call.session
        if session is not None and session.event_payload_type is not None and self.media is not None:
            self.media.send_dtmf(digits)
        else:
            self._call.keys.press(digits, self._host.now_ms())
            self._host.pump()

    async def hold(self) -> None:
        """Ask the far side to take audio only, and send none. Raises LineError when it refuses, or the call ends first."""
        await self._change("sendonly")

    async def resume_call(self) -> None:
        """Audio both ways again. Raises LineError like `hold`."""
        await self._change("sendrecv")

    async def transfer(self, target: str, *, user_to_user: bytes | str = "") -> AsyncIterator[TransferProgress]:
        """Blind transfer: ask the far side to call `target` (SIP or TEL URI) instead; gives its progress up to the final one.

        The call stays up; hang up when the final progress is a 2xx, go on talking when it is not. user_to_user: what the new call
        is to carry for whoever is rung (RFC 7433; at most 128 octets).

        Raises:
            LineError: the call is not up, `target` is no URI, another transfer is under way, too much for User-to-User.
        """
        self._call.refer(self._host.now_ms(), target, user_to_user_header(user_to_user))
        async for progress in self._follow_transfer():
            yield progress

    async def transfer_to(self, other: SipLeg, *, user_to_user: bytes | str = "") -> AsyncIterator[TransferProgress]:
        """Attended transfer (RFC 5589): ask our far side to take our place in `other`, so that the two far sides talk.

        When the final progress is a 2xx, `other` has been hung up by its far side, or soon will be; hang this one up. Else both calls
        are as they were.

        Raises:
            LineError: one of the calls is not up, another transfer is under way, too much for User-to-User.
        """
        target, headers = attended(self._call, other._call)
        self._call.refer(self._host.now_ms(), target, (*headers, *user_to_user_header(user_to_user)))
        async for progress in self._follow_transfer():
            yield progress

    async def _follow_transfer(self) -> AsyncIterator[TransferProgress]:
        self._host.pump()
        final = False
        while not final:
            progress = await self._progress.get()
            final = progress.final
            yield progress

    async def _change(self, direction: sdp.Direction) -> None:
        if self._changing is not None or self._over.is_set():
            raise LineError("the session cannot be changed: the call is over, or another change is under way")
        self._changing = asyncio.get_running_loop().create_future()
        try:
            self._call.change(self._host.now_ms(), direction)
            self._host.pump()
            code = await self._changing
        finally:
            self._changing = None
        if code != 200:
            raise LineError("the call ended first" if not code else f"the far side refused the change with {code}")

    def _changed(self, code: int) -> None:
        if self._changing is not None and not self._changing.done():
            self._changing.set_result(code)

    async def ended(self) -> None:
        """Wait until the call is over."""
        await self._over.wait()

    # ------------------------------------------------------------ from the line

    def take(self, event: CallEvent) -> None:
        """An event of the agent."""
        if isinstance(event, SessionSet):
            self._configure(event)
        elif isinstance(event, Changed):
            self._changed(event.code)
        elif isinstance(event, TransferProgress):
            self._progress.put_nowait(event)
        elif isinstance(event, Replaced):
            self._go_on(event)
        elif isinstance(event, CallOffered | Referred | Lookup) or self._over.is_set():
            return
        else:
            if isinstance(event, LegAnswered) and self._stream is not None:
                self._stream.watch(self._host.media_timeout_ms, self._silent)
            if isinstance(event, LegEnded):
                self._over.set()
                self._changed(0)
                self._release()
            self._queue.put_nowait(event)

    def _follow(self) -> None:
        """From now on the signalling stands among the events, what there was of it too, in the order of time."""
        self._followed = True
        waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        for event in sorted([*self.ladder, *waiting], key=lambda item: item.at_ms):
            self._queue.put_nowait(event)
        self._ladders[-1].follow(self._queue.put_nowait)

    def _go_on(self, event: Replaced) -> None:
        """Another call takes over: what we wanted of the session it has agreed to already."""
        self._call = event.by
        self._ladders.append(event.by.ladder)
        if self._followed:
            for rung in self._ladders[-1]:
                self._queue.put_nowait(rung)
            self._ladders[-1].follow(self._queue.put_nowait)
        self._changed(200)
        self._queue.put_nowait(LegReplaced(event.at_ms, event.by.remote_user))

    def _own(self, stream: MediaStream) -> None:
        self._stream = stream
        stream.on_dtmf(lambda digit: self.take(LegDtmf(self._host.now_ms(), digit)))

    def _configure(self, event: SessionSet) -> None:
        session, stream = event.session, self._stream
        if stream is None:
            return
        try:
            stream.use_rtcp(session.rtcp_port, mux=session.rtcp_mux)
            stream.configure(
                session.remote,
                session.codec,
                session.payload_type,
                session.event_payload_type,
                session.direction,
                session.wire,
            )
        except WireError as error:
            self._call.hang_up(event.at_ms, "protocol_error", "us", str(error))
            return
        self.media = stream

    def _silent(self) -> None:
        self._call.hang_up(self._host.now_ms(), "media_timeout", "network", "no audio came")
        self._host.pump()

    def _release(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.watch(0, self._silent)
            self._host.closing_media(stream)


class SipIncomingLeg(SipLeg):
    """A call that came in. See `telephony.port.IncomingLeg`. caller, called and to are the user parts of From, Request-URI and To;
    account: of the trunk it came by."""

    def __init__(self, host: LegHost, call: IncomingCall) -> None:
        super().__init__(host, call, None)
        self._incoming = call
        self.caller = call.caller
        self.called = call.called
        self.to = call.to
        self.origin = call.origin

    async def ring(self) -> None:
        """180 Ringing."""
        self._incoming.ring(self._host.now_ms())
        self._host.pump()

    async def answer(self) -> None:
        """200 OK with our audio.

        Raises:
            LineError: the caller has gone, or has no codec in common with us.
        """
        stream = await self._host.open_media()
        if self._stream is not None or self._over.is_set():
            await close_media(stream)
            raise LineError("the call is over or already answered")
        self._own(stream)
        try:
            self._incoming.answer(
                self._host.now_ms(), self._host.local_media(stream, self.account.codecs, self.account.srtp)
            )
        finally:
            self._host.pump()

    async def reject(self, code: int, reason: str = "") -> None:
        """Answer with a 3xx-6xx.

        Raises:
            LineError: the code is no rejection, or the reason holds a line break.
        """
        if not 300 <= code <= 699 or "\r" in reason or "\n" in reason:
            raise LineError("a call is rejected with a code from 300 to 699 and a reason on one line")
        self._incoming.reject(self._host.now_ms(), code, reason)
        self._host.pump()


async def close_media(stream: MediaStream) -> None:
    """Close a stream, whatever happens to the task that asks for it."""
    with anyio.CancelScope(shield=True), contextlib.suppress(LineError):
        await stream.close()

"""`RtpStream`: the Media of one leg. Its public methods belong to the event loop, the underscored `tick_*` ones to the tick thread.

Both sides meet in `Session` under the engine's lock, which is never held over a call that may wait. While a stream is steady its numbers are
on loan to `SteadyStreams`; whatever changes the session recalls them before.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from callwright.errors import LineError
from callwright.telephony.port import FRAME_MS, CallQuality, Codec, Frame, MediaStats, Pcm
from callwright.telephony.rtp import connected, g711
from callwright.telephony.rtp.bridges import said_by, unbridge
from callwright.telephony.rtp.control import Control
from callwright.telephony.rtp.jitter import SILENT_FRAME, Concealer
from callwright.telephony.rtp.loans import Loans
from callwright.telephony.rtp.quality import assess
from callwright.telephony.rtp.recording import Recording, RecordingWriter
from callwright.telephony.rtp.session import Session
from callwright.telephony.rtp.silence import SilenceWatch
from callwright.telephony.rtp.stream_reports import StreamReports
from callwright.telephony.wire_audio import WireAudio

__all__ = ["RtpStream"]

_DATAGRAMS = 32  # per tick and stream; a flood waits in the kernel (and is lost there), it never holds up other calls
_LONGEST_DATAGRAM = 2048

Post = Callable[[Callable[[], None]], None]


class Mixed(Protocol):
    """The mix a stream takes part in."""

    supervisor: RtpStream

    def end(self) -> None: ...


class RtpStream:
    """One RTP stream pair on its own even UDP port; made by `RtpEngine.open`. Implements `telephony.port.Media`.

    Nothing is sent and everything received is garbage until `configure` told who the peer is. `stats.recording_error` and
    `on_recording_error` tell when a recording cannot be written; the call goes on without it.
    """

    def __init__(
        self,
        local: socket.socket,
        control: socket.socket,
        rng: random.Random,
        session: Session,
        writer: RecordingWriter,
        post: Post,
        depart: Callable[[RtpStream], None],
        lock: threading.Lock,
        loans: Loans,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = local
        self.session = session
        self._loans = loans
        self._writer = writer
        self._post = post
        self._depart = depart
        self._lock = lock
        self._reports = StreamReports(local, session, lock, lambda: loans.refresh(self), lambda: loans.sent_at)
        self.control = Control(control, self._reports, session.stats, rng)
        self._closed: asyncio.Future[None] | None = None
        self.hear: Callable[[Frame], None] | None = None  # who takes the frames; None: nobody, or closed
        self._on_dtmf: list[Callable[[str], None]] = []
        self._listener_dtmf: Callable[[str], None] | None = None
        self._drains: list[tuple[int, asyncio.Future[None]]] = []
        self._silence = SilenceWatch(session, post)
        self.on_recording_error: Callable[[str], None] | None = None
        self.local_port: int = local.getsockname()[1]
        self.codec: Codec = session.codec
        # of the tick thread
        self.recording: Recording | None = None
        self.bridged: RtpStream | None = None
        self.mix: Mixed | None = None
        self.mixed: tuple[bytes, Codec] | None = None  # what to send this tick in place of what the session would
        self._waited = 0
        self.first_tick = -1  # -1: none yet
        self.heard: bytes | None = None
        self.heard_codec: Codec = session.codec
        self.sent_codec: Codec = session.codec
        self.heard_pcm: Pcm = SILENT_FRAME
        self.concealer = Concealer()
        self.said: bytes | None = None
        self.send_errors = 0
        # of SteadyStreams
        self.row: int | None = None
        self.steady_in = False
        self.steady_out = False
        self.odd_at_ms = -1.0  # the tick that took this stream back from the steady ones
        self.transmit = local.send
        self.take_datagram = local.recv
        self.fileno = local.fileno
        self._connected = False
        self._only_peer = False  # nothing waits in the socket that came before it was connected

    # ------------------------------------------------------------ set up

    @property
    def stats(self) -> MediaStats:
        """See Media. Counters are exact up to the last tick when this is read; they do not move by themselves afterwards."""
        with self._lock:
            self._loans.refresh(self)
        return self.session.stats

    def quality(self) -> CallQuality:
        """See Media; `rtp.quality` says how it is reckoned."""
        with self._lock:
            self._loans.refresh(self)
            wire, waiting = self.session.wire, self._loans.waiting(self)
        found = assess(self.session.stats, wire.codec, ptime_ms=wire.ptime_ms, buffer_ms=waiting * FRAME_MS)
        return replace(found, encrypted=wire.srtp is not None)

    @property
    def rtcp_received(self) -> int:
        """RTCP packets that shared the port of the audio (RFC 5761)."""
        return self.session.rtcp

    @property
    def closed(self) -> bool:
        return self._closed is not None

    def configure(
        self,
        remote: tuple[str, int],
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        direction: str = "sendrecv",
        wire: WireAudio | None = None,
    ) -> None:
        """What the SDP answer says; again for each re-INVITE. remote: (IP address, port); direction is ours; wire: how audio travels,
        None = as `codec` in 20 ms, not encrypted. Raises WireError."""
        with self._lock:
            self._loans.recall(self)
            self.odd_at_ms = -1.0
            self.session.configure(remote, codec, payload_type, event_payload_type, direction, wire)
            self.codec = codec
            if self._connected and not self.session.settled:  # another address: anybody there may speak first
                connected.disconnect(self._socket)
                self._connected = self._only_peer = False
        self.control.configure(self._reports.goal(remote), mux=self._reports.mux)
        self._silence.restart()

    def use_rtcp(self, port: int | None = None, *, mux: bool = False) -> None:
        """Before `configure`: where the far side takes RTCP (`a=rtcp`; None: the port after its audio), or mux: on the port of its audio."""
        self._reports.port, self._reports.mux = port, mux

    def listen(self, on_frame: Callable[[Frame], None], on_dtmf: Callable[[str], None]) -> None:
        """See Media. A second `listen` takes over from the first. A frame comes every tick, concealed when nothing arrived."""
        self.hear, self._listener_dtmf = (None if self.closed else on_frame), on_dtmf

    def on_dtmf(self, callback: Callable[[str], None]) -> None:
        """Keys for the driver too (its LegDtmf events), beside whoever listens."""
        self._on_dtmf.append(callback)

    def watch(self, timeout_ms: int, callback: Callable[[], None]) -> None:
        """Call back, once, in the event loop, when no valid packet came for timeout_ms while the peer should send. 0 = stop watching."""
        self._silence.begin(timeout_ms, callback)

    def record(self, path: str) -> None:
        """See Media. A second `record` ends the first file. Existing files are never overwritten."""
        self._open_or_raise()
        recording = Recording(path, lambda message: self._post(lambda: self._recording_failed(message)))
        self._writer.begin(recording)
        self.said = None
        with self._lock:
            before, self.recording = self.recording, recording
            self._loans.recorded()
        if before is not None:
            self._writer.finish(before, lambda: None)

    def by_itself(self) -> None:
        """Do not count as steady until asked again (a bridge looks at every frame)."""
        with self._lock:
            self._loans.recall(self)

    # ------------------------------------------------------------ speaking

    def play(self, encoded: bytes, mark: str = "") -> None:
        self._open_or_raise()
        with self._lock:
            self._loans.extend(self)
            self.session.playout.play(encoded, mark)

    def pause(self) -> None:
        with self._lock:
            self._loans.requeue(self)
            self.session.playout.paused = True

    def resume(self, at_ms: int | None = None) -> None:
        with self._lock:
            self._loans.requeue(self)
            self.session.playout.resume(at_ms)

    def flush(self) -> int:
        """See Media. Ends a pause too, so what is played next is heard."""
        with self._lock:
            self._loans.requeue(self)
            played = self.session.playout.flush()
        self._release_drains(None)
        return played

    def position(self) -> tuple[str, int, int]:
        with self._lock:
            self._loans.advance(self)
            return self.session.playout.position()

    async def drained(self) -> None:
        """See Media. A pause or a hold makes it wait; `close` ends it."""
        with self._lock:
            self._loans.refresh(self)
            playout = self.session.playout
            waiting, target = playout.waiting, playout.queued_total
        if not waiting or self.closed:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._drains.append((target, future))
        await future

    def send_dtmf(self, digits: str) -> None:
        """See Media. Raises LineError for what is no key, or when the peer did not agree to telephone-event."""
        self._open_or_raise()
        with self._lock:
            self._loans.recall(self, inbound=False)
            self.session.send_dtmf(digits)

    async def close(self) -> None:
        """See Media. Returns when the port is free and the recording is complete on disk."""
        if self._closed is None:
            self._closed = self._loop.create_future()
            self.hear = None
            unbridge(self)
            if self.mix is not None:
                self.mix.end()
            self.flush()
            self.control.close()
            self._depart(self)
        await asyncio.shield(self._closed)

    # ------------------------------------------------------------ in the event loop, called by the engine

    def _deliver_key(self, key: str) -> None:
        if self.closed:
            return
        listeners = [*self._on_dtmf, *([self._listener_dtmf] if self._listener_dtmf else [])]
        for listener in listeners:
            listener(key)

    def _release_drains(self, done: int | None) -> None:
        """Wake who waits for audio up to `done` (None: all)."""
        waiting = self._drains
        self._drains = [] if done is None else [w for w in waiting if w[0] > done]
        for target, future in waiting:
            if (done is None or target <= done) and not future.done():
                future.set_result(None)

    def _recording_failed(self, message: str) -> None:
        self.session.stats.recording_error = message
        if self.on_recording_error is not None:
            self.on_recording_error(message)

    def _finished(self) -> None:
        """The port is free. What was asked to be told is let go: it mostly leads back here, and such rings stay in memory for long."""
        self.control.close()
        self._reports.end()
        self._on_dtmf.clear()
        self._silence.begin(0, self._finished)
        self._listener_dtmf = self.on_recording_error = None
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    # ------------------------------------------------------------ in the tick thread

    @property
    def ready(self) -> bool:
        """May become steady: only the peer can be heard on the socket, and no other stream depends on this one."""
        return (
            self._only_peer and self.bridged is None and self.mix is None and not (self.steady_in and self.steady_out)
        )

    def take_over(self, last: Pcm) -> None:
        """This stream is steady no more; `last` is what was heard last."""
        self.concealer.good(last)
        self.heard, self.heard_pcm = None, last

    def receive_one(self, datagram: bytes, now_ms: float) -> None:
        """A datagram of the connected socket, not encrypted any more. The lock is held."""
        if self.session.peer is not None:
            self.session.receive_opened(datagram, self.session.peer, now_ms)

    def receive_control(self, datagram: bytes) -> None:
        """RTCP on the connected socket, not encrypted any more; the stream stays as it is. The lock is held."""
        if self.session.peer is not None:
            self.session.receive_control(datagram, self.session.peer)
            self._pass_control()

    def _pass_control(self) -> None:
        packets, self.session.control = self.session.control, []
        for packet in packets:
            self._post(partial(self.control.muxed, packet))

    def played_out(self) -> None:
        """All that was queued has been sent. The lock is held."""
        done = self.session.playout.queued_total
        self._post(lambda: self._release_drains(done))

    def tick_receive(self, now_ms: float) -> None:
        """Read the socket until it is empty; sets `heard` to this tick's frame (None: conceal)."""
        datagrams: list[tuple[bytes, tuple[str, int]]] = []
        for _ in range(_DATAGRAMS):
            try:
                datagrams.append(self._socket.recvfrom(_LONGEST_DATAGRAM))
            except BlockingIOError:
                self._only_peer = self._connected
                break
            except OSError:  # an ICMP error of an earlier send: what it says about the peer is signalling's business
                self.send_errors += 1
        session = self.session
        with self._lock:
            for datagram, source in datagrams:
                session.receive(datagram, source[:2], now_ms)
            if connected.POSSIBLE and not self._connected and session.settled and session.peer is not None:
                self._connected = connected.connect(self._socket, session.peer)
        self.tick_take(now_ms)

    def tick_take(self, now_ms: float) -> None:
        """Take this tick's frame out of the session, and what else it has to say."""
        session = self.session
        with self._lock:
            self.heard, self.heard_codec = session.take(), session.codec
            keys, session.keys = session.keys, ([] if session.keys else session.keys)
            if session.control:
                self._pass_control()
        for key in keys:
            self._pressed(key)
        if self._silence.on:
            self._silence.look(now_ms)

    def tick_draw(self) -> Pcm | None:
        """For a mix: what the queue says in this tick, ahead of `tick_send`."""
        session = self.session
        with self._lock:
            self._waited = session.playout.waiting
            drawn, codec = session.draw(), session.codec
        return None if drawn is None else g711.decode(drawn, codec)

    def tick_send(self) -> None:
        """Send this tick's packet; `said` is the audio of it, for the recording."""
        session = self.session
        other = self.bridged
        with self._lock:
            through = None if other is None else said_by(other, session.codec)
            waited, self._waited = max(session.playout.waiting, self._waited), 0
            mixed, self.mixed = self.mixed, None
            packet = session.give(through, mixed[0] if mixed is not None and mixed[1] == session.codec else None)
            peer, self.said, self.sent_codec = session.peer, session.sent_audio, session.codec
            done = session.playout.queued_total if waited and not session.playout.waiting else None
        if packet is not None and peer is not None:
            try:
                if self._connected:
                    self._socket.send(packet)
                else:
                    self._socket.sendto(packet, peer)
            except OSError:  # no route, buffer full: as lost on the way; the silence watch ends a dead call
                self.send_errors += 1
        if done is not None:
            self._post(lambda: self._release_drains(done))

    def tick_skip(self, ticks: int) -> None:
        with self._lock:
            self._loans.skip(self, ticks)

    def tick_close(self) -> None:
        """Free the port, then finish the recording; `close` returns after that."""
        self._only_peer = False
        self._socket.close()
        recording, self.recording = self.recording, None
        if recording is None:
            self._post(self._finished)
        else:
            self._writer.finish(recording, lambda: self._post(self._finished))

    def tick_gone(self) -> None:
        """The engine no longer has this stream (it failed, or the thread ended): whoever closes it need not wait."""
        self._post(self._finished)

    def _pressed(self, key: str) -> None:
        self._post(lambda: self._deliver_key(key))
        other = self.bridged
        if other is not None and other.session.event_payload_type is not None:
            with self._lock:
                self._loans.recall(other, inbound=False)
                other.session.keys_out.send(key)

    def _open_or_raise(self) -> None:
        if self.closed:
            raise LineError("media: this stream is closed")

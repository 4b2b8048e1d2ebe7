"""One RTP stream pair without sockets, threads or clock: datagrams in, one frame in and one packet out per 20 ms tick.

The engine owns the socket and the time; everything that decides (who may speak, what is lost, what is said next) is here and in the
modules this one joins, and is tested in virtual time.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import get_args

from callwright.errors import LineError
from callwright.telephony.port import FRAME_SAMPLES, Codec, MediaStats
from callwright.telephony.rtp import codecs, g711
from callwright.telephony.rtp.agreed import Kind, checked, kinds
from callwright.telephony.rtp.codecs import InOrder
from callwright.telephony.rtp.comfort import Comfort, Noise
from callwright.telephony.rtp.dtmf import KeyReceiver, KeySender
from callwright.telephony.rtp.jitter import JitterBuffer
from callwright.telephony.rtp.latch import Latch, Verdict
from callwright.telephony.rtp.loans import LentIn, LentOut
from callwright.telephony.rtp.packet import HEADER, RtpPacket, is_rtcp, parse, parse_event, serialise_event
from callwright.telephony.rtp.packing import Packer
from callwright.telephony.rtp.playout import Playout
from callwright.telephony.rtp.reports import Reception, Transmission
from callwright.telephony.rtp.sequence import SequenceTracker
from callwright.telephony.rtp.srtp import Srtp
from callwright.telephony.wire_audio import SrtpKeys, WireAudio

__all__ = ["Session"]

Address = tuple[str, int]

_CONTROL = 8  # packets of RTCP that may wait for the owner
_LONGEST = 10 * FRAME_SAMPLES  # bytes of audio a packet may carry


class Session:
    """State of one stream pair. Not thread-safe: the owner serialises calls."""

    def __init__(self, ssrc: int, sequence: int, timestamp: int, quiet_dbov: int | None = None) -> None:
        """Our SSRC and the random first sequence number and timestamp (RFC 3550 section 5.1 asks for random ones).

        quiet_dbov: level of noise to send instead of digital silence, -30 to -90; None = digital silence.
        """
        self.codec: Codec = "PCMA"
        self.stats = MediaStats()
        self.rtcp = 0
        self.control: list[bytes] = []  # RTCP of the peer that came on this port, since the owner took it
        self.event_payload_type: int | None = None
        self.sending = False
        self.receiving = False
        self.sent_audio: bytes | None = None  # what the last `give` sent, None: no audio (nothing, or a key)
        self.keys: list[str] = []  # pressed since the owner took them
        self.playout = Playout(g711.SILENCE[self.codec])
        self._drawn: bytes | None = None  # a frame that left the queue and was not sent yet
        self.keys_out = KeySender()
        self.jitter = JitterBuffer(g711.SILENCE[self.codec])
        self.wire = WireAudio(self.codec)
        self.comfort = Comfort()
        self._quiet = None if quiet_dbov is None else Noise(-quiet_dbov)
        self._packer = Packer(self.wire)
        self._in_order: InOrder | None = None
        self._undecoded = 0  # garbage of `_in_order` that is in the counters
        self._srtp: Srtp | None = None
        self._latch: Latch | None = None
        self._kinds: dict[int, Kind] = {}
        self._payload_type = 8
        self._keys_in = KeyReceiver()
        self._tracker = SequenceTracker()
        self._ssrc = ssrc & 0xFFFFFFFF
        self._sequence = sequence & 0xFFFF
        self._timestamp = timestamp & 0xFFFFFFFF
        self._octets = 0
        self._marker = True
        self._arrival: tuple[float, int] | None = None
        self._silence = g711.SILENCE[self.codec] * FRAME_SAMPLES

    def configure(
        self,
        remote: Address,
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        direction: str,
        wire: WireAudio | None = None,
    ) -> None:
        """What signalling agreed on; again for every re-INVITE. direction is ours; wire: None = as `codec` in 20 ms, not encrypted.

        Raises WireError for what no peer can have meant.

        The address 0.0.0.0 and port 0 (hold of RFC 2543, refused stream) stop sending. The latch begins anew when the address changes.
        """
        wire = wire or WireAudio(codec)
        address = checked(remote, codec, payload_type, event_payload_type, direction, wire)
        silent = address[1] == 0 or ipaddress.ip_address(address[0]).is_unspecified
        self._use_codec(codec)
        self._use_wire(wire)
        self._payload_type = payload_type
        self.event_payload_type = event_payload_type
        if event_payload_type is None:
            self.keys_out.clear()
        self._kinds = kinds(codec, payload_type, event_payload_type, wire, decoded=self._in_order is not None)
        if self._latch is None or self._latch.remote != address:
            self._latch = Latch(address)
        self.sending = direction in ("sendrecv", "sendonly") and not silent
        self.receiving = direction in ("sendrecv", "recvonly")
        if not self.receiving:
            self.comfort.reset()
        self._marker = True

    @property
    def peer(self) -> Address | None:
        """Where packets go."""
        return None if self._latch is None else self._latch.peer

    def receive(self, datagram: bytes, source: Address, now_ms: float) -> None:
        """One datagram. Whatever is not RTP of our peer is counted and dropped."""
        opened = self.opened(datagram, source) if self._srtp is not None else datagram
        if opened is not None:
            self.receive_opened(opened, source, now_ms)

    def receive_opened(self, datagram: bytes, source: Address, now_ms: float) -> None:
        """One datagram that is not encrypted, or not any more."""
        packet = parse(datagram)
        if packet is None:
            if is_rtcp(datagram):
                self.receive_control(datagram, source)
            else:
                self.stats.garbage += 1
            return
        kind = self._kinds.get(packet.payload_type)
        if kind is None or self._latch is None or len(packet.payload) > _LONGEST:
            self.stats.garbage += 1
            return
        verdict = self._latch.judge(source, packet.ssrc)
        if verdict is Verdict.REFUSE:
            self.stats.garbage += 1
            return
        if verdict is Verdict.NEW_SOURCE:
            self._new_source()
        if not self._tracker.accept(packet.sequence):
            return
        self.stats.received += 1
        self.stats.last_packet_ms = now_ms
        self.stats.lost, self.stats.gaps = self._tracker.lost, self._tracker.gaps
        if kind == "event":
            self._key(packet)
        elif not self.receiving:
            return
        elif kind == "comfort":
            self.comfort.describe(packet.payload, packet.timestamp, self._arrival[1] if self._arrival else None)
        elif packet.payload:
            self._audio(packet, kind, now_ms)

    def receive_control(self, datagram: bytes, source: Address) -> None:
        """RTCP that shares the port (RFC 5761), decrypted: kept when it comes from where audio may come from."""
        self.rtcp += 1
        latch = self._latch
        if latch is None or source[0] != latch.remote[0] or (latch.settled and source != latch.peer):
            self.stats.garbage += 1
        elif len(self.control) < _CONTROL:
            self.control.append(datagram)

    def transmission(self) -> Transmission:
        """What we have sent; `timestamp` is that of the next packet."""
        return Transmission(self._ssrc, self._timestamp, self.stats.sent, self._octets)

    def reception(self) -> Reception | None:
        """The source that is heard now, None before the first packet."""
        current = self._tracker.current
        if current is None or self._latch is None:
            return None
        highest, expected, received = current
        jitter = self.stats.jitter_ms * self.wire.clock_hz / 1000
        return Reception(self._latch.ssrc, highest, expected, received, jitter, self.wire.clock_hz)

    def take(self) -> bytes | None:
        """The received frame of this tick: 160 bytes in `codec`, or None: conceal."""
        if self._in_order is not None:
            self._take_in_order(self._in_order)
        frame = self.jitter.pop()
        if frame is None and self.comfort.noise is not None:
            return self.comfort.noise.frame(self.codec)
        return frame

    def draw(self) -> bytes | None:
        """Take this tick's frame of the queue ahead of `give`, which sends it unless something is mixed over it.

        None: nothing waits, we may not send, or a key is under way."""
        if self._drawn is None and self.sending and not self._key_is_next:
            self._drawn = self.playout.take()
        return self._drawn

    def give(self, instead_of_silence: bytes | None = None, mixed: bytes | None = None) -> bytes | None:
        """The packet of this tick, or None while we may not send. What is queued goes first, then `instead_of_silence` (a bridge),
        then silence: the stream never stops, so a NAT and the peer's watchdog stay content. mixed: to be heard in place of all these, made
        with what `draw` took."""
        timestamp = self._timestamp
        self._timestamp = (timestamp + self._packer.frame_units) & 0xFFFFFFFF
        self.sent_audio = None
        if not self.sending:
            self._marker = True
            self._packer.clear()
            return None
        if self._key_is_next and self.event_payload_type is not None:
            out = self.keys_out.step(timestamp)
            if out is not None:
                event = out.event._replace(duration=out.event.duration * self._packer.event_scale)
                return self._packet(self.event_payload_type, out.timestamp, serialise_event(event), out.marker)
        drawn, self._drawn = self._drawn, None
        frame = mixed or drawn or self.playout.take() or instead_of_silence or self.silent_frame()
        self.sent_audio = frame
        packed = self._packer.add(frame, timestamp)
        if packed is None:
            return None
        marker, self._marker = self._marker, False
        return self._packet(self._payload_type, *packed, marker)

    def _packet(self, payload_type: int, timestamp: int, payload: bytes, marker: bool) -> bytes:
        sequence = self._sequence
        self._sequence = (sequence + 1) & 0xFFFF
        self.stats.sent += 1
        self._octets += len(payload)
        second = payload_type | 0x80 if marker else payload_type
        return self.sealed(HEADER.pack(0x80, second, sequence, timestamp, self._ssrc) + payload)

    @property
    def _key_is_next(self) -> bool:
        return self.keys_out.busy and self.event_payload_type is not None and not self._packer.waiting

    @property
    def noisy(self) -> bool:
        """Noise is sent while nothing is said."""
        return self._quiet is not None

    def silent_frame(self) -> bytes:
        """What to send in this tick when nothing is said."""
        return self._silence if self._quiet is None else self._quiet.frame(self.codec)

    def begun(self) -> None:
        """The packet with the marker was sent by whoever has this stream on loan."""
        self._marker = False

    def skip(self, ticks: int) -> None:
        """Ticks that could not be kept: our clock goes on, the queue waits for them."""
        self._timestamp = (self._timestamp + ticks * self._packer.frame_units) & 0xFFFFFFFF
        self._packer.clear()
        self._marker = True

    # ------------------------------------------------------------ loans to the arrays of many streams

    def lend_in(self) -> LentIn | None:
        """What it takes to receive without this object while nothing unusual comes; None: not now."""
        latch, arrival = self._latch, self._arrival
        if self._in_order is not None or self.comfort.noise is not None:
            return None
        if latch is None or not latch.settled or not self.receiving or arrival is None:
            return None
        buffer = self.jitter.lend()
        if buffer is None or (arrival[1] + FRAME_SAMPLES) & 0xFFFFFFFF != buffer.timestamp:
            return None
        first = 0x80000000 | self._payload_type << 16 | self._tracker.following
        return LentIn(first, latch.ssrc, buffer, arrival[0], self.stats.jitter_ms)

    def give_back_in(self, came: int, arrival_ms: float, jitter_ms: float) -> None:
        """So many packets came meanwhile, the last one at arrival_ms. The jitter buffer has been given back before."""
        if not came or self._latch is None or self._arrival is None:
            return
        self._latch.advance(came)
        self._tracker.advance(came)
        self.stats.received += came
        self.stats.last_packet_ms = arrival_ms
        self.stats.jitter_ms = jitter_ms
        self._arrival = (arrival_ms, (self._arrival[1] + came * FRAME_SAMPLES) & 0xFFFFFFFF)

    def lend_out(self) -> LentOut | None:
        """What it takes to send audio without this object; None: not now (on hold, a key is being sent, a talkspurt begins), or never:
        another codec or packet time. Whoever sends has it `sealed` before, and takes the `silent_frame` of a stream that is `noisy`."""
        if not self.sending or self._marker or self.keys_out.busy:
            return None
        if not self._packer.simple:
            return None
        first = 0x80000000 | self._payload_type << 16 | self._sequence
        return LentOut(first, self._timestamp, self._ssrc, self._silence)

    def give_back_out(self, sent: int) -> None:
        """So many packets of audio were sent meanwhile."""
        self._sequence = (self._sequence + sent) & 0xFFFF
        self._timestamp = (self._timestamp + sent * FRAME_SAMPLES) & 0xFFFFFFFF
        self.stats.sent += sent
        self._octets += sent * FRAME_SAMPLES

    @property
    def settled(self) -> bool:
        """The peer is known for good: nobody else will be heard until signalling says so."""
        return self._latch is not None and self._latch.settled

    def send_dtmf(self, digits: str) -> None:
        """Raises LineError for what is no key, or when the peer takes no telephone-events."""
        if self.event_payload_type is None:
            raise LineError("DTMF: the far side did not agree to telephone-event (RFC 4733) in its SDP")
        self.keys_out.send(digits)

    def _use_codec(self, codec: Codec) -> None:
        if codec == self.codec:
            return
        table, silence = g711.TRANSCODE[self.codec, codec], g711.SILENCE[codec]
        self.playout.transcode(table, silence)
        if self._drawn is not None:
            self._drawn = self._drawn.translate(table)
        self.jitter.reset(silence)
        self._silence = silence * FRAME_SAMPLES
        self.codec = codec

    def _use_wire(self, wire: WireAudio) -> None:
        """Take over how audio travels from now on; what stays the same goes on without a seam."""
        before, self.wire = self.wire, wire
        if replace(before, srtp=None) != replace(wire, srtp=None):
            self._packer = Packer(wire)
        if before.codec != wire.codec:
            law = wire.codec in get_args(Codec)
            self._in_order = None if law else InOrder(codecs.decoder(wire.codec), wire.clock_hz)
            self._undecoded = 0
            self.jitter.reset()
            self.comfort.reset()
            self._arrival = None
        if before.clock_hz != wire.clock_hz:
            self._keys_in.reset()
            self._ssrc = (self._ssrc + 1) & 0xFFFFFFFF  # RFC 7160 section 4: another clock is another source
        self._use_keys(wire.srtp)

    def _use_keys(self, keys: SrtpKeys | None) -> None:
        if keys is None:
            self._srtp = None
        elif self._srtp is None:
            self._srtp = Srtp(keys)
            if not self.stats.sent:
                # Far from the wrap: who loses the first packets would else miscount them (RFC 3711 section 3.3.1).
                self._sequence &= 0x7FFF
        else:
            self._srtp.rekey(keys)

    @property
    def encrypted(self) -> bool:
        """Packets are `sealed` before they leave, and `opened` when they come."""
        return self._srtp is not None

    def sealed(self, packet: bytes) -> bytes:
        """An RTP packet as it goes out."""
        return packet if self._srtp is None else self._srtp.protect(packet)

    def opened(self, datagram: bytes, source: Address) -> bytes | None:
        """The RTP or RTCP packet in an encrypted datagram; None: it proves nothing, and is counted as garbage. Who cannot be our peer is
        not even asked: a copy of a packet sent from elsewhere must not count as the packet."""
        packet = None
        if self._srtp is not None and self._latch is not None and self._latch.possible(source):
            control = is_rtcp(datagram)
            packet = self._srtp.unprotect_rtcp(datagram) if control else self._srtp.unprotect(datagram)
        if packet is None:
            self.stats.garbage += 1
        return packet

    def protect_rtcp(self, packet: bytes) -> bytes:
        """An RTCP packet as it goes out: encrypted where the audio is."""
        return packet if self._srtp is None else self._srtp.protect_rtcp(packet)

    def unprotect_rtcp(self, datagram: bytes) -> bytes | None:
        """An RTCP packet as it came in, decrypted where the audio is encrypted; None: it is not of our peer."""
        return datagram if self._srtp is None else self._srtp.unprotect_rtcp(datagram)

    def _take_in_order(self, waiting: InOrder) -> None:
        for timestamp, law in waiting.decoded(self.jitter.depth == 0):
            self.jitter.push(timestamp, law)
        self.stats.late = self.jitter.late
        self.stats.garbage += waiting.garbage - self._undecoded
        self._undecoded = waiting.garbage

    def _new_source(self) -> None:
        self._tracker.restart()
        self.jitter.reset()
        self._keys_in.reset()
        self.comfort.reset()
        if self._in_order is not None:
            self._in_order.reset()
        self._arrival = None

    def _key(self, packet: RtpPacket) -> None:
        event = parse_event(packet.payload)
        if event is None:
            self.stats.garbage += 1
            return
        key = self._keys_in.receive(event, packet.timestamp, packet.marker)
        if key is not None:
            self.keys.append(key)

    def _audio(self, packet: RtpPacket, spoken: Kind, now_ms: float) -> None:
        if self.comfort.speaks(packet.timestamp):
            self._arrival = None
            if self.jitter.overtaken(packet.timestamp):  # its clock stood still meanwhile
                self.jitter.reset()
        if self._arrival is not None:  # RFC 3550 appendix A.8, arrival known to the tick
            before, stamp = self._arrival
            moved = ((packet.timestamp - stamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            difference = abs(now_ms - before - moved * 1000 / (self.wire.clock_hz if spoken == "wire" else 8000))
            if difference < 1000:  # else the peer's clock jumped: no jitter
                self.stats.jitter_ms += (difference - self.stats.jitter_ms) / 16
        self._arrival = (now_ms, packet.timestamp)
        payload = packet.payload
        if spoken == "wire" and self._in_order is not None:
            self._in_order.push(packet.sequence, packet.timestamp, payload)
            return
        if spoken in ("PCMU", "PCMA") and spoken != self.codec:
            payload = payload.translate(g711.TRANSCODE[spoken, self.codec])
        self.jitter.push(packet.timestamp, payload)
        self.stats.late = self.jitter.late

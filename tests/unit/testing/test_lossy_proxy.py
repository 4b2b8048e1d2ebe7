"""The lossy relay: transparent both ways, repeatable by its seed, and as lossy as it says."""

from __future__ import annotations

import asyncio
import socket

from callwright.testing.lossy_proxy import HOST, LINE_FACE, PEER_FACE, LossyProxy


def _socket(port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((HOST, port))
    return made


async def _take(receiver: socket.socket) -> tuple[bytes, tuple[str, int]]:
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recvfrom(receiver, 2048)


def test_each_side_sees_the_others_face() -> None:
    async def run() -> None:
        async with LossyProxy.open("s", loss=0, repetition=0, reordering=0) as proxy:
            with _socket(proxy.line_port) as line, _socket() as peer, _socket() as stranger:
                face = await proxy.face(peer.getsockname())
                assert face[0] == PEER_FACE
                line.sendto(b"to the peer", face)
                assert await _take(peer) == (b"to the peer", (LINE_FACE, proxy.line_port))
                peer.sendto(b"to the line", proxy.line)
                assert await _take(line) == (b"to the line", face)
                stranger.sendto(b"who am I", proxy.line)  # a peer nobody announced gets a face of its own
                data, its_face = await _take(line)
                assert data == b"who am I"
                assert its_face != face
                line.sendto(b"you", its_face)
                assert (await _take(stranger))[0] == b"you"

    asyncio.run(run())


def test_a_peer_that_names_its_own_address_is_renamed_for_the_line() -> None:
    async def run() -> None:
        async with LossyProxy.open("s", loss=0, repetition=0, reordering=0, rename=True) as proxy:
            with _socket(proxy.line_port) as line, _socket() as peer:
                at, face = (
                    f"{host}:{port}" for host, port in (peer.getsockname(), await proxy.face(peer.getsockname()))
                )
                peer.sendto(f"Contact: <sip:a@{at}>\r\nX: {at}1\r\n\r\n{at}".encode(), proxy.line)
                data, source = await _take(line)
                assert data.decode() == f"Contact: <sip:a@{face}>\r\nX: {at}1\r\n\r\n{at}"
                line.sendto(f"ACK sip:a@{face} SIP/2.0\r\n\r\n".encode(), source)
                assert (await _take(peer))[0].decode() == f"ACK sip:a@{at} SIP/2.0\r\n\r\n"

    asyncio.run(run())


async def _fates(seed: str, count: int) -> tuple[list[int], LossyProxy]:
    """Numbers of the datagrams that came through, in the order they came."""
    async with LossyProxy.open(seed, late_ms=(1, 5)) as proxy:
        with _socket(proxy.line_port) as line, _socket() as peer:
            face = await proxy.face(peer.getsockname())
            came: list[int] = []
            for number in range(count):
                line.sendto(number.to_bytes(4, "big"), face)
                while proxy.outward.carried <= number:  # noqa: ASYNC110 -- one turn of the loop
                    await asyncio.sleep(0)
                if number % 50 == 49:  # sooner than the buffer of the socket is full
                    due = proxy.outward.carried - proxy.outward.lost + proxy.outward.repeated
                    while len(came) < due:
                        came.append(int.from_bytes((await _take(peer))[0], "big"))
            return came, proxy


def test_it_loses_repeats_and_reorders_a_tenth() -> None:
    came, proxy = asyncio.run(_fates("a tenth", 1_000))
    passage = proxy.outward
    assert passage.carried == 1_000
    for share in (passage.lost, passage.repeated, passage.reordered):
        assert 60 <= share <= 140
    assert len(set(came)) == 1_000 - passage.lost
    assert came != sorted(came)
    assert proxy.inward.carried == 0


def test_the_same_seed_loses_the_same() -> None:
    first, again, other = (set(asyncio.run(_fates(seed, 200))[0]) for seed in ("x", "x", "y"))
    assert first == again
    assert first != other

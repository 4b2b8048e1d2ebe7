from __future__ import annotations

import numpy as np

from callwright.telephony.rtp.jitter import Concealer, JitterBuffer


def frame(n: int) -> bytes:
    return bytes([n % 250 + 1]) * 160


def number(data: bytes | None) -> int | None:
    return None if data is None else data[0] - 1


def run(arrivals: dict[int, list[int]], ticks: int, start: int = 0) -> list[int | None]:
    """Frames whose numbers arrive at each tick -> numbers played."""
    buffer = JitterBuffer(b"\xd5")
    played = []
    for tick in range(ticks):
        for n in arrivals.get(tick, []):
            buffer.push((start + n * 160) & 0xFFFFFFFF, frame(n))
        played.append(number(buffer.pop()))
    return played


def test_one_frame_of_cushion_then_in_order_over_the_timestamp_wrap() -> None:
    arrivals = {n: [n] for n in range(20)}
    assert run(arrivals, 21, start=0xFFFFFFFF - 500) == [None, *range(20)]


def test_neighbours_that_swap_places_are_put_right() -> None:
    assert run({0: [0], 1: [2], 2: [1], 3: [3], 4: [4]}, 5) == [None, 0, 1, 2, 3]


def test_the_first_packet_may_be_overtaken() -> None:
    assert run({0: [1, 0], 1: [2], 2: [3]}, 4) == [None, 0, 1, 2]


def test_a_lost_frame_is_a_hole_not_a_shift() -> None:
    assert run({0: [0], 1: [1], 3: [3], 4: [4], 5: [5]}, 6) == [None, 0, 1, None, 3, 4]


def test_lateness_is_counted_and_a_slower_path_gets_more_delay() -> None:
    buffer = JitterBuffer(b"\xd5")
    played = []
    for tick in range(60):
        n = tick if tick < 20 else tick - 3  # from tick 20 on everything takes 60 ms longer
        if tick < 20 or n >= 20:
            buffer.push(n * 160, frame(n))
        played.append(number(buffer.pop()))
    assert buffer.late == 2
    assert played[-1] is not None
    tail = played[30:]
    assert tail == list(range(tail[0] or 0, (tail[0] or 0) + 30))  # every one, in order, after it adapted


def test_packets_that_come_a_moment_late_now_and_then_get_a_frame_more() -> None:
    """After we stood still: every packet comes just before its turn, each tenth just after it."""
    buffer = JitterBuffer(b"\xd5")
    for n in range(20):
        buffer.push(n * 160, frame(n))
        buffer.pop()
    buffer.pop()  # two ticks without a packet: what was spare is gone
    played, waits = [], list[int]()
    for n in range(20, 120):
        for late in waits:
            buffer.push(late * 160, frame(late))
        waits = [n] if n % 10 == 5 else []
        if not waits:
            buffer.push(n * 160, frame(n))
        played.append(number(buffer.pop()))
    assert buffer.late == 1
    heard = [n for n in played if n is not None]
    assert heard == sorted(heard)
    assert set(range(36, 118)) <= set(heard)  # from the second that came late on, every one is heard


def test_a_straggler_does_not_bring_back_frames_that_were_skipped() -> None:
    buffer = JitterBuffer(b"\xd5")
    for n in range(40):
        buffer.push(n * 160, frame(n))
        buffer.pop()
    for n in (*range(40, 45), *range(46, 58)):  # at once, without the 45th
        buffer.push(n * 160, frame(n))
    buffer.pop()  # overfull: all but two are skipped
    depth = buffer.depth
    buffer._late_at = 44  # another one was late lately
    buffer.push(54 * 160, frame(54))
    assert (buffer.depth, buffer.late) == (depth, 1)


def test_a_packet_that_was_overtaken_is_not_played_after_the_one_that_overtook_it() -> None:
    buffer = JitterBuffer(b"\xd5")
    arrivals = {n: [n] for n in range(60)} | {10: [], 13: [13, 10], 30: [], 33: [33, 30]}
    played = []
    for tick in range(60):
        for n in arrivals[tick]:
            buffer.push(n * 160, frame(n))
        played.append(number(buffer.pop()))
    heard = [n for n in played if n is not None]
    assert heard == sorted(heard)
    assert buffer.late == 2


def test_delay_shrinks_again_when_it_is_not_needed() -> None:
    buffer = JitterBuffer(b"\xd5")
    for n in range(6):
        buffer.push(n * 160, frame(n))
    depths = []
    for tick in range(6, 900):
        buffer.push(tick * 160, frame(tick))
        buffer.pop()
        depths.append(buffer.depth)
    assert depths[0] >= 6
    assert depths[-1] <= 2


def test_a_burst_after_a_stall_does_not_stay_as_delay() -> None:
    buffer = JitterBuffer(b"\xd5")
    for n in range(30):
        buffer.push(n * 160, frame(n))
    for _ in range(4):
        buffer.pop()
    assert buffer.depth <= 12


def test_silence_suppression_keeps_the_clock() -> None:
    """No packets for a second, timestamps go on: the first frame after it is played after one frame of cushion."""
    played = run({0: [0], 1: [1], 51: [51], 52: [52]}, 54)
    assert played[52:] == [51, 52]


def test_a_new_clock_is_believed_at_the_second_packet() -> None:
    buffer = JitterBuffer(b"\xd5")
    buffer.push(0, frame(0))
    buffer.pop()
    buffer.push(1_000_000, frame(7))
    assert buffer.depth == 1  # one stray packet changes nothing
    buffer.push(1_000_160, frame(8))
    assert [number(buffer.pop()) for _ in range(2)] == [None, 8]


def test_a_sender_whose_clock_stands_still_in_silence_is_heard_again() -> None:
    buffer = JitterBuffer(b"\xd5")
    for n in range(5):
        buffer.push(n * 160, frame(n))
        buffer.pop()
    for _ in range(100):
        buffer.pop()
    played = []
    for n in range(5, 15):
        buffer.push(n * 160, frame(n))
        played.append(number(buffer.pop()))
    assert played[-5:] == [9, 10, 11, 12, 13]


def test_other_packet_times_come_out_as_20_ms() -> None:
    audio = bytes(n % 251 for n in range(160 * 24))
    for size in (80, 240, 320, 400):
        buffer = JitterBuffer(b"\x00")
        heard, sent = b"", 0
        for tick in range(26):
            while sent < len(audio) and sent <= tick * 160:
                buffer.push(sent, audio[sent : sent + size])
                sent += size
            heard += buffer.pop() or b""
        assert heard[: 160 * 20] == audio[: 160 * 20], size


def test_concealment_fades_to_silence() -> None:
    concealer = Concealer()
    assert not concealer.conceal().any()
    loud = np.full(160, 10000, np.int16)
    concealer.good(loud)
    frames = [concealer.conceal() for _ in range(5)]
    assert not any(frame.flags.writeable for frame in frames)
    peaks = [int(np.abs(frame).max()) for frame in frames]
    assert peaks == [7000, 4000, 1500, 0, 0]
    assert loud[0] == 10000

from __future__ import annotations

from callwright.telephony.rtp.playout import Playout


def queue(*items: tuple[str, int]) -> Playout:
    playout = Playout(b"\xd5")
    for number, (mark, samples) in enumerate(items, start=1):
        playout.play(bytes([number]) * samples, mark)
    return playout


def test_position_counts_within_the_mark() -> None:
    playout = queue(("a", 320), ("b", 160))
    assert playout.position() == ("a", 0, 60)
    playout.take()
    assert playout.position() == ("a", 20, 40)
    playout.take()
    assert playout.position() == ("a", 40, 20)
    playout.take()
    assert playout.position() == ("b", 20, 0)
    assert playout.take() is None
    assert playout.position() == ("b", 20, 0)


def test_a_frame_joins_two_marks_without_a_gap() -> None:
    playout = queue(("a", 200), ("b", 200))
    assert playout.take() == b"\x01" * 160
    assert playout.take() == b"\x01" * 40 + b"\x02" * 120
    assert playout.position() == ("b", 15, 10)
    assert playout.take() == b"\x02" * 80 + b"\xd5" * 80
    assert playout.waiting == 0


def test_the_same_mark_goes_on_while_it_plays_and_begins_anew_after_it_ended() -> None:
    playout = queue(("a", 160), ("a", 160))
    playout.take()
    playout.take()
    assert playout.position() == ("a", 40, 0)
    playout.play(bytes(160), "a")
    playout.take()
    assert playout.position() == ("a", 20, 0)


def test_pause_keeps_everything() -> None:
    playout = queue(("a", 480))
    playout.take()
    playout.paused = True
    assert playout.take() is None
    assert playout.position() == ("a", 20, 40)
    playout.resume(None)
    assert playout.position() == ("a", 20, 40)
    assert playout.take() is not None


def test_resume_goes_back_but_never_forward() -> None:
    playout = queue(("a", 480))
    playout.take()
    playout.take()
    playout.paused = True
    playout.resume(10)
    assert playout.position() == ("a", 10, 50)
    playout.resume(1000)
    assert playout.position() == ("a", 10, 50)
    playout.resume(-5)
    assert playout.position() == ("a", 0, 60)


def test_flush_tells_what_was_played_and_ends_a_pause() -> None:
    playout = queue(("a", 480), ("b", 160))
    playout.take()
    playout.paused = True
    assert playout.flush() == 20
    assert playout.position() == ("", 0, 0)
    playout.play(b"\x09" * 160, "c")
    assert playout.take() == b"\x09" * 160
    assert playout.flush() == 20
    assert playout.flush() == 0


def test_queued_audio_follows_a_change_of_codec() -> None:
    playout = queue(("a", 160))
    playout.transcode(bytes(255 - n for n in range(256)), b"\xff")
    assert playout.take() == b"\xfe" * 160


def test_empty_audio_is_nothing() -> None:
    playout = queue(("a", 0))
    assert playout.position() == ("", 0, 0)
    assert playout.take() is None

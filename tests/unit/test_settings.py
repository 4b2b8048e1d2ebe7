from __future__ import annotations

import pytest

from callwright.errors import InputError
from callwright.settings import Settings


def test_levels_and_switches() -> None:
    plain = Settings.from_environment({})
    assert (plain.quiet_dbov, plain.end_on_announcement) == (None, False)
    said = Settings.from_environment({"CALLWRIGHT_QUIET_DBOV": "-60", "CALLWRIGHT_END_ON_ANNOUNCEMENT": "1"})
    assert (said.quiet_dbov, said.end_on_announcement) == (-60, True)


@pytest.mark.parametrize("value", ["0", "-29", "-91", "60", "loud", "-6_0"])
def test_a_level_out_of_range_is_told(value: str) -> None:
    with pytest.raises(InputError, match="CALLWRIGHT_QUIET_DBOV"):
        Settings.from_environment({"CALLWRIGHT_QUIET_DBOV": value})


def test_ticks_given_up_are_a_number() -> None:
    assert Settings.from_environment({}).skipped_ticks == 25
    assert Settings.from_environment({"CALLWRIGHT_SKIPPED_TICKS": "0"}).skipped_ticks == 0
    for value in ("-1", "many", "1_0", "10001", "²"):
        with pytest.raises(InputError, match="CALLWRIGHT_SKIPPED_TICKS"):
            Settings.from_environment({"CALLWRIGHT_SKIPPED_TICKS": value})


def test_recordings_are_wav_or_opus() -> None:
    assert Settings.from_environment({}).recordings == "wav"
    assert Settings.from_environment({"CALLWRIGHT_RECORDINGS": "opus"}).recordings == "opus"
    with pytest.raises(InputError, match="wav or opus"):
        Settings.from_environment({"CALLWRIGHT_RECORDINGS": "mp3"})


def test_what_moves_the_packets_is_one_of_four() -> None:
    assert Settings.from_environment({}).media_core == "auto"
    assert Settings.from_environment({"CALLWRIGHT_MEDIA_CORE": "python"}).media_core == "python"
    with pytest.raises(InputError, match="auto or compiled or plain or python"):
        Settings.from_environment({"CALLWRIGHT_MEDIA_CORE": "pyton"})


def test_proxies_are_addresses_and_networks() -> None:
    assert Settings.from_environment({}).proxies == ()
    said = Settings.from_environment({"CALLWRIGHT_PROXIES": "127.0.0.1, 172.18.0.0/16,::1"})
    assert said.proxies == ("127.0.0.1", "172.18.0.0/16", "::1")
    for wrong in ("*", "proxy.example", "10.0.0.1/8", "10.0.0.256"):
        with pytest.raises(InputError, match="CALLWRIGHT_PROXIES"):
            Settings.from_environment({"CALLWRIGHT_PROXIES": wrong})

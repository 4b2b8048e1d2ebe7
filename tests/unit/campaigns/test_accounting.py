"""What Kamailio's log says about our calls, line by line, and a log that is rotated."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from callwright.campaigns.accounting import Alive, Log, told
from callwright.campaigns.reconcile import Account, attempt_of
from callwright.errors import InputError

CALL = "a" * 32 + "@127.0.0.1"
AT = datetime.fromtimestamp(1795707826, UTC)

LINES = {
    # As Kamailio 5.6.3 wrote them.
    f" 3(27291) NOTICE: {{{CALL}}} acc [acc.c:287]: acc_log_request(): ACC: request accounted: timestamp=1795707826;method=INVITE;"
    f"from_tag=7413;to_tag=;call_id={CALL};code=100;reason=Leaves;from_side=worker;to=sip:127.0.0.1:40767": Account(
        CALL, "INVITE", 100, AT, "kamailio"
    ),
    f" 5(27293) NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=1795707826;method=BYE;from_tag=1;to_tag=2;"
    f"call_id={CALL};code=408;reason=Request Timeout;from_side=trunk;to=": Account(CALL, "BYE", 408, AT, "kamailio"),
    f" 5(27293) NOTICE: acc [acc_cdr.c:395]: log_write_cdr(): start_time=1795707820.285; end_time=1795707826; duration=5.7; call_id={CALL}; "
    "from_side=worker; to=sip:127.0.0.1:40767": Account(CALL, "BYE", 200, AT, "kamailio"),
    f" 5(27293) NOTICE: acc [acc_cdr.c:395]: log_write_cdr(): start_time=1795707826; end_time=1795707826; duration=0; call_id={CALL}": None,
    "10(27299) NOTICE: <script>: WITNESS: alive timestamp=1795707826": Alive(AT),
    "10(27299) NOTICE: <script>: WITNESS: alive timestamp=soon": None,
    f"ACC: transaction answered: timestamp=1795707826;method=OPTIONS;call_id={CALL};code=200": None,
    f"ACC: transaction answered: timestamp=;method=INVITE;call_id={CALL};code=200": None,
    f"ACC: transaction answered: timestamp=99999999999999999999;method=INVITE;call_id={CALL};code=200": None,
    f"ACC: transaction answered: timestamp=1795707826;method=INVITE;call_id={CALL};code=": None,
    "": None,
}


@pytest.mark.parametrize(("line", "meant"), LINES.items())
def test_a_line_is_an_account_a_sign_of_life_or_nothing(line: str, meant: Account | Alive | None) -> None:
    assert told(line) == meant


def test_the_account_is_of_the_attempt() -> None:
    assert attempt_of(CALL) == "a" * 32


def test_a_log_is_read_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path)
    assert log.read() == []
    path.write_text("one\ntw")
    assert log.read() == ["one"]
    with path.open("a") as file:
        file.write("o\nthree\n")
    assert log.read() == ["two", "three"]
    assert log.read() == []


def test_a_log_that_is_rotated_loses_nothing(tmp_path: Path) -> None:
    path, old = tmp_path / "log", tmp_path / "log.1"
    path.write_text("one\n")
    log = Log(path)
    assert log.read() == ["one"]
    path.rename(old)
    path.touch()
    with old.open("a") as file:
        file.write("two\n")  # whoever writes has not noticed yet
    assert log.read() == ["two"]
    assert log.read() == []
    with old.open("a") as file:
        file.write("three\n")
    path.write_text("four\n")
    assert [*log.read(), *log.read(), *log.read()] == ["three", "four"]


def test_a_log_that_is_cut_off_is_read_from_its_begin(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo\n")
    log = Log(path)
    assert log.read() == ["one", "two"]
    path.write_text("three\n")
    assert [*log.read(), *log.read()] == ["three"]


def test_a_log_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="directory"):
        Log(tmp_path).read()

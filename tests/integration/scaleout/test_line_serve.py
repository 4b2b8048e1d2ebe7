"""The real worker, `callwright line serve`, behind the proxy: one drains, the other is killed, and every call is found again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from callwright.calls.recovery import recover
from callwright.telephony.port import DialOrder
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.driver import SipLine
from callwright.testing.scaleout import DOMAIN, INSIDE, OUTSIDE, TRUNK, Front, front, missing
from callwright.testing.sipp import CALLEE, free_port, permit
from callwright.testing.talk import OUR_HZ, Talk, until

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]

LINE = """format: line/1
trunks:
  - name: proxy
    proxy: sip:{host}:{proxy}
    local: {{host: {host}, port: {port}}}
    numbers: ["+861085550000"]
    sources: [{host}]
inbound:
  - {{default: true, echo: true}}
"""


@asynccontextmanager
async def serving(folder: Path, port: int, proxy: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that says what it hears."""
    folder.mkdir()  # noqa: ASYNC240 -- a test's own folder
    (folder / "line.yaml").write_text(LINE.format(host=INSIDE, port=port, proxy=proxy))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callwright.cli.main import run; run()"),
        *("line", "serve", "line.yaml", "--out", "calls", "--metrics", "off"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ready(process: asyncio.subprocess.Process) -> None:
    """Wait until the worker takes calls."""
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"serving")


async def believed(proxy: Front, workers: int) -> None:
    """Wait until the proxy gives calls to so many: it may have asked them before they were there."""
    for _ in range(300):
        if sum(state.startswith("A") for state in (await proxy.states()).values()) == workers:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the proxy believes otherwise: {await proxy.states()}")


async def talking(line: SipLine, name: str, tasks: asyncio.TaskGroup, over: asyncio.Event) -> Talk:
    """A call that hears its own tone again, up until `over`."""
    up: asyncio.Future[Talk] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        leg = await line.place(DialOrder(permit(), f"sip:{CALLEE}@{DOMAIN}", name))
        async with Talk.of(leg) as talk:
            await until(lambda: talk.heard.hz == OUR_HZ)
            up.set_result(talk)
            await over.wait()

    tasks.create_task(hold())
    return await up


def recovered(folder: Path) -> set[str]:
    """Call-IDs that are reported as left without an end."""
    return {call.call_id for call in recover(folder, datetime.now(UTC)).calls}


def of(proxy: Front, talks: list[Talk], port: int) -> set[str]:
    """Which of these calls the worker at this port answered, as the proxy wrote it down."""
    answered = {line["call_id"]: line["to"] for line in proxy.accounts() if line.get("method") == "INVITE"}
    return {talk.leg.call_id for talk in talks if answered[talk.leg.call_id] == f"sip:{INSIDE}:{port}"}


def test_one_drains_the_other_is_killed(tmp_path: Path) -> None:
    async def run() -> None:
        ports, proxy_port = (free_port(), free_port()), free_port()
        listed = "".join(f"1 sip:{INSIDE}:{port}\n" for port in ports)
        async with (
            serving(tmp_path / "one", ports[0], proxy_port) as draining,
            serving(tmp_path / "two", ports[1], proxy_port) as dying,
            front(DEPLOY, tmp_path / "front", listed, settings={"SIP_INSIDE_PORT": str(proxy_port)}) as proxy,
            RtpEngine.start((40_000, 48_998)) as engine,
            SipLine.open(TRUNK, engine=engine, proxy=(OUTSIDE, proxy.outside), media_timeout_s=6) as line,
            asyncio.TaskGroup() as tasks,
        ):
            await asyncio.gather(ready(draining), ready(dying))
            await believed(proxy, 2)
            over, after_over = asyncio.Event(), asyncio.Event()
            first = [await talking(line, f"first-{number}", tasks, over) for number in range(4)]
            kept = of(proxy, first, ports[0])
            assert len(kept) == 2
            draining.send_signal(signal.SIGTERM)
            second = [await talking(line, f"second-{number}", tasks, after_over) for number in range(3)]
            assert of(proxy, second, ports[0]) == set()
            for talk in first:
                talk.heard.hz = 0
            await until(lambda: all(talk.heard.hz == OUR_HZ for talk in first))  # they go on
            over.set()
            assert await asyncio.wait_for(draining.wait(), 60) == 0
            dying.kill()
            lost = {talk.leg.call_id for talk in second}
            assert {(await talk.ended()).cause for talk in second} <= {"media_timeout", "timeout"}
            await until(lambda: {call: proxy.outcomes("BYE").get(call) for call in lost} == dict.fromkeys(lost, "408"))
            await until(lambda: len(proxy.calls()) == 7)
            after_over.set()
            await dying.wait()
            assert recovered(tmp_path / "one" / "calls") == set()
            assert recovered(tmp_path / "two" / "calls") == lost

    asyncio.run(run())

"""Attended transfers with linphone, an independent telephone: it hands us over, and we hand it over to another one.

Each directly and over a network that loses, repeats and reorders a tenth of the SIP (`road`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callwright.telephony.port import DialOrder, LegEnded, LegReplaced
from callwright.telephony.sip.leg import SipLeg
from callwright.telephony.sip.refer import Referred
from callwright.testing.media import FakeMediaEngine
from callwright.testing.road import ROADS, Road
from callwright.testing.sipp import CALLEE, HOST, bound, free_port, permit
from callwright.testing.stage import answered, follow

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("linphonec") is None, reason="linphonec is not installed"),
]

# Without auto_net_state_mon and bind_address linphone waits for a network that is not there, and listens nowhere; without that of [rtp]
# its offers name the machine's first address, be it IPv6.
SETTINGS = """[sip]
sip_port={port}
sip_tcp_port=-1
sip_tls_port=-1
guess_hostname=0
contact=sip:phone@{host}
auto_net_state_mon=0
bind_address={host}
[rtp]
audio_rtp_port={audio}
bind_address={host}
"""


class Phone:
    """One linphone on 127.0.0.1, told what to do by its own commands. said: all it printed so far."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self.said = ""
        self._process = process

    async def type(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(4_096):
            self.said += data.decode(errors="replace")

    async def says(self, text: str) -> None:
        """Wait until it has printed `text`."""
        while text not in self.said:
            assert self._process.returncode is None, self.said[-2_000:]
            await asyncio.sleep(0.02)


@asynccontextmanager
async def phone(folder: Path, *arguments: str) -> AsyncGenerator[Phone, None]:
    (folder / ".local/share/linphone").mkdir(parents=True)
    port = free_port()
    settings = folder / "linphonerc"
    settings.write_text(SETTINGS.format(port=port, host=HOST, audio=free_port()))
    process = await asyncio.create_subprocess_exec(
        "linphonec",
        *("-c", str(settings), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HOME": str(folder)},
    )
    made = Phone(process, port)
    listening = asyncio.create_task(made.listen())
    try:
        while not bound(port):
            assert process.returncode is None, made.said[-2_000:]
            await asyncio.sleep(0.02)
        await made.type("soundcard use files")
        await made.says("wav files")
        yield made
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        listening.cancel()


class Desk:
    """Lets us call `line` for whoever asks."""

    def __init__(self) -> None:
        self.asked: list[Referred] = []
        self.placed_legs: list[SipLeg] = []
        self.target = ""

    async def allow(self, leg: SipLeg, request: Referred) -> DialOrder | None:
        self.asked.append(request)
        return DialOrder(permit(), self.target, "referred")

    def placed(self, leg: SipLeg, new: SipLeg) -> None:
        self.placed_legs.append(new)


on_both_roads = pytest.mark.parametrize("kind", ROADS)


@on_both_roads
def test_the_phone_joins_two_lines_of_ours(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        desk, road = Desk(), Road(kind, seed="joins")
        async with (
            asyncio.timeout(120),
            phone(tmp_path) as theirs,
            road.line(FakeMediaEngine(), refer=desk) as first,
            road.line(FakeMediaEngine()) as second,
        ):
            desk.target = road.ours(second, CALLEE)
            legs = []
            for number, line in enumerate((first, second), start=1):
                await theirs.type(f"call {road.ours(line)}")
                leg = await anext(line.incoming())
                await leg.answer()
                await answered(leg)
                legs.append(leg)
                await theirs.says(f"for call {number} (audio)")
                if number == 1:
                    await theirs.type("pause")
                    await theirs.says("is now paused")
            await theirs.type("transfer 1 --to-call 2")
            assert isinstance((await follow(legs[0]))[-1], LegEnded)  # the phone leaves when it heard that they talk
            assert desk.asked[0].replaces is not None
            await desk.placed_legs[0].hangup()
            seen = await follow(legs[1])
            assert [type(event) for event in seen] == [LegReplaced, LegEnded]
        road.check()

    asyncio.run(run())


@on_both_roads
def test_we_join_two_phones(tmp_path: Path, kind: str) -> None:
    async def run() -> None:
        road = Road(kind, seed="we join")
        async with (
            asyncio.timeout(120),
            phone(tmp_path / "customer", "-a") as customer,
            phone(tmp_path / "desk", "-a") as desk,
            road.line(FakeMediaEngine()) as ours,
        ):
            first = await ours.place(await road.order(ours, customer.port, "one"))
            second = await ours.place(await road.order(ours, desk.port, "two"))
            await answered(first)
            await answered(second)
            codes = [progress.code async for progress in first.transfer_to(second, user_to_user="ticket 7")]
            assert codes[-1] == 200, "\n".join(f"{rung.direction} {rung.line} {rung.again}" for rung in first.ladder)
            ends = [event for event in await follow(second) if isinstance(event, LegEnded)]
            assert [(end.cause, end.by) for end in ends] == [("bye", "peer")]
            await first.hangup()
            await desk.says("for call 2 (audio)")
        road.check()

    asyncio.run(run())

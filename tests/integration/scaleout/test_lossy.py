"""Kamailio and rtpengine with a bad network on both sides of Kamailio: a tenth of SIP and of the callers' audio is lost, repeated, reordered.

    caller or phone  --relay, RTP too--  Kamailio, rtpengine  --relay--  worker

Kamailio names its own address in Record-Route; outside and inside the relay renames it for our lines (see `lossy_proxy`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from callwright.telephony.port import DialOrder
from callwright.telephony.rtp.engine import RtpEngine
from callwright.telephony.sip.digest import Credentials
from callwright.telephony.sip.driver import SipLine
from callwright.testing.lossy_media import LossyMedia
from callwright.testing.lossy_proxy import LossyProxy
from callwright.testing.scaleout import DOMAIN, INSIDE, OUTSIDE, STRANGER, TRUNK, Front, front, missing
from callwright.testing.sipp import CALLEE, free_port, permit
from callwright.testing.talk import OUR_HZ, Talk, until

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
PHONE, SECRET = "+861085550001", "not-to-be-guessed"
CALLER_NUMBER = "+861085550000"
WORKER_FACE, INSIDE_FACE = "127.0.0.11", "127.0.0.12"
CALLER, OUTSIDE_FACE = "127.0.0.13", "127.0.0.14"
CALLS, PACKETS = 4, 250

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[tuple[Front, SipLine, RtpEngine, LossyProxy]]:
    """Kamailio with one worker, a line of this process, behind a relay."""
    inside = free_port()
    # a worker may need three tries: it is passed over later than usual
    settings = {"SIP_INSIDE_PORT": str(inside)}
    async with (
        RtpEngine.start((40_000, 48_998)) as engine,
        LossyProxy.open("worker", host=INSIDE, faces=(WORKER_FACE, INSIDE_FACE), rename=True) as relay,
        front(
            DEPLOY, folder, f"1 sip:{WORKER_FACE}:{relay.line_port}\n", phones={PHONE: SECRET}, settings=settings
        ) as made,
        LossyMedia.of(engine, "worker", (WORKER_FACE, INSIDE_FACE), share=0) as media,
        SipLine.open(
            INSIDE,
            relay.line_port,
            engine=media,
            advertise=WORKER_FACE,
            proxy=await relay.face((INSIDE, inside)),
            domain=DOMAIN,
        ) as worker,
    ):
        yield made, worker, engine, relay


@asynccontextmanager
async def outside(
    proxy: Front, engine: RtpEngine, face: str, **settings: Any
) -> AsyncIterator[tuple[SipLine, LossyProxy, LossyMedia]]:
    """A line that Kamailio knows by `face`, its SIP and its audio behind relays."""
    async with (
        LossyProxy.open("outside", host=CALLER, faces=(face, OUTSIDE_FACE), rename=True) as relay,
        LossyMedia.of(engine, "outside", (face, OUTSIDE_FACE)) as media,
        SipLine.open(
            CALLER,
            relay.line_port,
            engine=media,
            advertise=face,
            proxy=await relay.face((OUTSIDE, proxy.outside)),
            **settings,
        ) as line,
    ):
        yield line, relay, media


async def answer(line: SipLine, calls: int) -> None:
    """Take that many calls, play a tone in each, press 1 when the caller's is heard; over when all are."""

    async def serve(leg: Any) -> None:
        await leg.answer()
        async with Talk.of(leg) as talk:
            await until(lambda: talk.heard.hz == OUR_HZ)
            leg.send_keys("1")
            await talk.ended()

    async with asyncio.TaskGroup() as tasks:
        async for leg in line.incoming():
            tasks.create_task(serve(leg))
            calls -= 1
            if not calls:
                break


async def call(line: SipLine, to: str, name: str, packets: int, caller: str = CALLER_NUMBER) -> Talk:
    """Call, talk until both have heard each other and enough packets came, hang up."""
    async with Talk.of(await line.place(DialOrder(permit(to, caller), f"sip:{to}@{DOMAIN}", name))) as talk:
        await until(lambda: talk.heard.hz == OUR_HZ and talk.keys == "1")
        media = talk.leg.media
        assert media is not None
        await until(lambda: media.stats.received >= packets)
        await talk.leg.hangup()
        assert (await talk.ended()).cause == "bye"
    return talk


def check(relays: list[LossyProxy]) -> None:
    """All of them carried something and some of it was lost, or the run shows nothing."""
    for relay in relays:
        assert relay.outward.carried
        assert relay.inward.carried
    assert sum(way.lost for relay in relays for way in (relay.outward, relay.inward))


def test_calls_from_a_trunk(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            asyncio.timeout(120),
            house(tmp_path) as (proxy, worker, engine, inside),
            outside(proxy, engine, TRUNK) as (line, relay, audio),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(answer(worker, CALLS))
            talks = await asyncio.gather(*(call(line, CALLEE, f"call-{n}", PACKETS) for n in range(CALLS)))
            for talk in talks:
                assert talk.leg.media is not None
            losses = [talk.leg.media.quality().loss for talk in talks if talk.leg.media is not None]
            lost = audio.inward.lost / audio.inward.carried
            assert 0.06 < lost < 0.14
            assert abs(sum(losses) / CALLS - lost) < 0.04, (losses, lost)  # we know it
            await until(lambda: len(proxy.calls()) == CALLS)
            ids = {talk.leg.call_id for talk in talks}
            assert proxy.outcomes("INVITE") == dict.fromkeys(ids, "200")
            check([inside, relay])
            assert relay.outward.carried >= 3 * CALLS  # INVITE, ACK and BYE: within the dialog too

    asyncio.run(run())


def test_a_phone_registers_is_called_and_calls(tmp_path: Path) -> None:
    async def run() -> None:
        account = {"credentials": Credentials(PHONE, SECRET), "domain": DOMAIN, "register": f"{PHONE}@{DOMAIN}"}
        async with (
            asyncio.timeout(120),
            house(tmp_path) as (proxy, worker, engine, inside),
            outside(proxy, engine, STRANGER, **account) as (phone, relay, _),
        ):
            await until(lambda: phone.registration is not None and phone.registration.state == "registered")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(answer(phone, 1))
                await call(worker, PHONE, "to-phone", 1)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(answer(worker, 1))
                await call(phone, CALLEE, "from-phone", 1, PHONE)
            await until(lambda: len(proxy.calls()) == 2)
            check([inside, relay])

    asyncio.run(run())

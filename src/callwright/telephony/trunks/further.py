"""The attempts of one call, one trunk after the other: who can take it now, its turn, and the order as that trunk gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from callwright.errors import LineError, UnreachableError
from callwright.telephony.port import DialOrder
from callwright.telephony.sip.fields import host_text
from callwright.telephony.sip.wire import Headers
from callwright.telephony.trunks.attempts import Attempt
from callwright.telephony.trunks.member import Member

__all__ = ["Further"]


class Further:
    """Each time it is called it places the call over the next trunk that can take it; None = there is none left.

    referred: headers of the transfer it is for; names: the trunks in order; member: one by its name as it is now; stopping: whether no
    call is to be placed any more.
    """

    def __init__(
        self,
        order: DialOrder,
        referred: Headers,
        names: list[str],
        member: Callable[[str], Member | None],
        stopping: Callable[[], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._order = order
        self._referred = referred
        self._names = names
        self._member = member
        self._stopping = stopping
        self._now_ms = now_ms
        self._count = 0
        self._why: list[str] = []

    @property
    def reasons(self) -> str:
        """Why each of those that were asked could not take it."""
        return "; ".join(self._why) or "none is there any more"

    async def __call__(self) -> Attempt | None:
        while self._names and not self._stopping():
            name = self._names.pop(0)
            member = self._member(name)
            if member is None or self._order.permit.caller not in member.trunk.numbers:
                continue  # it was taken out by a reload
            try:
                return await self._over(member)
            except LineError as error:
                self._why.append(f"{name}: {error}")
        return None

    async def _over(self, member: Member) -> Attempt:
        now_ms = self._now_ms()
        limits = member.trunk.limits
        if why := member.refusal(now_ms):
            raise LineError(why)
        if member.pace.wait_ms(now_ms) > limits.wait_s * 1000:
            raise LineError(f"more than {limits.calls_per_second:g} calls a second: no turn within {limits.wait_s:g} s")
        order = _order_for(member, self._order, self._count + 1)
        trial = member.breaker.begin(now_ms)
        member.pending += 1
        placed = None
        try:
            await asyncio.sleep(member.pace.take(now_ms) / 1000)
            if not member.placing or self._stopping():
                raise LineError("it takes no new calls")
            self._count += 1
            placed = await member.line.place(order, member.way, self._referred)
        except UnreachableError:  # any other error is ours, or the order's: it says nothing about the trunk
            member.breaker.fail(self._now_ms())
            trial = False
            raise
        finally:
            member.pending -= 1
            if placed is None and trial:
                member.breaker.leave()
        return Attempt(member, placed, trial)


def _order_for(member: Member, order: DialOrder, count: int) -> DialOrder:
    """The order as this trunk gets it: its way of writing the number, its codecs, its longest times.

    Raises:
        LineError: the number cannot be written that way, or there is no codec in common.
    """
    trunk = member.trunk
    codecs = tuple(codec for codec in trunk.codecs if codec in order.codecs)
    if not codecs:
        raise LineError("it speaks none of the codecs of the order")
    target = order.target
    if target in ("", f"tel:{order.permit.callee}"):
        proxy = trunk.proxy
        port = f":{proxy.port}" if proxy.port and trunk.domain is None else ""
        user = member.numbers.callee(order.permit.callee).replace("#", "%23")
        way = f";transport={proxy.transport}" if proxy.transport not in (None, "udp") else ""
        target = f"sip:{user}@{host_text(trunk.from_domain)}{port}{way}"
    return replace(
        order,
        target=target,
        call_id=order.call_id if count == 1 else f"{order.call_id}.{count}",
        codecs=codecs,
        ring_timeout_s=min(order.ring_timeout_s, trunk.ring_s),
        max_duration_s=min(order.max_duration_s, trunk.call_s),
    )
